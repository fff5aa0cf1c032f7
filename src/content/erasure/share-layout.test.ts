import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KIB } from '../../base/units.ts'
import { objectOffsetOf, shareBytes, shareRuns, stripeAt, stripeBytes, stripeCount } from './share-layout.ts'
import { OBJECT_BYTES_MAX, type SharedObject, UNIT_BYTES_MIN } from './share-scheme.ts'

const UNIT = UNIT_BYTES_MIN
const of = (dataShares: number, objectBytes: number): SharedObject => ({
  dataShares,
  parityShares: 2,
  unitBytes: UNIT,
  objectBytes
})

/** For each data share, what is in it: a letter for each unit or part of one, with its length. */
function picture(object: SharedObject): string[] {
  const shares = Array.from({ length: object.dataShares }, () => '')
  let letter = 0
  for (const run of shareRuns(object, { objectOffset: 0, bytes: object.objectBytes }))
    shares[run.share] += `${String.fromCharCode(65 + letter++)}${run.bytes === UNIT ? '' : run.bytes} `
  return shares
}

for (const [what, object, shareLength, pictured] of [
  ['nothing', of(3, 0), 0, ['', '', '']],
  ['one byte', of(3, 1), 1, ['A1 ', '', '']],
  ['two', of(3, 2), 1, ['A1 ', 'B1 ', '']],
  ['four', of(3, 4), 2, ['A2 ', 'B2 ', '']],
  ['a stripe', of(3, 3 * UNIT), UNIT, ['A ', 'B ', 'C ']],
  ['a byte less', of(3, 3 * UNIT - 1), UNIT, ['A ', 'B ', `C${UNIT - 1} `]],
  ['a byte more', of(3, 3 * UNIT + 1), UNIT + 1, ['A D1 ', 'B ', 'C ']],
  ['two and a third', of(3, 7 * UNIT), 2 * UNIT + 5462, ['A D G5462 ', 'B E H5462 ', 'C F I5460 ']]
] as const) {
  test(`an object of ${what}`, () => {
    assert.equal(shareBytes(object), shareLength)
    assert.deepEqual(picture(object), pictured)
  })
}

const objects = fc.record({
  dataShares: fc.integer({ min: 2, max: 31 }),
  parityShares: fc.constant(1),
  unitBytes: fc.constantFrom(UNIT, 64 * KIB),
  objectBytes: fc.oneof(
    fc.nat(100),
    fc.nat(40 * 64 * KIB),
    fc.integer({ min: OBJECT_BYTES_MAX - 99, max: OBJECT_BYTES_MAX })
  )
})

test('law: a range is covered once, in order, by runs that lie in data shares', () => {
  fc.assert(
    fc.property(
      objects,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(9 * UNIT),
      (object, at, length) => {
        const objectOffset = Math.floor(at * object.objectBytes)
        const bytes = Math.min(length, object.objectBytes - objectOffset)
        let next = objectOffset
        for (const run of shareRuns(object, { objectOffset, bytes })) {
          assert.equal(run.objectOffset, next)
          assert.ok(run.bytes > 0 && run.share < object.dataShares)
          assert.ok(run.shareOffset + run.bytes <= shareBytes(object))
          next += run.bytes
        }
        assert.equal(next, objectOffset + bytes)
      }
    )
  )
})

test('law: the way back from a share leads to the same byte, also at the very end of the longest', () => {
  fc.assert(
    fc.property(objects, fc.nat(9 * UNIT), (object, fromEnd) => {
      const objectOffset = Math.max(0, object.objectBytes - fromEnd)
      for (const run of shareRuns(object, { objectOffset, bytes: object.objectBytes - objectOffset }))
        for (const ahead of [0, run.bytes - 1]) {
          const position = { share: run.share, shareOffset: run.shareOffset + ahead }
          assert.equal(objectOffsetOf(object, position), run.objectOffset + ahead)
        }
    })
  )
})

test('law: every byte of the data shares is a byte of the object, but for fewer than k of padding', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 9 }), fc.nat(2000), (dataShares, objectBytes) => {
      const object = of(dataShares, objectBytes)
      const seen = new Set<number>()
      let padding = 0
      for (let share = 0; share < dataShares; share++)
        for (let shareOffset = 0; shareOffset < shareBytes(object); shareOffset++) {
          const at = objectOffsetOf(object, { share, shareOffset })
          if (at === undefined) padding++
          else seen.add(at)
        }
      assert.equal(seen.size, objectBytes)
      assert.ok(padding < dataShares)
    })
  )
})

test('law: stripes follow each other, in the object and in the shares', () => {
  fc.assert(
    fc.property(objects, object => {
      const count = stripeCount(object)
      const index = Math.max(0, count - 2)
      if (count < 2) return
      const [before, last] = [stripeAt(object, index), stripeAt(object, index + 1)]
      assert.equal(before.objectOffset + stripeBytes(object), last.objectOffset)
      assert.equal(before.shareOffset + object.unitBytes, last.shareOffset)
      assert.equal(last.objectOffset + last.bytes, object.objectBytes)
      assert.equal(last.shareOffset + last.unitBytes, shareBytes(object))
    })
  )
})

test('parity is no byte of the object, and what lies beyond it is our bug', () => {
  const object = of(3, 10)
  assert.equal(objectOffsetOf(object, { share: 3, shareOffset: 0 }), undefined)
  assert.throws(() => objectOffsetOf(object, { share: 0, shareOffset: 4 }), /the share has the byte/)
  assert.throws(() => [...shareRuns(object, { objectOffset: 9, bytes: 2 })], /the object has the range/)
  assert.throws(() => stripeAt(object, 1), /the object has the stripe/)
})
