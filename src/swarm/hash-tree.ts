/**
 * The upper part of a file's Merkle tree, above its piece layer, and the runs of hashes that BEP 52 peers exchange:
 * a power-of-two run of one layer, followed by the uncles on the way to the root. The first uncle is the sibling of
 * the run's own root; proof layers below it are counted but have nothing to send.
 */

import { assert } from '../base/assert.ts'
import { HASH_BYTES, type Sha256 } from '../content/hash.ts'
import { layerRoot, nextPowerOfTwo } from '../content/merkle.ts'

export function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && 2 ** Math.round(Math.log2(value)) === value
}

/** Uncle hashes that a run of `length` hashes carries when `proofLayers` are asked for, in a tree `width` wide. */
export function uncleCount(options: {
  readonly length: number
  readonly proofLayers: number
  readonly width: number
}): number {
  const runHeight = Math.log2(options.length)
  const treeHeight = Math.log2(options.width)
  return Math.max(0, Math.min(options.proofLayers, treeHeight - 1) - (runHeight - 1))
}

/** Proof layers to ask for so that a run can be held against the root of a tree `width` wide. */
export function proofLayersFor(width: number): number {
  return Math.max(0, Math.log2(width) - 1)
}

/** The hash that a run of hashes and its uncles lead to; `index` is the run's place in its layer. */
export function rangeRoot(options: {
  readonly hashes: Uint8Array
  readonly uncles: Uint8Array
  readonly index: number
  readonly sha256: Sha256
}): Uint8Array {
  const { hashes, uncles, index, sha256 } = options
  const length = hashes.length / HASH_BYTES
  assert(isPowerOfTwo(length) && index % length === 0, 'a run is a whole subtree')
  let node = layerRoot(hashes, { width: length, padding: new Uint8Array(HASH_BYTES), sha256 })
  let place = index / length
  const pair = new Uint8Array(2 * HASH_BYTES)
  for (let at = 0; at < uncles.length; at += HASH_BYTES) {
    const uncle = uncles.subarray(at, at + HASH_BYTES)
    const nodeIsLeft = place % 2 === 0
    pair.set(nodeIsLeft ? node : uncle, 0)
    pair.set(nodeIsLeft ? uncle : node, HASH_BYTES)
    node = sha256(pair)
    place = Math.floor(place / 2)
  }
  return node
}

/** All nodes over one layer, for answering many requests without hashing it again each time. */
export class HashTree {
  readonly width: number
  /** From the given layer upward; a layer stops where only padding follows. */
  readonly #layers: Uint8Array[]
  /** The hash of an empty subtree, per layer. */
  readonly #paddings: Uint8Array[]

  /** `width` is a power of two: how many hashes the layer has with its padding; by default the least that fits. */
  constructor(layer: Uint8Array, padding: Uint8Array, sha256: Sha256, width?: number) {
    const count = layer.length / HASH_BYTES
    assert(Number.isInteger(count) && count >= 1, 'a layer is a whole number of hashes')
    this.width = width ?? nextPowerOfTwo(count)
    assert(isPowerOfTwo(this.width) && count <= this.width, `${count} hashes fit ${this.width}`)
    this.#layers = [layer]
    this.#paddings = [padding]
    const pair = new Uint8Array(2 * HASH_BYTES)
    for (let width = this.width; width > 1; width /= 2) {
      const height = this.#layers.length - 1
      const below = Math.ceil((this.#layers.at(-1) ?? layer).length / HASH_BYTES)
      const above = new Uint8Array(Math.ceil(below / 2) * HASH_BYTES)
      for (let node = 0; node < above.length / HASH_BYTES; node++) {
        pair.set(this.node(height, 2 * node), 0)
        pair.set(this.node(height, 2 * node + 1), HASH_BYTES)
        above.set(sha256(pair), node * HASH_BYTES)
      }
      const empty = this.#paddings[height] ?? padding
      pair.set(empty, 0)
      pair.set(empty, HASH_BYTES)
      this.#layers.push(above)
      this.#paddings.push(sha256(pair))
    }
  }

  get root(): Uint8Array {
    return this.node(this.#layers.length - 1, 0)
  }

  /** Height counts from the given layer. */
  node(height: number, index: number): Uint8Array {
    const layer = this.#layers[height]
    assert(
      layer !== undefined && index < this.width / 2 ** height,
      `node ${index} at ${height} is in the tree`
    )
    const at = index * HASH_BYTES
    if (at < layer.length) return layer.subarray(at, at + HASH_BYTES)
    return this.#paddings[height] ?? new Uint8Array(HASH_BYTES)
  }

  /** A run of the given layer, padding included, then `uncles` uncles from the run's root upward. */
  range(index: number, length: number, uncles: number): Uint8Array {
    const hashes = new Uint8Array((length + uncles) * HASH_BYTES)
    for (let i = 0; i < length; i++) hashes.set(this.node(0, index + i), i * HASH_BYTES)
    let height = Math.log2(length)
    let place = index / length
    for (let i = 0; i < uncles; i++) {
      hashes.set(this.node(height, place ^ 1), (length + i) * HASH_BYTES)
      height++
      place = Math.floor(place / 2)
    }
    return hashes
  }
}
