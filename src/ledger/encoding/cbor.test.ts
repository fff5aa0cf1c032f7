import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AssertionFailure } from '../../base/assert.ts'
import { fromHex, toHex } from '../../base/bytes.ts'
import { type CborFault, type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import { CBOR_VALUES_MAX } from './cbor-reader.ts'
import { decodeByReference } from './cbor-reference.conformance.ts'

const LIMITS = { bytesMax: 4096, depthMax: 6 }
const hex = (text: string) => fromHex(text.replaceAll(' ', '')) ?? new Uint8Array()

const { value: cborValue } = fc.letrec<{ value: CborValue }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true, maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie('value'), { maxKeys: 5 })
  )
}))

// RFC 8949 appendix A, as far as its values exist here.
const RFC_8949: readonly [CborValue, string][] = [
  [0, '00'],
  [23, '17'],
  [24, '1818'],
  [1000000000000, '1b000000e8d4a51000'],
  [-1, '20'],
  [-1000, '3903e7'],
  [false, 'f4'],
  [null, 'f6'],
  [Uint8Array.of(1, 2, 3, 4), '4401020304'],
  ['IETF', '6449455446'],
  ['水', '63e6b0b4'],
  [[1, [2, 3], [4, 5]], '8301820203820405'],
  [{ a: 1, b: [2, 3] }, 'a26161016162820203']
]

test('the examples of RFC 8949 appendix A, both ways', () => {
  for (const [value, encoded] of RFC_8949) {
    assert.equal(toHex(encodeCbor(value)), encoded)
    assert.deepEqual(decodeCbor(hex(encoded), LIMITS), { ok: true, value })
  }
})

test('keys are in bytewise order of their encoding, so shorter ones come first', () => {
  assert.equal(toHex(encodeCbor({ aa: 1, b: 2, a: 3 })), 'a3 6161 03 6162 02 626161 01'.replaceAll(' ', ''))
})

test('what is encoded decodes to the same value', () => {
  fc.assert(
    fc.property(cborValue, value => {
      const decoded = decodeCbor(encodeCbor(value), LIMITS)
      assert.ok(decoded.ok)
      assert.equal(normalised(decoded.value), normalised(value))
    })
  )
})

const normalised = (value: CborValue): string => toHex(encodeCbor(value))

/** Bytes that are nearly CBOR: an encoding with a byte changed, cut, or doubled. */
const nearlyCbor = fc
  .tuple(cborValue, fc.nat(), fc.nat({ max: 255 }), fc.constantFrom('set', 'set', 'cut', 'double'))
  .map(([value, index, byte, how]) => {
    const bytes = encodeCbor(value)
    const at = index % bytes.length
    if (how === 'cut') return bytes.slice(0, at)
    if (how === 'double') return Uint8Array.from([...bytes.subarray(0, at + 1), ...bytes.subarray(at)])
    return bytes.with(at, byte)
  })

test('any bytes that decode are the one encoding of their value', () => {
  fc.assert(
    fc.property(fc.oneof(nearlyCbor, fc.uint8Array({ maxLength: 40 })), bytes => {
      const decoded = decodeCbor(bytes, LIMITS)
      if (decoded.ok) assert.equal(toHex(encodeCbor(decoded.value)), toHex(bytes))
    }),
    { numRuns: 2000 }
  )
})

test('a library that encodes again what it decoded accepts the same bytes, and means the same', () => {
  // Why bytes are refused may differ, where several things are wrong with them.
  const answer = (decoded: ReturnType<typeof decodeCbor>) =>
    decoded.ok ? toHex(encodeCbor(decoded.value)) : 'refused'
  const isMarked = (bytes: Uint8Array) => toHex(bytes).includes('efbbbf')
  fc.assert(
    fc.property(fc.oneof(nearlyCbor, fc.uint8Array({ maxLength: 40 })), bytes => {
      fc.pre(!isMarked(bytes))
      assert.equal(answer(decodeCbor(bytes, LIMITS)), answer(decodeByReference(bytes, LIMITS)))
    }),
    { numRuns: 5000 }
  )
})

