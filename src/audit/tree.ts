/**
 * The Merkle tree of an append-only log: RFC 6962 section 2.1, whose proofs RFC 9162 section 2.1 verifies.
 *
 * A leaf's hash is SHA-256(0x00 ‖ entry), an inner node's SHA-256(0x01 ‖ left ‖ right), so that a node can never be
 * passed off as an entry. Of a log of n entries only perfect subtrees have a lasting hash: the node (level, index)
 * covers the 2^level leaves from index · 2^level on, and once full it never changes. Every root and every proof is
 * made of O(log n) of those.
 *
 * Nothing here keeps nodes: `NodeReader` brings them from wherever they are.
 */

import { assert, defined } from '../base/assert.ts'
import { concatBytes, equalBytes } from '../base/bytes.ts'
import { HASH_BYTES, type Sha256 } from '../ledger/encoding/signature.ts'

/** More than one proof can need: no log has 2^63 entries. */
export const PROOF_HASHES_MAX = 63
/** Positions are exact numbers. */
export const TREE_SIZE_MAX = 2 ** 52

const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)

/** A perfect subtree: its height over the leaves, and its place among those of that height. */
export interface NodePosition {
  readonly level: number
  readonly index: number
}

export interface TreeNode extends NodePosition {
  readonly hash: Uint8Array
}

/** The hash of a full subtree of the log. */
export type NodeReader = (position: NodePosition) => Uint8Array

export function hashLeaf(entry: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concatBytes([LEAF_PREFIX, entry]))
}

export function hashNode(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concatBytes([NODE_PREFIX, left, right]))
}

/** The full subtrees that a log of `size` leaves is made of, from the left: one for each bit of the size. */
export function rangePositions(size: number): NodePosition[] {
  assert(Number.isSafeInteger(size) && size >= 0 && size <= TREE_SIZE_MAX, `${size} is a size of a log`)
  const positions: NodePosition[] = []
  let begin = 0
  for (let level = 52; level >= 0; level--) {
    const width = 2 ** level
    if (size - begin < width) continue
    positions.push({ level, index: begin / width })
    begin += width
  }
  return positions
}

/** The right edge of a growing log: all that is needed to append to it and to know its root. */
export class CompactRange {
  readonly #sha256: Sha256
  /** Hashes of `rangePositions(size)`. */
  readonly #hashes: Uint8Array[]
  #size: number

  constructor(sha256: Sha256, { size, hashes }: { size: number; hashes: readonly Uint8Array[] }) {
    assert(hashes.length === rangePositions(size).length, 'a range has a hash for each full subtree')
    this.#sha256 = sha256
    this.#size = size
    this.#hashes = [...hashes]
  }

  static empty(sha256: Sha256): CompactRange {
    return new CompactRange(sha256, { size: 0, hashes: [] })
  }

  static read(sha256: Sha256, size: number, node: NodeReader): CompactRange {
    return new CompactRange(sha256, { size, hashes: rangePositions(size).map(node) })
  }

  get size(): number {
    return this.#size
  }

  get hashes(): readonly Uint8Array[] {
    return this.#hashes
  }

