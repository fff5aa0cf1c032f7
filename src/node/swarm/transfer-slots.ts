/**
 * Which of the transfers that run may fetch data now, so that all of them together stay within the memory that one
 * device gives to blocks, and the more urgent come first.
 *
 * At most `slotsMax` fetch at once. A slot is a right to have pieces open, up to the limits of one transfer, so the sum is
 * bounded by their product. Who holds one:
 * - high before normal before low; among equals the earliest deadline first, those without one after them, and then
 *   the oldest first;
 * - who has a source before who has none, and last who had a slot for a while without a byte (it *rests*);
 * - a low one only while no other of a higher priority, with a source and not resting, is there at all: it yields the
 *   network, not only its place.
 * A more urgent transfer takes the slot of the least urgent at once; it begins when what that one has in memory is on
 * the disk. While a high one fetches, or one that will miss its deadline, the others that are no more urgent keep their
 * slots with less on its way, so that it gets most of a link that they share.
 *
 * Pure: the desk says how things stand, and does what comes out.
 */

import { assert } from '../../base/assert.ts'
import { MIB, SECOND_MS } from '../../base/units.ts'
import { TRANSFER_LIMITS } from '../../swarm/transfer-limits.ts'

export type Priority = 'low' | 'normal' | 'high'

/** Blocks of all transfers in memory, at most. */
export const OPEN_BYTES_MAX = 96 * MIB
export const SLOTS_MAX = 3
/** On its way for a transfer beside one of a higher priority. */
export const BESIDE_HIGH_BYTES = 2 * MIB
/** Without a byte for so long, a slot goes to another that waits, for so long. */
export const STALLED_MS = 10 * SECOND_MS
export const REST_MS = 30 * SECOND_MS

/** Later than every deadline. */
const FAR_MS = Number.MAX_SAFE_INTEGER

const RANK: Record<Priority, number> = { high: 0, normal: 1, low: 2 }

export interface Contender {
  readonly id: string
  readonly priority: Priority
  readonly startedAtMs: number
  /** By the date; null without one. */
  readonly deadlineAtMs: number | null
  /** It will miss its deadline at the rate at which it goes. */
  readonly isLate: boolean
  /** A connected peer has something that it wants. */
  readonly hasSource: boolean
  readonly holdsSlot: boolean
  /** Has blocks in memory. */
  readonly isBusy: boolean
  /** When it last got a slot or a byte. */
  readonly movedAtMs: number
  /** It let its slot lie, and comes last until then. */
  readonly restsUntilMs: number
}

export interface Grant {
  readonly inFlightBytesMax: number
}

export interface Decision {
  /** Those that may fetch; nobody else may. */
  readonly grants: ReadonlyMap<string, Grant>
  /** Those that let their slot lie while others wait for one. */
  readonly resting: ReadonlySet<string>
}

export function decideSlots(
  contenders: readonly Contender[],
  { nowMs, slotsMax = SLOTS_MAX }: { readonly nowMs: number; readonly slotsMax?: number }
): Decision {
  const isWaiting = contenders.some(each => each.hasSource && !each.holdsSlot)
  const hasStalled = (each: Contender) => each.holdsSlot && nowMs - each.movedAtMs >= STALLED_MS
  const resting = new Set(contenders.filter(each => isWaiting && hasStalled(each)).map(each => each.id))
  const isAble = (each: Contender) => each.hasSource && nowMs >= each.restsUntilMs && !resting.has(each.id)
  const bestRank = Math.min(...contenders.filter(isAble).map(each => RANK[each.priority]))
  const mayFetch = (each: Contender) => each.priority !== 'low' || bestRank >= RANK.low
  const order = contenders
    .filter(mayFetch)
    .sort(
      (a, b) =>
        Number(isAble(b)) - Number(isAble(a)) ||
        RANK[a.priority] - RANK[b.priority] ||
        (a.deadlineAtMs ?? FAR_MS) - (b.deadlineAtMs ?? FAR_MS) ||
        a.startedAtMs - b.startedAtMs ||
        (a.id < b.id ? -1 : 1)
    )
  const chosen = new Set(order.slice(0, slotsMax))
  const isKept = (each: Contender) => chosen.has(each) && each.holdsSlot
  // A slot is free once its last holder has nothing in memory any more.
  let free = slotsMax - contenders.filter(each => isKept(each) || each.isBusy).length
  const winners = [...chosen].filter(each => isKept(each) || each.isBusy || free-- > 0)
  const isPressed = bestRank === RANK.high
  // The most urgent of those that are late.
  const late = winners.find(each => each.isLate)
  const grants = new Map<string, Grant>()
  for (const each of winners) {
    const { id, priority } = each
    const isBehind = late !== undefined && each !== late && RANK[priority] >= RANK[late.priority]
    const isBeside = (isPressed && priority !== 'high') || isBehind
    grants.set(id, { inFlightBytesMax: isBeside ? BESIDE_HIGH_BYTES : TRANSFER_LIMITS.inFlightBytesMax })
  }
  return { grants, resting }
}

assert(
  SLOTS_MAX * TRANSFER_LIMITS.openBytesMax <= OPEN_BYTES_MAX,
  'all transfers together keep to the memory'
)
assert(BESIDE_HIGH_BYTES < TRANSFER_LIMITS.inFlightBytesMax, 'who is beside a high one has less')
