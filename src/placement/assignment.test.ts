import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { DeviceId } from '../base/ids.ts'
import { Assigner, type Assignment, assignAll } from './assignment.ts'
import type { Device, Fleet } from './fleet.ts'
import {
  anyFleet,
  anyPolicy,
  anyUnits,
  device,
  drawn,
  drawnUnmet,
  fleet,
  GB,
  letter,
  unit
} from './fleet-picture.conformance.ts'
import { naiveAssignAll } from './naive-assignment.conformance.ts'
import { slotCount } from './policy.ts'
import { slotBytes, type Unit } from './unit.ts'

const RUNS = { numRuns: 300, seed: 15 }

function place(picture: string, text: string, number = 1): Assignment {
  const [assignment] = assignAll(fleet(picture), [unit(number, text)], 0)
  return assignment ?? assert.fail()
}

test('where there is one way only, copies go that way, and what is not kept is said', () => {
  for (const [picture, text, holders, unmet] of [
    ['paris: A | oslo: B | rome: C', 'copies=3,sites=2', 'A B C', ''],
    ['paris: A a b c d | oslo: B', 'copies=2,sites=2,kind=server', 'A B', ''],
    ['paris: A b | oslo: c~', 'copies=3,sites=2', 'A b c', ''],
    ['paris: A', 'copies=3,sites=2', 'A', 'sites 1/2 no-device, copies 1/3 no-device'],
    ['paris: A B', 'copies=2,sites=2', 'A B', 'sites 1/2 no-device'],
    ['paris/eu: A | york/us: B', 'copies=2,sites=1,region=us', 'B', 'copies 1/2 no-device'],
    ['paris: A | oslo: B-', 'copies=2', 'A', 'copies 1/2 no-device'],
    ['paris: A | oslo: B*0', 'copies=2', 'A', 'copies 1/2 no-device'],
    ['paris: A | oslo: B:0*9', 'copies=2', 'A', 'copies 1/2 no-room'],
    ['paris: A:0*9 B | oslo: C', 'copies=2,sites=2', 'B C', ''],
    ['paris: a | oslo: b', 'copies=1,kind=server', '', 'sites 0/1 no-device, copies 0/1 no-device'],
    ['paris: A B | oslo: C D | rome: E F', 'shares=4+2,sites=3', 'A B C D E F', ''],
    ['paris: A B C | oslo: D', 'shares=4+2,sites=3', 'A B C D', 'sites 2/3 no-device, shares 4/6 no-device']
  ] as const) {
    const placed = place(picture, text)
    assert.deepEqual([drawn(placed), drawnUnmet(placed)], [holders, unmet], `${text} on ${picture}`)
  }
})

test('what the first algorithm gives, which no change of the code may change', () => {
  const picture = 'paris: A B c d | oslo: E f g~ | rome: H | kiel: I j k'
  const placed = (text: string): string[] =>
    [1, 2, 3, 4].map(number => place(picture, text, number).devices.map(letter).join(' '))
  assert.deepEqual(placed('copies=1'), GOLDEN.one)
  assert.deepEqual(placed('copies=3,sites=2'), GOLDEN.three)
  assert.deepEqual(placed('shares=4+2,sites=3'), GOLDEN.shares)
})

const GOLDEN = {
  one: ['E', 'B', 'f', 'I'],
  three: ['E B H', 'B H k', 'f B I', 'I E A'],
  shares: ['E B H I f A', 'B H k f I d', 'f B I H E A', 'I E A H f B']
}

test('a full device is passed over for junior units, and nobody loses its place to what comes later', () => {
  const small = fleet('paris: A:2 B:3')
  const units = [1, 2, 3, 4, 5, 6].map(number => unit(number, 'copies=1'))
  const all = assignAll(small, units, 0)
  assert.equal(all.filter(({ devices }) => devices.length === 1).length, 5)
  assert.deepEqual(
    all.at(-1)?.unmet.map(({ part, because }) => `${part} ${because}`),
    ['sites no-room', 'copies no-room']
  )
  const before = assignAll(small, units.slice(0, 3), 0)
  assert.deepEqual(all.slice(0, 3), before)
})

test('units are placed by seniority, whatever their order, and never out of it', () => {
  const units = [5, 3, 4, 1].map(number => unit(number, 'copies=2'))
  const shown = fleet('paris: A:3 B:3 | oslo: C:3 D:2')
  assert.deepEqual(assignAll(shown, units), assignAll(shown, units.toReversed()))
  const assigner = new Assigner(shown)
  assigner.assign(unit(2, 'copies=1'))
  assert.throws(() => assigner.assign(unit(1, 'copies=1')), RangeError)
})

test('stand-ins are present, hold nothing yet, and are on other sites where that can be', () => {
  const assigner = new Assigner(fleet('paris: A B | oslo: C D? | rome: E?'))
  const copy = unit(1, 'copies=2')
  const holders = [...assigner.devices.values()].filter(({ id }) => id === device('A'))
  const isPresent = (id: DeviceId): boolean => assigner.devices.get(id)?.state.kind === 'present'
  assert.deepEqual(assigner.standIns(copy, 1, { holders, isPresent }).map(letter), ['C'])
  assert.deepEqual(assigner.standIns(copy, 5, { holders, isPresent }).map(letter), ['C', 'B'])
})

