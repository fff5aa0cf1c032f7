/**
 * Finds who sent the bad blocks of a piece that did not match its hash.
 *
 * When one peer sent all of it, that peer did. Otherwise the hashes of its leaves are fetched from peers that have
 * the piece (BEP 52, base layer 0), held against the piece's hash, and compared with what came: the senders of the
 * blocks that differ are cut off, their blocks are fetched again, and the good blocks stay. When nobody tells in a
 * bounded while, all blocks are fetched again.
 */

import { assert, defined } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import type { PieceIndex } from '../base/ids.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { LEAF_BYTES, pieceLeafWidth } from '../content/merkle.ts'
import { type HashRange as TreeRange, verifyRange } from '../content/merkle-proof.ts'
import { pieceSpan, type VersionFile } from '../content/version.ts'
import type { Downloads } from './downloads.ts'
import type { HashRequests } from './hash-requests.ts'
import { type LayerFetch, rootOf } from './layer-fetch.ts'
import type { LocalBlocks } from './local-blocks.ts'
import { type OpenPiece, ORIGIN_PEER } from './open-piece.ts'
import type { PiecePicker } from './piece-picker.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import type { PeerKey } from './transfer-types.ts'
import { HASHES_PER_REQUEST_MAX, type Violation } from './wire-messages.ts'

/** A piece under investigation. */
interface Case {
  readonly open: OpenPiece
  /** Hashes of the leaves that came. */
  readonly received: Uint8Array
  /** First leaves of the runs whose true hashes are still to be fetched. */
  readonly waiting: Set<number>
  readonly asked: Set<number>
  readonly refusedBy: Set<Session>
  readonly bad: Set<number>
  readonly untilMs: number
}

export class Blame {
  readonly #context: TransferContext
  readonly #picker: PiecePicker
  readonly #requests: HashRequests
  readonly #layers: LayerFetch
  readonly #downloads: Downloads
  readonly #local: LocalBlocks
  readonly #cases = new Map<PieceIndex, Case>()

  constructor(init: {
    readonly context: TransferContext
    readonly picker: PiecePicker
    readonly requests: HashRequests
    readonly layers: LayerFetch
    readonly downloads: Downloads
    readonly local: LocalBlocks
  }) {
    this.#context = init.context
    this.#picker = init.picker
    this.#requests = init.requests
    this.#layers = init.layers
    this.#downloads = init.downloads
    this.#local = init.local
  }

  get isEmpty(): boolean {
    return this.#cases.size === 0
  }

  onRejected(piece: PieceIndex, leafHashes: Uint8Array | undefined): void {
    const open = this.#picker.openPiece(piece)
    if (open === undefined || this.#picker.state(piece) !== 'received' || this.#cases.has(piece)) return
    this.#context.pieceFailures.mismatch++
    if (this.#local.takeBack(open)) return
    const senders = open.senders()
    const [only] = senders
    if (senders.size === 1 && only !== undefined) {
      this.#accuse(only, piece, 0)
      this.#downloads.discard(open, () => true)
      return
    }
    const received = leafHashes ?? this.#hashLeaves(open)
    const { length } = this.#runOf(open, 0).range
    assert(received.length === open.blockCount * HASH_BYTES, 'a leaf hash per block')
    const waiting = new Set<number>()
    for (let leaf = 0; leaf < open.blockCount; leaf += length) waiting.add(leaf)
    this.#cases.set(piece, {
      open,
      received,
      waiting,
      asked: new Set(),
      refusedBy: new Set(),
      bad: new Set(),
      untilMs: this.#context.nowMs + 2 * this.#context.limits.controlTimeoutMs
    })
    this.tick()
  }

