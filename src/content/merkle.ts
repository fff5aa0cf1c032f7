/**
 * The Merkle tree of a file as BEP 52 defines it: binary, SHA-256, over leaves of 16 KiB. A leaf's hash is that
 * of its bytes alone (no domain prefix), the last leaf is not padded, and missing leaves count as 32 zero bytes.
 *
 * Layers are concatenated 32-byte hashes. Layer 0 holds leaf hashes, the piece layer has one hash per piece.
 */

import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { HASH_BYTES, type Sha256 } from './hash.ts'

export const LEAF_BYTES = 16 * 1024

export function leafCountOf(bytes: number): number {
  return Math.ceil(bytes / LEAF_BYTES)
}

/** The smallest power of two that is at least `value`; 1 for values up to 1. */
export function nextPowerOfTwo(value: number): number {
  let power = 1
  while (power < value) power *= 2
  return power
}

/** Hashes of the leaves of `bytes`, concatenated; the last leaf may be short. */
export function leafHashes(bytes: Uint8Array, sha256: Sha256): Uint8Array {
  const hashes = new Uint8Array(leafCountOf(bytes.length) * HASH_BYTES)
  for (let leaf = 0; leaf * LEAF_BYTES < bytes.length; leaf++) {
    hashes.set(sha256(bytes.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES)), leaf * HASH_BYTES)
  }
  return hashes
}

/** The root of a subtree of zero leaves, `height` levels above them. */
export function paddingHash(height: number, sha256: Sha256): Uint8Array {
  let hash: Uint8Array = new Uint8Array(HASH_BYTES)
  const pair = new Uint8Array(2 * HASH_BYTES)
  for (let level = 0; level < height; level++) {
    pair.set(hash, 0)
    pair.set(hash, HASH_BYTES)
    hash = sha256(pair)
  }
  return hash
}

/**
 * Root over a layer of concatenated hashes, padded to `width` hashes with `padding`. `width` is a power of two
 * and at least the number of hashes; `padding` is that of the layer's own height (32 zero bytes for leaves).
 */
export function layerRoot(
  layer: Uint8Array,
  options: { readonly width: number; readonly padding: Uint8Array; readonly sha256: Sha256 }
): Uint8Array {
  const { sha256 } = options
  let count = layer.length / HASH_BYTES
  assert(
    Number.isInteger(count) && count >= 1 && count <= options.width,
    `${count} hashes fit ${options.width}`
  )
  // Hash in place in one buffer with room for one padding hash, to allocate nothing per node.
  const nodes = new Uint8Array(layer.length + HASH_BYTES)
  nodes.set(layer)
  let padding = options.padding
  for (let width = options.width; width > 1; width /= 2) {
    if (count % 2 === 1) {
      nodes.set(padding, count * HASH_BYTES)
      count++
    }
    for (let node = 0; node < count; node += 2) {
      nodes.set(sha256(nodes.subarray(node * HASH_BYTES, (node + 2) * HASH_BYTES)), (node / 2) * HASH_BYTES)
    }
    count /= 2
    if (width > 2) {
      const pair = new Uint8Array(2 * HASH_BYTES)
      pair.set(padding, 0)
      pair.set(padding, HASH_BYTES)
      padding = sha256(pair)
    }
  }
  return nodes.slice(0, HASH_BYTES)
}

/**
 * How many leaves the subtree under a piece's hash spans, zero padding included: a whole piece's worth in a
 * file longer than a piece; in a shorter file the piece's hash is the file's root, over just its own leaves.
 */
export function pieceLeafWidth(fileBytes: number, pieceBytes: number): number {
  return fileBytes > pieceBytes ? pieceBytes / LEAF_BYTES : nextPowerOfTwo(leafCountOf(fileBytes))
}

/** Root of one piece from its leaf hashes; `leafWidth` as of {@link pieceLeafWidth}. */
export function pieceRootOfLeaves(leaves: Uint8Array, leafWidth: number, sha256: Sha256): Uint8Array {
  return layerRoot(leaves, { width: leafWidth, padding: new Uint8Array(HASH_BYTES), sha256 })
}

/**
 * The pieces root of a non-empty file from its piece layer: one hash per piece, concatenated, each as
 * {@link pieceRootOfLeaves} gives it with the width of {@link pieceLeafWidth}. The layer of a file of at most
 * one piece is just its root.
 */
export function fileRootOfPieceLayer(
  layer: Uint8Array,
  options: { readonly fileBytes: number; readonly pieceBytes: number; readonly sha256: Sha256 }
): Uint8Array {
  const { fileBytes, pieceBytes, sha256 } = options
  const count = Math.ceil(fileBytes / pieceBytes)
  assert(
    count >= 1 && layer.length === count * HASH_BYTES,
    `a piece layer of ${layer.length} B has ${count} hashes`
  )
  if (count === 1) return layer.slice()
  const padding = paddingHash(Math.log2(pieceBytes / LEAF_BYTES), sha256)
  return layerRoot(layer, { width: nextPowerOfTwo(count), padding, sha256 })
}

/** Whether a non-empty file's piece layer has the right length and hashes to its pieces root. */
export function pieceLayerMatches(
  layer: Uint8Array,
  options: {
    readonly root: Uint8Array
    readonly fileBytes: number
    readonly pieceBytes: number
    readonly sha256: Sha256
  }
): boolean {
  const count = Math.ceil(options.fileBytes / options.pieceBytes)
  if (count === 0 || layer.length !== count * HASH_BYTES) return false
  return equalBytes(fileRootOfPieceLayer(layer, options), options.root)
}
