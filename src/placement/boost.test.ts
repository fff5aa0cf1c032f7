import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HOUR_MS } from '../base/units.ts'
import {
  BOOST_TURN_MS,
  type BoostHolder,
  type BoostPlan,
  type BoostView,
  boosters,
  DEFAULT_BOOST_TERMS,
  lackingHolders,
  planBoosts,
  type WantedVersion
} from './boost.ts'
import type { Device } from './fleet.ts'
import { anyFleet, anyPolicy, device, fleet, GB, letter, unit } from './fleet-picture.conformance.ts'
import { naiveBoosters } from './naive-boost.conformance.ts'

const NOW_MS = 1_000_000_000
const TERMS = { ...DEFAULT_BOOST_TERMS, wantedMin: 3, wantedPerHolder: 4, holdersMax: 3 }

/** `paris:5 oslo:1`: how many devices of which site. */
function wantedBy(picture: string): Map<string, number> {
  const words = picture.split(' ').filter(word => word !== '')
  return new Map(words.map(word => [word.split(':')[0] ?? '', Number(word.split(':')[1])]))
}

/** Of a drawn fleet, by their letters; a letter with `-` is known to give slowly. */
function holdersIn(devices: readonly Device[], letters: string): BoostHolder[] {
  return letters
    .split(' ')
    .filter(word => word !== '')
    .map(word => {
      const found = devices.find(({ id }) => id === device(word.charAt(0))) ?? assert.fail(word)
      const { id, site, kind, state } = found
      const isSlow = word.endsWith('-')
      return {
        ...{ id, site, kind, isPresent: state.kind === 'present' },
        givesBytesPerSecond: isSlow ? 200_000 : null
      }
    })
}

interface Picture {
  readonly wanted: string
  readonly holders?: string
  readonly policy?: string
  readonly gigabytes?: number
  readonly number?: number
  readonly lackingForMs?: number
}

function drawnVersion(devices: readonly Device[], picture: Picture): WantedVersion {
  const { wanted, holders = '', policy = 'copies=1', gigabytes = 1, number = 1, lackingForMs = 0 } = picture
  return {
    unit: unit(number, policy, gigabytes),
    wanted: wantedBy(wanted),
    holders: holdersIn(devices, holders),
    lackingSinceMs: NOW_MS - lackingForMs
  }
}

const roomOf =
  (devices: readonly Device[]): BoostView['roomBytes'] =>
  id =>
    devices.find(each => each.id === id)?.capacityBytes ?? 0

/** What each server decides by itself from the same view: `A D`. */
function begun(picture: string, versions: readonly Picture[], changes: Partial<BoostView> = {}): string {
  const { devices } = fleet(picture)
  const view = {
    ...{ versions: versions.map(each => drawnVersion(devices, each)), devices, roomBytes: roomOf(devices) },
    ...{ own: [], terms: TERMS, nowMs: NOW_MS },
    ...changes
  }
  return devices
    .flatMap(({ id }) => planBoosts({ ...view, self: id }).begin.map(() => letter(id)))
    .sort()
    .join(' ')
}

