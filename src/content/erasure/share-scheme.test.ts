import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, toHex } from '../../base/bytes.ts'
import { fuzz, seeds } from './share-scheme.fuzz.ts'
import { decodeSharedObject, encodeSharedObject, schemeFault, UNIT_BYTES_DEFAULT } from './share-scheme.ts'

const OBJECT = { dataShares: 6, parityShares: 3, unitBytes: UNIT_BYTES_DEFAULT, objectBytes: 0x1234567890 }

test('golden: the record of an object in 6+3', () => {
  assert.equal(toHex(encodeSharedObject(OBJECT)), `50534852${'01'}${'06'}${'03'}${'10'}${'0000001234567890'}`)
  assert.deepEqual(decodeSharedObject(encodeSharedObject(OBJECT)), OBJECT)
})

for (const [what, spoil, reason] of [
  ['another magic', (bytes: Uint8Array) => bytes.fill(0, 0, 1), /no record of shares/],
  ['another format', (bytes: Uint8Array) => bytes.fill(2, 4, 5), /format 2, not 1/],
  ['one data share', (bytes: Uint8Array) => bytes.fill(1, 5, 6), /1 data shares, at least 2/],
  ['no parity', (bytes: Uint8Array) => bytes.fill(0, 6, 7), /0 parity shares, at least 1/],
  ['a share too many', (bytes: Uint8Array) => bytes.fill(27, 6, 7), /33 shares, at most 32/],
  ['a unit below a block', (bytes: Uint8Array) => bytes.fill(13, 7, 8), /a unit of 8192 B/],
  ['a unit that is too long', (bytes: Uint8Array) => bytes.fill(21, 7, 8), /a unit of 2097152 B/],
  ['a unit of no number', (bytes: Uint8Array) => bytes.fill(255, 7, 8), /a unit of /],
  [
    'an object that is too long',
    (bytes: Uint8Array) => bytes.fill(4, 9, 10),
    /an object of 1125978094336144 B/
  ],
  ['a byte too many', (bytes: Uint8Array) => concatBytes([bytes, Uint8Array.of(0)]), /17 B, not 16/],
  ['a byte too few', (bytes: Uint8Array) => bytes.subarray(0, -1), /15 B, not 16/]
] as const) {
  test(`refused: ${what}`, () => {
    const decoded = decodeSharedObject(spoil(encodeSharedObject(OBJECT)))
    assert.ok(typeof decoded === 'string')
    assert.match(decoded, reason)
  })
}

test('a scheme that a person asks for is judged by the same limits', () => {
  assert.equal(schemeFault(OBJECT), undefined)
  assert.match(schemeFault({ ...OBJECT, dataShares: 2.5 }) ?? '', /2.5 data shares/)
  assert.match(schemeFault({ ...OBJECT, parityShares: Number.NaN }) ?? '', /NaN parity shares/)
  assert.match(schemeFault({ ...OBJECT, unitBytes: 3 * 2 ** 14 }) ?? '', /a unit of 49152 B/)
})

test('what can not be read is not written', () => {
  assert.throws(() => encodeSharedObject({ ...OBJECT, objectBytes: -1 }), /an object of -1 B/)
})

test('the seeds of the fuzzer pass', () => {
  for (const seed of seeds) fuzz(seed)
})
