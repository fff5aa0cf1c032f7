/**
 * One laptop has a version that many devices want: how long they wait for it, with boosts and without, and what boosts
 * cost. Nodes, hub and cores are the product's; so are the book of what is asked for and the decision, which each
 * server makes by itself (src/node/boost/demand-book.ts, src/placement/boost.ts).
 *
 * - `crowd`: all ask at once, and nobody leaves.
 * - `day`: they ask one after another in the course of two hours; each leaves a while after it has it, and the laptop
 *   leaves early and comes back hours later.
 */

import { defined } from '../src/base/assert.ts'
import type { DeviceId } from '../src/base/ids.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../src/base/units.ts'
import { BOOST_TIMES } from '../src/node/boost/boost-desk.ts'
import { DemandBook, WANTED_WINDOW_MS } from '../src/node/boost/demand-book.ts'
import { SwarmHub } from '../src/node/swarm/swarm-hub.ts'
import {
  type BoostHolder,
  DEFAULT_BOOST_TERMS,
  lackingHolders,
  planBoosts,
  type WantedVersion
} from '../src/placement/boost.ts'
import type { Device, DeviceKind } from '../src/placement/fleet.ts'
import type { Unit } from '../src/placement/unit.ts'
import { makeContent } from './content.ts'
import type { Host } from './host.ts'
import { LAN_DELAY_MS, median } from './organisation.ts'
import { Random } from './random.ts'
import { World } from './world.ts'

export type BoostCase = 'crowd' | 'day'

export interface BoostOptions {
  readonly what: BoostCase
  readonly isBoosted: boolean
  readonly devices: number
  readonly sites: number
  readonly bytes: number
  readonly seed: number
}

export interface BoostResult extends BoostOptions {
  /** From asking to having; Infinity for who never had it. */
  readonly medianSeconds: number
  readonly p95Seconds: number
  readonly lastSeconds: number
  /** That did not have it within an hour of asking. */
  readonly overAnHour: number
  readonly laptopCopies: number
  readonly wanBytes: number
  readonly boosts: number
  /** What servers received. */
  readonly boostBytes: number
}

const SERVER_MBIT = 1000
const DEVICE_MBIT = 100
const HOME_UP_MBIT = 2
const WAN_MBIT = 100
const WAN_DELAY_MS = 20
const SERVERS_PER_SITE = 1
const ARRIVALS_MS = 2 * HOUR_MS
const LAPTOP_STAYS_MS = 20 * MINUTE_MS
const LAPTOP_AWAY_MS = 4 * HOUR_MS
const STAYS_MS = [MINUTE_MS, 10 * MINUTE_MS] as const
const LIMIT_MS = 8 * HOUR_MS
const ROOM_BYTES = 1e12

interface Machine {
  readonly host: Host
  readonly kind: DeviceKind
  readonly book: DemandBook
  boosts: boolean
}

export async function runBoost(options: BoostOptions): Promise<BoostResult> {
  const { what, devices, bytes, seed } = options
  const random = new Random(seed)
  const world = new World({ content: makeContent([bytes]), random, lanDelayMs: LAN_DELAY_MS })
  const { laptop, servers, desks } = machines(world, options)
  const all = [laptop, ...servers, ...desks]
  for (const { host } of [laptop, ...servers]) world.up(host)
  const askedMs = new Map<Host, number>()
  let left = devices
  for (const { host } of desks) {
    const atMs = what === 'crowd' ? SECOND_MS : random.between(SECOND_MS, ARRIVALS_MS)
    const staysMs = random.between(...STAYS_MS)
    host.onComplete = () => {
      left--
      if (what === 'day') world.engine.after(staysMs, () => host.crash())
    }
    world.engine.after(atMs, () => {
      askedMs.set(host, world.engine.nowMs)
      world.up(host)
      host.fetch()
    })
  }
  if (what === 'day') {
    world.engine.after(LAPTOP_STAYS_MS, () => laptop.host.crash())
    world.engine.after(LAPTOP_STAYS_MS + LAPTOP_AWAY_MS, () => world.up(laptop.host))
  }
  if (options.isBoosted) for (const server of servers) looks(world, server, all)
  await world.engine.run(LIMIT_MS, { isDone: () => left === 0 })
  const waited = desks
    .map(({ host }) => (host.completedMs ?? Number.POSITIVE_INFINITY) - (askedMs.get(host) ?? 0))
    .map(ms => ms / SECOND_MS)
    .toSorted((a, b) => a - b)
  const boosted = servers.filter(({ boosts }) => boosts)
  return {
    ...options,
    medianSeconds: median(waited),
    p95Seconds: waited[Math.ceil(0.95 * waited.length) - 1] ?? Number.NaN,
    lastSeconds: waited.at(-1) ?? Number.NaN,
    overAnHour: waited.filter(seconds => seconds > HOUR_MS / SECOND_MS).length,
    laptopCopies: laptop.host.init.up.passedBytes / bytes,
    wanBytes: [...world.sites.values()].reduce((sum, { down }) => sum + down.passedBytes, 0),
    boosts: boosted.length,
    boostBytes: boosted.reduce((sum, { host }) => sum + host.share * bytes, 0)
  }
}

