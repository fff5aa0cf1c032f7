import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DeviceId, deviceIdFromBytes } from '../base/ids.ts'
import {
  BRINGERS_PER_SITE,
  type Member,
  NEIGHBOURS_MAX,
  Neighbourhood,
  SMALL_ORG_MAX,
  SMALL_SITE_MAX
} from './neighbours.ts'

type Pair = readonly [DeviceId, DeviceId]

const DEVICES: readonly DeviceId[] = Array.from({ length: 3000 }, (_, index) =>
  deviceIdFromBytes(createHash('sha256').update(`device ${index}`).digest())
)

/** Numbers of hosts by site; the devices are those from `from` on, so that organisations differ. */
function membersOf(sites: readonly number[], from = 0): Member[] {
  let next = from
  return sites.flatMap((count, site) =>
    Array.from({ length: count }, () => {
      const device = DEVICES[next++ % DEVICES.length]
      assert.ok(device)
      return { device, site: `site ${site}` }
    })
  )
}

function even(count: number, sites: number): number[] {
  return Array.from({ length: sites }, (_, site) => Math.floor((count + site) / sites))
}

function linksOf(pairs: readonly Pair[]): Map<DeviceId, DeviceId[]> {
  const links = new Map<DeviceId, DeviceId[]>()
  const add = (from: DeviceId, to: DeviceId): void => {
    const list = links.get(from)
    if (list === undefined) links.set(from, [to])
    else list.push(to)
  }
  for (const [a, b] of pairs) {
    add(a, b)
    add(b, a)
  }
  return links
}

/** How many of `devices` the first reaches over links among them, and in how many steps. */
function reach(devices: readonly DeviceId[], pairs: readonly Pair[]): { reached: number; steps: number } {
  const among = new Set(devices)
  const links = linksOf(pairs.filter(([a, b]) => among.has(a) && among.has(b)))
  const seen = new Set(devices.slice(0, 1))
  let steps = 0
  for (let edge = [...seen]; ; steps++) {
    edge = edge.flatMap(from => links.get(from) ?? []).filter(next => !seen.has(next) && seen.add(next))
    if (edge.length === 0) return { reached: seen.size, steps }
  }
}

function mostLinks(pairs: readonly Pair[]): number {
  return Math.max(0, ...[...linksOf(pairs).values()].map(others => others.length))
}

/** An organisation of any shape: sites of any size, down to one device each. */
const anyOrg = fc
  .record({
    sites: fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 60 }),
    total: fc.integer({ min: 2, max: 2000 }),
    from: fc.nat({ max: 999 })
  })
  .map(({ sites, total, from }) => {
    const sum = sites.reduce((all, each) => all + each, 0) || 1
    const counts = sites.map(each => Math.max(1, Math.round((each / sum) * total)))
    return membersOf(counts.length === 1 ? [total] : counts, from)
  })

const RUNS = { numRuns: 40, seed: 7 }

for (const [count, sites] of [
  [300, 1],
  [1000, 5],
  [2000, 1],
  [3000, 50],
  [600, 120],
  [400, 400]
] as const)
  test(`${count} devices in ${sites} sites: few links each, and everybody is near`, t => {
    const members = membersOf(even(count, sites))
    const pairs = new Neighbourhood(members).pairs()
    const { steps, reached } = reach(
      members.map(({ device }) => device),
      pairs
    )
    const mean = (2 * pairs.length) / count
    t.diagnostic(`${mean.toFixed(1)} links each, at most ${mostLinks(pairs)}, ${steps} steps`)
    assert.ok(mostLinks(pairs) <= NEIGHBOURS_MAX)
    assert.equal(reached, count)
    assert.ok(steps <= 7, `${steps} steps`)
  })

test('laws: in organisations of any shape links are few, and each site and the whole hold together', () => {
  fc.assert(
    fc.property(anyOrg, members => {
      const pairs = new Neighbourhood(members).pairs()
      assert.ok(mostLinks(pairs) <= NEIGHBOURS_MAX, `${mostLinks(pairs)} links`)
      for (const inside of Map.groupBy(members, ({ site }) => site).values()) {
        const devices = inside.map(({ device }) => device)
        assert.equal(reach(devices, pairs).reached, devices.length)
      }
      assert.equal(
        reach(
          members.map(({ device }) => device),
          pairs
        ).reached,
        members.length
      )
    }),
    RUNS
  )
})

/**
 * What comes of it when some members are gone and nobody has said so: each of the others finds those silent that it
 * tries, and chooses anew, until all that it chose answer.
 */
function mended(members: readonly Member[], dead: ReadonlySet<DeviceId>): Pair[] {
  const neighbourhood = new Neighbourhood(members)
  return members.flatMap(({ device }) => {
    if (dead.has(device)) return []
    const silent = new Set<DeviceId>()
    for (;;) {
      const chosen = neighbourhood.chosenBy(device, silent)
      const found = chosen.filter(other => dead.has(other))
      if (found.length === 0) return chosen.map((other): Pair => [device, other])
      for (const other of found) silent.add(other)
    }
  })
}

function withoutDoubles(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs.map(pair => [pair.toSorted().join(' '), pair])).values()]
}

