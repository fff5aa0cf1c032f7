/**
 * Answers to hash requests (BEP 52). Piece layers that are known are answered from here; leaf hashes are read from
 * the store by the driver. What BEP 52 leaves optional is rejected: other layers, and runs of leaves that span
 * pieces.
 */

import type { PiecesRoot } from '../base/ids.ts'
import { pieceIndex, piecesRootFromBytes } from '../base/ids.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { LEAF_BYTES, leafCountOf, paddingHash, pieceLeafWidth } from '../content/merkle.ts'
import { pieceLength, type VersionFile } from '../content/version.ts'
import { HashTree, isPowerOfTwo, uncleCount } from './hash-tree.ts'
import type { LayerFetch } from './layer-fetch.ts'
import type { PiecePicker } from './piece-picker.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import { HASHES_PER_REQUEST_MAX, type HashRange, PROOF_LAYERS_MAX } from './wire-messages.ts'

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
  readonly #trees = new Map<number, HashTree>()
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

  onRequest(session: Session, message: HashRange): void {
    // Its fields and nothing else, since the request comes back in the answer.
    const { root, baseLayer, index, length, proofLayers } = message
    const request: HashRange = { root, baseLayer, index, length, proofLayers }
    const fileIndex = this.#fileOf(root)
    const file = fileIndex === undefined ? undefined : this.#picker.version.files[fileIndex]
    const isWellFormed =
      isPowerOfTwo(length) &&
      length >= 2 &&
      length <= HASHES_PER_REQUEST_MAX &&
      index % length === 0 &&
      proofLayers <= PROOF_LAYERS_MAX
    if (fileIndex === undefined || file === undefined || !isWellFormed) this.#reject(session, request)
    else if (baseLayer === this.#pieceHeight && file.pieceCount > 1)
      this.#answerLayer(session, request, fileIndex)
    else if (baseLayer === 0) this.#readLeaves(session, request, file)
    else this.#reject(session, request)
  }

  /** Layers from a piece's hash down to its leaves. */
  get #pieceHeight(): number {
    return Math.log2(this.#picker.version.pieceBytes / LEAF_BYTES)
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

  #answerLayer(session: Session, request: HashRange, fileIndex: number): void {
    const tree = this.#treeOf(fileIndex)
    if (tree === undefined || request.index + request.length > tree.width) {
      this.#reject(session, request)
      return
    }
    const uncles = uncleCount({ ...request, width: tree.width })
    const hashes = tree.range(request.index, request.length, uncles)
    this.#context.send(session, { ...request, type: 'hashes', hashes })
  }

  #treeOf(fileIndex: number): HashTree | undefined {
    const layer = this.#layers.layer(fileIndex)
    if (layer === undefined) return undefined
    let tree = this.#trees.get(fileIndex)
    if (tree === undefined) {
      const { sha256 } = this.#context
      tree = new HashTree(layer, paddingHash(this.#pieceHeight, sha256), sha256)
      this.#trees.set(fileIndex, tree)
      const [oldest] = this.#trees.keys()
      if (this.#trees.size > TREES_MAX && oldest !== undefined) this.#trees.delete(oldest)
    }
    return tree
  }

  #readLeaves(session: Session, request: HashRange, file: VersionFile): void {
    const { pieceBytes } = this.#picker.version
    const leavesPerPiece = pieceBytes / LEAF_BYTES
    const pieceOfFile = Math.floor(request.index / leavesPerPiece)
    const width = pieceLeafWidth(file.bytes, pieceBytes)
    const firstLeaf = request.index - pieceOfFile * leavesPerPiece
    const piece = pieceIndex(file.firstPiece + Math.min(pieceOfFile, file.pieceCount - 1))
    const reads = this.#reads.get(session) ?? 0
    const isServed =
      pieceOfFile < file.pieceCount &&
      firstLeaf + request.length <= width &&
      // Proof layers above the piece would need its siblings, which nobody asks for leaf by leaf.
      request.proofLayers < Math.max(1, Math.log2(width)) &&
      this.#picker.have.has(piece) &&
      reads < READS_MAX
    const leafCount = leafCountOf(pieceLength(this.#picker.version, piece))
    if (!isServed) {
      this.#reject(session, request)
      return
    }
    this.#reads.set(session, reads + 1)
    this.#context.emit({ type: 'readLeaves', peer: session.key, request, piece, firstLeaf: 0, leafCount })
  }

  /** The leaf hashes of the whole piece that a request lies in, or nothing. */
  onLeavesRead(session: Session, request: HashRange, leaves: Uint8Array | undefined): void {
    this.#reads.set(session, Math.max(0, (this.#reads.get(session) ?? 0) - 1))
    const fileIndex = this.#fileOf(request.root)
    const file = fileIndex === undefined ? undefined : this.#picker.version.files[fileIndex]
    if (
      leaves === undefined ||
      leaves.length === 0 ||
      leaves.length % HASH_BYTES !== 0 ||
      file === undefined
    ) {
      this.#reject(session, request)
      return
    }
    const { sha256 } = this.#context
    const { pieceBytes } = this.#picker.version
    const width = pieceLeafWidth(file.bytes, pieceBytes)
    const tree = new HashTree(leaves, new Uint8Array(HASH_BYTES), sha256, width)
    const index = request.index % (pieceBytes / LEAF_BYTES)
    const uncles = uncleCount({ ...request, width })
    this.#context.send(session, {
      ...request,
      type: 'hashes',
      hashes: tree.range(index, request.length, uncles)
    })
  }

  close(session: Session): void {
    this.#reads.delete(session)
  }
}
