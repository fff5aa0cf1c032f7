/**
 * Proofs in the Merkle tree of one file, as the messages hash request and hashes of BEP 52 carry them.
 *
 * Layers count from the leaves up: layer 0 holds leaf hashes, the layer of the tree's height the root alone. A
 * range asks for `length` hashes of one layer, which are all the hashes under one node, and for the uncles on the
 * way up from that node. `proofLayers` counts ancestor layers from the one above the base; those inside the range
 * follow from its hashes, so that they count but are not sent:
 *
 *     layer 3             root
 *     layer 2       n           u2            {baseLayer 0, index 2, length 2, proofLayers 2}
 *     layer 1    u1   n       .    .          is answered by c, d, u1, u2, which prove
 *     layer 0    a b  c d    e f  g h         c and d against the root
 *
 * A range is verified against the hash of the node that it leads up to, which is the root when all proof layers
 * were asked for, or any hash trusted before, such as a piece's. Hashes past the end of the file are the padding
 * that the layer calls for; being under the same root, they need no check of their own.
 *
 * Not here: when to ask whom (src/swarm), and where leaf hashes come from (src/store).
 */

import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { HASH_BYTES, type Sha256 } from './hash.ts'
import { LEAF_BYTES, layerRoot, leafCountOf, nextPowerOfTwo, paddingHash } from './merkle.ts'
import { PIECE_BYTES_MAX } from './piece-length.ts'

/** Enough for all leaves of the longest piece at once. BEP 52 advises fewer, libtorrent answers more. */
export const RANGE_LENGTH_MAX = PIECE_BYTES_MAX / LEAF_BYTES

export interface HashRange {
  readonly baseLayer: number
  /** Of the first hash, within the base layer; a multiple of `length`. */
  readonly index: number
  /** A power of two, at least two. */
  readonly length: number
  readonly proofLayers: number
}

/** Why a range can not be asked of a file: which field breaks its rule, or the range lies past the end. */
export type RangeFault = 'base-layer' | 'length' | 'index' | 'past-end' | 'proof-layers'

export interface TreeNode {
  readonly layer: number
  readonly index: number
}

/** Height of the tree of a non-empty file: the layer of its root. */
export function treeHeight(fileBytes: number): number {
  return Math.log2(nextPowerOfTwo(leafCountOf(fileBytes)))
}

/** The layer that holds one hash per piece; the root's own in a file of one piece. */
export function pieceLayerHeight(fileBytes: number, pieceBytes: number): number {
  return Math.min(treeHeight(fileBytes), Math.log2(pieceBytes / LEAF_BYTES))
}

/** Checks a range from outside against the rules of BEP 52 and the size of the file. */
export function rangeFault(range: HashRange, fileBytes: number): RangeFault | undefined {
  const { baseLayer, index, length, proofLayers } = range
  const height = treeHeight(fileBytes)
  if (!isCount(baseLayer) || baseLayer >= height) return 'base-layer'
  if (length < 2 || length > RANGE_LENGTH_MAX || length !== nextPowerOfTwo(length)) return 'length'
  if (!isCount(index) || index % length !== 0) return 'index'
  if (length > 2 ** (height - baseLayer)) return 'length'
  if (index * 2 ** baseLayer >= leafCountOf(fileBytes)) return 'past-end'
  if (!isCount(proofLayers) || proofLayers >= height - baseLayer) return 'proof-layers'
  return undefined
}

/** How many uncles follow the hashes of a valid range. */
export function uncleCount(range: HashRange): number {
  return Math.max(0, range.proofLayers - (Math.log2(range.length) - 1))
}

/** The node whose hash a valid range and its uncles lead up to. */
export function provenNode(range: HashRange): TreeNode {
  const rise = Math.log2(range.length) + uncleCount(range)
  return { layer: range.baseLayer + rise, index: Math.floor(range.index / 2 ** rise) }
}

/** The range that proves one leaf against the root; undefined where the only leaf is the root itself. */
export function leafRange(leafIndex: number, fileBytes: number): HashRange | undefined {
  assert(leafIndex >= 0 && leafIndex < leafCountOf(fileBytes), `leaf ${leafIndex} lies in ${fileBytes} B`)
  const height = treeHeight(fileBytes)
  if (height === 0) return undefined
  return { baseLayer: 0, index: leafIndex - (leafIndex % 2), length: 2, proofLayers: height - 1 }
}

export type RangeVerdict = 'valid' | RangeFault | 'wrong-size' | 'wrong-hash'

/**
 * Verifies the answer to a range: its hashes, then its uncles. `trusted` is the hash of {@link provenNode},
 * which the caller knows already.
 */
export function verifyRange(
  range: HashRange,
  hashes: Uint8Array,
  options: { readonly fileBytes: number; readonly trusted: Uint8Array; readonly sha256: Sha256 }
): RangeVerdict {
  const fault = rangeFault(range, options.fileBytes)
  if (fault !== undefined) return fault
  const { length } = range
  if (hashes.length !== (length + uncleCount(range)) * HASH_BYTES) return 'wrong-size'
  const { sha256 } = options
  const unused = new Uint8Array(HASH_BYTES)
  let node = layerRoot(hashes.subarray(0, length * HASH_BYTES), { width: length, padding: unused, sha256 })
  let index = range.index / length
  for (let at = length * HASH_BYTES; at < hashes.length; at += HASH_BYTES) {
    const uncle = hashes.subarray(at, at + HASH_BYTES)
    node = index % 2 === 0 ? hashPair(node, uncle, sha256) : hashPair(uncle, node, sha256)
    index = Math.floor(index / 2)
  }
  return equalBytes(node, options.trusted) ? 'valid' : 'wrong-hash'
}