describe('a version that too few servers have', () => {
  it('goes to the site that wants it', () => {
    const org = 'paris: A a b | oslo: B c'
    assert.equal(begun(org, [{ wanted: 'paris:3', holders: 'c' }]), 'A')
    assert.equal(begun(org, [{ wanted: 'oslo:3', holders: 'a' }]), 'B')
  })

  it('is boosted from so many on that want it, and by as many servers as they need', () => {
    const org = 'paris: A B C D E F'
    assert.equal(begun(org, [{ wanted: 'paris:2' }]), '')
    assert.equal(begun(org, [{ wanted: 'paris:4' }]).length, 1)
    assert.equal(begun(org, [{ wanted: 'paris:5' }]).split(' ').length, 2)
    assert.equal(begun(org, [{ wanted: 'paris:500' }]).split(' ').length, 3)
  })

  it('is not, where servers that are here have it already', () => {
    const org = 'paris: A B | oslo: C? D'
    assert.equal(begun(org, [{ wanted: 'paris:4', holders: 'A' }]), '')
    assert.equal(begun(org, [{ wanted: 'oslo:4', holders: 'C' }]), 'D', 'a server that is off is none')
    assert.equal(begun(org, [{ wanted: 'oslo:4', holders: 'D-' }]).length, 1, 'nor is one that gives slowly')
    assert.equal(begun('oslo: a~ b B', [{ wanted: 'oslo:4', holders: 'a b' }]), 'B', 'nor a laptop')
  })

  it('goes to sites by how many want it for each holder there', () => {
    const org = 'paris: A B | oslo: C D | rome: E F'
    assert.equal(
      begun(org, [{ wanted: 'paris:2 oslo:9 rome:1', holders: '' }]).replace(/[^CD]/g, '').length,
      2
    )
    assert.match(begun(org, [{ wanted: 'paris:8 oslo:9', holders: 'C' }]), /^[AB] D$|^A B$/)
  })

  it('stays within regions, kinds and classes', () => {
    const org = 'paris/eu: A- | austin/us: B | lyon/eu: C'
    assert.equal(begun(org, [{ wanted: 'austin:9', policy: 'copies=1,region=eu' }]), 'C')
    assert.equal(begun(org, [{ wanted: 'paris:9', policy: 'copies=1,kind=desktop' }]), '')
    assert.equal(begun('paris: A- B-', [{ wanted: 'paris:9' }]), '')
  })

  it('goes only where there is room, and the most wanted first', () => {
    assert.equal(begun('paris: A:3 | oslo: B:40', [{ wanted: 'paris:4', gigabytes: 1 }]), 'B')
    const both = [
      { wanted: 'paris:3', gigabytes: 2, number: 1 },
      { wanted: 'paris:4', gigabytes: 2, number: 2 }
    ]
    const devices = fleet('paris: A:11').devices
    const plan = planBoosts({
      ...{ self: device('A'), versions: both.map(each => drawnVersion(devices, each)), devices },
      ...{ roomBytes: roomOf(devices), own: [], terms: TERMS, nowMs: NOW_MS }
    })
    assert.deepEqual(plan.begin, [unit(2, 'copies=1').version])
  })

  it('is taken by the next in order after a turn, when who comes before does not', () => {
    const org = 'paris: A B C D'
    const first = begun(org, [{ wanted: 'paris:4' }])
    const next = begun(org, [{ wanted: 'paris:4', lackingForMs: BOOST_TURN_MS }])
    assert.equal(first.length, 1)
    assert.equal(next.split(' ').length, 2)
    assert.ok(next.includes(first))
  })

  it('goes to whom the naive rule says, in any fleet', () => {
    const anyCount = fc.integer({ min: 0, max: 9 })
    fc.assert(
      fc.property(
        anyFleet,
        anyPolicy,
        fc.array(anyCount, { minLength: 8, maxLength: 8 }),
        fc.array(fc.record({ at: fc.nat(), rate: fc.option(fc.integer({ min: 0, max: 2_000_000 })) })),
        anyCount,
        ({ devices }, policy, wants, held, count) => {
          const holders = held.flatMap(({ at, rate }) => {
            const { id, site, kind } = devices[at % devices.length] ?? assert.fail()
            return [{ id, site, kind, isPresent: true, givesBytesPerSecond: rate }]
          })
          const unique = [...new Map(holders.map(each => [each.id, each])).values()]
          const wanted = new Map(wants.map((number, site) => [`site ${site}`, number]))
          const version = { unit: { ...unit(1, 'copies=1'), policy }, wanted, holders: unique }
          const candidates = devices.filter(({ kind }) => kind === 'server')
          assert.deepEqual(boosters(version, candidates, count), naiveBoosters(version, candidates, count))
        }
      )
    )
  })

  it('is never boosted beyond what lacks, nor beyond the room and count of a device', () => {
    fc.assert(
      fc.property(anyFleet, fc.array(fc.nat({ max: 40 }), { maxLength: 6 }), ({ devices }, counts) => {
        const versions = counts.map((wants, number) => ({
          ...drawnVersion(devices, { wanted: '', number, gigabytes: 2 }),
          wanted: new Map([['site 0', wants]])
        }))
        const takers = new Map<string, number>()
        for (const { id, capacityBytes } of devices) {
          const { begin } = planBoosts({
            ...{ self: id, versions, devices, roomBytes: roomOf(devices), own: [], nowMs: NOW_MS },
            terms: { ...TERMS, countMax: 2 }
          })
          assert.ok(begin.length <= 2)
          assert.ok(begin.length * 2 * GB <= capacityBytes * TERMS.roomShare)
          for (const version of begin) takers.set(version, (takers.get(version) ?? 0) + 1)
        }
        for (const version of versions)
          assert.ok((takers.get(version.unit.version) ?? 0) <= lackingHolders(version, TERMS))
      })
    )
  })
})

describe('a boost', () => {
  const devices = fleet('paris: A:16 B').devices
  const boost = (number: number, changes: Partial<BoostView['own'][number]> = {}) => ({
    ...{ version: unit(number, 'copies=1').version, bytes: GB, wantedMs: NOW_MS, isWelcome: true },
    ...changes
  })
  const plan = (own: BoostView['own'], versions: readonly Picture[] = []): BoostPlan =>
    planBoosts({
      ...{ self: device('A'), versions: versions.map(each => drawnVersion(devices, each)), devices },
      ...{ roomBytes: roomOf(devices), own, terms: TERMS, nowMs: NOW_MS }
    })
  const reasons = (own: BoostView['own']): string[] => plan(own).end.map(({ because }) => because)

  it('stays while somebody wants it, and for a while after', () => {
    assert.deepEqual(reasons([boost(1)]), [])
    assert.deepEqual(reasons([boost(1, { wantedMs: NOW_MS - HOUR_MS })]), [])
    assert.deepEqual(reasons([boost(1, { wantedMs: NOW_MS - HOUR_MS - 1 })]), ['not-wanted'])
  })

  it('ends at once where it is not welcome any more', () => {
    assert.deepEqual(reasons([boost(1, { isWelcome: false })]), ['not-welcome'])
  })

  it('makes room for what is owed: what was wanted longest ago goes first', () => {
    const own = [1, 2, 3, 4, 5].map(number => boost(number, { wantedMs: NOW_MS - number }))
    assert.deepEqual(plan(own).end, [{ version: unit(5, 'copies=1').version, because: 'no-room' }])
  })

  it('is not begun a second time, and takes its room', () => {
    const version = { wanted: 'paris:4', number: 1 }
    assert.deepEqual(plan([boost(1)], [version]).begin, [])
    const full = [1, 2, 3, 4].map(number => boost(number))
    const other = { wanted: 'paris:400', number: 9, holders: 'B' }
    assert.deepEqual(plan(full, [other]).begin, [])
    assert.equal(plan(full.slice(1), [other]).begin.length, 1)
  })
})
