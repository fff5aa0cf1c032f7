/**
 * Boosts: which servers take a copy in passing of a version that many devices want and too few servers have.
 *
 *     steady  = servers that are here, have it or are about to, and are not known to give slowly
 *     needed  = least of holdersMax and wanted / wantedPerHolder, rounded up; none below wantedMin
 *     lacking = needed - steady
 *
 * What lacks goes to sites by highest averages (D'Hondt): the next copy goes to the site with the most devices that
 * want it for each steady holder of its own and one more. In a site the race of placement (race.ts) says who. So each
 * server computes the same order from what it knows, takes the copy when it is among the first that lack, and asks
 * nobody. Servers know slightly different things; then there is a copy more, or one less until a *turn* is over: after
 * each the next in order may go on, in case those before it can not.
 *
 * A boost is no copy that policy owes: it takes only a part of the room that those leave, it is promised to nobody and
 * counts for no rule, and it goes when nobody has wanted it for a while. It begins at `wantedMin` and stays while
 * anybody wants it: the two lie apart, so that it does not flutter.
 *
 * Not here: what is wanted and who holds it (node/boost), and fetching.
 */

import type { DeviceId, VersionId } from '../base/ids.ts'
import { HOUR_MS, MINUTE_MS } from '../base/units.ts'
import { mayHold } from './field.ts'
import type { Device } from './fleet.ts'
import { pairHash, score, seedOf } from './race.ts'
import { type Unit, unitName } from './unit.ts'

export interface BoostTerms {
  /** Fewer devices that want a version boost nothing. */
  readonly wantedMin: number
  /** So many may share a holder. */
  readonly wantedPerHolder: number
  /** Steady holders of a version, beyond which no boost begins. */
  readonly holdersMax: number
  /** A boost ends when nobody has wanted it for so long. */
  readonly lingerMs: number
  /** Of the room that owed copies leave, this share may be taken, 0 to 1. */
  readonly roomShare: number
  /** Boosts on one device at a time. */
  readonly countMax: number
}

export const DEFAULT_BOOST_TERMS: BoostTerms = {
  ...{ wantedMin: 3, wantedPerHolder: 16, holdersMax: 3 },
  ...{ lingerMs: HOUR_MS, roomShare: 0.25, countMax: 16 }
}

/** After so long without the copies that lack the next in order may take one. */
export const BOOST_TURN_MS = 2 * MINUTE_MS
/** Who is known to give at less is not counted as a holder, in bytes per second. */
export const STEADY_RATE_MIN = 1_000_000

/** Who has a version, or is about to, as far as it is known. */
export interface BoostHolder extends Pick<Device, 'id' | 'site' | 'kind'> {
  readonly isPresent: boolean
  /** As its readers measured; null when none did. */
  readonly givesBytesPerSecond: number | null
}

export interface WantedVersion {
  readonly unit: Unit
  /** How many devices want it, by site. */
  readonly wanted: ReadonlyMap<string, number>
  readonly holders: readonly BoostHolder[]
  /** Since when it has lacked holders. */
  readonly lackingSinceMs: number
}

export interface OwnBoost {
  readonly version: VersionId
  readonly bytes: number
  /** When somebody wanted it last. */
  readonly wantedMs: number
  /** Whether this device may still have it, and does not owe it anyway. */
  readonly isWelcome: boolean
}

export interface BoostView {
  readonly self: DeviceId
  readonly versions: readonly WantedVersion[]
  /** Devices that data may be placed on. */
  readonly devices: readonly Device[]
  /** What owed copies leave of what a device offers. */
  readonly roomBytes: (device: DeviceId) => number
  readonly own: readonly OwnBoost[]
  readonly terms: BoostTerms
  readonly nowMs: number
}

export type BoostEnd = 'not-wanted' | 'not-welcome' | 'no-room'

export interface BoostPlan {
  /** What this device begins to fetch. */
  readonly begin: readonly VersionId[]
  readonly end: readonly { readonly version: VersionId; readonly because: BoostEnd }[]
}

/** Whether a device is there at any hour. */
export function isAlwaysOn({ kind }: Pick<Device, 'kind'>): boolean {
  return kind === 'server'
}

/** Whether who wants a version can count on a holder. */
export function isSteady(holder: BoostHolder): boolean {
  const { isPresent, givesBytesPerSecond } = holder
  return isPresent && isAlwaysOn(holder) && (givesBytesPerSecond ?? STEADY_RATE_MIN) >= STEADY_RATE_MIN
}

export function wantedCount({ wanted }: Pick<WantedVersion, 'wanted'>): number {
  return [...wanted.values()].reduce((sum, count) => sum + count, 0)
}