/**
 * Verifies one leaf's hash against the file's root by the answer to its {@link leafRange}; an empty answer for
 * the only leaf of a file.
 */
export function verifyLeaf(
  leaf: { readonly index: number; readonly hash: Uint8Array },
  proof: Uint8Array,
  options: { readonly fileBytes: number; readonly root: Uint8Array; readonly sha256: Sha256 }
): RangeVerdict {
  const { fileBytes, root, sha256 } = options
  const range = leafRange(leaf.index, fileBytes)
  if (range === undefined) {
    if (proof.length > 0) return 'wrong-size'
    return equalBytes(leaf.hash, root) ? 'valid' : 'wrong-hash'
  }
  const verdict = verifyRange(range, proof, { fileBytes, trusted: root, sha256 })
  if (verdict !== 'valid') return verdict
  const at = (leaf.index % 2) * HASH_BYTES
  return equalBytes(proof.subarray(at, at + HASH_BYTES), leaf.hash) ? 'valid' : 'wrong-hash'
}

/** All nodes above one layer of a tree or of a subtree, computed once to answer many ranges. */
export class LayerTree {
  readonly #baseLayer: number
  readonly #height: number
  /** From the base up; a layer ends where only padding follows. */
  readonly #layers: Uint8Array[]
  readonly #sha256: Sha256

  /** `layer` holds the hashes of layer `baseLayer`, `width` of them once padded; a power of two. */
  constructor(
    layer: Uint8Array,
    options: { readonly baseLayer: number; readonly width: number; readonly sha256: Sha256 }
  ) {
    const { baseLayer, width, sha256 } = options
    const count = layer.length / HASH_BYTES
    assert(Number.isInteger(count) && count >= 1 && count <= width, `${count} hashes fit ${width}`)
    this.#baseLayer = baseLayer
    this.#height = baseLayer + Math.log2(width)
    this.#layers = [layer]
    this.#sha256 = sha256
    for (let below = baseLayer; below < this.#height; below++) {
      const above = new Uint8Array(Math.ceil(this.#count(below) / 2) * HASH_BYTES)
      for (let index = 0; index * HASH_BYTES < above.length; index++) {
        const parent = hashPair(this.node(below, 2 * index), this.node(below, 2 * index + 1), sha256)
        above.set(parent, index * HASH_BYTES)
      }
      this.#layers.push(above)
    }
  }

  get root(): Uint8Array {
    return this.node(this.#height, 0)
  }

  /** `index` counts within this tree. */
  node(layer: number, index: number): Uint8Array {
    const hashes = this.#layers[layer - this.#baseLayer]
    assert(
      hashes !== undefined && index < 2 ** (this.#height - layer),
      `node ${index} of layer ${layer} exists`
    )
    if (index * HASH_BYTES >= hashes.length) return paddingHash(layer, this.#sha256)
    return hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
  }

  #count(layer: number): number {
    return (this.#layers[layer - this.#baseLayer]?.length ?? 0) / HASH_BYTES
  }
}

/** What answers ranges of one file: the tree over its pieces, and on demand the tree of a piece's leaves. */
export interface FileTrees {
  readonly fileBytes: number
  readonly pieceBytes: number
  /** Over the piece layer. */
  readonly pieces: LayerTree
  /** Over the leaves of a piece; undefined when its bytes are not here. */
  leavesOf(pieceOfFile: number): LayerTree | undefined
}

/** Answers a valid range: its hashes, then its uncles. Undefined when they need a piece that is not here. */
export function proveRange(range: HashRange, trees: FileTrees, sha256: Sha256): Uint8Array | undefined {
  assert(rangeFault(range, trees.fileBytes) === undefined, 'a range to answer was checked')
  const { baseLayer, index, length } = range
  const nodes: TreeNode[] = Array.from({ length }, (_, i) => ({ layer: baseLayer, index: index + i }))
  const bottom = baseLayer + Math.log2(length)
  for (let rise = 0; rise < uncleCount(range); rise++) {
    nodes.push({ layer: bottom + rise, index: Math.floor(index / length / 2 ** rise) ^ 1 })
  }
  const answer = new Uint8Array(nodes.length * HASH_BYTES)
  for (const [at, node] of nodes.entries()) {
    const hash = nodeOf(node, trees, sha256)
    if (hash === undefined) return undefined
    answer.set(hash, at * HASH_BYTES)
  }
  return answer
}

function nodeOf(node: TreeNode, trees: FileTrees, sha256: Sha256): Uint8Array | undefined {
  const { layer, index } = node
  const pieceLayer = pieceLayerHeight(trees.fileBytes, trees.pieceBytes)
  if (layer >= pieceLayer) return trees.pieces.node(layer, index)
  const perPiece = 2 ** (pieceLayer - layer)
  const piece = Math.floor(index / perPiece)
  if (piece * trees.pieceBytes >= trees.fileBytes) return paddingHash(layer, sha256)
  return trees.leavesOf(piece)?.node(layer, index % perPiece)
}

function hashPair(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  const pair = new Uint8Array(2 * HASH_BYTES)
  pair.set(left, 0)
  pair.set(right, HASH_BYTES)
  return sha256(pair)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
