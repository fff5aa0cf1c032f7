/** An organisation to simulate: how many devices in how many sites, and the links between them. */

import { deviceIdFromBytes } from '../src/base/ids.ts'
import { sha256 } from '../src/store/sha256.ts'
import type { Member, Neighbourhood } from '../src/swarm/neighbours.ts'

export interface Organisation {
  readonly devices: number
  readonly sites: number
  readonly bytes: number
  readonly lanMbit: number
  readonly wanMbit: number
  readonly wanDelayMs: number
}

export const ORGANISATION: Organisation = {
  ...{ devices: 1000, sites: 50, bytes: 10e9 },
  ...{ lanMbit: 1000, wanMbit: 200, wanDelayMs: 20 }
}

export const LAN_DELAY_MS = 0.5

export interface OrganisationResult {
  readonly mode: 'coarse' | 'exact'
  readonly devices: number
  readonly sites: number
  readonly bytes: number
  readonly boundSeconds: number
  readonly medianSeconds: number
  readonly lastSeconds: number
  readonly timesBound: number
  /** Copies of the content that came over the WAN link of the sites without the source: the mean, and the most. */
  readonly wanCopiesMean: number
  readonly wanCopiesMost: number
  readonly wanBytes: number
  readonly sourceCopies: number
  readonly eventCount: number
  readonly unfinished: number
}

/** Devices are dealt out to the sites in turn; the first is the source. */
export function membersOf({ devices, sites }: Organisation): Member[] {
  return Array.from({ length: devices }, (_, index) => ({
    device: deviceIdFromBytes(sha256(Buffer.from(`simulated device ${index}`))),
    site: `s${index % sites}`
  }))
}

/** What a version is called where it matters for which bringer of a site is linked with its publisher. */
const VERSION = 'simulated version'

/** Pairs of devices that are linked, by their numbers, the smaller first: by the rule, and with the publisher. */
export function linkedPairs(members: readonly Member[], neighbourhood: Neighbourhood): [number, number][] {
  const indexOf = new Map(members.map(({ device }, index) => [device, index]))
  const pairs = new Map<string, [number, number]>()
  const add = (a: number, b: number): void => {
    const pair: [number, number] = a < b ? [a, b] : [b, a]
    pairs.set(pair.join(' '), pair)
  }
  for (const [a, b] of neighbourhood.pairs()) add(indexOf.get(a) ?? 0, indexOf.get(b) ?? 0)
  for (const [index, { device }] of members.entries())
    if (index > 0 && neighbourhood.linksToPublisher(device, VERSION)) add(0, index)
  return [...pairs.values()]
}

const BYTES_PER_SECOND_PER_MBIT = 125_000

/** The shortest time that the links allow, by the rules of lab/shaped/bound.ts. */
export function boundSeconds({ devices, sites, bytes, lanMbit, wanMbit }: Organisation): number {
  const copy = (mbit: number): number => bytes / (mbit * BYTES_PER_SECOND_PER_MBIT)
  const used = Math.min(sites, devices)
  const inSite = Math.ceil(devices / used)
  const own = copy(lanMbit)
  if (used === 1) return Math.max(own, ((devices - 1) / devices) * own)
  return Math.max(own, copy(wanMbit), ((inSite - 1) * bytes) / (inSite * lanMbit * BYTES_PER_SECOND_PER_MBIT))
}

export function median(sorted: ArrayLike<number>): number {
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}
