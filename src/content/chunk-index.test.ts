import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, toHex } from '../base/bytes.ts'
import { KIB } from '../base/units.ts'
import { fuzz, seeds } from './chunk-index.fuzz.ts'
import {
  CHUNK_HASH_BYTES,
  CHUNKED_BYTES_MIN,
  type ChunkIndex,
  chunkedFiles,
  decodeChunkIndex,
  encodeChunkIndex,
  type FileChunks
} from './chunk-index.ts'
import { ChunkTable, localRanges } from './chunk-match.ts'

const LENGTH = 64 * KIB

function hashOf(letter: string): Uint8Array {
  return createHash('sha256').update(letter).digest().subarray(0, CHUNK_HASH_BYTES)
}

/** A file whose chunks are all as long, each named by a letter. */
function file(fileIndex: number, letters: string): FileChunks {
  const lengths = Uint32Array.from({ length: letters.length }, () => LENGTH)
  return { fileIndex, lengths, hashes: concatBytes([...letters].map(hashOf)) }
}

const versionOf = (index: ChunkIndex) => {
  const files: { bytes: number }[] = []
  for (const { fileIndex, lengths } of index) {
    while (files.length < fileIndex) files.push({ bytes: 0 })
    files.push({ bytes: lengths.reduce((sum, length) => sum + length, 0) })
  }
  return { totalBytes: files.reduce((sum, { bytes }) => sum + bytes, 0), files }
}

test('golden: an index of two files', () => {
  const index = [file(1, 'a'), file(3, 'bc')]
  const bytes = encodeChunkIndex(index)
  assert.equal(
    toHex(bytes),
    '5043484b0100000002' +
      '0000000100000001' +
      `00010000${toHex(hashOf('a'))}` +
      '0000000300000002' +
      `00010000${toHex(hashOf('b'))}00010000${toHex(hashOf('c'))}`
  )
  assert.deepEqual(decodeChunkIndex(bytes, versionOf(index)), index)
})

for (const [what, spoil, reason] of [
  ['another magic', (bytes: Uint8Array) => bytes.fill(0, 0, 1), /no chunk index/],
  ['another format', (bytes: Uint8Array) => bytes.fill(2, 4, 5), /format 2/],
  ['a file that is not there', (bytes: Uint8Array) => bytes.fill(9, 12, 13), /no such file/],
  ['one chunk too many', (bytes: Uint8Array) => bytes.fill(3, 16, 17), /ends within a chunk/],
  ['a chunk of no bytes', (bytes: Uint8Array) => bytes.fill(0, 17, 21), /a chunk of 0 bytes/],
  ['a chunk that is too long', (bytes: Uint8Array) => bytes.fill(1, 17, 18), /a chunk of/],
  [
    'another sum',
    (bytes: Uint8Array) => bytes.fill(1, 20, 21),
    /chunks of 131073 bytes for a file of 131072/
  ],
  ['a byte too many', (bytes: Uint8Array) => concatBytes([bytes, Uint8Array.of(0)]), /bytes follow/],
  ['a byte too few', (bytes: Uint8Array) => bytes.subarray(0, -1), /ends within a chunk/]
] as const) {
  test(`refused: ${what}`, () => {
    const index = [file(0, 'ab')]
    const spoilt = spoil(encodeChunkIndex(index))
    const decoded = decodeChunkIndex(spoilt, versionOf(index))
    assert.ok(typeof decoded === 'string')
    assert.match(decoded, reason)
  })
}

test('refused: files out of order, or twice', () => {
  for (const order of [
    [2, 1],
    [1, 1]
  ] as const) {
    const index = order.map(fileIndex => file(fileIndex, 'ab'))
    const files = [0, 1, 2].map(() => ({ bytes: 2 * LENGTH }))
    assert.match(String(decodeChunkIndex(encodeChunkIndex(index), { totalBytes: 0, files })), /not in order/)
  }
})

test('the seeds of the fuzzer pass', () => {
  for (const seed of seeds) fuzz(seed)
})

test('short files are not cut into chunks', () => {
  const files = [CHUNKED_BYTES_MIN, CHUNKED_BYTES_MIN - 1, 0].map(bytes => ({ bytes }))
  assert.deepEqual(chunkedFiles({ totalBytes: 1, files }), [0])
})

test('what two versions have in common is found, and what goes on is one range', () => {
  const table = new ChunkTable()
  table.add(1, [file(0, 'abcdef'), file(4, 'xyz')])
  assert.deepEqual(localRanges(table, file(0, 'abQcdex')), [
    { source: 1, fileIndex: 0, offset: 0, begin: 0, bytes: 2 * LENGTH },
    { source: 1, fileIndex: 0, offset: 2 * LENGTH, begin: 3 * LENGTH, bytes: 3 * LENGTH },
    { source: 1, fileIndex: 4, offset: 0, begin: 6 * LENGTH, bytes: LENGTH }
  ])
  assert.deepEqual(localRanges(table, file(0, 'QRS')), [])
})

test('the version that was added first is found first, and a chunk of another length is another', () => {
  const table = new ChunkTable()
  table.add(1, [file(0, 'ab')])
  table.add(2, [file(0, 'bc')])
  assert.equal(table.find({ length: LENGTH, hash: hashOf('b') })?.source, 1)
  assert.equal(table.find({ length: LENGTH, hash: hashOf('c') })?.source, 2)
  assert.equal(table.find({ length: LENGTH + 1, hash: hashOf('c') }), undefined)
})

test('laws: every range names equal bytes, in order and without overlap, and no equal chunk is missed', () => {
  const letters = fc.array(fc.constantFrom(...'abcdefgh'), { maxLength: 30 }).map(all => all.join(''))
  fc.assert(
    fc.property(letters, letters, (before, after) => {
      const table = new ChunkTable()
      table.add(0, [file(0, before)])
      const ranges = localRanges(table, file(0, after))
      let end = 0
      let bytes = 0
      for (const range of ranges) {
        assert.ok(range.begin >= end)
        end = range.begin + range.bytes
        bytes += range.bytes
        const [from, to] = [range.begin / LENGTH, end / LENGTH]
        assert.equal(
          before.slice(range.offset / LENGTH, (range.offset + range.bytes) / LENGTH),
          after.slice(from, to)
        )
      }
      assert.equal(bytes, [...after].filter(letter => before.includes(letter)).length * LENGTH)
    })
  )
})
