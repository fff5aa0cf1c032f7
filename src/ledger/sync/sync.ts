/**
 * Sync: how two peers come to hold the same operations. Gossip may bring a record sooner; this is what makes sure.
 *
 *   A -> B  hello   which org, and a digest of what A holds       (equal digests: done)
 *   A <- B  hello
 *   A -> B  want-tips
 *   A <- B  tips    what each of B's feeds ends in
 *   A -> B  want    for each tip that A lacks: the tip, and points of that feed that A does hold
 *   A <- B  records what lies between, a page at a time; A adds them and wants again while there is more
 *
 * Each side asks for itself, so a full exchange is this both ways. A feed's points are spaced ever wider going
 * back, so B finds the common part of a feed at once even where it is forked, and sends little twice.
 *
 * A page is a prefix of all that is wanted in causal order: when A holds a causally closed set, as every ledger
 * does, it can place each record of the page as it comes.
 */

import { concatBytes } from '../../base/bytes.ts'
import { type DeviceId, idBytes, type OperationId } from '../../base/ids.ts'
import type { Sha256 } from '../encoding/signature.ts'
import { compareCausal, FEEDS_MAX, type Feed, feedKey, type OperationLog, type Placed } from '../fold/feed.ts'

/** A forked feed ends in several tips; beyond this many in all, the rest is left to later rounds. */
export const TIPS_MAX = FEEDS_MAX
export const WANTS_MAX = TIPS_MAX
export const WANT_HAVE_MAX = 16
/** Tips and points together in one want message. */
export const WANT_IDS_MAX = 2 * WANTS_MAX
export const PAGE_RECORDS_MAX = 8192
export const PAGE_BYTES_MAX = 2 * 1024 * 1024
/** Each point of a feed lies this many times further back than the one before. */
const HAVE_SPACING = 4

export interface FeedTip {
  readonly author: DeviceId
  readonly incarnation: string
  readonly seq: number
  readonly id: OperationId
}

export interface Want {
  readonly tip: OperationId
  /** Operations of the same feed that the asker holds, with all that comes before them. */
  readonly have: readonly OperationId[]
}

export interface RecordPage {
  readonly records: readonly Uint8Array[]
  readonly more: boolean
}

export interface PageLimits {
  readonly countMax: number
  /** A page holds at least one record, however large. */
  readonly bytesMax: number
}

export const PAGE_LIMITS: PageLimits = { countMax: PAGE_RECORDS_MAX, bytesMax: PAGE_BYTES_MAX }

/** Tips of all feeds, sorted by id, at most `TIPS_MAX`. */
export function tipsOf(log: OperationLog): FeedTip[] {
  const tips: FeedTip[] = []
  for (const feed of log.feeds.values()) {
    for (const { operation } of feed.tips.values())
      tips.push({
        author: feed.author,
        incarnation: feed.incarnation,
        seq: operation.seq,
        id: operation.id
      })
  }
  return tips.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, TIPS_MAX)
}

/** SHA-256 over the ids of the tips in ascending order. */
export function digestOf(tips: readonly FeedTip[], sha256: Sha256): Uint8Array {
  return sha256(concatBytes(tips.map(tip => idBytes(tip.id))))
}

/**
 * `sent`: operations that the peer has sent although they are here, because its branch of a forked feed leaves ours below
 * the points that were named. Naming the last of them makes the next page begin after it.
 */
export function wantsFrom(
  mine: OperationLog,
  theirs: readonly FeedTip[],
  sent: readonly OperationId[] = []
): Want[] {
  const held = sent.map(id => mine.get(id)).filter(placed => placed !== undefined)
  const lacking = theirs.filter(tip => mine.get(tip.id) === undefined).slice(0, WANTS_MAX)
  let idsLeft = WANT_IDS_MAX - lacking.length
  return lacking.map((tip, index) => {
    // Every want that is still to come keeps room for one point.
    const room = Math.max(1, Math.min(WANT_HAVE_MAX, idsLeft - (lacking.length - index - 1)))
    const feed = mine.feeds.get(feedKey(tip))
    const named = held.filter(placed => placed.feed === feed).map(placed => placed.operation.id)
    const points = feed === undefined ? [] : pointsBelow(feed, tip.seq, room)
    const have = [...new Set([...named.slice(-room), ...points])].slice(0, room)
    idsLeft -= have.length
    return { tip: tip.id, have }
  })
}

/** Operations of a feed below position `seq`, from the highest, ever further apart. */
function pointsBelow(feed: Feed, seq: number, countMax: number): OperationId[] {
  const points: OperationId[] = []
  const top = Math.min(feed.positions.length, seq - 1)
  for (let gap = 1; top - gap + 1 >= 1; gap *= HAVE_SPACING) {
    for (const { operation } of feed.positions[top - gap] ?? []) {
      if (points.length === countMax) return points
      points.push(operation.id)
    }
  }
  return points
}

/** One page of what `wants` ask for; tips that are not here are passed over. */
export function recordsFor(
  mine: OperationLog,
  wants: readonly Want[],
  limits: PageLimits = PAGE_LIMITS
): RecordPage {
  const wanted = new Set<Placed>()
  for (const want of wants) {
    const tip = mine.get(want.tip)
    if (tip !== undefined) collect(tip, new Set(want.have), wanted)
  }
  const ordered = [...wanted].sort(compareCausal)
  const records: Uint8Array[] = []
  let bytes = 0
  for (const { operation } of ordered) {
    bytes += operation.record.length
    const isFull = records.length === limits.countMax || (bytes > limits.bytesMax && records.length > 0)
    if (isFull) return { records, more: true }
    records.push(operation.record)
  }
  return { records, more: false }
}

/** Adds the chain from `tip` back to the first operation that the asker has or that is collected already. */
function collect(tip: Placed, have: ReadonlySet<OperationId>, wanted: Set<Placed>): void {
  for (let at: Placed | undefined = tip; at !== undefined; at = at.prev) {
    if (have.has(at.operation.id) || wanted.has(at)) return
    wanted.add(at)
  }
}
