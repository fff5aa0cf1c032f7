import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { largestSum, mostDifferent } from './sliding.ts'

const facts = fc
  .array(fc.record({ atMs: fc.nat(40), key: fc.constantFrom('a', 'b', 'c'), weight: fc.nat(5) }), {
    maxLength: 30
  })
  .map(all => all.sort((a, b) => a.atMs - b.atMs))

test('no stretch has more than the one that is found, and it has what is said', () => {
  fc.assert(
    fc.property(facts, fc.integer({ min: 1, max: 20 }), (all, windowMs) => {
      const windows = all.map(({ atMs }) =>
        all.filter(each => each.atMs >= atMs && each.atMs - atMs < windowMs)
      )
      const keys = (of: typeof all) => new Set(of.map(({ key }) => key)).size
      const sum = (of: typeof all) => of.reduce((total, { weight }) => total + weight, 0)
      const different = mostDifferent(all, windowMs, ({ key }) => key)
      const largest = largestSum(all, windowMs, ({ weight }) => weight)
      assert.equal(different?.count ?? 0, Math.max(0, ...windows.map(keys)))
      assert.equal(largest?.count ?? 0, Math.max(0, ...windows.map(sum)))
      assert.equal(keys([...(different?.facts ?? [])]), different?.count ?? 0)
      assert.equal(sum([...(largest?.facts ?? [])]), largest?.count ?? 0)
    })
  )
})
