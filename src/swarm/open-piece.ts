/**
 * A piece that is being fetched: which of its blocks are asked for, from how many peers, which have come, and who
 * sent each. Each block is in exactly one state: missing -> requested -> received; a request that is given up leads
 * back to missing, unless another peer was asked for the same block. A block that is set aside is asked of nobody: it
 * is read from files of this device.
 */

import { assert } from '../base/assert.ts'
import type { PieceIndex } from '../base/ids.ts'
import { type PeerKey, peerKey } from './transfer-types.ts'
import { BLOCK_BYTES } from './wire-messages.ts'

const MISSING = 0
const REQUESTED = 1
const RECEIVED = 2
const RESERVED = 3
const NOBODY = -1
/** Who sent a block that was read from files of this device. */
export const LOCAL_PEER = peerKey(Number.MAX_SAFE_INTEGER)
/** Who sent a block that came from the HTTP origin. */
export const ORIGIN_PEER = peerKey(Number.MAX_SAFE_INTEGER - 1)

/** Consecutive blocks of a piece. */
export interface BlockRun {
  readonly first: number
  readonly count: number
}

/** An unanswered request for a run of blocks, in the piece's and in the session's books. */
export interface BlockRequest {
  readonly open: OpenPiece
  readonly run: BlockRun
  readonly holder: PeerKey
  readonly begin: number
  readonly length: number
  readonly sentAtMs: number
  /** How long the answer was expected to take. */
  readonly expectedMs: number
  /** Asked of a source that would rather suggest, because nobody else gave us anything. */
  readonly impatient: boolean
}

/** Bytes that came for a run of blocks; a view when only a part of what came was of use. */
interface ReceivedRun extends BlockRun {
  readonly bytes: Uint8Array
  /** The buffer as it was allocated. */
  readonly source: Uint8Array
}

export class OpenPiece {
  readonly piece: PieceIndex
  readonly bytes: number
  readonly blockCount: number
  /** Unanswered requests, of all peers. */
  readonly requests = new Set<BlockRequest>()
  /** Its blocks have left memory: their buffers hold other things by now. */
  isWritten = false
  readonly #states: Uint8Array
  readonly #requesters: Uint8Array
  readonly #senders: Float64Array
  #runs: ReceivedRun[] = []
  #missingCount: number
  #receivedCount = 0
  /** No block before it is missing. */
  #missingFrom = 0

  constructor(piece: PieceIndex, bytes: number) {
    assert(bytes > 0, 'an empty piece does not exist')
    this.piece = piece
    this.bytes = bytes
    this.blockCount = Math.ceil(bytes / BLOCK_BYTES)
    this.#states = new Uint8Array(this.blockCount)
    this.#requesters = new Uint8Array(this.blockCount)
    this.#senders = new Float64Array(this.blockCount).fill(NOBODY)
    this.#missingCount = this.blockCount
  }

  get missingCount(): number {
    return this.#missingCount
  }

  get receivedCount(): number {
    return this.#receivedCount
  }

  get isWhole(): boolean {
    return this.#receivedCount === this.blockCount
  }

  /** Length of a run in bytes; the last block of a piece may be short. */
  runBytes(run: BlockRun): number {
    const end = Math.min(this.bytes, (run.first + run.count) * BLOCK_BYTES)
    return end - run.first * BLOCK_BYTES
  }

