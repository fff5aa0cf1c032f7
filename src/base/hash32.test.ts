import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mixed32, textHash32 } from './hash32.ts'

test('FNV-1a of its published vectors', () => {
  for (const [text, hash] of [
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968]
  ] as const)
    assert.equal(textHash32(text), hash)
})

test("MurmurHash3's finalizer of known values", () => {
  for (const [value, mixed] of [
    [0, 0],
    [1, 0x514e28b7],
    [0xffffffff, 0x81f16f39]
  ] as const)
    assert.equal(mixed32(value), mixed)
  assert.equal(mixed32(-1), mixed32(0xffffffff))
})
