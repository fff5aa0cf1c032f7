import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GIB, KIB, MIB } from '../base/units.ts'
import {
  isPieceBytes,
  LONG_PIECES_WANTED_MAX,
  PIECE_BYTES_MAX,
  PIECE_BYTES_MIN,
  PIECES_WANTED_MAX,
  pieceBytesFor
} from './piece-length.ts'

test('sizes that people publish', () => {
  const cases: [number, number][] = [
    [0, 16 * KIB],
    [1, 16 * KIB],
    [8 * MIB, 16 * KIB],
    [8 * MIB + 1, 32 * KIB],
    [100 * MIB, 256 * KIB],
    [GIB, 2 * MIB],
    [GIB + 1, 4 * MIB],
    [8 * GIB, 4 * MIB],
    [8 * GIB + 1, 8 * MIB],
    [32 * GIB, 16 * MIB],
    [10_000 * GIB, 16 * MIB]
  ]
  for (const [total, expected] of cases) assert.equal(pieceBytesFor(total), expected, `${total} B`)
})

test('the smallest allowed piece length that gives few enough pieces', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), total => {
      const pieceBytes = pieceBytesFor(total)
      assert.ok(isPieceBytes(pieceBytes))
      assert.ok(pieceBytes === PIECE_BYTES_MAX || total / pieceBytes <= LONG_PIECES_WANTED_MAX)
      assert.ok(pieceBytes === PIECE_BYTES_MIN || total / (pieceBytes / 2) > PIECES_WANTED_MAX)
      assert.ok(pieceBytes > 2 * MIB || total / pieceBytes <= PIECES_WANTED_MAX)
    })
  )
})

test('only powers of two within the limits are piece lengths', () => {
  for (let size: number = PIECE_BYTES_MIN; size <= PIECE_BYTES_MAX; size *= 2) {
    assert.ok(isPieceBytes(size))
    assert.ok(!isPieceBytes(size + 1))
    assert.ok(!isPieceBytes(size * 1.5))
  }
  for (const size of [0, -1, 8 * KIB, 32 * MIB, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.ok(!isPieceBytes(size), `${size}`)
  }
})
