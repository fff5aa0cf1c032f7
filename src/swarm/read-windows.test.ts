import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pieceIndex } from '../base/ids.ts'
import { MIB, SECOND_MS } from '../base/units.ts'
import { pieceLength, type Version } from '../content/version.ts'
import { demandOf, WINDOW_BYTES_MAX, WINDOW_BYTES_MIN, WindowReader } from './read-windows.ts'

const PIECE_BYTES = MIB / 2

/** A version of one file, of which only lengths matter. */
function versionOf(pieceCount: number, pieceBytes = PIECE_BYTES): Version {
  const bytes = pieceCount * pieceBytes - 1
  const file = { path: ['film'], bytes, firstPiece: 0, pieceCount, root: undefined }
  const described = { pieceBytes, pieceCount, totalBytes: bytes, files: [file] }
  return described as unknown as Version
}

const VERSION = versionOf(200)
const ALL = { isHere: () => false, bytesMax: Number.POSITIVE_INFINITY }

test('a reader that has just come has a least window, from where it is', () => {
  const reader = new WindowReader(VERSION, { first: 7, end: 200 }, 0)
  assert.deepEqual(demandOf([reader], { ...ALL, nowMs: 0 }), [7, 8, 9, 10])
  const short = new WindowReader(VERSION, { first: 7, end: 9 }, 0)
  assert.deepEqual(demandOf([short], { ...ALL, nowMs: 0 }), [7, 8])
})

test('the faster it reads the further ahead it is fetched, up to a bound, and less again when it pauses', () => {
  const reader = new WindowReader(VERSION, { first: 0, end: 200 }, 0)
  let nowMs = 0
  for (let piece = 0; piece < 20; piece++, nowMs += 500) {
    reader.moveTo(pieceIndex(piece))
    reader.took(PIECE_BYTES, nowMs)
  }
  const window = demandOf([reader], { ...ALL, nowMs })
  // A MiB a second, for eight seconds.
  assert.ok(window.length >= 14 && window.length <= 18, `${window.length}`)
  for (; nowMs < 20_000; nowMs += 10) reader.took(PIECE_BYTES, nowMs)
  assert.equal(reader.windowBytes(nowMs), WINDOW_BYTES_MAX)
  assert.equal(reader.windowBytes(nowMs + 10 * SECOND_MS), WINDOW_BYTES_MIN)
})

test('what two readers come to soon is before what one of them comes to late', () => {
  const one = new WindowReader(VERSION, { first: 0, end: 200 }, 0)
  const other = new WindowReader(VERSION, { first: 100, end: 200 }, 0)
  assert.deepEqual(demandOf([one, other], { ...ALL, nowMs: 0 }), [0, 100, 1, 101, 2, 102, 3, 103])
})

test('what is here is not demanded, but counts', () => {
  const reader = new WindowReader(VERSION, { first: 0, end: 200 }, 0)
  const now = { nowMs: 0, isHere: (piece: number) => piece < 2, bytesMax: 3 * PIECE_BYTES }
  assert.deepEqual(demandOf([reader], now), [2])
})

test('a window moves on in steps', () => {
  const reader = new WindowReader(VERSION, { first: 0, end: 200 }, 0)
  assert.ok(reader.isStale(0))
  reader.mark()
  assert.ok(!reader.isStale(0))
  reader.moveTo(pieceIndex(1))
  assert.ok(reader.isStale(0), 'a piece is a quarter of a least window')
})

test('whatever the readers: each next piece is demanded, in order of time, within bounds, and nothing else', () => {
  const readerOf = fc.record({ first: fc.nat(60), length: fc.nat(60), tookBytes: fc.nat(80 * MIB) })
  fc.assert(
    fc.property(
      fc.array(readerOf, { maxLength: 6 }),
      fc.constantFrom(16_384, MIB, 16 * MIB),
      fc.uniqueArray(fc.nat(120)),
      fc.nat(128 * MIB),
      (inits, pieceBytes, here, bytesMax) => {
        const version = versionOf(121, pieceBytes)
        const readers = inits.map(({ first, length, tookBytes }) => {
          const reader = new WindowReader(version, { first, end: first + length }, 0)
          reader.took(tookBytes, 100)
          return reader
        })
        const isHere = (piece: number) => here.includes(piece)
        const demanded = demandOf(readers, { nowMs: 1000, isHere, bytesMax })
        assert.equal(new Set(demanded).size, demanded.length)
        let bytes = 0
        for (const piece of demanded) {
          assert.ok(!isHere(piece))
          const reader = readers.find(({ at, end }) => piece >= at && piece < end)
          assert.ok(reader !== undefined, 'somebody comes to it')
          if (!readers.some(({ at }) => at === piece)) bytes += pieceLength(version, piece)
        }
        assert.ok(bytes <= bytesMax, 'the bound holds, but for what is read now')
        for (const { at, end, windowBytes } of readers.map(reader => ({
          at: reader.at,
          end: reader.end,
          windowBytes: reader.windowBytes(1000)
        }))) {
          if (at < end && !isHere(at)) assert.ok(demanded.includes(pieceIndex(at)))
          assert.ok(windowBytes <= WINDOW_BYTES_MAX)
        }
      }
    ),
    { numRuns: 200 }
  )
})
