/**
 * Feeds: the hash-chained operations of each device, and the causal graph that they form together.
 *
 * A feed is (author, incarnation). Positions run from 1 without gaps and each operation names the one before it;
 * operations of other feeds are named as deps. An operation is *placed* once everything that it names is placed,
 * so the placed set is always causally closed and does not depend on the order of arrival.
 *
 * Rules of a chain (an operation that breaks one is no part of any ledger):
 * - at position 1 nothing comes before, and an author that is no admin names a device.enrol of itself in its deps,
 *   so nobody who was never introduced can fill a ledger;
 * - later, `prev` is the operation one position before, of the same author and incarnation.
 *
 * Fork: two placed operations of one feed at one position. The lowest such position is the feed's fork point, and
 * can only move down as more becomes known. Both operations stay, as evidence that the author equivocated; what a
 * fork does to their effect is the fold's rule.
 *
 * Incarnations: a device whose database is lost or restored from a backup starts a new one, and with it a feed at
 * position 1. All its incarnations count; nothing orders them but deps and time.
 *
 * Causal order: `timeMs` is the author's clock, raised to that of everything that the operation builds on, and
 * `depth` the longest path below it. Sorting by (timeMs, depth, id) is total, the same for every peer, and never
 * puts an operation before one that it builds on.
 */

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import type { DeviceId, OperationId } from '../../base/ids.ts'
import type { Operation } from '../operation/operation.ts'

export const LEDGER_OPERATIONS_MAX = 1_000_000
export const FEEDS_MAX = 65_536

export interface CausalOrder {
  readonly timeMs: number
  readonly depth: number
}

export interface Placed {
  readonly operation: Operation
  readonly feed: Feed
  readonly order: CausalOrder
  /** The operation before it in its feed. */
  readonly prev: Placed | undefined
  readonly stretch: Stretch
}

/**
 * A run of operations of one feed, each built on the one before it. A fork begins another run, so that to find out
 * whether an operation lies on a branch takes a step for each fork of the branch, and not for each operation.
 */
export interface Stretch {
  /** Where it left the run before it; undefined for one that begins at position 1. */
  readonly from: { readonly stretch: Stretch; readonly seq: number } | undefined
}

/** Names a feed in maps and on the wire. */
export type FeedKey = `${DeviceId}:${string}`

export function feedKey(feed: { readonly author: DeviceId; readonly incarnation: string }): FeedKey {
  return `${feed.author}:${feed.incarnation}`
}

export interface Feed {
  readonly key: FeedKey
  readonly author: DeviceId
  readonly incarnation: string
  /** Operations by position, the first at index 0; more than one at a position is a fork. */
  readonly positions: readonly (readonly Placed[])[]
  /** The lowest position that holds more than one operation. */
  readonly forkSeq: number | undefined
  /** Operations that no other of the feed builds on: one, unless the feed is forked. */
  readonly tips: ReadonlyMap<OperationId, Placed>
}

interface MutableFeed extends Feed {
  readonly positions: Placed[][]
  forkSeq: number | undefined
  readonly tips: Map<OperationId, Placed>
}

export type Placement =
  | { readonly outcome: 'placed'; readonly placed: Placed; readonly forkMoved: boolean }
  | { readonly outcome: 'waiting'; readonly missing: readonly OperationId[] }
  | { readonly outcome: 'broken'; readonly detail: string }
  | { readonly outcome: 'full'; readonly detail: string }

export function compareCausal(a: Placed, b: Placed): number {
  return (
    a.order.timeMs - b.order.timeMs ||
    a.order.depth - b.order.depth ||
    (a.operation.id < b.operation.id ? -1 : a.operation.id > b.operation.id ? 1 : 0)
  )
}

/** Whether an operation lies on the part of its feed that all its branches share. */
export function isBeforeFork(placed: Placed): boolean {
  return placed.feed.forkSeq === undefined || placed.operation.seq < placed.feed.forkSeq
}

/** Whether `placed` is `tip`, or comes before it on its branch of their feed. */
export function isOnBranch(placed: Placed, tip: Placed): boolean {
  let { stretch } = tip
  let { seq } = tip.operation
  while (stretch !== placed.stretch) {
    if (stretch.from === undefined) return false
    seq = Math.min(seq, stretch.from.seq)
    stretch = stretch.from.stretch
  }
  return placed.operation.seq <= seq
}

/** Every placed operation, by id and by feed. */
export class OperationLog {
  readonly #admins: ReadonlySet<DeviceId>
  readonly #placed = new Map<OperationId, Placed>()
  readonly #feeds = new Map<FeedKey, MutableFeed>()

  constructor(admins: readonly DeviceId[]) {
    this.#admins = new Set(admins)
  }

  get size(): number {
    return this.#placed.size
  }