  /** The first run of missing blocks, at most `countMax` long. */
  missingRun(countMax: number): BlockRun | undefined {
    if (this.#missingCount === 0) return undefined
    while (this.#states[this.#missingFrom] !== MISSING) this.#missingFrom++
    const first = this.#missingFrom
    let count = 1
    while (count < countMax && this.#states[first + count] === MISSING) count++
    return { first, count }
  }

  requesters(block: number): number {
    return this.#requesters[block] ?? 0
  }

  /** Whether every block of a run has come. */
  hasReceived(run: BlockRun): boolean {
    for (let i = 0; i < run.count; i++) if (this.#states[run.first + i] !== RECEIVED) return false
    return true
  }

  /** Whether no block of a run has come: one that is asked for in runs of several lengths may have come in part. */
  isWanted(run: BlockRun): boolean {
    for (let i = 0; i < run.count; i++) if (this.#states[run.first + i] === RECEIVED) return false
    return true
  }

  /** Sets missing blocks aside. */
  reserve(run: BlockRun): void {
    for (let block = run.first; block < run.first + run.count; block++) {
      assert(this.#states[block] === MISSING, `block ${block} of piece ${this.piece} is missing`)
      this.#states[block] = RESERVED
      this.#missingCount--
    }
  }

  /** Those of a run that are still set aside are missing. */
  unreserve(run: BlockRun): void {
    for (let block = run.first; block < run.first + run.count; block++)
      if (this.#states[block] === RESERVED) this.#setMissing(block)
  }

  #setMissing(block: number): void {
    this.#states[block] = MISSING
    this.#missingCount++
    this.#missingFrom = Math.min(this.#missingFrom, block)
  }

  request(request: BlockRequest): void {
    const { run } = request
    this.requests.add(request)
    for (let block = run.first; block < run.first + run.count; block++) {
      assert(this.#states[block] !== RECEIVED, `block ${block} of piece ${this.piece} is still wanted`)
      if (this.#states[block] === MISSING) this.#missingCount--
      this.#states[block] = REQUESTED
      this.#requesters[block] = this.requesters(block) + 1
    }
  }

  /** A peer will not answer, or need not. */
  unrequest(request: BlockRequest): void {
    assert(this.requests.delete(request), `a request for piece ${this.piece} is outstanding`)
    const { run } = request
    for (let block = run.first; block < run.first + run.count; block++) {
      assert(this.requesters(block) > 0, `block ${block} of piece ${this.piece} was asked for`)
      this.#requesters[block] = this.requesters(block) - 1
      if (this.#requesters[block] === 0 && this.#states[block] === REQUESTED) this.#setMissing(block)
    }
  }

  /**
   * Takes the bytes of a run, of which some blocks may be here already; returns how many bytes were of use.
   * The requests for it are counted apart: see {@link unrequest}.
   */
  receive(run: BlockRun, bytes: Uint8Array, sender: PeerKey): number {
    assert(bytes.length === this.runBytes(run), 'a run has its bytes')
    let used = 0
    let block = run.first
    const end = run.first + run.count
    while (block < end) {
      const first = block
      while (block < end && this.#states[block] !== RECEIVED) {
        if (this.#states[block] === MISSING) this.#missingCount--
        this.#states[block] = RECEIVED
        this.#senders[block++] = sender
      }
      if (block > first) {
        const part = { first, count: block - first }
        const offset = (first - run.first) * BLOCK_BYTES
        const view = bytes.subarray(offset, offset + this.runBytes(part))
        this.#runs.push({ ...part, bytes: view, source: bytes })
        this.#receivedCount += part.count
        used += view.length
      } else block++
    }
    return used
  }

  /** Bytes of a whole piece, in order. */
  wholeBlocks(): Uint8Array[] {
    assert(this.isWhole, `piece ${this.piece} is whole`)
    this.#runs.sort((a, b) => a.first - b.first)
    return this.#runs.map(run => run.bytes)
  }

  /** The buffers of what has come so far, to be released when the piece is given up. */
  takeBuffers(): Uint8Array[] {
    const buffers = new Set(this.#runs.map(run => run.source))
    this.#runs = []
    return [...buffers]
  }

  sender(block: number): PeerKey | undefined {
    const sender = this.#senders[block] ?? NOBODY
    return sender === NOBODY ? undefined : (sender as PeerKey)
  }

  /** Everybody who sent a block of it. */
  senders(): Set<PeerKey> {
    const senders = new Set<PeerKey>()
    for (let block = 0; block < this.blockCount; block++) {
      const sender = this.sender(block)
      if (sender !== undefined) senders.add(sender)
    }
    return senders
  }

  /** Calls with each block that came, its sender and its bytes. */
  eachBlock(visit: (block: number, sender: PeerKey, bytes: Uint8Array) => void): void {
    for (const run of this.#runs) {
      for (let i = 0; i < run.count; i++) {
        const sender = this.sender(run.first + i)
        assert(sender !== undefined, 'a block that came has a sender')
        visit(run.first + i, sender, run.bytes.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES))
      }
    }
  }

  /**
   * Takes blocks back as missing, and returns the buffers that nothing needs any more. A run that holds good and
   * bad blocks is cut into views; its buffer is given up only when nothing of it is good.
   */
  discard(isBad: (block: number) => boolean): Uint8Array[] {
    const before = new Set(this.#runs.map(run => run.source))
    const kept: ReceivedRun[] = []
    for (const run of this.#runs) {
      for (let i = 0; i < run.count; ) {
        const start = i
        while (i < run.count && !isBad(run.first + i)) i++
        if (i > start) {
          const bytes = run.bytes.subarray(start * BLOCK_BYTES, i * BLOCK_BYTES)
          kept.push({ first: run.first + start, count: i - start, bytes, source: run.source })
        }
        for (; i < run.count && isBad(run.first + i); i++) this.#forget(run.first + i)
      }
    }
    this.#runs = kept
    for (const run of kept) before.delete(run.source)
    return [...before]
  }

  #forget(block: number): void {
    this.#senders[block] = NOBODY
    this.#receivedCount--
    if (this.requesters(block) > 0) this.#states[block] = REQUESTED
    else this.#setMissing(block)
  }
}
