/**
 * The devices that may hold units of one policy and class, laid out for the race (race.ts): flat arrays by site, so
 * that a scan of ten thousand devices for one unit costs two small hashes each and next to nothing else.
 */

import type { Device, Fleet } from './fleet.ts'
import { type Policy, slotCount } from './policy.ts'
import { hashFloor, seedOf } from './race.ts'

/** Devices of one site lie side by side. */
export interface FieldSite {
  readonly name: string
  readonly first: number
  readonly end: number
  readonly weight: number
}

export interface Field {
  readonly devices: readonly Device[]
  readonly sites: readonly FieldSite[]
  /** Which of `sites` each device is in. */
  readonly siteOf: Int32Array
  readonly seedA: Int32Array
  readonly seedB: Int32Array
  /** Scores below this are looked for first. */
  readonly horizon: number
  /** Of each device: hashes below it score beyond `horizon`. */
  readonly floors: Int32Array
}

/**
 * How many devices are expected below the first horizon: some more than slots, so that one scan does nearly always.
 */
const EXPECTED_PER_SLOT = 3
const EXPECTED_BESIDES = 8

/** Whether a copy on a device counts for a policy: its region and its kind. */
export function isAllowed({ region, kind }: Device, { regions, kinds }: Policy): boolean {
  return (regions.length === 0 || regions.includes(region)) && (kinds.length === 0 || kinds.includes(kind))
}

/** Whether a device may hold data of this policy and class, whatever else it holds. */
export function mayHold(device: Device, policy: Policy, dataClass: string): boolean {
  return device.weight > 0 && device.mayHold.has(dataClass) && isAllowed(device, policy)
}

export function layField(fleet: Fleet, policy: Policy, dataClass: string): Field {
  const devices = fleet.devices
    .filter(device => mayHold(device, policy, dataClass))
    .toSorted((a, b) => compare(a.site, b.site) || compare(a.id, b.id))
  const sites: FieldSite[] = []
  const siteOf = new Int32Array(devices.length)
  let first = 0
  for (let at = 1; at <= devices.length; at++) {
    const name = devices[first]?.site
    if (name === undefined || devices[at]?.site === name) continue
    siteOf.fill(sites.length, first, at)
    sites.push({ name, first, end: at, weight: weightOf(devices.slice(first, at)) })
    first = at
  }
  const seeds = devices.map(({ id }) => seedOf('device', id))
  const horizon = (EXPECTED_PER_SLOT * slotCount(policy) + EXPECTED_BESIDES) / weightOf(devices)
  return {
    ...{ devices, sites, siteOf, horizon },
    seedA: Int32Array.from(seeds, ({ a }) => a),
    seedB: Int32Array.from(seeds, ({ b }) => b),
    floors: Int32Array.from(devices, ({ weight }) => hashFloor(horizon, weight))
  }
}

function weightOf(devices: readonly Device[]): number {
  return devices.reduce((sum, { weight }) => sum + weight, 0)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
