/** An organisation of the product's own nodes, linked by the rule for large sites: what the coarse model is held against. */

import { Neighbourhood } from '../src/swarm/neighbours.ts'
import { makeContent } from './content.ts'
import {
  boundSeconds,
  LAN_DELAY_MS,
  linkedPairs,
  median,
  membersOf,
  type Organisation,
  type OrganisationResult
} from './organisation.ts'
import { Random } from './random.ts'
import { World } from './world.ts'

const SETTLE_MS = 1000
const LIMIT_MS = 3_600_000

export async function runExact(organisation: Organisation, seed: number): Promise<OrganisationResult> {
  const { devices, bytes, lanMbit, wanMbit, wanDelayMs } = organisation
  const members = membersOf(organisation)
  const neighbourhood = new Neighbourhood(members)
  const linked = new Set(linkedPairs(members, neighbourhood).map(([a, b]) => a * devices + b))
  const areLinked = (a: number, b: number): boolean => linked.has(Math.min(a, b) * devices + Math.max(a, b))
  const content = makeContent([bytes])
  const world = new World({ content, random: new Random(seed), lanDelayMs: LAN_DELAY_MS, areLinked })
  for (const site of new Set(members.map(member => member.site)))
    world.addSite(site, { upMbit: wanMbit, downMbit: wanMbit, delayMs: wanDelayMs })
  for (const [index, { site }] of members.entries()) {
    const bringers = neighbourhood.isAllWithAll ? undefined : new Set(neighbourhood.bringersOf(site))
    world.addHost({
      ...{ site, isSource: index === 0, upMbit: lanMbit, downMbit: lanMbit },
      bringers: () => bringers
    })
  }
  for (const host of world.hosts) world.up(host)
  await world.engine.run(SETTLE_MS, { isDone: () => false })
  const startMs = world.engine.nowMs
  const receivers = world.hosts.slice(1)
  for (const host of receivers) host.fetch()
  let left = receivers.length
  for (const host of receivers) host.onComplete = () => left--
  await world.engine.run(startMs + LIMIT_MS, { isDone: () => left === 0 })
  const done = receivers
    .map(host => ((host.completedMs ?? Number.POSITIVE_INFINITY) - startMs) / 1000)
    .toSorted((a, b) => a - b)
  const lastSeconds = done.at(-1) ?? Number.NaN
  const bound = boundSeconds(organisation)
  const copies = [...world.sites.values()].slice(1).map(({ down }) => down.passedBytes / bytes)
  const sum = copies.reduce((total, each) => total + each, 0)
  return {
    ...{ mode: 'exact', devices, bytes, sites: world.sites.size, boundSeconds: bound },
    ...{ medianSeconds: median(done), lastSeconds, timesBound: lastSeconds / bound },
    wanCopiesMean: copies.length === 0 ? 0 : sum / copies.length,
    wanCopiesMost: Math.max(0, ...copies),
    wanBytes: sum * bytes,
    sourceCopies: (world.hosts[0]?.init.up.passedBytes ?? 0) / bytes,
    eventCount: world.engine.eventCount,
    unfinished: left
  }
}
