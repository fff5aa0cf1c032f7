/**
 * The piece layers of files longer than one piece, which the info dictionary does not hold (BEP 52): known from the
 * start, or fetched by hash requests in runs that each carry their own proof. Pieces of a file can be fetched once
 * its layer is whole, since a piece that could not be verified is not fetched.
 */

import { assert, defined } from '../base/assert.ts'
import { idBytes, type PieceIndex } from '../base/ids.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { LEAF_BYTES, nextPowerOfTwo } from '../content/merkle.ts'
import { type HashRange as TreeRange, treeHeight, verifyRange } from '../content/merkle-proof.ts'
import { pieceSpan, type Version, type VersionFile } from '../content/version.ts'
import type { HashRequests } from './hash-requests.ts'
import type { PiecePicker } from './piece-picker.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import { HASHES_PER_REQUEST_MAX, type Violation } from './wire-messages.ts'

/** How many waiting runs are looked through for one that a peer can answer. */
const LOOKAHEAD = 64

/** A run of a layer that is still to be fetched. */
interface LayerRun {
  readonly fileIndex: number
  readonly range: TreeRange
  /** Peers that would not answer. */
  readonly refusedBy: Set<Session>
}

/** A layer of which some runs are here. */
interface PartialLayer {
  readonly layer: Uint8Array
  runsLeft: number
}

export class LayerFetch {
  readonly #context: TransferContext
  readonly #picker: PiecePicker
  readonly #requests: HashRequests
  readonly #known: (fileIndex: number) => Uint8Array | undefined
  readonly #layers = new Map<number, Uint8Array>()
  readonly #partial = new Map<number, PartialLayer>()
  /** Files whose runs are not in `#waiting` yet, last first. */
  readonly #files: number[] = []
  /** Runs to be asked for. */
  readonly #waiting: LayerRun[] = []
  #missing = 0

  constructor(init: {
    readonly context: TransferContext
    readonly picker: PiecePicker
    readonly requests: HashRequests
    readonly known: (fileIndex: number) => Uint8Array | undefined
  }) {
    this.#context = init.context
    this.#picker = init.picker
    this.#requests = init.requests
    this.#known = init.known
    this.#survey()
  }

