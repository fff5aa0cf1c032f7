/**
 * The pieces that were stored last, still in memory: what is new here is what neighbours ask for next, and in a swarm
 * most of what a device sends is sent within seconds of its coming. A read that the disk is spared costs a copy instead
 * of a turn of the thread pool.
 *
 * What is kept was verified and is on disk; it is dropped when the piece is lost.
 */

import { MIB } from '../../base/units.ts'
import { copyBytes } from '../../store/block-buffers.ts'
import type { BlockRange } from '../../swarm/wire-messages.ts'

/** For one version. The oldest goes first. */
export const RECENT_BYTES_MAX = 8 * MIB

interface Recent {
  readonly blocks: readonly Uint8Array[]
  readonly bytes: number
}

export class RecentPieces {
  readonly #free: (blocks: readonly Uint8Array[]) => void
  readonly #pieces = new Map<number, Recent>()
  #bytes = 0

  /** `free` takes back the blocks of a piece that is not kept any more. */
  constructor(free: (blocks: readonly Uint8Array[]) => void) {
    this.#free = free
  }

  /** Takes over the blocks of a piece, in order and without gaps. */
  keep(piece: number, blocks: readonly Uint8Array[]): void {
    this.drop(piece)
    const bytes = blocks.reduce((sum, block) => sum + block.length, 0)
    this.#pieces.set(piece, { blocks, bytes })
    this.#bytes += bytes
    for (const oldest of this.#pieces.keys()) {
      if (this.#bytes <= RECENT_BYTES_MAX) break
      this.drop(oldest)
    }
  }

  /** Copies a range of a piece that is kept; false for one that is not. */
  read({ piece, begin, length }: BlockRange, into: Uint8Array): boolean {
    const recent = this.#pieces.get(piece)
    if (recent === undefined || begin + length > recent.bytes) return false
    const end = begin + length
    let at = 0
    for (const block of recent.blocks) {
      const [from, to] = [Math.max(begin, at), Math.min(end, at + block.length)]
      if (from < to) copyBytes(into, from - begin, block.subarray(from - at, to - at))
      at += block.length
    }
    return true
  }

  drop(piece: number): void {
    const recent = this.#pieces.get(piece)
    if (recent === undefined) return
    this.#pieces.delete(piece)
    this.#bytes -= recent.bytes
    this.#free(recent.blocks)
  }

  clear(): void {
    for (const piece of [...this.#pieces.keys()]) this.drop(piece)
  }
}
