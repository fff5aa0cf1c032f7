import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pieceIndex, type VersionId } from '../base/ids.ts'
import { LeafBook } from './leaf-book.ts'
import { sampleBytes, sampleVersion } from './samples.conformance.ts'

const [one, other] = ['one', 'other'].map(
  name => sampleVersion([{ path: ['file'], bytes: sampleBytes(5, 1) }], { name }).version.id
) as [VersionId, VersionId]

test('what was put is found, and no more is kept than there is room for, the version of the last use longest', () => {
  const book = new LeafBook(10 * 1024)
  book.put(one, pieceIndex(0), sampleBytes(1024, 1))
  book.put(other, pieceIndex(0), sampleBytes(1024, 2))
  assert.deepEqual(book.find(one, pieceIndex(0)), sampleBytes(1024, 1))
  assert.equal(book.find(one, pieceIndex(1)), undefined)
  for (let piece = 1; piece < 9; piece++) book.put(one, pieceIndex(piece), sampleBytes(1024, piece))
  assert.ok(book.bytes <= 10 * 1024)
  assert.equal(book.find(other, pieceIndex(0)), undefined)
  assert.equal(book.find(one, pieceIndex(0)), undefined, 'of one version what was put first goes first')
  assert.deepEqual(book.find(one, pieceIndex(8)), sampleBytes(1024, 8))
})

test('a version is forgotten with all that is known of it', () => {
  const book = new LeafBook()
  for (const piece of [0, 1]) book.put(one, pieceIndex(piece), sampleBytes(64, piece))
  book.put(other, pieceIndex(0), sampleBytes(64, 5))
  const { bytes } = book
  book.put(one, pieceIndex(1), sampleBytes(64, 1))
  assert.equal(book.bytes, bytes, 'the same once more takes no room')
  book.forget(one)
  assert.deepEqual([book.versions, book.find(one, pieceIndex(0))], [[other], undefined])
  book.forget(other)
  assert.equal(book.bytes, 0)
})
