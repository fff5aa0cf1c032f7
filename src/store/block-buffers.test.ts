import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MIB } from '../base/units.ts'
import { BLOCK_BUFFER_BYTES_MAX, BlockBuffers, copyBytes } from './block-buffers.ts'

test('a freed buffer is used again by the next of its class, at the length that is asked for', () => {
  const buffers = new BlockBuffers()
  const first = buffers.allocate(40_000)
  assert.equal(first.length, 40_000)
  assert.ok(first.buffer.byteLength >= 65_536)
  buffers.free(first)
  assert.equal(buffers.retainedBytes, 65_536)
  const small = buffers.allocate(16_384)
  assert.notEqual(small.buffer, first.buffer)
  const again = buffers.allocate(33_000)
  assert.equal(again.buffer, first.buffer)
  assert.equal(again.length, 33_000)
  assert.equal(buffers.retainedBytes, 0)
  assert.equal(buffers.lentCount, 2)
})

test('bytes are copied into shared memory wherever they lie, and nothing beside them is touched', () => {
  const source = Uint8Array.from({ length: 300 }, (_, at) => at % 251)
  for (const [from, to, count] of [
    [0, 0, 300],
    [3, 5, 1],
    [7, 1, 250],
    [1, 8, 64]
  ] as const) {
    const target = new BlockBuffers().allocate(400).fill(255)
    copyBytes(target, to, source.subarray(from, from + count))
    const expected = new Uint8Array(400).fill(255)
    expected.set(source.subarray(from, from + count), to)
    assert.deepEqual([...target], [...expected])
  }
})

test('what is kept free is bounded', () => {
  const buffers = new BlockBuffers({ retainedBytesMax: 3 * MIB })
  const lent = Array.from({ length: 8 }, () => buffers.allocate(BLOCK_BUFFER_BYTES_MAX))
  for (const buffer of lent) buffers.free(buffer)
  assert.equal(buffers.retainedBytes, 3 * MIB)
  assert.equal(buffers.lentCount, 0)
})

test('a buffer is freed once, by the pool that lent it', () => {
  const buffers = new BlockBuffers()
  const buffer = buffers.allocate(1)
  buffers.free(buffer)
  assert.throws(() => buffers.free(buffer))
  assert.throws(() => buffers.free(new Uint8Array(16_384)))
  assert.throws(() => buffers.free(new BlockBuffers().allocate(1)))
})

test('lengths outside the classes are refused', () => {
  const buffers = new BlockBuffers()
  assert.throws(() => buffers.allocate(0))
  assert.throws(() => buffers.allocate(BLOCK_BUFFER_BYTES_MAX + 1))
})
