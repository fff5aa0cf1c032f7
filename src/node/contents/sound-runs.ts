/**
 * Runs of blocks of a piece that is held, each block held against the root of its file as it is read: who reads
 * over HTTP can not do so. A run is a part of one piece, on leaves, so that the first byte waits for a few blocks and
 * not for a piece.
 *
 * The hashes of a piece's leaves are proved once by the hash of the piece, and then known (store/leaf-book.ts). Where
 * they are not, a short piece is read as a whole and they come with it; a long one is hashed where it lies, and then
 * read run by run, so that nobody has a long piece in memory.
 *
 * The memory of runs is used again: whoever has one says when it has gone. New memory for each costs three times what
 * hashing them does.
 */

import { equalBytes } from '../../base/bytes.ts'
import type { PieceIndex } from '../../base/ids.ts'
import { KIB, MIB } from '../../base/units.ts'
import { HASH_BYTES } from '../../content/hash.ts'
import { LEAF_BYTES, leafHashes } from '../../content/merkle.ts'
import { pieceSpan, type Version } from '../../content/version.ts'
import { BLOCK_BUFFER_BYTES_MAX, BlockBuffers } from '../../store/block-buffers.ts'
import type { HashPool } from '../../store/hash-pool.ts'
import { LeafBook } from '../../store/leaf-book.ts'
import type { ReadAt } from '../../store/read-at.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Holding } from '../../store/store.ts'
import { leafWidthOf, provenLeaves, soundLeaves } from '../storage/piece-check.ts'

/** The first run of a reading: its bytes go before another thread would have answered. */
export const FIRST_RUN_BYTES = 64 * KIB
export const RUN_BYTES = 512 * KIB
/** Up to here hashing takes less time than to have it done elsewhere: a first run, wherever in a leaf it begins. */
const OWN_THREAD_BYTES = FIRST_RUN_BYTES + LEAF_BYTES
const RETAINED_BYTES_MAX = 16 * MIB

/** Hashes what lies in shared memory on other threads. */
export type BlockVerifier = Pick<HashPool, 'provenLeaves' | 'matches' | 'read'>

export interface SoundRunsInit {
  /** Absent for this thread. */
  readonly pool?: BlockVerifier | undefined
  /** By default one of its own. */
  readonly leaves?: LeafBook | undefined
}

/** Which bytes of a piece, as offsets in it. */
export interface PiecePart {
  readonly piece: PieceIndex
  readonly begin: number
  readonly end: number
}

export interface SoundRun {
  /** All of these were verified. */
  readonly bytes: Uint8Array
  /** Of the first of them in the piece. */
  readonly begin: number
  /** Once, when nobody uses the bytes any more. */
  readonly free: () => void
}

/** Whether bytes that were read are what they are to be, and how they are read where that is known then. */
interface Check {
  readonly isSound: (bytes: Uint8Array) => Promise<boolean>
  readonly readAt?: ReadAt
}

export class SoundRuns {
  readonly leaves: LeafBook
  readonly #pool: BlockVerifier | undefined
  readonly #buffers = new BlockBuffers({ retainedBytesMax: RETAINED_BYTES_MAX })
  /** By holding and piece. */
  readonly #proving = new Map<string, Promise<Uint8Array | undefined>>()

  constructor({ pool, leaves = new LeafBook() }: SoundRunsInit = {}) {
    this.#pool = pool
    this.leaves = leaves
  }

  /** Runs that are lent to somebody. */
  get lentCount(): number {
    return this.#buffers.lentCount
  }

  /** Where a run ends in its piece: on a leaf after about `bytesMax`, or with a piece that is read whole anyway. */
  endOf(version: Version, { piece, begin }: Pick<PiecePart, 'piece' | 'begin'>, bytesMax: number): number {
    const { bytes } = pieceSpan(version, piece)
    const isWhole = bytes <= BLOCK_BUFFER_BYTES_MAX && this.leaves.find(version.id, piece) === undefined
    return isWhole ? bytes : Math.min(bytes, Math.ceil((begin + bytesMax) / LEAF_BYTES) * LEAF_BYTES)
  }

