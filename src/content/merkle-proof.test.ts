import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, toHex, utf8 } from '../base/bytes.ts'
import { KIB } from '../base/units.ts'
import { HASH_BYTES, type Sha256 } from './hash.ts'
import { LEAF_BYTES, nextPowerOfTwo, pieceLeafWidth } from './merkle.ts'
import {
  type FileTrees,
  type HashRange,
  LayerTree,
  leafRange,
  pieceLayerHeight,
  provenNode,
  proveRange,
  RANGE_LENGTH_MAX,
  type RangeFault,
  rangeFault,
  treeHeight,
  uncleCount,
  verifyLeaf,
  verifyRange
} from './merkle-proof.ts'

const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())

/** The whole tree, layer by layer, as BEP 52 spells it out; a file is given by its number of leaves. */
function naiveLayers(leafCount: number): Uint8Array[][] {
  const leaves = Array.from({ length: nextPowerOfTwo(leafCount) }, (_, i) =>
    i < leafCount ? sha256(utf8(`leaf ${i}`)) : new Uint8Array(HASH_BYTES)
  )
  const layers = [leaves]
  for (let below = leaves; below.length > 1; ) {
    const above = Array.from({ length: below.length / 2 }, (_, i) =>
      sha256(concatBytes(below.slice(2 * i, 2 * i + 2)))
    )
    layers.push(above)
    below = above
  }
  return layers
}

function fileOf(leafCount: number, pieceHeight: number) {
  const layers = naiveLayers(leafCount)
  const fileBytes = leafCount * LEAF_BYTES - 5
  const pieceBytes = LEAF_BYTES * 2 ** pieceHeight
  const width = pieceLeafWidth(fileBytes, pieceBytes)
  const baseLayer = pieceLayerHeight(fileBytes, pieceBytes)
  const pieceCount = Math.ceil(fileBytes / pieceBytes)
  const pieceLayer = concatBytes((layers[baseLayer] ?? []).slice(0, pieceCount))
  const trees: FileTrees = {
    fileBytes,
    pieceBytes,
    pieces: new LayerTree(pieceLayer, { baseLayer, width: nextPowerOfTwo(pieceCount), sha256 }),
    leavesOf: piece => {
      const leaves = (layers[0] ?? []).slice(piece * width, Math.min(leafCount, (piece + 1) * width))
      return new LayerTree(concatBytes(leaves), { baseLayer: 0, width, sha256 })
    }
  }
  const hash = (layer: number, index: number): Uint8Array => {
    const found = layers[layer]?.[index]
    assert.ok(found, `node ${index} of layer ${layer}`)
    return found
  }
  return { layers, fileBytes, pieceBytes, trees, hash, root: hash(layers.length - 1, 0) }
}

function* rangesOf(fileBytes: number): Generator<HashRange> {
  const height = treeHeight(fileBytes)
  for (let baseLayer = -1; baseLayer <= height; baseLayer++) {
    for (let length = 1; length <= 2 ** (height + 1); length++) {
      for (let index = -1; index <= 2 ** (height - Math.max(0, baseLayer)); index++) {
        for (let proofLayers = -1; proofLayers <= height; proofLayers++) {
          yield { baseLayer, index, length, proofLayers }
        }
      }
    }
  }
}

test('every valid range of every small tree is proved by the nodes that BEP 52 names', () => {
  let seen = 0
  for (const leafCount of [1, 2, 3, 4, 5, 7, 8]) {
    for (const pieceHeight of [0, 1, 2, 5]) {
      const { fileBytes, trees, hash } = fileOf(leafCount, pieceHeight)
      for (const range of rangesOf(fileBytes)) {
        if (rangeFault(range, fileBytes) !== undefined) continue
        seen++
        const answer = proveRange(range, trees, sha256)
        assert.ok(answer)
        const expected: Uint8Array[] = []
        for (let i = 0; i < range.length; i++) expected.push(hash(range.baseLayer, range.index + i))
        // Word for word: one uncle from each proof layer, the first log2(length) - 1 of them left out.
        for (let proof = 1; proof <= range.proofLayers; proof++) {
          if (proof < Math.log2(range.length)) continue
          const layer = range.baseLayer + proof
          expected.push(hash(layer, Math.floor(range.index / 2 ** proof) ^ 1))
        }
        assert.equal(toHex(answer), toHex(concatBytes(expected)), JSON.stringify(range))
        const { layer, index } = provenNode(range)
        const options = { fileBytes, trusted: hash(layer, index), sha256 }
        assert.equal(verifyRange(range, answer, options), 'valid')
      }
    }
  }
  assert.ok(seen > 300, `only ${seen} ranges were valid`)
})

test('a range with all proof layers leads to the root', () => {
  const { fileBytes, trees, root } = fileOf(13, 2)
  for (const range of rangesOf(fileBytes)) {
    if (rangeFault(range, fileBytes) !== undefined) continue
    if (range.proofLayers !== treeHeight(fileBytes) - range.baseLayer - 1) continue
    assert.deepEqual(provenNode(range), { layer: treeHeight(fileBytes), index: 0 })
    const answer = proveRange(range, trees, sha256) ?? new Uint8Array()
    assert.equal(verifyRange(range, answer, { fileBytes, trusted: root, sha256 }), 'valid')
  }
})

