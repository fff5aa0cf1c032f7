import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { equalBytes } from '../base/bytes.ts'
import { layerRoot, nextPowerOfTwo, paddingHash } from '../content/merkle.ts'
import { HashTree, isPowerOfTwo, proofLayersFor, rangeRoot, uncleCount } from './hash-tree.ts'
import { madeUpBytes, sha256 } from './swarm-fixture.conformance.ts'

const HASH_BYTES = 32

test('powers of two', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 6, 512, 1023, 2 ** 40].filter(isPowerOfTwo), [1, 2, 4, 512, 2 ** 40])
})

test('uncles by the rule of BEP 52: the first log2(length) - 1 proof layers carry none', () => {
  // In a tree 4096 wide, a run of 512 has uncles at the three layers under the root.
  assert.equal(uncleCount({ length: 512, proofLayers: 11, width: 4096 }), 3)
  assert.equal(uncleCount({ length: 512, proofLayers: 8, width: 4096 }), 0)
  assert.equal(uncleCount({ length: 2, proofLayers: 1, width: 8 }), 1)
  assert.equal(uncleCount({ length: 8, proofLayers: 2, width: 8 }), 0)
  // More proof layers than the tree has give no more uncles than it has.
  assert.equal(uncleCount({ length: 2, proofLayers: 40, width: 8 }), 2)
  assert.equal(proofLayersFor(4096), 11)
  assert.equal(proofLayersFor(2), 0)
})

const trees = fc.record(
  { count: fc.integer({ min: 2, max: 70 }), height: fc.nat(5), seed: fc.nat(1000) },
  { noNullPrototype: true }
)

function treeOf({ count, height, seed }: { count: number; height: number; seed: number }) {
  const layer = madeUpBytes(count * HASH_BYTES, seed)
  const padding = paddingHash(height, sha256)
  return { layer, padding, tree: new HashTree(layer, padding, sha256) }
}

test('the root is that of the layer', () => {
  fc.assert(
    fc.property(trees, options => {
      const { layer, padding, tree } = treeOf(options)
      const width = nextPowerOfTwo(options.count)
      assert.deepEqual(tree.root, layerRoot(layer, { width, padding, sha256 }))
    })
  )
})

test('every run that is cut from a tree leads to its root, and no changed one does', () => {
  fc.assert(
    fc.property(trees, fc.nat(), fc.nat(), fc.nat(), (options, height, place, flip) => {
      const { tree } = treeOf(options)
      const length = 2 ** (1 + (height % Math.log2(tree.width)))
      const index = (place % (tree.width / length)) * length
      const uncles = uncleCount({ length, proofLayers: proofLayersFor(tree.width), width: tree.width })
      const sent = tree.range(index, length, uncles)
      const lead = () =>
        rangeRoot({
          hashes: sent.subarray(0, length * HASH_BYTES),
          uncles: sent.subarray(length * HASH_BYTES),
          index,
          sha256
        })
      assert.deepEqual(lead(), tree.root)
      sent[flip % sent.length] = (sent[flip % sent.length] ?? 0) ^ 1
      assert.equal(equalBytes(lead(), tree.root), false)
    })
  )
})

test('a run does not pass for one at another place', () => {
  const { tree } = treeOf({ count: 16, height: 0, seed: 5 })
  const sent = tree.range(4, 4, 2)
  const options = { hashes: sent.subarray(0, 128), uncles: sent.subarray(128), sha256 }
  assert.deepEqual(rangeRoot({ ...options, index: 4 }), tree.root)
  assert.equal(equalBytes(rangeRoot({ ...options, index: 8 }), tree.root), false)
})
