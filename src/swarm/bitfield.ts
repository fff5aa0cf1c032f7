/**
 * A set of piece indices in the layout of BEP 3: one bit per piece, the first in the high bit of the first byte,
 * spare bits at the end zero. Counts its members as it goes.
 */

import { assert } from '../base/assert.ts'

const BITS_IN = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0
  for (let rest = byte; rest > 0; rest >>>= 1) count += rest & 1
  return count
})

export class Bitfield {
  readonly size: number
  readonly #bits: Uint8Array
  #count = 0

  constructor(size: number) {
    assert(Number.isSafeInteger(size) && size >= 0, `a bitfield has a whole size, not ${size}`)
    this.size = size
    this.#bits = new Uint8Array(Math.ceil(size / 8))
  }

  /** Takes what came from a peer or the disk; undefined when the length is wrong or a spare bit is set. */
  static fromBytes(bytes: Uint8Array, size: number): Bitfield | undefined {
    if (bytes.length !== Math.ceil(size / 8)) return undefined
    const spare = 8 * bytes.length - size
    if (spare > 0 && ((bytes.at(-1) ?? 0) & ((1 << spare) - 1)) !== 0) return undefined
    const field = new Bitfield(size)
    field.#bits.set(bytes)
    for (const byte of bytes) field.#count += BITS_IN[byte] ?? 0
    return field
  }

  static full(size: number): Bitfield {
    const field = new Bitfield(size)
    field.#bits.fill(0xff)
    const spare = 8 * field.#bits.length - size
    if (spare > 0) field.#bits[field.#bits.length - 1] = (0xff << spare) & 0xff
    field.#count = size
    return field
  }

  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count === this.size
  }

  has(index: number): boolean {
    return ((this.#bits[index >>> 3] ?? 0) & (0x80 >>> (index & 7))) !== 0
  }

  /** Returns whether the index was new. */
  add(index: number): boolean {
    assert(index >= 0 && index < this.size, `index ${index} is below ${this.size}`)
    if (this.has(index)) return false
    this.#bits[index >>> 3] = (this.#bits[index >>> 3] ?? 0) | (0x80 >>> (index & 7))
    this.#count++
    return true
  }

  /** Returns whether the index was there. */
  delete(index: number): boolean {
    if (!this.has(index)) return false
    this.#bits[index >>> 3] = (this.#bits[index >>> 3] ?? 0) & ~(0x80 >>> (index & 7))
    this.#count--
    return true
  }

  /** Calls with each member in ascending order; empty bytes are skipped. */
  each(visit: (index: number) => void): void {
    for (let byte = 0; byte < this.#bits.length; byte++) {
      const bits = this.#bits[byte] ?? 0
      if (bits === 0) continue
      for (let bit = 0; bit < 8; bit++) if ((bits & (0x80 >>> bit)) !== 0) visit(8 * byte + bit)
    }
  }

  /** The wire form, a copy. */
  toBytes(): Uint8Array {
    return this.#bits.slice()
  }

  clone(): Bitfield {
    const copy = new Bitfield(this.size)
    copy.#bits.set(this.#bits)
    copy.#count = this.#count
    return copy
  }
}