  #hashLeaves(open: OpenPiece): Uint8Array {
    const hashes = new Uint8Array(open.blockCount * HASH_BYTES)
    open.eachBlock((block, _, bytes) => hashes.set(this.#context.sha256(bytes), block * HASH_BYTES))
    return hashes
  }

  /** The run of leaf hashes that begins at a leaf of the piece, provable against the piece's hash. */
  #runOf(open: OpenPiece, leaf: number): { readonly file: VersionFile; readonly range: TreeRange } {
    const { version } = this.#picker
    const { file, pieceOfFile } = pieceSpan(version, open.piece)
    const width = pieceLeafWidth(file.bytes, version.pieceBytes)
    const range = {
      baseLayer: 0,
      index: pieceOfFile * (version.pieceBytes / LEAF_BYTES) + leaf,
      length: Math.min(width, HASHES_PER_REQUEST_MAX),
      proofLayers: Math.log2(width) - 1
    }
    return { file, range }
  }

  tick(): void {
    for (const [piece, one] of this.#cases) {
      for (const leaf of one.waiting) if (!one.asked.has(leaf)) this.#ask(one, leaf)
      if (this.#context.nowMs < one.untilMs) continue
      this.#cases.delete(piece)
      this.#downloads.discard(one.open, () => true)
    }
  }

  /** Asks whoever has the piece, those first who sent nothing of it. */
  #ask(one: Case, leaf: number): void {
    const { open } = one
    const senders = open.senders()
    let chosen: Session | undefined
    for (const session of this.#context.sessions.values()) {
      const canAnswer = session.pieces?.bits.has(open.piece) === true && this.#requests.hasRoom(session)
      if (!canAnswer || one.refusedBy.has(session)) continue
      if (chosen === undefined || (senders.has(chosen.key) && !senders.has(session.key))) chosen = session
    }
    if (chosen === undefined) return
    const { file, range } = this.#runOf(open, leaf)
    const asked = this.#requests.ask(
      chosen,
      { root: rootOf(file), ...range },
      {
        onHashes: (session, hashes) => this.#take(session, one, leaf, hashes),
        onNone: session => {
          one.asked.delete(leaf)
          one.refusedBy.add(session)
          if (this.#cases.get(open.piece) === one && this.#context.isHere(session)) this.#ask(one, leaf)
        }
      }
    )
    if (asked) one.asked.add(leaf)
    else one.refusedBy.add(chosen)
  }

  #take(session: Session, one: Case, leaf: number, hashes: Uint8Array): Violation | undefined {
    const { open } = one
    if (this.#cases.get(open.piece) !== one) return undefined
    one.asked.delete(leaf)
    const { file, range } = this.#runOf(open, leaf)
    const trusted = this.#layers.pieceHash(open.piece)
    const { sha256 } = this.#context
    const verdict = verifyRange(range, hashes, { fileBytes: file.bytes, trusted, sha256 })
    if (verdict !== 'valid') {
      one.refusedBy.add(session)
      return { reason: 'bad-hashes', detail: `leaf hashes of piece ${open.piece}: ${verdict}` }
    }
    one.waiting.delete(leaf)
    const end = Math.min(open.blockCount, leaf + range.length)
    for (let block = leaf; block < end; block++) {
      const truth = hashes.subarray((block - leaf) * HASH_BYTES, (block - leaf + 1) * HASH_BYTES)
      if (!equalBytes(truth, one.received.subarray(block * HASH_BYTES, (block + 1) * HASH_BYTES)))
        one.bad.add(block)
    }
    if (one.waiting.size === 0) this.#judge(one)
    return undefined
  }

  #judge(one: Case): void {
    const { open, bad } = one
    this.#cases.delete(open.piece)
    const culprits = new Map<PeerKey, number>()
    for (const block of bad) {
      const sender = defined(open.sender(block), 'sender of a block')
      if (!culprits.has(sender)) culprits.set(sender, block)
    }
    for (const [sender, block] of culprits) this.#accuse(sender, open.piece, block)
    // Without a bad block the bytes changed after they came, here: nothing of them can be trusted.
    this.#downloads.discard(open, block => bad.size === 0 || bad.has(block))
  }

  #accuse(sender: PeerKey, piece: PieceIndex, block: number): void {
    if (sender === ORIGIN_PEER) {
      this.#context.origin.isReady = false
      this.#context.emit({ type: 'badOrigin', piece })
      return
    }
    this.#context.punishKey(sender, { reason: 'bad-block', detail: `block ${block} of piece ${piece}` })
  }
}
