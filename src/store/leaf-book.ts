/**
 * Hashes of the leaves of pieces that were proved against the hash of their piece, so that a block of such a piece can
 * be verified alone. They say what is right, not what lies on a disk: so they go with no holding, and stay true
 * whatever becomes of a file.
 *
 * What is kept is bounded. The version that was used longest ago goes first, the piece of it that was put first before
 * the others: a piece whose hashes went is hashed once more when it is read.
 */

import { assert } from '../base/assert.ts'
import type { PieceIndex, VersionId } from '../base/ids.ts'
import { MIB } from '../base/units.ts'
import { HASH_BYTES } from '../content/hash.ts'

/** Hashes of 4 GiB of content, in pieces of the usual lengths. */
const LEAF_BOOK_BYTES_MAX = 8 * MIB
/** What an entry takes besides its hashes. */
const ENTRY_BYTES = 256

/** Those of a version, by piece. */
type Leaves = Map<PieceIndex, Uint8Array>

export class LeafBook {
  readonly #bytesMax: number
  /** In order of last use. */
  readonly #versions = new Map<VersionId, Leaves>()
  #bytes = 0

  constructor(bytesMax = LEAF_BOOK_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  /** What is kept, in bytes of memory. */
  get bytes(): number {
    return this.#bytes
  }

  get versions(): readonly VersionId[] {
    return [...this.#versions.keys()]
  }

  /** Hashes of all leaves of a piece, concatenated; undefined where they are not known. */
  find(version: VersionId, piece: PieceIndex): Uint8Array | undefined {
    const leaves = this.#versions.get(version)
    const found = leaves?.get(piece)
    if (leaves !== undefined && found !== undefined) this.#use(version, leaves)
    return found
  }

  /** Takes the hashes of all leaves of a piece, which the caller held against the hash of the piece. */
  put(version: VersionId, piece: PieceIndex, hashes: Uint8Array): void {
    assert(hashes.length > 0 && hashes.length % HASH_BYTES === 0, 'a piece has hashes of its leaves')
    const leaves: Leaves = this.#versions.get(version) ?? new Map()
    this.#use(version, leaves)
    if (leaves.has(piece)) return
    // Its own: a view would keep whatever it lies in.
    leaves.set(piece, Uint8Array.from(hashes))
    this.#bytes += bytesOf(hashes)
    this.#shrink()
  }

  forget(version: VersionId): void {
    for (const hashes of this.#versions.get(version)?.values() ?? []) this.#bytes -= bytesOf(hashes)
    this.#versions.delete(version)
  }

  #use(version: VersionId, leaves: Leaves): void {
    this.#versions.delete(version)
    this.#versions.set(version, leaves)
  }

  #shrink(): void {
    for (const [version, leaves] of this.#versions) {
      for (const [piece, hashes] of leaves) {
        if (this.#bytes <= this.#bytesMax) return
        leaves.delete(piece)
        this.#bytes -= bytesOf(hashes)
      }
      this.#versions.delete(version)
    }
  }
}

function bytesOf(hashes: Uint8Array): number {
  return hashes.length + ENTRY_BYTES
}
