import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OpenCounts } from './open-counts.ts'

test('counts what each has open, and each of it once, also when it is told twice that it is over', () => {
  const counts = new OpenCounts<string>()
  const [first, second] = [counts.open('a'), counts.open('a')]
  counts.open('b')
  assert.deepEqual([counts.of('a'), counts.of('b'), counts.of('c')], [2, 1, 0])
  first()
  first()
  assert.deepEqual([counts.of('a'), counts.of('b')], [1, 1])
  second()
  second()
  assert.equal(counts.of('a'), 0)
  counts.open('a')
  assert.equal(counts.of('a'), 1)
})
