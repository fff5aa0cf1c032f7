import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toHex } from '../base/bytes.ts'
import { sha256 } from '../ledger/fold/org-fixture.conformance.ts'
import { TestTree } from './log-fixture.conformance.ts'
import {
  CompactRange,
  hashLeaf,
  hashNode,
  PROOF_HASHES_MAX,
  proveConsistency,
  proveInclusion,
  rangePositions,
  rootOf,
  verifyConsistency,
  verifyInclusion
} from './tree.ts'

const entryOf = (index: number) => new TextEncoder().encode(`entry ${index}`)

function treeOf(size: number): TestTree {
  const tree = new TestTree()
  for (let index = 0; index < size; index++) tree.append(entryOf(index))
  return tree
}

/** RFC 6962 section 2.1, word for word. */
function naiveRoot(entries: readonly Uint8Array[]): Uint8Array {
  const [only] = entries
  if (only === undefined) return sha256(new Uint8Array(0))
  if (entries.length === 1) return hashLeaf(only, sha256)
  let split = 1
  while (2 * split < entries.length) split *= 2
  return hashNode(naiveRoot(entries.slice(0, split)), naiveRoot(entries.slice(split)), sha256)
}

/** RFC 6962 section 2.1.1, PATH(m, D[n]). */
function naivePath(index: number, entries: readonly Uint8Array[]): Uint8Array[] {
  if (entries.length === 1) return []
  let split = 1
  while (2 * split < entries.length) split *= 2
  return index < split
    ? [...naivePath(index, entries.slice(0, split)), naiveRoot(entries.slice(split))]
    : [...naivePath(index - split, entries.slice(split)), naiveRoot(entries.slice(0, split))]
}

/** RFC 6962 section 2.1.2, SUBPROOF(m, D[n], b). */
function naiveSubproof(oldSize: number, entries: readonly Uint8Array[], whole: boolean): Uint8Array[] {
  if (oldSize === entries.length) return whole ? [] : [naiveRoot(entries)]
  let split = 1
  while (2 * split < entries.length) split *= 2
  return oldSize <= split
    ? [...naiveSubproof(oldSize, entries.slice(0, split), whole), naiveRoot(entries.slice(split))]
    : [...naiveSubproof(oldSize - split, entries.slice(split), false), naiveRoot(entries.slice(0, split))]
}

const SIZES = [...Array(34).keys()].slice(1)
const hexOf = (hashes: readonly Uint8Array[]) => hashes.map(toHex)

test('the root of RFC 6962 for the leaves that its implementations test with', () => {
  const leaves = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f'
  ]
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'
  ]
  const range = CompactRange.empty(sha256)
  assert.equal(toHex(range.root()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  leaves.forEach((leaf, index) => {
    range.append(hashLeaf(new Uint8Array(Buffer.from(leaf, 'hex')), sha256))
    assert.equal(toHex(range.root()), roots[index])
  })
})

test('roots and proofs are those of the definition, at every size and place', () => {
  const entries = SIZES.map((_, index) => entryOf(index))
  const tree = treeOf(entries.length)
  for (const size of SIZES) {
    const log = entries.slice(0, size)
    assert.equal(toHex(rootOf(size, tree.node, sha256)), toHex(naiveRoot(log)), `root of ${size}`)
    for (let index = 0; index < size; index++)
      assert.deepEqual(
        hexOf(proveInclusion({ index, size }, tree.node, sha256)),
        hexOf(naivePath(index, log)),
        `entry ${index} of ${size}`
      )
    for (let oldSize = 1; oldSize <= size; oldSize++)
      assert.deepEqual(
        hexOf(proveConsistency({ oldSize, size }, tree.node, sha256)),
        hexOf(naiveSubproof(oldSize, log, true)),
        `${oldSize} in ${size}`
      )
  }
})

test('what is proved verifies, and with anything changed it does not', () => {
  const tree = treeOf(200)
  fc.assert(
    fc.property(fc.nat(198), fc.nat(1000), fc.nat(1000), fc.nat(255), (n, a, b, bit) => {
      const size = n + 2
      const index = a % size
      const root = rootOf(size, tree.node, sha256)
      const flip = (bytes: Uint8Array) =>
        bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
      const proof = proveInclusion({ index, size }, tree.node, sha256)
      const claim = { index, size, leafHash: tree.node({ level: 0, index }), root, proof }
      assert.ok(verifyInclusion(claim, sha256))
      assert.ok(!verifyInclusion({ ...claim, root: flip(root) }, sha256))
      assert.ok(!verifyInclusion({ ...claim, leafHash: flip(claim.leafHash) }, sha256))
      assert.ok(!verifyInclusion({ ...claim, proof: [...proof, root] }, sha256))
      assert.ok(!verifyInclusion({ ...claim, proof: proof.slice(1) }, sha256))
      assert.ok(!verifyInclusion({ ...claim, index: (index + 1 + (b % (size - 1))) % size }, sha256))

      const oldSize = 1 + (b % (size - 1))
      const path = proveConsistency({ oldSize, size }, tree.node, sha256)
      const growth = { oldSize, size, oldRoot: rootOf(oldSize, tree.node, sha256), root, proof: path }
      assert.ok(verifyConsistency(growth, sha256))
      assert.ok(!verifyConsistency({ ...growth, root: flip(root) }, sha256))
      assert.ok(!verifyConsistency({ ...growth, oldRoot: flip(growth.oldRoot) }, sha256))
      assert.ok(!verifyConsistency({ ...growth, proof: [...path, root] }, sha256))
      assert.ok(!verifyConsistency({ ...growth, proof: path.slice(1) }, sha256))
      const at = a % path.length
      const changed = path.map((hash, position) => (position === at ? flip(hash) : hash))
      assert.ok(!verifyConsistency({ ...growth, proof: changed }, sha256))
    })
  )
})

test('the empty log is the start of every log, by no proof at all', () => {
  const tree = treeOf(5)
  const claim = {
    oldSize: 0,
    size: 5,
    oldRoot: sha256(new Uint8Array(0)),
    root: tree.range.root(),
    proof: []
  }
  assert.deepEqual(proveConsistency({ oldSize: 0, size: 5 }, tree.node, sha256), [])
  assert.ok(verifyConsistency(claim, sha256))
  assert.ok(!verifyConsistency({ ...claim, oldRoot: claim.root }, sha256))
  assert.ok(!verifyConsistency({ ...claim, proof: [claim.root] }, sha256))
})

test('a range that is read back goes on as if it had never been away', () => {
  for (const size of SIZES) {
    const tree = treeOf(size)
    const again = CompactRange.read(sha256, size, tree.node)
    tree.append(entryOf(size))
    again.append(hashLeaf(entryOf(size), sha256))
    assert.equal(toHex(again.root()), toHex(tree.range.root()))
  }
})

test('a log beyond 32 bits has exact positions', () => {
  const size = 2 ** 40 + 2 ** 33 + 1
  assert.deepEqual(rangePositions(size), [
    { level: 40, index: 0 },
    { level: 33, index: 128 },
    { level: 0, index: size - 1 }
  ])
  const node = ({ level, index }: { level: number; index: number }) =>
    sha256(new TextEncoder().encode(`${level}/${index}`))
  const claim = {
    index: size - 1,
    size,
    root: rootOf(size, node, sha256),
    leafHash: node({ level: 0, index: size - 1 })
  }
  const proof = proveInclusion({ index: size - 1, size }, node, sha256)
  assert.ok(verifyInclusion({ ...claim, proof }, sha256))
  assert.ok(proof.length <= PROOF_HASHES_MAX)
})
