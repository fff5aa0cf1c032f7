import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, toHex, utf8 } from '../../base/bytes.ts'
import { openObject, openPayload, payloadKey, sealObject } from './payload.ts'
import { CHUNK_BYTES, objectBytesOf, payloadBytesOf, sealedChunk } from './payload-layout.ts'
import { aead, hkdf, seededBytes } from './samples.conformance.ts'

const fileKey = utf8('YELLOW SUBMARINE')
const ciphers = { hkdf, aead }

function sealed(plaintext: Uint8Array): Uint8Array {
  return sealObject(plaintext, fileKey, { ...ciphers, randomBytes: seededBytes('sealed') })
}

function payloadOf(plaintext: Uint8Array): Uint8Array {
  return sealed(plaintext).slice(0, payloadBytesOf(plaintext.length))
}

/** Chunk `index` of a payload as it lies there. */
function chunkAt(payload: Uint8Array, plaintextBytes: number, index: number): Uint8Array {
  const { offset, bytes } = sealedChunk(plaintextBytes, index)
  return payload.slice(offset, offset + bytes)
}

const plaintext = fc
  .tuple(fc.nat(2), fc.integer({ min: -3, max: 3 }))
  .map(([n, d]) => seededBytes('plain')(Math.max(0, n * CHUNK_BYTES + d)))

test('what was sealed opens', () => {
  fc.assert(
    fc.property(plaintext, plain => {
      const object = sealed(plain)
      assert.equal(object.length, objectBytesOf(plain.length))
      assert.deepEqual(openObject(object, plain.length, { ...ciphers, fileKey }), { plaintext: plain })
    }),
    { numRuns: 25 }
  )
})

test('written down: key, object and padding', () => {
  const nonce = seededBytes('nonce')(16)
  const object = sealed(utf8('attack at dawn'))
  const digest = createHash('sha256').update(object).digest('hex')
  assert.deepEqual(
    [toHex(payloadKey(fileKey, nonce, hkdf)), toHex(object.subarray(0, 46)), digest],
    [
      '14d3fff7d8731415e1e0504063a9f51bdec538eba6e90a7c2ec05c83452c0053',
      '9986c66c14a9cd51cea32e31fe176b0df2ba51cb7be70dce20d11622b7a6d3b9900b8ce44a0ed34ec9813970ce6a',
      '5c4311c34be3ee5060e82f257684311581c173fb1482992ef928132dc512dca1'
    ]
  )
})

test('a chunk that is moved, missing, cut off or twice there is refused', () => {
  const bytes = 2 * CHUNK_BYTES + 9
  const payload = payloadOf(seededBytes('plain')(bytes))
  const nonce = payload.slice(0, 16)
  const [a, b, last] = [0, 1, 2].map(index => chunkAt(payload, bytes, index)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array
  ]
  const open = (...parts: Uint8Array[]) => openPayload(concatBytes([nonce, ...parts]), fileKey, ciphers)
  assert.deepEqual(open(b, a, last), { fault: 'chunk', chunk: 0 })
  assert.deepEqual(open(a, last), { fault: 'chunk', chunk: 1 })
  assert.deepEqual(open(a, b), { fault: 'chunk', chunk: 1 })
  assert.deepEqual(open(a, b, b, last), { fault: 'chunk', chunk: 2 })
  assert.deepEqual(open(a, b, last.slice(0, -1)), { fault: 'chunk', chunk: 2 })
  assert.deepEqual(open(a, b, last, last), { fault: 'chunk', chunk: 2 })
  assert.deepEqual(open(a, b, last, Uint8Array.of(0)), { fault: 'chunk', chunk: 2 })
  assert.deepEqual(open(), { fault: 'size' })
  assert.deepEqual(openPayload(nonce.slice(0, 15), fileKey, ciphers), { fault: 'size' })
  assert.equal(open(a, b, last).fault, undefined)
})

test('a last chunk that is empty is one of an empty plaintext only', () => {
  const cipher = aead(payloadKey(fileKey, new Uint8Array(16), hkdf))
  const nonce = (index: number, final: number) => Uint8Array.of(...new Array(10).fill(0), index, final)
  const full = cipher.seal(nonce(0, 0), new Uint8Array(CHUNK_BYTES))
  const empty = cipher.seal(nonce(1, 1), new Uint8Array(0))
  const open = (...parts: Uint8Array[]) =>
    openPayload(concatBytes([new Uint8Array(16), ...parts]), fileKey, ciphers)
  assert.deepEqual(open(full, empty), { fault: 'size' })
  assert.deepEqual(open(full), { fault: 'chunk', chunk: 0 })
  assert.deepEqual(open(cipher.seal(nonce(0, 1), new Uint8Array(0))), { plaintext: new Uint8Array(0) })
})

test('any bit of the payload counts, and the size of the object', () => {
  const plain = utf8('attack at dawn')
  const object = sealed(plain)
  for (let at = 0; at < payloadBytesOf(plain.length); at++) {
    const altered = object.slice()
    altered[at] = (altered[at] ?? 0) ^ 1
    assert.deepEqual(openObject(altered, plain.length, { ...ciphers, fileKey }), { fault: 'chunk', chunk: 0 })
  }
  assert.deepEqual(openObject(object.slice(1), plain.length, { ...ciphers, fileKey }), { fault: 'size' })
  assert.deepEqual(openObject(object, plain.length - 1, { ...ciphers, fileKey }), {
    fault: 'chunk',
    chunk: 0
  })
})

test('another key opens nothing', () => {
  const otherKey = utf8('GREEN SUBMARINES')
  const opened = openPayload(payloadOf(utf8('x')), otherKey, ciphers)
  assert.deepEqual(opened, { fault: 'chunk', chunk: 0 })
})
