import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idBytes } from '../../base/ids.ts'
import { HOUR_MS } from '../../base/units.ts'
import { keyNamed, versionNamed } from '../../ledger/fold/org-fixture.conformance.ts'
import { DemandBook } from './demand-book.ts'

const [a, b] = [keyNamed('a').id, keyNamed('b').id]
const [film, song] = [versionNamed('film'), versionNamed('song')]

test('knows when each device asked last, by the beginning of the version', () => {
  const book = new DemandBook()
  assert.equal(book.isEmpty, true)
  book.note(a, idBytes(film), 1000)
  book.note(b, idBytes(film).slice(0, 20), 2000)
  book.note(a, idBytes(film), 3000)
  assert.deepEqual(
    [...book.of(film)],
    [
      [b, 2000],
      [a, 3000]
    ]
  )
  assert.deepEqual([book.has(film), book.has(song), book.of(song).size], [true, false, 0])
})

test('forgets after an hour', () => {
  const book = new DemandBook()
  book.note(a, idBytes(film), 0)
  book.note(b, idBytes(film), 1)
  book.tidy(HOUR_MS)
  assert.equal(book.of(film).size, 2)
  book.tidy(HOUR_MS + 1)
  assert.deepEqual([...book.of(film).keys()], [b])
  book.tidy(HOUR_MS + 2)
  assert.equal(book.isEmpty, true)
})

test('is bounded: what was asked for longest ago goes first', () => {
  const book = new DemandBook(2)
  book.note(a, idBytes(film), 1)
  book.note(b, idBytes(film), 2)
  book.note(a, idBytes(song), 3)
  assert.deepEqual([...book.of(film).keys(), ...book.of(song).keys()], [b, a])
  book.note(b, idBytes(song), 4)
  assert.deepEqual([book.has(film), book.of(song).size], [false, 2])
})
