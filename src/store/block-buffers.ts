/**
 * A pool of buffers for received blocks. They lie in shared memory, so that a block goes from the socket to the
 * hashing worker without a copy. One class of buffers per power of two; what is kept free is bounded.
 */

import { assert } from '../base/assert.ts'
import { KIB, MIB } from '../base/units.ts'
import { nextPowerOfTwo } from '../content/merkle.ts'

export const BLOCK_BUFFER_BYTES_MIN = 4 * KIB
export const BLOCK_BUFFER_BYTES_MAX = MIB
const RETAINED_BYTES_MAX = 32 * MIB

export class BlockBuffers {
  readonly #retainedBytesMax: number
  readonly #free = new Map<number, SharedArrayBuffer[]>()
  /** Every buffer that is handed out, to tell a double free from a good one. */
  readonly #lent = new Set<SharedArrayBuffer>()
  #retainedBytes = 0

  constructor(options: { readonly retainedBytesMax?: number } = {}) {
    this.#retainedBytesMax = options.retainedBytesMax ?? RETAINED_BYTES_MAX
  }

  get retainedBytes(): number {
    return this.#retainedBytes
  }

  get lentCount(): number {
    return this.#lent.size
  }

  /** A buffer of exactly `length` bytes with arbitrary content. */
  allocate(length: number): Uint8Array<SharedArrayBuffer> {
    assert(
      length > 0 && length <= BLOCK_BUFFER_BYTES_MAX,
      `a block of ${length} bytes is at most ${BLOCK_BUFFER_BYTES_MAX}`
    )
    const size = Math.max(BLOCK_BUFFER_BYTES_MIN, nextPowerOfTwo(length))
    const reused = this.#free.get(size)?.pop()
    if (reused !== undefined) this.#retainedBytes -= size
    const memory = reused ?? new SharedArrayBuffer(size)
    this.#lent.add(memory)
    return new Uint8Array(memory, 0, length)
  }

  /** Takes back what {@link allocate} gave. Nobody may use the buffer afterwards. */
  free(buffer: Uint8Array): void {
    const memory = buffer.buffer
    assert(
      memory instanceof SharedArrayBuffer && this.#lent.delete(memory),
      'a freed buffer was allocated here, once'
    )
    const size = memory.byteLength
    if (this.#retainedBytes + size > this.#retainedBytesMax) return
    this.#retainedBytes += size
    const free = this.#free.get(size)
    if (free === undefined) this.#free.set(size, [memory])
    else free.push(memory)
  }
}

/**
 * Copies `bytes` to where `target` begins at `offset`. Buffer's own copy is one memmove; Uint8Array.set into shared
 * memory is 3 to 8 times slower, since it copies with atomic stores.
 */
export function copyBytes(target: Uint8Array, offset: number, bytes: Uint8Array): void {
  Buffer.prototype.copy.call(bytes, target, offset)
}