test('any changed bit, missing or added hash is found', () => {
  const { fileBytes, trees, root } = fileOf(11, 1)
  const range: HashRange = { baseLayer: 0, index: 4, length: 4, proofLayers: 3 }
  const answer = proveRange(range, trees, sha256) ?? new Uint8Array()
  assert.equal(answer.length, 6 * HASH_BYTES)
  const options = { fileBytes, trusted: root, sha256 }
  fc.assert(
    fc.property(fc.nat(answer.length * 8 - 1), bit => {
      const wrong = Uint8Array.from(answer)
      wrong[bit >>> 3] = (wrong[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(verifyRange(range, wrong, options), 'wrong-hash')
    })
  )
  assert.equal(verifyRange(range, answer.subarray(1), options), 'wrong-size')
  assert.equal(verifyRange(range, concatBytes([answer, new Uint8Array(HASH_BYTES)]), options), 'wrong-size')
  assert.equal(verifyRange({ ...range, index: 0 }, answer, options), 'wrong-hash')
  assert.equal(verifyRange({ ...range, index: 2 }, answer, options), 'index')
})

test('what BEP 52 forbids is refused by the field that breaks it', () => {
  const fileBytes = 11 * LEAF_BYTES
  const good: HashRange = { baseLayer: 0, index: 4, length: 4, proofLayers: 3 }
  assert.equal(rangeFault(good, fileBytes), undefined)
  const cases: [RangeFault, Partial<HashRange>][] = [
    ['base-layer', { baseLayer: -1 }],
    ['base-layer', { baseLayer: 4 }],
    ['base-layer', { baseLayer: 0.5 }],
    ['base-layer', { baseLayer: 2 ** 32 - 1 }],
    ['length', { length: 0 }],
    ['length', { length: 1 }],
    ['length', { length: 3 }],
    ['length', { length: 32, index: 0 }],
    ['length', { length: 2 * RANGE_LENGTH_MAX, index: 0 }],
    ['length', { length: Number.NaN }],
    ['index', { index: 2 }],
    ['index', { index: -4 }],
    ['past-end', { index: 12 }],
    ['past-end', { index: 16 }],
    ['past-end', { index: 2 ** 32 - 4 }],
    ['proof-layers', { proofLayers: 4 }],
    ['proof-layers', { proofLayers: -1 }],
    ['proof-layers', { proofLayers: 2 ** 32 - 1 }]
  ]
  for (const [fault, part] of cases)
    assert.equal(rangeFault({ ...good, ...part }, fileBytes), fault, JSON.stringify(part))
  assert.equal(rangeFault({ ...good, length: 2, proofLayers: 0 }, LEAF_BYTES), 'base-layer')
})

test('one leaf is proved against the root', () => {
  for (const leafCount of [1, 2, 3, 6, 9]) {
    const { fileBytes, trees, root, hash } = fileOf(leafCount, 1)
    for (let index = 0; index < leafCount; index++) {
      const range = leafRange(index, fileBytes)
      const proof = range === undefined ? new Uint8Array() : proveRange(range, trees, sha256)
      assert.ok(proof)
      const options = { fileBytes, root, sha256 }
      assert.equal(verifyLeaf({ index, hash: hash(0, index) }, proof, options), 'valid')
      assert.equal(verifyLeaf({ index, hash: sha256(utf8('bad')) }, proof, options), 'wrong-hash')
      const other = (index + 1) % leafCount
      if (other !== index)
        assert.equal(verifyLeaf({ index: other, hash: hash(0, index) }, proof, options), 'wrong-hash')
      const longer = concatBytes([proof, new Uint8Array(HASH_BYTES)])
      assert.equal(verifyLeaf({ index, hash: hash(0, index) }, longer, options), 'wrong-size')
    }
  }
})

test('a range that needs a piece that is not here has no answer', () => {
  const { trees } = fileOf(8, 1)
  const away: FileTrees = { ...trees, leavesOf: piece => (piece === 1 ? trees.leavesOf(piece) : undefined) }
  const ask = (range: HashRange) => proveRange(range, away, sha256) !== undefined
  assert.equal(ask({ baseLayer: 0, index: 2, length: 2, proofLayers: 2 }), true)
  assert.equal(ask({ baseLayer: 0, index: 0, length: 2, proofLayers: 2 }), false)
  assert.equal(ask({ baseLayer: 0, index: 0, length: 4, proofLayers: 2 }), false)
  assert.equal(ask({ baseLayer: 1, index: 0, length: 4, proofLayers: 0 }), true)
})

test('uncles are counted as BEP 52 counts proof layers', () => {
  const count = (length: number, proofLayers: number) =>
    uncleCount({ baseLayer: 0, index: 0, length, proofLayers })
  assert.deepEqual(
    [0, 1, 2, 3].map(layers => count(2, layers)),
    [0, 1, 2, 3]
  )
  assert.deepEqual(
    [0, 1, 2, 3].map(layers => count(4, layers)),
    [0, 0, 1, 2]
  )
  assert.deepEqual(
    [0, 1, 2, 3].map(layers => count(512, layers)),
    [0, 0, 0, 0]
  )
})

test('a layer tree pads by its own height', () => {
  for (const leafCount of [1, 2, 3, 5, 9]) {
    const { trees, layers, root, fileBytes } = fileOf(leafCount, 1)
    assert.equal(toHex(trees.pieces.root), toHex(root))
    const bottom = pieceLayerHeight(fileBytes, 32 * KIB)
    for (let layer = bottom; layer < layers.length; layer++) {
      for (const [index, expected] of (layers[layer] ?? []).entries()) {
        assert.equal(toHex(trees.pieces.node(layer, index)), toHex(expected))
      }
    }
  }
})