  /** Sorts the files into those whose pieces can be verified now, and those that need a layer. */
  #survey(): void {
    const verifiable: number[] = []
    this.#version.files.forEach((file, fileIndex) => {
      if (file.pieceCount > 1 && this.#known(fileIndex) === undefined) {
        if (this.#isWanted(file)) this.#files.push(fileIndex)
      } else for (let i = 0; i < file.pieceCount; i++) verifiable.push(file.firstPiece + i)
    })
    this.#missing = this.#files.length
    this.#files.reverse()
    this.#picker.makeVerifiable(Uint32Array.from(verifiable))
  }

  /** The layer of a file of which no piece is wanted is not needed. */
  #isWanted({ firstPiece, pieceCount }: VersionFile): boolean {
    for (let i = 0; i < pieceCount; i++) if (this.#picker.isWanted(firstPiece + i)) return true
    return false
  }

  /** A piece is wanted before others: the layer of its file is asked for next, if it is not known. */
  need(piece: PieceIndex): void {
    const { fileIndex, file } = pieceSpan(this.#version, piece)
    if (file.pieceCount === 1 || this.layer(fileIndex) !== undefined || this.#partial.has(fileIndex)) return
    const at = this.#files.indexOf(fileIndex)
    if (at >= 0) this.#files.splice(at, 1)
    else this.#missing++
    this.#files.push(fileIndex)
  }

  get #version(): Version {
    return this.#picker.version
  }

  /** Files whose layer is still to come. */
  get missingCount(): number {
    return this.#missing
  }

  layer(fileIndex: number): Uint8Array | undefined {
    return this.#layers.get(fileIndex) ?? this.#known(fileIndex)
  }

  /** The hash of a piece that is verifiable. */
  pieceHash(piece: PieceIndex): Uint8Array {
    const { fileIndex, file, pieceOfFile } = pieceSpan(this.#version, piece)
    if (file.pieceCount === 1) return rootOf(file)
    const layer = defined(this.layer(fileIndex), `layer of file ${fileIndex}`)
    return layer.slice(pieceOfFile * HASH_BYTES, (pieceOfFile + 1) * HASH_BYTES)
  }

  fillAll(): void {
    if (this.#missing === 0) return
    for (const session of this.#context.sessions.values()) this.fill(session)
  }

  /** Asks a peer for as many runs as it may owe us. */
  fill(session: Session): void {
    if (this.#missing === 0 || !this.#context.wantsData || session.pieces === undefined) return
    let at = 0
    while (this.#requests.hasRoom(session) && at < LOOKAHEAD) {
      while (this.#waiting.length <= at && this.#files.length > 0) this.#expand()
      const run = this.#waiting[at]
      if (run === undefined) return
      if (this.#canAnswer(session, run) && this.#ask(session, run)) this.#waiting.splice(at, 1)
      else at++
    }
  }

  #expand(): void {
    const fileIndex = defined(this.#files.pop(), 'file without runs')
    const file = this.#file(fileIndex)
    const baseLayer = Math.log2(this.#version.pieceBytes / LEAF_BYTES)
    const proofLayers = treeHeight(file.bytes) - baseLayer - 1
    const length = Math.min(nextPowerOfTwo(file.pieceCount), HASHES_PER_REQUEST_MAX)
    this.#partial.set(fileIndex, {
      layer: new Uint8Array(file.pieceCount * HASH_BYTES),
      runsLeft: Math.ceil(file.pieceCount / length)
    })
    for (let index = 0; index < file.pieceCount; index += length)
      this.#waiting.push({
        fileIndex,
        range: { baseLayer, index, length, proofLayers },
        refusedBy: new Set()
      })
  }

  #file(fileIndex: number): VersionFile {
    return defined(this.#version.files[fileIndex], `file ${fileIndex}`)
  }

  /** BEP 52: a peer can be asked for the hashes of pieces that it announced. */
  #canAnswer(session: Session, run: LayerRun): boolean {
    if (run.refusedBy.has(session)) return false
    const bits = defined(session.pieces, 'pieces of a peer that is asked').bits
    if (bits.isFull) return true
    const file = this.#file(run.fileIndex)
    const end = Math.min(run.range.index + run.range.length, file.pieceCount)
    for (let i = run.range.index; i < end; i++) if (bits.has(file.firstPiece + i)) return true
    return false
  }

  #ask(session: Session, run: LayerRun): boolean {
    const range = { root: rootOf(this.#file(run.fileIndex)), ...run.range }
    return this.#requests.ask(session, range, {
      onHashes: (from, hashes) => this.#take(from, run, hashes),
      onNone: from => {
        run.refusedBy.add(from)
        if (!this.#partial.has(run.fileIndex)) return
        // When everybody refused, ask all of them again: they may have learned more meanwhile.
        if ([...this.#context.sessions.values()].every(one => run.refusedBy.has(one))) run.refusedBy.clear()
        this.#waiting.push(run)
      }
    })
  }

  /** A layer that leads to its file's root came otherwise. */
  provide(fileIndex: number, layer: Uint8Array): void {
    const at = this.#files.indexOf(fileIndex)
    if (at < 0 && !this.#partial.has(fileIndex)) return
    if (at >= 0) this.#files.splice(at, 1)
    const others = this.#waiting.filter(run => run.fileIndex !== fileIndex)
    this.#waiting.splice(0, this.#waiting.length, ...others)
    this.#finish(fileIndex, layer)
  }

  #take(session: Session, run: LayerRun, hashes: Uint8Array): Violation | undefined {
    if (!this.#partial.has(run.fileIndex)) return undefined
    const file = this.#file(run.fileIndex)
    const { sha256 } = this.#context
    const { index, length } = run.range
    const verdict = verifyRange(run.range, hashes, { fileBytes: file.bytes, trusted: rootOf(file), sha256 })
    if (verdict !== 'valid') {
      this.#waiting.push(run)
      return { reason: 'bad-hashes', detail: `hashes at ${index} of file ${run.fileIndex}: ${verdict}` }
    }
    const partial = defined(this.#partial.get(run.fileIndex), 'partial layer')
    const at = index * HASH_BYTES
    partial.layer.set(hashes.subarray(0, Math.min(length * HASH_BYTES, partial.layer.length - at)), at)
    partial.runsLeft--
    if (partial.runsLeft === 0) this.#finish(run.fileIndex, partial.layer)
    this.fill(session)
    return undefined
  }

  #finish(fileIndex: number, layer: Uint8Array): void {
    this.#partial.delete(fileIndex)
    this.#layers.set(fileIndex, layer)
    this.#missing--
    this.#context.emit({ type: 'layerReceived', fileIndex, layer })
    const { firstPiece, pieceCount } = this.#file(fileIndex)
    this.#picker.makeVerifiable(Uint32Array.from({ length: pieceCount }, (_, i) => firstPiece + i))
  }
}

export function rootOf(file: VersionFile): Uint8Array {
  assert(file.root !== undefined, 'a file with pieces has a root')
  return idBytes(file.root)
}
