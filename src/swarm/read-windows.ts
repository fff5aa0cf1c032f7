/**
 * How far ahead of its readers a device fetches, and what first: a *window* of pieces for each reader, from where it is
 * on. A window is as long as the reader takes in a few seconds at the rate at which it reads, between a least that lets
 * a player start and a most that bounds what is fetched in vain when it goes elsewhere. A seek is another reader.
 *
 * A piece is due when its reader would come to it at its rate. Those of all readers that are not here are demanded in
 * that order, so that nobody's next piece waits for the far end of another's window; where that is more than a bound
 * over all readers, what is due last is left out. The piece that a reader stands at is always in.
 *
 * The windows move on in steps, so that not every piece that is read changes what is demanded.
 */

import { assert } from '../base/assert.ts'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { MIB, SECOND_MS } from '../base/units.ts'
import { pieceLength, type Version } from '../content/version.ts'
import { RateWindow } from './rates.ts'

/** What a window holds at the least, and at the most. */
export const WINDOW_BYTES_MIN = 2 * MIB
export const WINDOW_BYTES_MAX = 32 * MIB
/** What a window holds, as time at the rate of its reader. */
const AHEAD_MS = 8 * SECOND_MS
/** A window moves on once its reader has come so far in it. */
const STEP_SHARE = 0.25

/** A reader of consecutive pieces, that it takes in order. */
export class WindowReader {
  readonly version: Version
  /** One past the last piece that it reads. */
  readonly end: number
  readonly #taken: RateWindow
  #at: number
  /** Where it was when what is demanded for it was last said. */
  #markedAt = -1

  constructor(version: Version, range: { readonly first: number; readonly end: number }, nowMs: number) {
    assert(
      range.first <= range.end && range.end <= version.pieceCount,
      'a reader reads pieces of the version'
    )
    this.version = version
    this.#at = range.first
    this.end = range.end
    this.#taken = new RateWindow(nowMs)
  }

  /** The piece that it waits for, or reads. */
  get at(): number {
    return this.#at
  }

  /** It waits for this piece now, or reads it. */
  moveTo(piece: PieceIndex): void {
    assert(piece >= this.#at && piece < this.end, 'a reader goes on in its pieces')
    this.#at = piece
  }

  /** So much went to it. */
  took(bytes: number, nowMs: number): void {
    this.#taken.add(bytes, nowMs)
  }

  windowBytes(nowMs: number): number {
    const aheadBytes = (this.#taken.rate(nowMs) * AHEAD_MS) / SECOND_MS
    return Math.min(WINDOW_BYTES_MAX, Math.max(WINDOW_BYTES_MIN, aheadBytes))
  }

  /** Its window: each piece with the time until it comes to it. The first is in whatever its length. */
  window(nowMs: number): { readonly piece: PieceIndex; readonly dueInMs: number; readonly bytes: number }[] {
    const pieces = []
    const roomBytes = this.windowBytes(nowMs)
    // Before anything is known of it, as if it took a least window in the time of a window.
    const rate = Math.max(this.#taken.rate(nowMs), (WINDOW_BYTES_MIN * SECOND_MS) / AHEAD_MS)
    for (let index = this.#at, aheadBytes = 0; index < this.end; index++) {
      const piece = pieceIndex(index)
      const bytes = pieceLength(this.version, piece)
      // One more than the one it stands at, however long they are: while it reads one the next comes.
      if (index > this.#at + 1 && aheadBytes + bytes > roomBytes) break
      pieces.push({ piece, dueInMs: (aheadBytes * SECOND_MS) / rate, bytes })
      aheadBytes += bytes
    }
    return pieces
  }

  /** Whether it has come so far since the last {@link mark} that its window should move on. */
  isStale(nowMs: number): boolean {
    if (this.#markedAt < 0) return true
    const movedBytes = (this.#at - this.#markedAt) * this.version.pieceBytes
    return movedBytes > 0 && movedBytes >= STEP_SHARE * this.windowBytes(nowMs)
  }

  mark(): void {
    this.#markedAt = this.#at
  }
}

/** What is demanded for all readers of a version, the most urgent first. */
export function demandOf(
  readers: Iterable<WindowReader>,
  now: {
    readonly nowMs: number
    readonly isHere: (piece: PieceIndex) => boolean
    /** Over all readers. */
    readonly bytesMax: number
  }
): PieceIndex[] {
  const dueInMs = new Map<PieceIndex, number>()
  const lengths = new Map<PieceIndex, number>()
  const next = new Set<PieceIndex>()
  for (const reader of readers)
    for (const each of reader.window(now.nowMs)) {
      if (each.piece === reader.at) next.add(each.piece)
      dueInMs.set(each.piece, Math.min(each.dueInMs, dueInMs.get(each.piece) ?? Number.POSITIVE_INFINITY))
      lengths.set(each.piece, each.bytes)
    }
  const order = [...dueInMs].sort(([a, aMs], [b, bMs]) => aMs - bMs || a - b)
  const demanded: PieceIndex[] = []
  let bytes = 0
  for (const [piece] of order) {
    bytes += lengths.get(piece) ?? 0
    // What is here counts, for it is not to be let go of while it is ahead of a reader.
    if (bytes > now.bytesMax && !next.has(piece)) continue
    if (!now.isHere(piece)) demanded.push(piece)
  }
  return demanded
}