test('laws: with up to a third gone in silence the others still hold together, with few links', () => {
  const org = fc.tuple(anyOrg, fc.constantFrom(0.1, 0.2, 0.3), fc.nat())
  fc.assert(
    fc.property(org, ([members, share, salt]) => {
      const isDead = (device: DeviceId): boolean =>
        createHash('sha256').update(`${salt} ${device}`).digest().readUInt32BE() < share * 2 ** 32
      const dead = new Set(members.map(({ device }) => device).filter(isDead))
      const living = members.map(({ device }) => device).filter(device => !dead.has(device))
      const pairs = withoutDoubles(mended(members, dead))
      assert.equal(reach(living, pairs).reached, living.length)
      assert.ok(mostLinks(pairs) <= 1.5 * NEIGHBOURS_MAX, `${mostLinks(pairs)} links`)
    }),
    RUNS
  )
})

test('laws: when a member comes or goes, few links change', () => {
  const named = (pairs: readonly Pair[]): Set<string> => new Set(pairs.map(pair => pair.join(' ')))
  let [changes, total] = [0, 0]
  fc.assert(
    fc.property(anyOrg, fc.nat(), (members, which) => {
      const gone = members[which % members.length]
      const isBigger = (count: number, least: number): boolean => count > least + 1
      const inSite = members.filter(({ site }) => site === gone?.site).length
      fc.pre(isBigger(members.length, SMALL_ORG_MAX) && isBigger(inSite, SMALL_SITE_MAX))
      const before = named(new Neighbourhood(members).pairs())
      const after = named(new Neighbourhood(members.filter(member => member !== gone)).pairs())
      const changed =
        [...before].filter(pair => !after.has(pair)).length +
        [...after].filter(pair => !before.has(pair)).length
      // Those of the one that went, and one more for each of them.
      assert.ok(changed <= 3 * NEIGHBOURS_MAX, `${changed} of ${before.size} changed`)
      changes += changed
      total++
    }),
    RUNS
  )
  assert.ok(changes / total < NEIGHBOURS_MAX, `${changes / total} on the average`)
})

test('between sites only bringers are linked, and each with one of each other site', () => {
  const members = membersOf(even(500, 5))
  const neighbourhood = new Neighbourhood(members)
  const siteOf = new Map(members.map(({ device, site }) => [device, site]))
  const sites = [...new Set(siteOf.values())]
  const bringers = new Set(sites.flatMap(site => neighbourhood.bringersOf(site)))
  assert.equal(bringers.size, 5 * BRINGERS_PER_SITE)
  const across = neighbourhood.pairs().filter(([a, b]) => siteOf.get(a) !== siteOf.get(b))
  for (const device of across.flat()) assert.ok(bringers.has(device))
  for (const others of linksOf(across).values())
    assert.equal(new Set(others.map(other => siteOf.get(other))).size, 4)
})

test('sites of one device spread over the bringers of a large one', () => {
  const members = membersOf([100, ...Array<number>(30).fill(1)])
  const neighbourhood = new Neighbourhood(members)
  const links = linksOf(neighbourhood.pairs())
  const isAlone = new Set(members.slice(100).map(({ device }) => device))
  for (const bringer of neighbourhood.bringersOf('site 0')) {
    const alone = links.get(bringer)?.filter(other => isAlone.has(other)) ?? []
    assert.ok(alone.length > 0 && alone.length < 20, `${alone.length} of 30`)
  }
})

test('a small organisation is linked all with all, wherever its devices are', () => {
  const members = membersOf(even(SMALL_ORG_MAX, 6))
  assert.equal(new Neighbourhood(members).pairs().length, (SMALL_ORG_MAX * (SMALL_ORG_MAX - 1)) / 2)
  assert.deepEqual(new Neighbourhood(members.slice(0, 1)).pairs(), [])
  assert.deepEqual(new Neighbourhood(members).chosenBy(DEVICES.at(-1) ?? assert.fail()), [])
})

test('a bringer that is silent is left out, and the next in order takes its place', () => {
  const neighbourhood = new Neighbourhood(membersOf(even(200, 2)))
  const all = neighbourhood.bringersOf('site 0')
  const [gone] = all
  assert.ok(gone)
  const left = neighbourhood.bringersOf('site 0', new Set([gone]))
  assert.deepEqual(left.slice(0, 3), all.slice(1))
  assert.equal(left.length, BRINGERS_PER_SITE)
  const next = left.at(-1)
  assert.ok(next)
  const far = new Set(neighbourhood.bringersOf('site 1'))
  assert.ok(neighbourhood.chosenBy(next).every(other => !far.has(other)))
  assert.ok(neighbourhood.chosenBy(next, new Set([gone])).some(other => far.has(other)))
})

test('one bringer of each site links with a publisher, not the same for every version', () => {
  const members = membersOf(even(300, 3))
  const neighbourhood = new Neighbourhood(members)
  const linked = (version: string): DeviceId[] =>
    members.map(({ device }) => device).filter(device => neighbourhood.linksToPublisher(device, version))
  for (const version of ['one', 'two', 'three']) assert.equal(linked(version).length, 3)
  assert.ok(new Set(['one', 'two', 'three', 'four'].flatMap(linked)).size > 3)
})

test('the order in which members are listed changes nothing', () => {
  const members = membersOf(even(200, 3))
  const named = (list: readonly Member[]): string[] =>
    new Neighbourhood(list)
      .pairs()
      .map(pair => pair.join(' '))
      .toSorted()
  assert.deepEqual(named(members), named(members.toReversed()))
})
