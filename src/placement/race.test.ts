import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashFloor, minusLn, pairHash, score, seedOf } from './race.ts'

const anyHash = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

test('seeds, hashes and logarithms of the first algorithm, to the last bit', () => {
  assert.deepEqual(seedOf('unit', 'ab/0'), { a: 984676722, b: 1637185727 })
  assert.deepEqual(seedOf('device', 'ab'), { a: 811096666, b: 239117704 })
  assert.equal(pairHash(984676722, 1637185727, 1, 2), 1222063743)
  for (const [hash, value] of [
    [-(2 ** 31), 22.873856958478193],
    [-1, 0.6931471807927759],
    [0, 0.6931471803271145],
    [1234567890, 0.23896145155183549],
    [2 ** 31 - 1, 1.1641532183371108e-10]
  ] as const)
    assert.equal(minusLn(hash), value)
})

test('law: the series is the logarithm', () => {
  fc.assert(
    fc.property(anyHash, hash => {
      const log = -Math.log((hash + 2 ** 31 + 0.5) / 2 ** 32)
      assert.ok(Math.abs(minusLn(hash) - log) <= 1e-14 * log)
    }),
    { numRuns: 5000, seed: 15 }
  )
})

test('law: a greater hash is never later', () => {
  fc.assert(
    fc.property(anyHash, fc.integer({ min: 1, max: 50 }), (hash, more) => {
      fc.pre(hash + more < 2 ** 31)
      assert.ok(minusLn(hash + more) <= minusLn(hash))
    }),
    { numRuns: 5000, seed: 15 }
  )
})

test('law: nothing below the floor scores below the horizon', () => {
  const near = fc.integer({ min: -5, max: 5 })
  const horizon = fc.double({ min: 1e-12, max: 2, noNaN: true })
  fc.assert(
    fc.property(horizon, fc.integer({ min: 1, max: 1e6 }), near, anyHash, (to, weight, offset, any) => {
      const floor = hashFloor(to, weight)
      for (const hash of [floor + offset, any])
        if (hash < floor && hash >= -(2 ** 31)) assert.ok(score(hash, weight) >= to)
    }),
    { numRuns: 5000, seed: 15 }
  )
})
