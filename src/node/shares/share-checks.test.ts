import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { shareRow } from '../../content/erasure/coding-matrix.ts'
import { tableProduct } from '../../content/erasure/matrix-product.ts'
import { areCodeword, judgeBlocks } from './share-checks.ts'

const BYTES = 8

/** All shares of some data, made row by row. */
function sharesOf(size: { dataShares: number; parityShares: number }, seed: number): Map<number, Uint8Array> {
  const data = Array.from({ length: size.dataShares }, (_, share) =>
    Uint8Array.from({ length: BYTES }, (__, at) => (seed * 31 + share * 17 + at * 7 + share * at) & 255)
  )
  return new Map(
    Array.from({ length: size.dataShares + size.parityShares }, (_, share) => {
      const output = new Uint8Array(BYTES)
      tableProduct({ coefficients: shareRow(size, share), inputs: data, outputs: [output] })
      return [share, output]
    })
  )
}

const sizes = fc.record({
  dataShares: fc.integer({ min: 2, max: 6 }),
  parityShares: fc.integer({ min: 1, max: 4 })
})

test('law: shares of the same data are a codeword, whichever, and with one bit changed, of more than k, none', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), fc.nat(7), (size, seed, pick, bit) => {
      const all = [...sharesOf(size, seed)]
      const rotated = [...all.slice(pick % all.length), ...all.slice(0, pick % all.length)]
      for (let count = 1; count <= all.length; count++) {
        const some = new Map(rotated.slice(0, count).map(([share, block]) => [share, block.slice()]))
        assert.ok(areCodeword(size, some, tableProduct))
        const [, changed] = [...some][pick % count] ?? assert.fail()
        changed[pick % BYTES] = (changed[pick % BYTES] ?? 0) ^ (1 << bit)
        assert.equal(areCodeword(size, some, tableProduct), count <= size.dataShares)
      }
    })
  )
})

/** Blocks of these shares at three offsets; those that lie do so at the second alone. */
function judge(size: { dataShares: number; parityShares: number }, shares: number[], lying: number[]) {
  const offsets = [1, 2, 3].map(
    seed => new Map([...sharesOf(size, seed)].filter(([share]) => shares.includes(share)))
  )
  for (const share of lying) offsets[1]?.set(share, new Uint8Array(BYTES).fill(200 + share))
  return judgeBlocks(size, { offsets, own: shares[0] ?? 0 }, tableProduct)
}

test('who lies is known when one does and two more than k answer, and never who asks', () => {
  const size = { dataShares: 3, parityShares: 2 }
  assert.deepEqual(judge(size, [0, 1, 2, 3, 4], []), { kind: 'agree' })
  assert.deepEqual(judge(size, [4, 1, 0, 2], []), { kind: 'agree' })
  for (const share of [1, 2, 3, 4])
    assert.deepEqual(judge(size, [0, 1, 2, 3, 4], [share]), { kind: 'liar', share })
  assert.deepEqual(judge(size, [2, 1, 0, 3], [1]), { kind: 'unknown' })
  assert.deepEqual(judge(size, [0, 1, 2, 3, 4], [1, 2]), { kind: 'unknown' })
  assert.deepEqual(judge(size, [0, 1, 2], []), { kind: 'unknown' })
  assert.deepEqual(judge(size, [0, 1, 2, 3, 4], [0]), { kind: 'unknown' })
})

test('blocks of different lengths are no codeword', () => {
  const size = { dataShares: 2, parityShares: 1 }
  const shares = sharesOf(size, 1).set(2, new Uint8Array(BYTES + 1))
  assert.equal(areCodeword(size, shares, tableProduct), false)
})
