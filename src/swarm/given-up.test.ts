import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GivenUp } from './given-up.ts'

test('each request that was given up is answered once, whatever the lengths of others for the same block', () => {
  const givenUp = new GivenUp()
  givenUp.add(7, 16_384)
  givenUp.add(7, 131_072)
  assert.equal(givenUp.size, 2)
  assert.ok(!givenUp.take(7, 32_768))
  assert.ok(givenUp.take(7, 16_384), 'the first is rejected')
  assert.ok(!givenUp.has(7, 16_384))
  assert.ok(givenUp.has(7, 131_072), 'and the second may still come')
  assert.ok(givenUp.take(7, 131_072))
  assert.ok(!givenUp.take(7, 131_072))
  assert.equal(givenUp.size, 0)
})

test('the oldest is dropped first', () => {
  const givenUp = new GivenUp()
  for (const key of [3, 1, 2]) givenUp.add(key, 10)
  givenUp.dropOldest()
  assert.deepEqual(
    [1, 2, 3].map(key => givenUp.has(key, 10)),
    [true, true, false]
  )
  assert.equal(givenUp.size, 2)
})