  copy(): CompactRange {
    return new CompactRange(this.#sha256, { size: this.#size, hashes: this.#hashes })
  }

  /** Adds a leaf; returns the subtrees that became full by it, the leaf itself first. */
  append(leafHash: Uint8Array): TreeNode[] {
    let node: TreeNode = { level: 0, index: this.#size, hash: leafHash }
    const full = [node]
    while (node.index % 2 === 1) {
      const left = defined(this.#hashes.pop(), 'the left sibling of a right node')
      node = {
        level: node.level + 1,
        index: (node.index - 1) / 2,
        hash: hashNode(left, node.hash, this.#sha256)
      }
      full.push(node)
    }
    this.#hashes.push(node.hash)
    this.#size++
    return full
  }

  /** Of the empty log: the hash of nothing. */
  root(): Uint8Array {
    const last = this.#hashes.at(-1)
    if (last === undefined) return this.#sha256(new Uint8Array(0))
    return this.#hashes.slice(0, -1).reduceRight((right, left) => hashNode(left, right, this.#sha256), last)
  }
}

/** The largest power of two below `width`, where RFC 6962 splits a tree. */
function splitOf(width: number): number {
  let split = 1
  while (2 * split < width) split *= 2
  return split
}

/** Hash over the leaves from `begin` to before `end`, as they hang in any tree that has them as a subtree. */
function rangeHash(begin: number, end: number, node: NodeReader, sha256: Sha256): Uint8Array {
  const width = end - begin
  const split = splitOf(width)
  if (width === 1 || 2 * split === width) {
    const level = Math.round(Math.log2(width))
    return node({ level, index: begin / width })
  }
  return hashNode(
    rangeHash(begin, begin + split, node, sha256),
    rangeHash(begin + split, end, node, sha256),
    sha256
  )
}

/** Root of the first `size` leaves of a log. */
export function rootOf(size: number, node: NodeReader, sha256: Sha256): Uint8Array {
  return CompactRange.read(sha256, size, node).root()
}

/** That the entry at `index` is in the log of `size` entries (RFC 6962 section 2.1.1). */
export function proveInclusion(
  { index, size }: { index: number; size: number },
  node: NodeReader,
  sha256: Sha256
): Uint8Array[] {
  assert(index >= 0 && index < size, `entry ${index} is in a log of ${size}`)
  const path: Uint8Array[] = []
  let begin = 0
  let end = size
  while (end - begin > 1) {
    const middle = begin + splitOf(end - begin)
    const goesLeft = index < middle
    path.push(goesLeft ? rangeHash(middle, end, node, sha256) : rangeHash(begin, middle, node, sha256))
    if (goesLeft) end = middle
    else begin = middle
  }
  return path.reverse()
}

/** That the log of `size` entries begins with the one of `oldSize` (RFC 6962 section 2.1.2); empty for `oldSize` 0. */
export function proveConsistency(
  { oldSize, size }: { oldSize: number; size: number },
  node: NodeReader,
  sha256: Sha256
): Uint8Array[] {
  assert(oldSize >= 0 && oldSize <= size, `${oldSize} entries can be the start of ${size}`)
  if (oldSize === 0 || oldSize === size) return []
  const path: Uint8Array[] = []
  let begin = 0
  let end = size
  // Down to where the old log ends; `begin` stays 0 exactly as long as the old root itself is still ahead.
  while (end !== oldSize) {
    const middle = begin + splitOf(end - begin)
    const goesLeft = oldSize <= middle
    path.push(goesLeft ? rangeHash(middle, end, node, sha256) : rangeHash(begin, middle, node, sha256))
    if (goesLeft) end = middle
    else begin = middle
  }
  if (begin > 0) path.push(rangeHash(begin, end, node, sha256))
  return path.reverse()
}

/** The same of a log whose inner nodes nobody keeps, from all its leaf hashes, in one pass. */
export function proveConsistencyFrom(
  leaves: Iterable<Uint8Array>,
  sizes: { readonly oldSize: number; readonly size: number },
  sha256: Sha256
): Uint8Array[] {
  const keyOf = ({ level, index }: NodePosition): string => `${level}/${index}`
  const wanted = new Set<string>()
  const nothing = new Uint8Array(HASH_BYTES)
  proveConsistency(
    sizes,
    position => {
      wanted.add(keyOf(position))
      return nothing
    },
    sha256
  )
  const found = new Map<string, Uint8Array>()
  const range = CompactRange.empty(sha256)
  for (const leaf of leaves)
    for (const node of range.append(leaf)) if (wanted.has(keyOf(node))) found.set(keyOf(node), node.hash)
  assert(range.size >= sizes.size, 'a proof is made from all leaves')
  return proveConsistency(sizes, position => defined(found.get(keyOf(position)), keyOf(position)), sha256)
}

/** RFC 9162 section 2.1.3.2. */
export function verifyInclusion(
  claim: {
    readonly index: number
    readonly size: number
    readonly leafHash: Uint8Array
    readonly root: Uint8Array
    readonly proof: readonly Uint8Array[]
  },
  sha256: Sha256
): boolean {
  const { index, size, leafHash, root, proof } = claim
  if (index < 0 || index >= size || !isWellFormed([leafHash, root, ...proof])) return false
  const sides = sidesOf(proof.length, index, size - 1)
  if (sides === undefined) return false
  const hash = proof.reduce(
    (below, sibling, at) =>
      sides[at] === 'left' ? hashNode(sibling, below, sha256) : hashNode(below, sibling, sha256),
    leafHash
  )
  return equalBytes(hash, root)
}

/** RFC 9162 section 2.1.4.2; the empty log is the start of every other, by the empty proof. */
export function verifyConsistency(
  claim: {
    readonly oldSize: number
    readonly size: number
    readonly oldRoot: Uint8Array
    readonly root: Uint8Array
    readonly proof: readonly Uint8Array[]
  },
  sha256: Sha256
): boolean {
  const { oldSize, size, oldRoot, root, proof } = claim
  if (oldSize < 0 || oldSize > size || !isWellFormed([oldRoot, root, ...proof])) return false
  if (oldSize === size) return proof.length === 0 && equalBytes(oldRoot, root)
  if (oldSize === 0) return proof.length === 0 && equalBytes(oldRoot, sha256(new Uint8Array(0)))
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof
  const [first, ...rest] = path
  if (first === undefined) return false
  let position = oldSize - 1
  let last = size - 1
  while (position % 2 === 1) {
    position = (position - 1) / 2
    last = Math.floor(last / 2)
  }
  const sides = sidesOf(rest.length, position, last)
  if (sides === undefined) return false
  let oldHash = first
  let hash = first
  for (const [at, sibling] of rest.entries()) {
    const isLeft = sides[at] === 'left'
    // What is left of the path was in the old log as well.
    if (isLeft) oldHash = hashNode(sibling, oldHash, sha256)
    hash = isLeft ? hashNode(sibling, hash, sha256) : hashNode(hash, sibling, sha256)
  }
  return equalBytes(oldHash, oldRoot) && equalBytes(hash, root)
}

/**
 * On which side each of `count` siblings stands, from the node at `position` of a level whose last node is `last` up
 * to the root; undefined when the way has not just as many.
 */
function sidesOf(count: number, position: number, last: number): ('left' | 'right')[] | undefined {
  const sides: ('left' | 'right')[] = []
  while (last > 0) {
    const isLeft = position % 2 === 1 || position === last
    sides.push(isLeft ? 'left' : 'right')
    // The last node of a level that has no sibling is its own parent.
    if (isLeft)
      while (position % 2 === 0) {
        position /= 2
        last = Math.floor(last / 2)
      }
    position = Math.floor(position / 2)
    last = Math.floor(last / 2)
  }
  return sides.length === count ? sides : undefined
}

function isPowerOfTwo(size: number): boolean {
  return 2 ** Math.round(Math.log2(size)) === size
}

function isWellFormed(hashes: readonly Uint8Array[]): boolean {
  return hashes.length <= PROOF_HASHES_MAX + 2 && hashes.every(hash => hash.length === HASH_BYTES)
}