/** The laptop is at home, all others in offices with a server each. */
function machines(
  world: World,
  { devices, sites }: BoostOptions
): { readonly laptop: Machine; readonly servers: Machine[]; readonly desks: Machine[] } {
  const rates = (mbit: number) => ({ upMbit: mbit, downMbit: mbit })
  const add = (site: string, kind: DeviceKind, mbit: number): Machine => {
    const book = new DemandBook()
    const host = world.addHost({
      ...{ site, ...rates(mbit), isSource: kind === 'laptop' },
      parts: {
        hub: init =>
          new SwarmHub({
            ...init,
            onAsked: (device, infoHash) => book.note(device, infoHash, world.engine.nowMs)
          })
      }
    })
    return { host, kind, book, boosts: false }
  }
  world.addSite('home', { upMbit: HOME_UP_MBIT, downMbit: WAN_MBIT, delayMs: WAN_DELAY_MS })
  const offices = Array.from({ length: sites }, (_, index) => `office ${index}`)
  for (const site of offices) world.addSite(site, { ...rates(WAN_MBIT), delayMs: WAN_DELAY_MS })
  const laptop = add('home', 'laptop', DEVICE_MBIT)
  const servers = offices.flatMap(site =>
    Array.from({ length: SERVERS_PER_SITE }, () => add(site, 'server', SERVER_MBIT))
  )
  const desks = Array.from({ length: devices }, (_, index) =>
    add(defined(offices[index % sites], 'an office'), 'desktop', DEVICE_MBIT)
  )
  return { laptop, servers, desks }
}

/** A server looks again and again, and decides by what it knows itself. */
function looks(world: World, server: Machine, all: readonly Machine[]): void {
  const byDevice = new Map(all.map(machine => [machine.host.device, machine]))
  let lackingSinceMs: number | undefined
  const look = (): void => {
    const nowMs = world.engine.nowMs
    const version = wantedBy(server, byDevice, nowMs)
    const isLacking = lackingHolders(version, DEFAULT_BOOST_TERMS) > 0
    lackingSinceMs = isLacking ? (lackingSinceMs ?? nowMs) : undefined
    const { begin } = planBoosts({
      ...{ self: server.host.device, versions: [{ ...version, lackingSinceMs: lackingSinceMs ?? nowMs }] },
      ...{ devices: all.map(placeable), roomBytes: () => ROOM_BYTES, own: [], nowMs },
      terms: DEFAULT_BOOST_TERMS
    })
    if (begin.length > 0 && !server.boosts) {
      server.boosts = true
      server.host.fetch()
    }
    world.engine.after(BOOST_TIMES.lookMs, look)
  }
  world.engine.after(world.random.between(0, BOOST_TIMES.lookMs), look)
}

function wantedBy(
  server: Machine,
  byDevice: ReadonlyMap<DeviceId, Machine>,
  nowMs: number
): Omit<WantedVersion, 'lackingSinceMs'> {
  const { host, book } = server
  const wanted = new Map<string, number>()
  const holding = new Set<Machine>([...byDevice.values()].filter(({ kind }) => kind === 'laptop'))
  if (server.boosts) holding.add(server)
  const wants = (machine: Machine): void => {
    if (machine.kind === 'server') holding.add(machine)
    else wanted.set(machine.host.site, (wanted.get(machine.host.site) ?? 0) + 1)
  }
  const streams = new Map(host.status()?.peers.map(peer => [peer.device, peer]))
  for (const [device, askedMs] of book.of(host.versionId)) {
    const machine = defined(byDevice.get(device), 'a machine that asked')
    const isNow = askedMs + WANTED_WINDOW_MS >= nowMs
    if (!streams.has(device) && (isNow || machine.kind === 'server')) wants(machine)
  }
  for (const [device, { isComplete, isSatisfied }] of streams) {
    const machine = defined(byDevice.get(device), 'a peer')
    if (isComplete) holding.add(machine)
    else if (!isSatisfied) wants(machine)
  }
  return { unit: unitOf(host), wanted, holders: [...holding].map(holderOf) }
}

function holderOf({ host, kind }: Machine): BoostHolder {
  return {
    ...{ id: host.device, site: host.site, kind, isPresent: host.isUp },
    givesBytesPerSecond: null
  }
}

function placeable({ host, kind }: Machine): Device {
  return {
    ...{ id: host.device, site: host.site, kind, region: '', capacityBytes: ROOM_BYTES, weight: 100 },
    ...{ mayHold: { has: () => true }, emptySinceMs: 0 },
    state: host.isUp ? { kind: 'present' } : { kind: 'away', sinceMs: 0 }
  }
}

function unitOf({ versionId, world }: Host): Unit {
  return {
    ...{ version: versionId, index: 0, bytes: world.content.version.totalBytes, dataClass: 'internal' },
    ...{ policy: { copies: 1, sites: 1, regions: [], kinds: [], shares: null }, seniority: 0 }
  }
}
