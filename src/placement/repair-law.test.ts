import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HOUR_MS } from '../base/units.ts'
import type { Fleet } from './fleet.ts'
import { anyFleet, anyUnits, GB } from './fleet-picture.conformance.ts'
import { slotCount } from './policy.ts'
import { PROMISE_MS, World } from './repair-world.conformance.ts'
import { type Unit, unitName } from './unit.ts'

const RUNS = { numRuns: 200, seed: 15 }
const START_MS = 1000 * HOUR_MS

/** Who holds what at the beginning, wherever that is: three numbers for each. */
const anyHoldings = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { maxLength: 60 })

const roomyFleet = anyFleet.map(({ version, devices }) => ({
  version,
  devices: devices.map(each => ({ ...each, capacityBytes: 1e6 * GB, weight: Math.max(1, each.weight) }))
}))

function begun(fleet: Fleet, units: readonly Unit[], holdings: readonly (readonly number[])[]): World {
  const world = new World(units, START_MS)
  for (const [which = 0, who = 0, how = 0] of holdings) {
    const unit = units[which % units.length]
    const device = fleet.devices[who % fleet.devices.length]
    assert.ok(unit && device)
    world.put(unit, {
      device: device.id,
      share: unit.policy.shares === null ? null : Math.floor(how / 4) % slotCount(unit.policy),
      provedMs: how % 4 === 0 ? undefined : START_MS,
      promisedUntilMs: how % 4 === 1 ? START_MS + PROMISE_MS : 0
    })
  }
  return world
}

function canBeMade(world: World, unit: Unit): boolean {
  const { shares } = unit.policy
  const held = world.holdings(unit)
  return shares === null ? held.length > 0 : new Set(held.map(({ share }) => share)).size >= shares.k
}

test('law: carried out, plans come to an end with all in place, and never go below the policy on the way', () => {
  fc.assert(
    fc.property(roomyFleet, anyUnits, anyHoldings, (fleet, units, holdings) => {
      const world = begun(fleet, units, holdings)
      const readable = new Map(units.map(unit => [unit, canBeMade(world, unit)]))
      for (let step = 0; step < 8; step++, world.nowMs += PROMISE_MS / 2) {
        for (const [{ unit }, plan] of world.plans(fleet)) {
          const before = world.provedCount(unit, fleet)
          world.carryOut(plan, fleet)
          const least = Math.min(before, slotCount(unit.policy))
          assert.ok(world.provedCount(unit, fleet) >= least, `${unitName(unit)} went below at step ${step}`)
        }
      }
      for (const [{ unit, devices, unmet }, plan] of world.plans(fleet)) {
        assert.deepEqual([plan.fetch, plan.prove, plan.drop], [[], [], []])
        if (readable.get(unit) !== true) continue
        assert.deepEqual(plan.blocked, [])
        assert.equal(plan.keep.length, devices.length)
        if (unmet.length === 0) assert.equal(world.holdings(unit).length, slotCount(unit.policy))
      }
    }),
    RUNS
  )
})

/** A round: how many hours go by before it, what weights each of three views sees, and which view each device has. */
const anyRound = fc.record({
  hours: fc.nat({ max: 30 }),
  weights: fc.array(fc.array(fc.constantFrom(0, 1, 1, 1000), { minLength: 9, maxLength: 9 }), {
    minLength: 3,
    maxLength: 3
  }),
  views: fc.array(fc.nat({ max: 2 }), { minLength: 9, maxLength: 9 }),
  isNewsHeard: fc.boolean()
})

test('law: devices that believe in different fleets, and hear of holdings late, never drop below the policy', () => {
  let drops = 0
  const rounds = fc.array(anyRound, { minLength: 8, maxLength: 16 })
  fc.assert(
    fc.property(roomyFleet, anyUnits, rounds, (large, [unit], all) => {
      assert.ok(unit)
      const fleet = { ...large, devices: large.devices.slice(0, 9) }
      // Whatever each believes, all begin with all devices holding something.
      const world = begun(fleet, [unit], [])
      fleet.devices.forEach(({ id }, at) => {
        const share = unit.policy.shares === null ? null : at % slotCount(unit.policy)
        world.put(unit, { device: id, share, provedMs: START_MS, promisedUntilMs: 0 })
      })
      const held = (): number =>
        new Set(world.holdings(unit).map(({ device, share }) => share ?? device)).size
      const least = Math.min(held(), slotCount(unit.policy))
      let news = world.holdings(unit)
      for (const { hours, weights, views, isNewsHeard } of all) {
        world.nowMs += hours * HOUR_MS
        if (isNewsHeard) news = world.holdings(unit)
        fleet.devices.forEach(({ id }, at) => {
          const seen = weights[views[at] ?? 0] ?? []
          const view = {
            ...fleet,
            devices: fleet.devices.map((each, which) => ({ ...each, weight: seen[which] ?? 1 }))
          }
          // Of itself a device knows what it holds; of others it has old news.
          const own = world.holdings(unit).filter(({ device }) => device === id)
          const heard = [...news.filter(({ device }) => device !== id), ...own]
          for (const [, plan] of world.plans(view, () => heard)) {
            drops += plan.drop.filter(({ device }) => device === id).length
            world.carryOut(plan, view, id)
          }
          assert.ok(held() >= least, `${held()} of ${least} are left`)
        })
      }
    }),
    { ...RUNS, numRuns: 600 }
  )
  assert.ok(drops > 500, `${drops} drops, which is too few to learn from`)
})
