/**
 * Answers to hash requests (BEP 52). What lies in or above the piece layer is answered from here, when the layer is
 * known; what lies below is answered from leaf hashes of a stored piece, which the driver reads. Runs below the
 * piece layer that span pieces are rejected: nobody needs them, and each would cost several reads.
 */

import { type PieceIndex, type PiecesRoot, pieceIndex, piecesRootFromBytes } from '../base/ids.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { LEAF_BYTES, leafCountOf, nextPowerOfTwo, pieceLeafWidth } from '../content/merkle.ts'
import {
  LayerTree,
  pieceLayerHeight,
  proveRange,
  rangeFault,
  type HashRange as TreeRange
} from '../content/merkle-proof.ts'
import { pieceLength, type VersionFile } from '../content/version.ts'
import { type LayerFetch, rootOf } from './layer-fetch.ts'
import type { PiecePicker } from './piece-picker.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import type { EventOf } from './transfer-types.ts'
import { HASHES_PER_REQUEST_MAX, type HashRange, type Violation } from './wire-messages.ts'

/** Trees over piece layers that are kept for the next request. */
const TREES_MAX = 4
/** Leaf reads that one peer may have outstanding. */
const READS_MAX = 32

export class HashService {
  readonly #context: TransferContext
  readonly #picker: PiecePicker
  readonly #layers: LayerFetch
  /** By pieces root; made when it is first needed. Of files with equal bytes, the last one stands for all. */
  #fileByRoot: Map<PiecesRoot, number> | undefined
  readonly #trees = new Map<number, LayerTree>()
  readonly #reads = new Map<Session, number>()

  constructor(init: {
    readonly context: TransferContext
    readonly picker: PiecePicker
    readonly layers: LayerFetch
  }) {
    this.#context = init.context
    this.#picker = init.picker
    this.#layers = init.layers
  }

  onRequest(session: Session, message: HashRange): Violation | undefined {
    // Its fields and nothing else, since the request comes back in the answer.
    const { root, baseLayer, index, length, proofLayers } = message
    const request: HashRange = { root, baseLayer, index, length, proofLayers }
    if (!session.hashAnswers.spend(this.#context.nowMs)) {
      this.#reject(session, request)
      return session.spendIdle(this.#context.nowMs)
    }
    const fileIndex = this.#fileOf(root)
    const file = fileIndex === undefined ? undefined : this.#picker.version.files[fileIndex]
    const isAnswerable =
      file?.root !== undefined &&
      rangeFault(request, file.bytes) === undefined &&
      length <= HASHES_PER_REQUEST_MAX
    if (fileIndex === undefined || file === undefined || !isAnswerable) this.#reject(session, request)
    else if (baseLayer >= pieceLayerHeight(file.bytes, this.#picker.version.pieceBytes))
      this.#answer(session, request, fileIndex, undefined)
    else this.#readLeaves(session, request, file)
    return undefined
  }

  #fileOf(root: Uint8Array): number | undefined {
    if (this.#fileByRoot === undefined) {
      this.#fileByRoot = new Map()
      for (const [index, file] of this.#picker.version.files.entries())
        if (file.root !== undefined) this.#fileByRoot.set(file.root, index)
    }
    return this.#fileByRoot.get(piecesRootFromBytes(root))
  }

  #reject(session: Session, { root, baseLayer, index, length, proofLayers }: HashRange): void {
    this.#context.send(session, { type: 'hash-reject', root, baseLayer, index, length, proofLayers })
  }

  /** `leaves` are those of the piece that the range lies in, when it lies below the piece layer. */
  #answer(session: Session, request: HashRange, fileIndex: number, leaves: LayerTree | undefined): void {
    const { pieceBytes, files } = this.#picker.version
    const file = files[fileIndex]
    const pieces = this.#treeOf(fileIndex)
    const hashes =
      file === undefined || pieces === undefined
        ? undefined
        : proveRange(
            request,
            { fileBytes: file.bytes, pieceBytes, pieces, leavesOf: () => leaves },
            this.#context.sha256
          )
    if (hashes === undefined) this.#reject(session, request)
    else this.#context.send(session, { ...request, type: 'hashes', hashes })
  }

  #treeOf(fileIndex: number): LayerTree | undefined {
    const known = this.#trees.get(fileIndex)
    if (known !== undefined) return known
    const { pieceBytes, files } = this.#picker.version
    const file = files[fileIndex]
    if (file === undefined) return undefined
    const layer = file.pieceCount > 1 ? this.#layers.layer(fileIndex) : rootOf(file)
    if (layer === undefined) return undefined
    const tree = new LayerTree(layer, {
      baseLayer: pieceLayerHeight(file.bytes, pieceBytes),
      width: nextPowerOfTwo(file.pieceCount),
      sha256: this.#context.sha256
    })
    this.#trees.set(fileIndex, tree)
    const [oldest] = this.#trees.keys()
    if (this.#trees.size > TREES_MAX && oldest !== undefined) this.#trees.delete(oldest)
    return tree
  }

  #readLeaves(session: Session, request: HashRange, file: VersionFile): void {
    const { version } = this.#picker
    const piece = this.#pieceOf(request, file)
    const reads = this.#reads.get(session) ?? 0
    if (piece === undefined || !this.#picker.have.has(piece) || reads >= READS_MAX) {
      this.#reject(session, request)
      return
    }
    this.#reads.set(session, reads + 1)
    const leafCount = leafCountOf(pieceLength(version, piece))
    this.#context.emit({ type: 'readLeaves', peer: session.key, request, piece, firstLeaf: 0, leafCount })
  }

  /** The piece that a run below the piece layer lies in; undefined when it spans several. */
  #pieceOf(range: TreeRange, file: VersionFile): PieceIndex | undefined {
    const hashesPerPiece = this.#picker.version.pieceBytes / LEAF_BYTES / 2 ** range.baseLayer
    if (file.pieceCount > 1 && range.length > hashesPerPiece) return undefined
    return pieceIndex(file.firstPiece + Math.floor(range.index / hashesPerPiece))
  }

  /** The leaf hashes of the whole piece that a request lies in, or nothing. */
  onLeavesRead(session: Session | undefined, { request, leaves }: EventOf<'leavesRead'>): void {
    if (session === undefined) return
    this.#reads.set(session, Math.max(0, (this.#reads.get(session) ?? 0) - 1))
    const fileIndex = this.#fileOf(request.root)
    const file = fileIndex === undefined ? undefined : this.#picker.version.files[fileIndex]
    if (fileIndex === undefined || file === undefined || leaves === undefined || leaves.length < HASH_BYTES) {
      this.#reject(session, request)
      return
    }
    const { sha256 } = this.#context
    const width = pieceLeafWidth(file.bytes, this.#picker.version.pieceBytes)
    this.#answer(session, request, fileIndex, new LayerTree(leaves, { baseLayer: 0, width, sha256 }))
  }

  close(session: Session): void {
    this.#reads.delete(session)
  }
}