test('law: the same as the naive rule, with any fleet, policies and room', () => {
  fc.assert(
    fc.property(anyFleet, anyUnits, fc.constantFrom(0, 0.1, 0.5), (shown, units, keepFreeShare) => {
      const fast = assignAll(shown, units, keepFreeShare)
      assert.deepEqual(
        fast.map(({ unit, devices, passedOver }) => ({ unit, devices, passedOver })),
        naiveAssignAll(shown, units, keepFreeShare)
      )
    }),
    RUNS
  )
})

test('law: no device twice, no site twice while another is free, and nowhere more than there is room', () => {
  fc.assert(
    fc.property(anyFleet, anyUnits, (shown, units) => {
      const byId = new Map(shown.devices.map(each => [each.id, each]))
      const owed = new Map<DeviceId, number>()
      for (const { unit, devices, unmet } of assignAll(shown, units, 0)) {
        const { policy } = unit
        assert.equal(new Set(devices).size, devices.length)
        assert.equal(
          devices.length < slotCount(policy),
          unmet.some(({ part }) => part !== 'sites')
        )
        for (const id of devices) owed.set(id, (owed.get(id) ?? 0) + slotBytes(unit))
        const counts = [...Map.groupBy(devices, id => byId.get(id)?.site).values()].map(
          ({ length }) => length
        )
        const isFree = (each: Device): boolean =>
          each.mayHold.has(unit.dataClass) &&
          each.weight > 0 &&
          !devices.includes(each.id) &&
          (policy.regions.length === 0 || policy.regions.includes(each.region)) &&
          (policy.kinds.length === 0 || policy.kinds.includes(each.kind)) &&
          each.capacityBytes - (owed.get(each.id) ?? 0) >= slotBytes(unit)
        for (const free of shown.devices.filter(isFree)) {
          const there = devices.filter(id => byId.get(id)?.site === free.site).length
          assert.ok(Math.max(0, ...counts) <= there + 1, 'a site has two more than one that could take one')
          assert.equal(devices.length, slotCount(policy), 'a slot is empty although one is free')
        }
      }
      for (const [id, bytes] of owed) assert.ok(bytes <= (byId.get(id)?.capacityBytes ?? 0))
    }),
    RUNS
  )
})

/** Fleets where room is never short. */
const roomyFleet = anyFleet.map(({ version, devices }) => ({
  version,
  devices: devices.map(each => ({ ...each, capacityBytes: 1e6 * GB }))
}))

/** What one has and the other has not. */
function lost(before: Assignment | undefined, after: Assignment | undefined): DeviceId[] {
  return before?.devices.filter(id => after?.devices.includes(id) !== true) ?? []
}

function pairs(units: readonly Unit[], before: Fleet, after: Fleet): [Assignment, Assignment][] {
  const [old, now] = [assignAll(before, units), assignAll(after, units)]
  return old.map((each, at) => [each, now[at] ?? assert.fail()])
}

test('law: while there is room, a device that joins takes at most one slot of a unit, and nothing else moves', () => {
  fc.assert(
    fc.property(roomyFleet, anyUnits, fc.nat(), (shown, units, which) => {
      const joining = shown.devices[which % shown.devices.length]
      const without = { ...shown, devices: shown.devices.filter(each => each !== joining) }
      for (const [small, big] of pairs(units, without, shown)) {
        const gained = lost(big, small)
        assert.ok(
          gained.every(id => id === joining?.id),
          'only who joins gains'
        )
        assert.ok(lost(small, big).length <= gained.length, 'only who joins takes')
      }
    }),
    RUNS
  )
})

test('law: while there is room, more weight only gains and less only loses, and nothing else moves', () => {
  fc.assert(
    fc.property(roomyFleet, anyUnits, fc.nat(), (shown, units, which) => {
      const grown = shown.devices[which % shown.devices.length]
      const devices = shown.devices.map(each =>
        each === grown ? { ...each, weight: 3 * each.weight } : each
      )
      for (const [small, big] of pairs(units, shown, { ...shown, devices })) {
        assert.ok(lost(big, small).every(id => id === grown?.id))
        assert.equal(lost(small, big).length, lost(big, small).length)
      }
    }),
    RUNS
  )
})

test('law: while there is room, a site that joins takes what goes to it, and nothing moves among the others', () => {
  fc.assert(
    fc.property(roomyFleet, anyUnits, fc.nat({ max: 7 }), (shown, units, which) => {
      const inSite = new Set(shown.devices.filter(({ site }) => site === `site ${which}`).map(({ id }) => id))
      const without = { ...shown, devices: shown.devices.filter(({ id }) => !inSite.has(id)) }
      for (const [small, big] of pairs(units, without, shown)) {
        assert.ok(lost(big, small).every(id => inSite.has(id)))
        assert.ok(lost(small, big).length <= lost(big, small).length)
      }
    }),
    RUNS
  )
})

test('law: a policy alone decides how many slots, and the order of devices nothing', () => {
  fc.assert(
    fc.property(anyFleet, anyPolicy, (shown, policy) => {
      const one = [{ ...unit(1, 'copies=1', 0), policy }]
      const turned = { ...shown, devices: shown.devices.toReversed() }
      assert.deepEqual(assignAll(shown, one), assignAll(turned, one))
    }),
    RUNS
  )
})
