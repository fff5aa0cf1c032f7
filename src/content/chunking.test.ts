import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { KIB, MIB } from '../base/units.ts'
import { CHUNK_BYTES_AVERAGE, CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, chunkLength, GEAR } from './chunking.ts'
import { noise } from './noise.conformance.ts'

function cuts(bytes: Uint8Array): number[] {
  const lengths: number[] = []
  for (let at = 0; at < bytes.length; at += lengths.at(-1) ?? 0)
    lengths.push(chunkLength(bytes, at, bytes.length))
  return lengths
}

/** The chunks by what is in them. */
function chunks(bytes: Uint8Array): string[] {
  let at = 0
  return cuts(bytes).map(length => {
    const hash = createHash('sha256')
      .update(bytes.subarray(at, at + length))
      .digest('hex')
    at += length
    return hash
  })
}

test('golden: the table and the cuts of known bytes are what they were', () => {
  assert.deepEqual([...GEAR.subarray(0, 3)], GOLDEN.gear)
  assert.deepEqual(cuts(noise(MIB, 7)), GOLDEN.cuts)
})

test('laws: chunks are within their limits and add up to the file', () => {
  fc.assert(
    fc.property(fc.nat(3 * MIB), fc.nat(), (bytes, seed) => {
      const lengths = cuts(noise(bytes, seed))
      assert.equal(
        lengths.reduce((sum, length) => sum + length, 0),
        bytes
      )
      for (const length of lengths.slice(0, -1))
        assert.ok(length > CHUNK_BYTES_MIN && length <= CHUNK_BYTES_MAX)
      assert.ok((lengths.at(-1) ?? 0) <= CHUNK_BYTES_MAX)
    }),
    { numRuns: 20 }
  )
})

test('laws: a cut depends on nothing after it but what its chunk may reach', () => {
  const bytes = noise(2 * MIB, 3)
  const lengths = cuts(bytes)
  let at = 0
  for (const length of lengths) {
    assert.equal(chunkLength(bytes, at, Math.min(bytes.length, at + CHUNK_BYTES_MAX)), length)
    at += length
  }
})

test('laws: what is put in, taken out or changed leaves the chunks of the rest as they were', () => {
  const bytes = noise(8 * MIB, 11)
  const before = new Set(chunks(bytes))
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.nat(2000), fc.nat(2000), (at, inserted, removed) => {
      const end = Math.min(bytes.length, at + removed)
      const changed = Buffer.concat([bytes.subarray(0, at), noise(inserted, 99), bytes.subarray(end)])
      const fresh = chunks(changed).filter(chunk => !before.has(chunk))
      // Two of three cuts fall together again at the first chance: this many in a row never fail to.
      assert.ok(fresh.length <= 40, `${fresh.length} of ${before.size} chunks are new`)
    }),
    { numRuns: 30 }
  )
})

test('the average of noise is near what it should be, and a file of one byte over and over is cut as well', () => {
  const lengths = cuts(noise(32 * MIB, 5))
  const average = (32 * MIB) / lengths.length
  assert.ok(average > 0.8 * CHUNK_BYTES_AVERAGE && average < 1.4 * CHUNK_BYTES_AVERAGE, `${average}`)
  for (const byte of [0, 1, 255]) {
    const flat = cuts(new Uint8Array(MIB).fill(byte))
    assert.ok(flat.length >= 4 && flat.length <= 64)
  }
  assert.deepEqual(cuts(new Uint8Array(5 * KIB)), [5 * KIB])
})

const GOLDEN = {
  gear: [301794027, -1154830370, -693903636],
  cuts: [85487, 159970, 86972, 67660, 35410, 77717, 75891, 83419, 66376, 83724, 68439, 95672, 61839]
}
