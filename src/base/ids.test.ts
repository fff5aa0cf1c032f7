import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AssertionFailure } from './assert.ts'
import { deviceIdFromBytes, idBytes, parseVersionId, pieceIndex, shortId } from './ids.ts'

test('an id is 32 bytes in lower-case hex, and nothing else parses', () => {
  const id = deviceIdFromBytes(new Uint8Array(32).fill(0xab))
  assert.equal(id, 'ab'.repeat(32))
  assert.deepEqual(idBytes(id), new Uint8Array(32).fill(0xab))
  assert.equal(shortId(id), 'abababababab')
  for (const text of ['', 'ab', 'AB'.repeat(32), 'ab'.repeat(33), `${'ab'.repeat(31)}zz`]) {
    assert.equal(parseVersionId(text), undefined, text)
  }
  assert.throws(() => deviceIdFromBytes(new Uint8Array(31)), AssertionFailure)
})

test('a piece index is a non-negative integer', () => {
  assert.equal(pieceIndex(0), 0)
  for (const value of [-1, 0.5, Number.NaN, 2 ** 60]) assert.throws(() => pieceIndex(value), AssertionFailure)
})
