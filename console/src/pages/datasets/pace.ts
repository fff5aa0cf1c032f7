/**
 * How fast a version spreads, from what devices said of it while somebody looked: nothing is kept by the node, so it is
 * known some seconds after a page was opened. Invariant: looks are of one version, the oldest first, each later than
 * the one before, and all but the one before the newest within `WINDOW_MS` of it.
 */

import { SECOND_MS } from '../../../../src/base/units.ts'
import type { Answer } from '../../api/routes.ts'
import { type Holder, shareOf } from '../../components/spread.ts'

export interface Look {
  readonly version: string
  readonly atMs: number
  /** From none to all of it, 0 to 1, of each device that has any. */
  readonly shares: ReadonlyMap<string, number>
  /** Of them, members that have a part and say nothing now: their streams ended, and what they get is not known. */
  readonly unheard: ReadonlySet<string>
}

/** Long enough that a piece more or less is no jump. */
const WINDOW_MS = 30 * SECOND_MS
/** From so much on it can be said how fast something comes. */
const SPAN_MIN_MS = 4 * SECOND_MS
/** And from so much on that nothing does: a piece that is large and comes slowly takes its time. */
const STILL_MIN_MS = 20 * SECOND_MS

type Known = Pick<Answer<'holders'>, 'version' | 'atMs' | 'holders' | 'totalPieces'>

export function lookedAgain(looks: readonly Look[], known: Known): readonly Look[] {
  const { version, atMs, holders, totalPieces } = known
  const last = looks.at(-1)
  if (last?.version === version && last.atMs >= atMs) return looks
  const members = holders.filter(({ isMember }) => isMember)
  const shares = new Map(members.map(holder => [holder.device as string, shareOf(holder, totalPieces)]))
  const unheard = new Set<string>(members.filter(isUnheard).map(({ device }) => device))
  const before = looks.filter(look => look.version === version)
  // The last one also when it is older: where many are asked of, looks are far apart.
  const kept = before.filter((look, at) => atMs - look.atMs <= WINDOW_MS || at === before.length - 1)
  return [...kept, { version, atMs, shares, unheard }]
}

/** Whether a holder has a part and says nothing of it now: it went away, stopped, or gets the rest from others. */
export function isUnheard({ by, isWhole }: Pick<Holder, 'by' | 'isWhole'>): boolean {
  return by === 'past stream' && !isWhole
}

/**
 * How much of the version each device gets in a second, by the id of the device, without those of which it is not known
 * yet; undefined while it is known of none.
 */
export function paces(looks: readonly Look[]): ReadonlyMap<string, number> | undefined {
  const [first, last] = [looks[0], looks.at(-1)]
  if (first === undefined || last === undefined || last.atMs - first.atMs < SPAN_MIN_MS) return undefined
  const seconds = (last.atMs - first.atMs) / SECOND_MS
  const isLong = last.atMs - first.atMs >= STILL_MIN_MS
  const pace = (device: string, share: number): number =>
    Math.max(0, share - (first.shares.get(device) ?? 0)) / seconds
  const heard = [...last.shares].filter(([device]) => !last.unheard.has(device))
  const all = heard.map(([device, share]) => [device, pace(device, share)] as const)
  return new Map(all.filter(([, each]) => each > 0 || isLong))
}

/** Until it has all of it at that pace; null where it stands still, or where that is not known. */
export function leftMs(share: number, pace: number | undefined): number | null {
  if (share >= 1) return 0
  return pace === undefined || pace === 0 ? null : ((1 - share) / pace) * SECOND_MS
}

export interface Going {
  /** What comes to all devices together, in bytes of the version. */
  readonly bytesPerSecond: number
  /** Devices that have a part and get more of it. */
  readonly moving: number
  /** Devices that have a part and got nothing in all that time. */
  readonly still: number
  /** Devices that have a part and say nothing of it now. */
  readonly unheard: number
  /** Until the last that gets more of it has all; null where none does. */
  readonly leftMs: number | null
}

/** Undefined while it is not known. */
export function going(looks: readonly Look[], bytes: number): Going | undefined {
  const known = paces(looks)
  const last = looks.at(-1)
  if (known === undefined || last === undefined) return undefined
  const { shares, unheard } = last
  const parts = [...shares].filter(([, share]) => share < 1)
  const moving = parts.filter(([device]) => (known.get(device) ?? 0) > 0)
  const left = moving.map(([device, share]) => leftMs(share, known.get(device)) ?? 0)
  return {
    bytesPerSecond: [...known.values()].reduce((sum, pace) => sum + pace, 0) * bytes,
    moving: moving.length,
    still: parts.filter(([device]) => known.get(device) === 0).length,
    unheard: unheard.size,
    // Not spread: a call takes only so many arguments.
    leftMs: left.length === 0 ? null : left.reduce((most, each) => Math.max(most, each), 0)
  }
}