  get feeds(): ReadonlyMap<FeedKey, Feed> {
    return this.#feeds
  }

  get(id: OperationId): Placed | undefined {
    return this.#placed.get(id)
  }

  /** All operations, each after everything that it builds on. */
  values(): IterableIterator<Placed> {
    return this.#placed.values()
  }

  place(operation: Operation): Placement {
    assert(!this.#placed.has(operation.id), 'an operation is placed once')
    const missing: OperationId[] = []
    const parents: Placed[] = []
    const names = operation.prev === null ? operation.deps : [operation.prev, ...operation.deps]
    for (const id of names) {
      const parent = this.#placed.get(id)
      if (parent === undefined) missing.push(id)
      else parents.push(parent)
    }
    if (missing.length > 0) return { outcome: 'waiting', missing }
    const prev = operation.prev === null ? undefined : parents[0]
    const broken = this.#chainFault(operation, prev, parents)
    if (broken !== undefined) return { outcome: 'broken', detail: broken }
    const key = feedKey(operation)
    const known = this.#feeds.get(key)
    if (this.#placed.size >= LEDGER_OPERATIONS_MAX)
      return { outcome: 'full', detail: `the ledger holds ${LEDGER_OPERATIONS_MAX} operations` }
    if (known === undefined && this.#feeds.size >= FEEDS_MAX)
      return { outcome: 'full', detail: `the ledger holds ${FEEDS_MAX} feeds` }
    const feed: MutableFeed = known ?? {
      key,
      author: operation.author,
      incarnation: operation.incarnation,
      positions: [],
      forkSeq: undefined,
      tips: new Map()
    }
    this.#feeds.set(key, feed)
    const order = orderAfter(operation, parents)
    const stretch = stretchAfter(feed, prev)
    return this.#append(
      { operation: this.#shared(operation, feed, parents), feed, order, prev, stretch },
      feed
    )
  }

  /** The same operation on the strings and bytes that are here already: most of what it holds repeats others. */
  #shared(operation: Operation, feed: Feed, parents: readonly Placed[]): Operation {
    const ids = parents.map(parent => parent.operation.id)
    const [like] = feed.positions[0] ?? parents
    const root =
      like !== undefined && equalBytes(like.operation.root, operation.root)
        ? like.operation.root
        : operation.root
    return {
      ...operation,
      org: like?.operation.org ?? operation.org,
      root,
      author: feed.author,
      incarnation: feed.incarnation,
      prev: operation.prev === null ? null : (ids[0] ?? null),
      deps: operation.prev === null ? ids : ids.slice(1)
    }
  }

  #append(placed: Placed, feed: MutableFeed): Placement {
    const { operation } = placed
    this.#placed.set(operation.id, placed)
    if (operation.prev !== null) feed.tips.delete(operation.prev)
    feed.tips.set(operation.id, placed)
    const position = feed.positions[operation.seq - 1]
    if (position === undefined) {
      assert(feed.positions.length === operation.seq - 1, 'a feed has no gaps')
      feed.positions.push([placed])
      return { outcome: 'placed', placed, forkMoved: false }
    }
    position.push(placed)
    const forkMoved = feed.forkSeq === undefined || operation.seq < feed.forkSeq
    if (forkMoved) feed.forkSeq = operation.seq
    return { outcome: 'placed', placed, forkMoved }
  }

  #chainFault(
    operation: Operation,
    prev: Placed | undefined,
    parents: readonly Placed[]
  ): string | undefined {
    if (prev === undefined) {
      if (this.#admins.has(operation.author)) return undefined
      const introduced = parents.some(parent => {
        const { content } = parent.operation
        return content?.type === 'device.enrol' && content.device === operation.author
      })
      return introduced ? undefined : 'the first operation of a device names no enrolment of its author'
    }
    if (prev.operation.author !== operation.author || prev.operation.incarnation !== operation.incarnation)
      return 'prev is of another feed'
    if (prev.operation.seq !== operation.seq - 1)
      return `prev is at position ${prev.operation.seq}, not ${operation.seq - 1}`
    return undefined
  }
}

/** That of the operation before it, if nothing of the feed was built on this so far. */
function stretchAfter(feed: Feed, prev: Placed | undefined): Stretch {
  if (prev === undefined) return { from: undefined }
  if (feed.tips.has(prev.operation.id)) return prev.stretch
  return { from: { stretch: prev.stretch, seq: prev.operation.seq } }
}

function orderAfter(operation: Operation, parents: readonly Placed[]): CausalOrder {
  let { timeMs } = operation
  let depth = 0
  for (const parent of parents) {
    timeMs = Math.max(timeMs, parent.order.timeMs)
    depth = Math.max(depth, parent.order.depth + 1)
  }
  return { timeMs, depth }
}
