/**
 * A set of pieces of one version as a bitmap in the bit order of BEP 3 (the first piece is the high bit of the
 * first byte), so that its bytes are at once the wire form and the form on disk. Spare bits are always zero.
 */

import { assert } from '../base/assert.ts'

/** What holders of a set may see of it. The set behind it changes while pieces arrive. */
export interface ReadonlyPieceSet {
  readonly pieceCount: number
  /** How many pieces are in the set. */
  readonly size: number
  has(piece: number): boolean
  /** How many of `count` pieces from `first` are in the set. */
  countIn(first: number, count: number): number
  /** A copy in the order of BEP 3 `bitfield`. */
  toBytes(): Uint8Array
}

export function pieceSetBytes(pieceCount: number): number {
  return Math.ceil(pieceCount / 8)
}

export class PieceSet implements ReadonlyPieceSet {
  readonly pieceCount: number
  #bits: Uint8Array
  #size = 0

  constructor(pieceCount: number) {
    this.pieceCount = pieceCount
    this.#bits = new Uint8Array(pieceSetBytes(pieceCount))
  }

  /** Undefined when the length is wrong or a spare bit is set. */
  static fromBytes(bytes: Uint8Array, pieceCount: number): PieceSet | undefined {
    if (bytes.length !== pieceSetBytes(pieceCount)) return undefined
    const spare = bytes.length * 8 - pieceCount
    if (spare > 0 && ((bytes.at(-1) ?? 0) & ((1 << spare) - 1)) !== 0) return undefined
    const set = new PieceSet(pieceCount)
    set.#bits = Uint8Array.from(bytes)
    for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) set.#size++
    return set
  }

  get size(): number {
    return this.#size
  }

  has(piece: number): boolean {
    return ((this.#bits[piece >>> 3] ?? 0) & (0x80 >>> (piece & 7))) !== 0
  }

  /** False when the piece was there already. */
  add(piece: number): boolean {
    assert(piece >= 0 && piece < this.pieceCount, `piece ${piece} is below ${this.pieceCount}`)
    if (this.has(piece)) return false
    this.#bits[piece >>> 3] = (this.#bits[piece >>> 3] ?? 0) | (0x80 >>> (piece & 7))
    this.#size++
    return true
  }

  /** False when the piece was not there. */
  delete(piece: number): boolean {
    if (!this.has(piece)) return false
    this.#bits[piece >>> 3] = (this.#bits[piece >>> 3] ?? 0) & ~(0x80 >>> (piece & 7))
    this.#size--
    return true
  }

  countIn(first: number, count: number): number {
    let found = 0
    for (let piece = first; piece < first + count; piece++) if (this.has(piece)) found++
    return found
  }

  toBytes(): Uint8Array {
    return Uint8Array.from(this.#bits)
  }
}
