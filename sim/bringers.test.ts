/** Organisations of the product's own nodes that are too large for links of all with all. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defined } from '../src/base/assert.ts'
import type { DeviceId } from '../src/base/ids.ts'
import { Neighbourhood } from '../src/swarm/neighbours.ts'
import { makeContent } from './content.ts'
import type { Host } from './host.ts'
import { LAN_DELAY_MS, linkedPairs, membersOf, ORGANISATION } from './organisation.ts'
import { Random } from './random.ts'
import { World } from './world.ts'

const BYTES = 3_000_000
const LIMIT_MS = 120_000
/** Headers, announcements and what is sent again come on top of the payload. */
const OVERHEAD = 1.25

interface Scene {
  readonly world: World
  readonly neighbourhood: Neighbourhood
  readonly isBringer: (host: Host) => boolean
  /** Hosts that have a link, the source included. */
  readonly linked: (host: Host) => Host[]
}

/** The first host is the source; `extra` are linked with it besides those that the rule links. */
function scene(
  devices: number,
  sites: number,
  extra: (neighbourhood: Neighbourhood) => readonly DeviceId[]
): Scene {
  const members = membersOf({ ...ORGANISATION, devices, sites })
  const neighbourhood = new Neighbourhood(members)
  assert.ok(!neighbourhood.isAllWithAll)
  const pairs = new Set(linkedPairs(members, neighbourhood).map(pair => pair.join(' ')))
  for (const device of extra(neighbourhood))
    pairs.add(`0 ${members.findIndex(member => member.device === device)}`)
  const areLinked = (a: number, b: number): boolean => pairs.has(`${Math.min(a, b)} ${Math.max(a, b)}`)
  const content = makeContent([BYTES])
  const world = new World({ content, random: new Random(1), lanDelayMs: LAN_DELAY_MS, areLinked })
  const bringers = new Set<DeviceId>()
  for (const site of new Set(members.map(member => member.site))) {
    world.addSite(site, { upMbit: 10, downMbit: 10, delayMs: 20 })
    for (const device of neighbourhood.bringersOf(site)) bringers.add(device)
  }
  for (const [index, { site }] of members.entries()) {
    const own = new Set(neighbourhood.bringersOf(site))
    world.addHost({ site, isSource: index === 0, upMbit: 50, downMbit: 50, bringers: () => own })
  }
  const linked = (host: Host): Host[] => {
    const at = world.hosts.indexOf(host)
    return world.hosts.filter((_, index) => index !== at && areLinked(at, index))
  }
  return { world, neighbourhood, isBringer: host => bringers.has(host.device), linked }
}

/** Runs until those that fetch are complete; gives the copies of the content that came into each far site. */
async function run(
  { world }: Scene,
  fetching: readonly Host[],
  crashing: readonly Host[] = []
): Promise<number[]> {
  for (const host of world.hosts) world.up(host)
  await world.engine.run(1000, { isDone: () => false })
  for (const host of fetching) host.fetch()
  if (crashing.length > 0)
    world.engine.after(1500, () => {
      for (const host of crashing) host.crash()
    })
  const left = fetching.filter(host => !crashing.includes(host))
  await world.engine.run(LIMIT_MS, { isDone: () => left.every(host => host.isComplete) })
  assert.ok(
    left.every(host => host.isComplete),
    `${left.filter(host => !host.isComplete).length} are not complete`
  )
  return [...world.sites.values()].slice(1).map(({ down }) => down.passedBytes / BYTES)
}

test('every piece crosses into each site about once, whoever has found the publisher as well', async t => {
  const all = scene(48, 2, neighbourhood => {
    const bringers = new Set(neighbourhood.bringersOf('s1'))
    const others = membersOf({ ...ORGANISATION, devices: 48, sites: 2 }).filter(({ site }) => site === 's1')
    return others.map(({ device }) => device).filter(device => !bringers.has(device))
  })
  const copies = await run(all, all.world.hosts.slice(1))
  t.diagnostic(`copies into the far sites: ${copies.map(each => each.toFixed(2)).join(', ')}`)
  for (const each of copies) assert.ok(each < 1.1 * OVERHEAD)
})

test('bringers that die on the way: the others of the site take over what is left', async t => {
  const all = scene(48, 2, () => [])
  const { world, isBringer } = all
  const dying = world.hosts.filter(host => host.site === 's1' && isBringer(host)).slice(0, 3)
  assert.equal(dying.length, 3)
  const copies = await run(all, world.hosts.slice(1), dying)
  t.diagnostic(`copies into the far site: ${copies.map(each => each.toFixed(2)).join(', ')}`)
  for (const each of copies) assert.ok(each < 1.5 * OVERHEAD)
})

test('a few that are no bringers want it: one brings it, and the others take it inside their site', async t => {
  let chosen: DeviceId[] = []
  const few = scene(48, 2, neighbourhood => {
    const bringers = new Set(neighbourhood.bringersOf('s1'))
    const isPlain = (device: DeviceId): boolean =>
      !bringers.has(device) && neighbourhood.siteOf(device) === 's1'
    const one = defined(
      membersOf({ ...ORGANISATION, devices: 48, sites: 2 }).find(({ device }) => isPlain(device)),
      'one that is no bringer'
    ).device
    chosen = [one, ...neighbourhood.chosenBy(one).filter(isPlain)].slice(0, 3)
    return chosen
  })
  const fetching = few.world.hosts.filter(({ device }) => chosen.includes(device))
  assert.equal(fetching.length, 3)
  const copies = await run(few, fetching)
  t.diagnostic(`copies into the far site: ${copies.map(each => each.toFixed(2)).join(', ')}`)
  for (const each of copies) assert.ok(each < 2, 'not each for itself')
})
