import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, toHex } from '../base/bytes.ts'
import { HASH_BYTES, type Sha256 } from './hash.ts'
import {
  fileRootOfPieceLayer,
  LEAF_BYTES,
  layerRoot,
  leafCountOf,
  leafHashes,
  nextPowerOfTwo,
  paddingHash,
  pieceLayerMatches,
  pieceLeafWidth,
  pieceRootOfLeaves
} from './merkle.ts'

const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())

/** BEP 52 word for word: pad the leaves with zeros to a power of two, then hash pairs. */
function naiveRoot(leaves: Uint8Array[]): Uint8Array {
  let nodes = [...leaves]
  while ((nodes.length & (nodes.length - 1)) !== 0) nodes.push(new Uint8Array(HASH_BYTES))
  while (nodes.length > 1) {
    nodes = Array.from({ length: nodes.length / 2 }, (_, pair) =>
      sha256(concatBytes(nodes.slice(2 * pair, 2 * pair + 2)))
    )
  }
  return nodes[0] as Uint8Array
}

function fileOf(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + (i >>> 14) * 7) & 0xff)
}

function leavesOf(file: Uint8Array): Uint8Array[] {
  return Array.from({ length: leafCountOf(file.length) }, (_, leaf) =>
    sha256(file.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES))
  )
}

function pieceLayerOf(file: Uint8Array, pieceBytes: number): Uint8Array {
  const width = pieceLeafWidth(file.length, pieceBytes)
  const pieces: Uint8Array[] = []
  for (let offset = 0; offset < file.length; offset += pieceBytes) {
    const leaves = leafHashes(file.subarray(offset, offset + pieceBytes), sha256)
    pieces.push(pieceRootOfLeaves(leaves, width, sha256))
  }
  return concatBytes(pieces)
}

test('the root by way of the piece layer is the root that BEP 52 spells out', () => {
  const around = fc
    .tuple(fc.integer({ min: 0, max: 12 }), fc.constantFrom(-1, 0, 1))
    .map(([leaves, off]) => Math.max(1, leaves * LEAF_BYTES + off))
  fc.assert(
    fc.property(around, fc.integer({ min: 0, max: 4 }), (fileBytes, pieceHeight) => {
      const pieceBytes = LEAF_BYTES * 2 ** pieceHeight
      const file = fileOf(fileBytes)
      const root = naiveRoot(leavesOf(file))
      const layer = pieceLayerOf(file, pieceBytes)
      assert.equal(toHex(fileRootOfPieceLayer(layer, { fileBytes, pieceBytes, sha256 })), toHex(root))
      assert.ok(pieceLayerMatches(layer, { root, fileBytes, pieceBytes, sha256 }))
      const wrong = Uint8Array.from(layer)
      wrong[wrong.length - 1] = (wrong[wrong.length - 1] as number) ^ 1
      assert.ok(!pieceLayerMatches(wrong, { root, fileBytes, pieceBytes, sha256 }))
      assert.ok(!pieceLayerMatches(layer.subarray(1), { root, fileBytes, pieceBytes, sha256 }))
    }),
    { numRuns: 60 }
  )
})

test('a file of at most one piece is its own piece layer', () => {
  const root = sha256(fileOf(1))
  assert.deepEqual(fileRootOfPieceLayer(root, { fileBytes: 1, pieceBytes: LEAF_BYTES, sha256 }), root)
})

test('an empty file has no piece layer that could match', () => {
  const options = { root: new Uint8Array(HASH_BYTES), fileBytes: 0, pieceBytes: LEAF_BYTES, sha256 }
  assert.ok(!pieceLayerMatches(new Uint8Array(0), options))
})

test('padding at a height is the root of that many zero leaves', () => {
  for (let height = 0; height < 6; height++) {
    const zeros = Array.from({ length: 2 ** height }, () => new Uint8Array(HASH_BYTES))
    assert.equal(toHex(paddingHash(height, sha256)), toHex(naiveRoot(zeros)))
  }
})

test('a layer wider than its hashes is padded', () => {
  const hashes = [1, 2, 3].map(fill => new Uint8Array(HASH_BYTES).fill(fill))
  const zero = new Uint8Array(HASH_BYTES)
  const padded = naiveRoot([...hashes, zero, zero, zero, zero, zero])
  assert.equal(toHex(layerRoot(concatBytes(hashes), { width: 8, padding: zero, sha256 })), toHex(padded))
})

test('the next power of two', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 1025].map(nextPowerOfTwo), [1, 1, 2, 4, 4, 8, 2048])
})