const REFUSED: readonly [string, string, CborFault][] = [
  ['an integer that is not in its shortest form', '18 17', 'malformed'],
  ['a length that is not in its shortest form', '58 01 00', 'malformed'],
  ['an indefinite array', '9f 01 ff', 'malformed'],
  ['indefinite bytes', '5f 41 00 ff', 'malformed'],
  ['a float', 'f9 3c00', 'malformed'],
  ['a tag', 'c0 61 61', 'malformed'],
  ['undefined', 'f7', 'malformed'],
  ['an unassigned simple value', 'f0', 'malformed'],
  ['an integer beyond the safe range', '1b 0020000000000000', 'malformed'],
  ['a repeated key', 'a2 6161 01 6161 02', 'malformed'],
  ['keys out of order', 'a2 6162 01 6161 02', 'not-canonical'],
  ['a key that is not text', 'a1 01 01', 'malformed'],
  ['text that is not UTF-8', '61 ff', 'malformed'],
  ['bytes after the value', '00 00', 'malformed'],
  ['an array that promises more than there is', '9b 0000000100000000', 'malformed'],
  ['nothing', '', 'malformed'],
  ['containers that nest too deep', '81 81 81 81 81 81 81 00', 'too-deep'],
  ['containers that nest absurdly deep', '81'.repeat(4000), 'too-deep'],
  ['more bytes than the limit', '00'.repeat(5000), 'too-large']
]

for (const [what, encoded, reason] of REFUSED)
  test(`refused: ${what}`, () => {
    const decoded = decodeCbor(hex(encoded), LIMITS)
    assert.equal(decoded.ok ? 'accepted' : decoded.reason, reason)
  })

test('depth counts what is open, not what was', () => {
  const wide = [[[1]], [[2]], [[3], [4], { a: [5] }]]
  assert.ok(decodeCbor(encodeCbor(wide), { bytesMax: 100, depthMax: 4 }).ok)
  assert.equal(decodeCbor(encodeCbor(wide), { bytesMax: 100, depthMax: 3 }).ok, false)
})

test('a large message of very many small values is refused before they fill memory', () => {
  const limits = { bytesMax: 8 * 1024 * 1024, depthMax: 4 }
  const list = (count: number, filler: number): Uint8Array => {
    const bytes = new Uint8Array(5 + count).fill(filler)
    bytes[0] = 0x9a
    new DataView(bytes.buffer).setUint32(1, count)
    return bytes
  }
  // Empty bytes, text, lists and maps, and zero: a byte each, and up to two hundred once they are read.
  for (const filler of [0x40, 0x60, 0x80, 0xa0, 0x00]) {
    const refused = decodeCbor(list(CBOR_VALUES_MAX, filler), limits)
    assert.equal(refused.ok ? 'accepted' : refused.reason, 'too-large')
  }
  assert.ok(decodeCbor(list(CBOR_VALUES_MAX - 1, 0x00), limits).ok)
})

test('a text is read whole whatever its length', () => {
  for (const text of ['a'.repeat(64), 'a'.repeat(65), 'ä'.repeat(65), '\ufeffa'.repeat(40)]) {
    const decoded = decodeCbor(encodeCbor(text), LIMITS)
    assert.ok(decoded.ok)
    assert.equal(decoded.value, text)
  }
})

test('a value that no peer could read is our bug', () => {
  for (const value of [1.5, Number.NaN, 2 ** 53, '\ud800', { a: 0.1 }])
    assert.throws(() => encodeCbor(value), AssertionFailure)
})

test('decoded bytes are a copy, so a small part does not keep a large message alive', () => {
  const decoded = decodeCbor(Buffer.from('43010203', 'hex'), LIMITS)
  assert.ok(decoded.ok && decoded.value instanceof Uint8Array)
  assert.equal(decoded.value.buffer.byteLength, 3)
})

test('a key named __proto__ is data', () => {
  const decoded = decodeCbor(hex('a1 69 5f5f70726f746f5f5f 01'), LIMITS)
  assert.ok(decoded.ok)
  assert.deepEqual(Object.keys(decoded.value as object), ['__proto__'])
})
