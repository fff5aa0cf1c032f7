import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GIB, MIB } from '../base/units.ts'
import { unit } from './fleet-picture.conformance.ts'
import { bySeniority, slotBytes, UNIT_BYTES_MAX, UNITS_PER_VERSION_MAX, unitRuns } from './unit.ts'

test('a version is one unit, until it is too large for one', () => {
  const piecesMax = UNIT_BYTES_MAX / (4 * MIB)
  const cut = (pieceCount: number): string =>
    unitRuns({ pieceCount, pieceBytes: 4 * MIB })
      .map(({ first, count }) => `${first}+${count}`)
      .join(' ')
  assert.equal(cut(0), '0+0')
  assert.equal(cut(1), '0+1')
  assert.equal(cut(piecesMax), `0+${piecesMax}`)
  assert.equal(cut(piecesMax + 1), `0+${piecesMax / 2} ${piecesMax / 2}+${piecesMax / 2 + 1}`)
})

test('law: the units of a version are its pieces, in order, each once, and of nearly one size', () => {
  const shape = fc.record({
    pieceCount: fc.nat({ max: 2 ** 26 }),
    pieceBytes: fc.constantFrom(16 * MIB, GIB)
  })
  fc.assert(
    fc.property(shape, version => {
      const runs = unitRuns(version)
      let next = 0
      for (const { first, count } of runs) {
        assert.equal(first, next)
        next += count
        if (runs.length < UNITS_PER_VERSION_MAX) assert.ok(count * version.pieceBytes <= UNIT_BYTES_MAX)
      }
      assert.equal(next, version.pieceCount)
      const counts = runs.map(({ count }) => count)
      assert.ok(runs.length <= UNITS_PER_VERSION_MAX && Math.max(...counts) - Math.min(...counts) <= 1)
    })
  )
})

test('a share takes its part of the unit, rounded up', () => {
  assert.equal(slotBytes({ ...unit(1, 'copies=3'), bytes: 7 }), 7)
  assert.equal(slotBytes({ ...unit(1, 'shares=3+2'), bytes: 7 }), 3)
})

test('seniority orders units, and of those that are equal their names', () => {
  const [a, b] = [unit(1, 'copies=1'), { ...unit(1, 'copies=1'), index: 1 }]
  const senior = { ...unit(2, 'copies=1'), seniority: 0 }
  assert.deepEqual([b, a, senior].sort(bySeniority), [senior, a, b])
})