/** How many steady holders a version should have more than it has. */
export function lackingHolders(
  version: Omit<WantedVersion, 'unit' | 'lackingSinceMs'>,
  terms: BoostTerms
): number {
  const { wantedMin, wantedPerHolder, holdersMax } = terms
  const wanted = wantedCount(version)
  if (wanted < wantedMin) return 0
  const needed = Math.min(holdersMax, Math.ceil(wanted / wantedPerHolder))
  return Math.max(0, needed - version.holders.filter(isSteady).length)
}

/** Up to so many devices that are to take a copy, in their order. */
export function boosters(
  { unit, wanted, holders }: Omit<WantedVersion, 'lackingSinceMs'>,
  candidates: readonly Device[],
  count: number
): DeviceId[] {
  const known = new Set(holders.map(({ id }) => id))
  const seed = seedOf('unit', unitName(unit))
  const scoreOf = ({ id, weight }: Device): number => {
    const { a, b } = seedOf('device', id)
    return score(pairHash(seed.a, seed.b, a, b), weight)
  }
  const runners = candidates
    .filter(device => !known.has(device.id) && mayHold(device, unit.policy, unit.dataClass))
    .map(device => ({ ...device, score: scoreOf(device) }))
    .sort((a, b) => a.score - b.score || (a.id < b.id ? -1 : 1))
  const steadyIn = new Map<string, number>()
  for (const { site } of holders.filter(isSteady)) steadyIn.set(site, (steadyIn.get(site) ?? 0) + 1)
  const averageIn = (site: string): number => (wanted.get(site) ?? 0) / ((steadyIn.get(site) ?? 0) + 1)
  const chosen: DeviceId[] = []
  while (chosen.length < count && runners.length > 0) {
    const most = Math.max(...runners.map(({ site }) => averageIn(site)))
    const at = runners.findIndex(({ site }) => averageIn(site) === most)
    for (const { id, site } of runners.splice(at, 1)) {
      chosen.push(id)
      steadyIn.set(site, (steadyIn.get(site) ?? 0) + 1)
    }
  }
  return chosen
}

/** What this device is to begin and to end. The most wanted version comes first where room is short. */
export function planBoosts(view: BoostView): BoostPlan {
  const { self, versions, devices, roomBytes, terms, nowMs } = view
  const room = new Map(
    devices.map(({ id }) => [
      id,
      { bytes: Math.floor(roomBytes(id) * terms.roomShare), count: terms.countMax }
    ])
  )
  const end = endings(view, room.get(self)?.bytes ?? 0)
  const ended = new Set(end.map(({ version }) => version))
  const kept = view.own.filter(({ version }) => !ended.has(version))
  const take = (device: DeviceId, bytes: number): void => {
    const left = room.get(device)
    if (left !== undefined) room.set(device, { bytes: left.bytes - bytes, count: left.count - 1 })
  }
  for (const { bytes } of kept) take(self, bytes)
  const begin: VersionId[] = []
  const isOwn = new Set(view.own.map(({ version }) => version))
  for (const version of versions.toSorted(mostWantedFirst)) {
    const lacking = lackingHolders(version, terms)
    if (lacking === 0) continue
    const { unit, lackingSinceMs } = version
    const hasRoom = ({ id, state }: Device): boolean => {
      const { bytes, count } = room.get(id) ?? { bytes: 0, count: 0 }
      return state.kind === 'present' && bytes >= unit.bytes && count > 0
    }
    const candidates = devices.filter(device => isAlwaysOn(device) && hasRoom(device))
    const turns = Math.max(0, Math.floor((nowMs - lackingSinceMs) / BOOST_TURN_MS))
    for (const device of boosters(version, candidates, lacking + turns)) {
      take(device, unit.bytes)
      if (device === self && !isOwn.has(unit.version)) begin.push(unit.version)
    }
  }
  return { begin, end }
}

function mostWantedFirst(a: WantedVersion, b: WantedVersion): number {
  return wantedCount(b) - wantedCount(a) || (a.unit.version < b.unit.version ? -1 : 1)
}

/** Of those that go for want of room, what was wanted longest ago goes first. */
function endings({ own, terms, nowMs }: BoostView, roomBytes: number): BoostPlan['end'] {
  const end: { version: VersionId; because: BoostEnd }[] = []
  const kept: OwnBoost[] = []
  for (const boost of own) {
    if (!boost.isWelcome) end.push({ version: boost.version, because: 'not-welcome' })
    else if (boost.wantedMs + terms.lingerMs < nowMs)
      end.push({ version: boost.version, because: 'not-wanted' })
    else kept.push(boost)
  }
  let taken = 0
  const lastWantedFirst = (a: OwnBoost, b: OwnBoost): number =>
    b.wantedMs - a.wantedMs || (a.version < b.version ? -1 : 1)
  for (const [at, { version, bytes }] of kept.sort(lastWantedFirst).entries()) {
    if (taken + bytes > roomBytes || at >= terms.countMax) end.push({ version, because: 'no-room' })
    else taken += bytes
  }
  return end
}
