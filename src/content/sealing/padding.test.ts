import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PADDED_BYTES_MIN, paddedBytesOf } from './padding.ts'

/** The function of the paper, on integers of any length. */
function padmeOfPaper(length: bigint): bigint {
  const log2 = (value: bigint) => BigInt(value.toString(2).length - 1)
  const exponent = log2(length)
  const significand = log2(exponent) + 1n
  const mask = (1n << (exponent - significand)) - 1n
  return (length + mask) & ~mask
}

const size = fc.oneof(
  fc.integer({ min: PADDED_BYTES_MIN, max: 2 ** 24 }),
  fc.maxSafeInteger().map(value => Math.min(2 ** 51, Math.abs(value) + PADDED_BYTES_MIN)),
  fc.tuple(fc.integer({ min: 12, max: 51 }), fc.integer({ min: -2, max: 2 })).map(([e, d]) => 2 ** e + d)
)

test('is the function of the paper', () => {
  fc.assert(
    fc.property(size, bytes => {
      if (bytes >= PADDED_BYTES_MIN) assert.equal(BigInt(paddedBytesOf(bytes)), padmeOfPaper(BigInt(bytes)))
    })
  )
})

test('holds what it is for, costs less than an eighth, and is its own padded size', () => {
  fc.assert(
    fc.property(size, bytes => {
      const padded = paddedBytesOf(bytes)
      assert.ok(padded >= bytes && (bytes < PADDED_BYTES_MIN || padded < bytes * 1.125))
      assert.equal(paddedBytesOf(padded), padded)
    })
  )
})

test('never shrinks as what is padded grows', () => {
  fc.assert(fc.property(size, size, (a, b) => a > b || paddedBytesOf(a) <= paddedBytesOf(b)))
})

test('written down: sizes on both sides of a step', () => {
  const pairs = [
    [0, 4096],
    [4096, 4096],
    [4097, 4352],
    [9000, 9216],
    [65_584, 67_584],
    [1_000_000, 1_015_808],
    [1_000_000_000, 1_006_632_960]
  ] as const
  for (const [bytes, padded] of pairs) assert.equal(paddedBytesOf(bytes), padded, `${bytes}`)
})

test('between 4 KiB and 1 TiB there are few sizes', () => {
  const sizes = new Set<number>()
  for (let bytes = PADDED_BYTES_MIN; bytes <= 2 ** 40; bytes = paddedBytesOf(bytes) + 1)
    sizes.add(paddedBytesOf(bytes))
  assert.equal(sizes.size, 4 * 16 + 16 * 32 + 8 * 64 + 1)
})
