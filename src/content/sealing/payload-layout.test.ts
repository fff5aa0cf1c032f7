import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toHex } from '../../base/bytes.ts'
import {
  CHUNK_BYTES,
  chunkCountOf,
  chunkNonce,
  chunksOfRange,
  objectBytesOf,
  objectRangeOf,
  PLAINTEXT_BYTES_MAX,
  payloadBytesOf,
  plaintextBytesOf,
  plaintextRangeOf,
  SEALED_CHUNK_BYTES,
  sealedChunk
} from './payload-layout.ts'

const plaintextBytes = fc.oneof(
  fc.integer({ min: 0, max: 6 * CHUNK_BYTES }),
  fc.tuple(fc.nat(6), fc.integer({ min: -2, max: 2 })).map(([n, d]) => Math.max(0, n * CHUNK_BYTES + d)),
  fc.maxSafeInteger().map(value => Math.abs(value) % (PLAINTEXT_BYTES_MAX + 1))
)

test('sizes of payloads that are known', () => {
  const known = [
    [0, 1, 32],
    [1, 1, 33],
    [CHUNK_BYTES, 1, 65_568],
    [CHUNK_BYTES + 1, 2, 65_585],
    [2 * CHUNK_BYTES, 2, 131_120],
    [PLAINTEXT_BYTES_MAX, 2 ** 34, 2 ** 50 + 2 ** 38 + 16]
  ] as const
  for (const [bytes, chunks, payload] of known) {
    assert.equal(chunkCountOf(bytes), chunks)
    assert.equal(payloadBytesOf(bytes), payload)
  }
})

test('a size of a payload is that of one plaintext or of none', () => {
  fc.assert(fc.property(plaintextBytes, bytes => plaintextBytesOf(payloadBytesOf(bytes)) === bytes))
  const possible = new Set<number>()
  for (let bytes = 0; bytes <= 2 * CHUNK_BYTES; bytes++) possible.add(payloadBytesOf(bytes))
  for (let payload = 0; payload <= payloadBytesOf(2 * CHUNK_BYTES); payload++)
    assert.equal(plaintextBytesOf(payload) !== undefined, possible.has(payload), `${payload} B`)
  assert.equal(plaintextBytesOf(Number.NaN), undefined)
  assert.equal(plaintextBytesOf(-1), undefined)
  assert.equal(plaintextBytesOf(2 ** 52), undefined)
})

test('chunks lie behind each other from the nonce to the end of the payload', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 6 * CHUNK_BYTES }), bytes => {
      let at = 16
      for (let index = 0; index < chunkCountOf(bytes); index++) {
        const chunk = sealedChunk(bytes, index)
        assert.equal(chunk.offset, at)
        assert.ok(chunk.bytes > 16 || bytes === 0)
        at += chunk.bytes
      }
      assert.equal(at, payloadBytesOf(bytes))
    })
  )
})

test('an object holds its payload', () => {
  fc.assert(fc.property(plaintextBytes, bytes => objectBytesOf(bytes) >= payloadBytesOf(bytes)))
})

const rangeOf = (bytes: number) =>
  fc
    .tuple(fc.integer({ min: 0, max: bytes }), fc.integer({ min: 0, max: bytes }))
    .map(([a, b]) => ({ offset: Math.min(a, b), bytes: Math.abs(a - b) }))

test('the object range of a plaintext range is just enough to read it', () => {
  const cases = plaintextBytes.chain(bytes => fc.tuple(fc.constant(bytes), rangeOf(bytes)))
  fc.assert(
    fc.property(cases, ([bytes, range]) => {
      const there = objectRangeOf(bytes, range)
      if (range.bytes === 0) return assert.equal(there.bytes, 0)
      const readable = plaintextRangeOf(bytes, there)
      assert.ok(readable.offset <= range.offset)
      assert.ok(readable.offset + readable.bytes >= range.offset + range.bytes)
      for (const less of [
        { offset: there.offset + 1, bytes: there.bytes - 1 },
        { offset: there.offset, bytes: there.bytes - 1 }
      ])
        assert.ok(plaintextRangeOf(bytes, less).bytes < readable.bytes)
    })
  )
})

test('what is readable of an object range is what a look at each chunk says', () => {
  const cases = fc
    .integer({ min: 0, max: 5 * CHUNK_BYTES })
    .chain(bytes => fc.tuple(fc.constant(bytes), rangeOf(objectBytesOf(bytes))))
  fc.assert(
    fc.property(cases, ([bytes, range]) => {
      let readable = 0
      let first: number | undefined
      for (let index = 0; index < chunkCountOf(bytes); index++) {
        const chunk = sealedChunk(bytes, index)
        const isThere =
          chunk.offset >= range.offset && chunk.offset + chunk.bytes <= range.offset + range.bytes
        if (!isThere) continue
        first ??= index * CHUNK_BYTES
        readable += chunk.bytes - 16
      }
      const answer = plaintextRangeOf(bytes, range)
      assert.equal(answer.bytes, readable)
      if (readable > 0) assert.equal(answer.offset, first)
    })
  )
})

test('pictures of ranges', () => {
  const bytes = 3 * CHUNK_BYTES + 5
  assert.deepEqual(chunksOfRange(bytes, { offset: CHUNK_BYTES - 1, bytes: 2 }), { first: 0, end: 2 })
  assert.deepEqual(chunksOfRange(bytes, { offset: CHUNK_BYTES, bytes: CHUNK_BYTES }), { first: 1, end: 2 })
  assert.deepEqual(objectRangeOf(bytes, { offset: 3 * CHUNK_BYTES + 4, bytes: 1 }), {
    offset: 16 + 3 * SEALED_CHUNK_BYTES,
    bytes: 21
  })
})

test('the nonce of a chunk is its number and whether it is the last', () => {
  assert.equal(toHex(chunkNonce(0, false)), '000000000000000000000000')
  assert.equal(toHex(chunkNonce(0, true)), '000000000000000000000001')
  assert.equal(toHex(chunkNonce(258, false)), '000000000000000000010200')
  assert.equal(toHex(chunkNonce(2 ** 34 - 1, true)), '00000000000003ffffffff01')
})