  /**
   * The leaves that a part lies in, or the whole piece. Undefined where what lies there is not the version's. Rejects
   * with AppError where it can not be read.
   */
  async read(holding: Holding, part: PiecePart): Promise<SoundRun | undefined> {
    const { piece, begin, end } = part
    const { bytes } = pieceSpan(holding.version, piece)
    const known = this.#leavesOf(holding, piece)
    if (known === undefined && bytes <= BLOCK_BUFFER_BYTES_MAX)
      return await this.#whole(holding, piece, bytes)
    const leaves = known ?? (await this.#prove(holding, piece))
    if (leaves === undefined) return undefined
    const first = Math.floor(begin / LEAF_BYTES)
    const last = Math.ceil(end / LEAF_BYTES)
    const expected = leaves.subarray(first * HASH_BYTES, last * HASH_BYTES)
    const run = { piece, begin: first * LEAF_BYTES, end: Math.min(bytes, last * LEAF_BYTES) }
    return await this.#lent(holding, run, this.#checkOf(expected, run.end - run.begin))
  }

  /** Learns the leaves of a piece that is read soon, where that takes a while. What fails is found by who reads it. */
  prepare(holding: Holding, piece: PieceIndex): void {
    const { bytes } = pieceSpan(holding.version, piece)
    if (bytes <= BLOCK_BUFFER_BYTES_MAX || this.#leavesOf(holding, piece) !== undefined) return
    this.#prove(holding, piece).catch(() => undefined)
  }

  /** Of a piece of one leaf its own hash is that of the leaf. */
  #leavesOf(holding: Holding, piece: PieceIndex): Uint8Array | undefined {
    const { version } = holding
    if (leafWidthOf(holding, piece) === 1) return holding.pieceHash(piece)
    return this.leaves.find(version.id, piece)
  }

  async #whole(holding: Holding, piece: PieceIndex, length: number): Promise<SoundRun | undefined> {
    const expected = holding.pieceHash(piece)
    if (expected === undefined) return undefined
    const leafWidth = leafWidthOf(holding, piece)
    const isSound = async (bytes: Uint8Array): Promise<boolean> => {
      const pool = length > OWN_THREAD_BYTES ? this.#pool : undefined
      const leaves =
        pool === undefined
          ? provenLeaves(holding, piece, bytes)
          : await pool.provenLeaves({ kind: 'piece', blocks: [bytes], expected, leafWidth })
      if (leaves === undefined) return false
      this.leaves.put(holding.version.id, piece, leaves)
      return true
    }
    return await this.#lent(holding, { piece, begin: 0, end: length }, { isSound })
  }

  #prove(holding: Holding, piece: PieceIndex): Promise<Uint8Array | undefined> {
    const key = `${holding.id}/${piece}`
    const proving = this.#proving.get(key) ?? this.#proved(holding, piece)
    this.#proving.set(key, proving)
    const over = (): void => void this.#proving.delete(key)
    proving.then(over, over)
    return proving
  }

  async #proved(holding: Holding, piece: PieceIndex): Promise<Uint8Array | undefined> {
    const leaves = await soundLeaves(holding, piece)
    if (leaves !== undefined) this.leaves.put(holding.version.id, piece, leaves)
    return leaves
  }

  /** What lies in a file is read and hashed by another thread in one go: between two this one would have to answer. */
  #checkOf(leaves: Uint8Array, length: number): Check {
    const pool = length > OWN_THREAD_BYTES ? this.#pool : undefined
    if (pool === undefined) return { isSound: async bytes => equalBytes(leafHashes(bytes, sha256), leaves) }
    let read: { readonly bytes: number; readonly matches: boolean } | undefined
    return {
      readAt: async (fd, into, offset) => {
        // A file that ends within is asked for the rest, and has none: that its holding sees.
        if (into.length < length) return 0
        read = await pool.read({ kind: 'read', fd, offset, into, leaves })
        return read.bytes
      },
      isSound: async bytes => read?.matches ?? (await pool.matches({ kind: 'blocks', bytes, leaves }))
    }
  }

  async #lent(
    holding: Holding,
    { piece, begin, end }: PiecePart,
    { isSound, readAt }: Check
  ): Promise<SoundRun | undefined> {
    const memory = this.#buffers.allocate(end - begin)
    let isLent = false
    try {
      const bytes = await holding.read({ piece, begin, length: end - begin }, memory, readAt)
      isLent = await isSound(bytes)
      return isLent ? { bytes, begin, free: () => this.#buffers.free(memory) } : undefined
    } finally {
      if (!isLent) this.#buffers.free(memory)
    }
  }
}
