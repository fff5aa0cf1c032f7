/**
 * The missing pieces of a transfer, rarest first, with a different order among equals on each device.
 *
 * Invariant: `order` is cut into buckets of equal availability, in ascending order; bucket `a` ends where
 * `ends[a]` says. Within a bucket the order is random: all peers hear of a new piece at the same moment and would
 * otherwise all ask its one holder for it next. Each change of one piece costs at most one swap per bucket.
 */

import { assert, defined } from '../base/assert.ts'

const ABSENT = -1
/** Steps of a search that are worth another piece found in advance; rarity may change before it is used. */
const STEPS_PER_FOUND = 32
const FOUND_MAX = 256

/** A small deterministic generator (xorshift32): good enough to break ties, and nothing else. */
export class TieBreaker {
  #state: number

  constructor(seed: number) {
    // Zero is the one state that the generator never leaves.
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (seed >>> 13)) >>> 0 || 1
  }

  below(limit: number): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return this.#state % limit
  }

  shuffle(values: Uint32Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const held = values[i] ?? 0
      values[i] = values[j] ?? 0
      values[j] = held
    }
  }
}

export class RarityOrder {
  readonly #order: Uint32Array
  readonly #position: Int32Array
  readonly #availability: Uint16Array
  readonly #ends: number[] = [0]
  readonly #ties: TieBreaker
  #size = 0

  constructor(pieceCount: number, seed: number) {
    this.#order = new Uint32Array(pieceCount)
    this.#position = new Int32Array(pieceCount).fill(ABSENT)
    this.#availability = new Uint16Array(pieceCount)
    this.#ties = new TieBreaker(seed)
  }

  /** How many pieces are in the order. */
  get size(): number {
    return this.#size
  }

  has(piece: number): boolean {
    return (this.#position[piece] ?? ABSENT) !== ABSENT
  }

  availability(piece: number): number {
    return this.#availability[piece] ?? 0
  }

  insert(piece: number): void {
    assert(!this.has(piece), `piece ${piece} is not in the order yet`)
    const bucket = this.availability(piece)
    while (this.#ends.length <= bucket) this.#ends.push(this.#size)
    let hole = this.#size++
    for (let above = this.#ends.length - 1; above > bucket; above--) {
      const start = defined(this.#ends[above - 1], 'bucket')
      if (start !== hole) this.#put(this.#order[start] ?? 0, hole)
      this.#ends[above] = defined(this.#ends[above], 'bucket') + 1
      hole = start
    }
    this.#ends[bucket] = hole + 1
    this.#put(piece, hole)
    this.#mix(bucket, hole)
  }

  remove(piece: number): void {
    let hole = this.#position[piece] ?? ABSENT
    assert(hole !== ABSENT, `piece ${piece} is in the order`)
    for (let bucket = this.availability(piece); bucket < this.#ends.length; bucket++) {
      const last = defined(this.#ends[bucket], 'bucket') - 1
      if (last !== hole) this.#put(this.#order[last] ?? 0, hole)
      this.#ends[bucket] = last
      hole = last
    }
    this.#position[piece] = ABSENT
    this.#size--
  }

  /** One more peer has the piece. */
  raise(piece: number): void {
    const from = this.availability(piece)
    this.#availability[piece] = from + 1
    if (!this.has(piece)) return
    while (this.#ends.length <= from + 1) this.#ends.push(this.#size)
    const last = defined(this.#ends[from], 'bucket') - 1
    this.#swap(this.#position[piece] ?? 0, last)
    this.#ends[from] = last
    this.#mix(from + 1, last)
  }

  /** One peer less has the piece. */
  lower(piece: number): void {
    const from = this.availability(piece)
    assert(from > 0, `piece ${piece} is available`)
    this.#availability[piece] = from - 1
    if (!this.has(piece)) return
    const first = defined(this.#ends[from - 1], 'bucket')
    this.#swap(this.#position[piece] ?? 0, first)
    this.#ends[from - 1] = first + 1
    this.#mix(from - 1, first)
  }

  /**
   * The first piece in the order that is acceptable, and after it the next ones, the more of them the longer the
   * search took: whoever asks again and again then pays for one search, and not for one each time.
   */
  find(accept: (piece: number) => boolean): number[] {
    const found: number[] = []
    let wanted = 1
    for (let i = 0; i < this.#size && found.length < wanted; i++) {
      const piece = this.#order[i] ?? 0
      if (!accept(piece)) continue
      if (found.length === 0) wanted = 1 + Math.min(FOUND_MAX, Math.floor(i / STEPS_PER_FOUND))
      found.push(piece)
    }
    return found
  }

  /** Pieces in order, for tests. */
  toArray(): number[] {
    return [...this.#order.subarray(0, this.#size)]
  }

  #mix(bucket: number, at: number): void {
    const start = bucket === 0 ? 0 : defined(this.#ends[bucket - 1], 'bucket')
    const end = defined(this.#ends[bucket], 'bucket')
    this.#swap(at, start + this.#ties.below(end - start))
  }

  #put(piece: number, at: number): void {
    this.#order[at] = piece
    this.#position[piece] = at
  }

  #swap(a: number, b: number): void {
    const pieceA = this.#order[a] ?? 0
    this.#put(this.#order[b] ?? 0, a)
    this.#put(pieceA, b)
  }
}
