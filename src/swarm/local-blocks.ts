/**
 * Blocks that this device can take from files of its own, such as those of an earlier version, instead of from a peer.
 * Which they are was found out by hints (content/chunk-index.ts) and may be wrong: they are verified with their piece
 * like all others.
 *
 * When a piece is opened its local blocks are set aside, so that nobody is asked for them, and read. What can not be
 * read, and all of a piece that turns out bad, is asked of peers like anything else; no peer is blamed for it. Pieces
 * of which every block is local are opened one after the other, whether a peer has them or not.
 */

import { assert } from '../base/assert.ts'
import { pieceIndex } from '../base/ids.ts'
import { MIB } from '../base/units.ts'
import { pieceLength } from '../content/version.ts'
import type { Bitfield } from './bitfield.ts'
import type { Downloads } from './downloads.ts'
import { type BlockRun, LOCAL_PEER, type OpenPiece } from './open-piece.ts'
import type { PiecePicker } from './piece-picker.ts'
import type { TransferContext } from './transfer-context.ts'
import type { EventOf } from './transfer-types.ts'
import { BLOCK_BYTES, REQUEST_BYTES_MAX } from './wire-messages.ts'

/** What is being read at a time of pieces for which no peer is needed. */
const READING_BYTES_MAX = 8 * MIB

export class LocalBlocks {
  readonly #context: TransferContext
  readonly #picker: PiecePicker
  readonly #downloads: Downloads
  /** By piece times blocks per piece, plus block. */
  readonly #blocks: Bitfield | undefined
  readonly #blocksPerPiece: number
  /** Pieces of which every block is local, and that were not opened for it yet. */
  readonly #whole = new Set<number>()
  #readingBytes = 0
  /** So many pieces could be opened when none of them was one of `#whole`. */
  #fruitlessCount = 0

  constructor(init: {
    readonly context: TransferContext
    readonly picker: PiecePicker
    readonly downloads: Downloads
    readonly blocks: Bitfield | undefined
  }) {
    this.#context = init.context
    this.#picker = init.picker
    this.#downloads = init.downloads
    this.#blocksPerPiece = init.picker.version.pieceBytes / BLOCK_BYTES
    if (init.blocks === undefined) return
    const { version, have } = init.picker
    assert(init.blocks.size === version.pieceCount * this.#blocksPerPiece, 'a bit for each block')
    this.#blocks = init.blocks.clone()
    for (let piece = 0; piece < version.pieceCount; piece++)
      if (!have.has(piece) && this.#isWhole(piece)) this.#whole.add(piece)
    init.picker.onOpened = open => this.#opened(open)
  }

  #isWhole(piece: number): boolean {
    const blocks = Math.ceil(pieceLength(this.#picker.version, pieceIndex(piece)) / BLOCK_BYTES)
    for (let block = 0; block < blocks; block++)
      if (this.#blocks?.has(piece * this.#blocksPerPiece + block) !== true) return false
    return true
  }

  /** Opens pieces that need no peer, as far as there is room. */
  fill(): void {
    if (this.#whole.size === 0 || !this.#context.wantsData) return
    const { openableCount } = this.#picker
    if (openableCount <= this.#fruitlessCount) {
      this.#fruitlessCount = openableCount
      return
    }
    let isFull = false
    for (const piece of this.#whole) {
      isFull = !this.#hasRoom(piece)
      if (isFull) break
      if (!this.#picker.isOpenable(piece)) continue
      this.#whole.delete(piece)
      this.#picker.open(pieceIndex(piece))
    }
    if (!isFull) this.#fruitlessCount = this.#picker.openableCount
  }

  #hasRoom(piece: number): boolean {
    const bytes = pieceLength(this.#picker.version, pieceIndex(piece))
    const { openBytes } = this.#picker
    if (openBytes === 0) return true
    return (
      this.#readingBytes < READING_BYTES_MAX && openBytes + bytes <= this.#context.limits.openBytesMax / 2
    )
  }

  #opened(open: OpenPiece): void {
    this.#whole.delete(open.piece)
    for (const run of this.#runs(open)) {
      open.reserve(run)
      const range = { piece: open.piece, begin: run.first * BLOCK_BYTES, length: open.runBytes(run) }
      this.#readingBytes += range.length
      this.#context.emit({ type: 'readLocal', ...range })
    }
    this.#picker.refresh(open)
  }

  *#runs(open: OpenPiece): Generator<BlockRun> {
    const base = open.piece * this.#blocksPerPiece
    const isLocal = (block: number): boolean => this.#blocks?.has(base + block) === true
    for (let block = 0; block < open.blockCount; ) {
      const first = block
      const end = Math.min(open.blockCount, first + REQUEST_BYTES_MAX / BLOCK_BYTES)
      while (block < end && isLocal(block)) block++
      if (block > first) yield { first, count: block - first }
      else block++
    }
  }

  /** The answer to `readLocal`; without a block if it can not be read. */
  onRead({ piece, begin, length, block }: EventOf<'localRead'>): void {
    this.#readingBytes -= length
    const open = this.#picker.openPiece(pieceIndex(piece))
    const run = { first: begin / BLOCK_BYTES, count: Math.ceil(length / BLOCK_BYTES) }
    if (block === undefined) {
      this.#forget(piece)
      if (open === undefined) return
      open.unreserve(run)
      this.#picker.refresh(open)
      this.#downloads.fillAll()
      return
    }
    const used = open === undefined ? 0 : open.receive(run, block, LOCAL_PEER)
    if (open === undefined || used === 0) this.#context.emit({ type: 'release', block })
    else this.#downloads.arrived(open, run)
  }

  /** A piece does not match. Takes its local blocks back, if it has any: then nobody else is to blame yet. */
  takeBack(open: OpenPiece): boolean {
    this.#forget(open.piece)
    if (!open.senders().has(LOCAL_PEER)) return false
    this.#downloads.discard(open, block => open.sender(block) === LOCAL_PEER)
    return true
  }

  #forget(piece: number): void {
    this.#whole.delete(piece)
    const base = piece * this.#blocksPerPiece
    for (let block = 0; block < this.#blocksPerPiece; block++) this.#blocks?.delete(base + block)
  }
}
