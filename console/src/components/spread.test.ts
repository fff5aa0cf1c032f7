import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Holder, outsideText, shareOf, spread } from './spread.ts'

const holder = (isWhole: boolean, havePieces: number | null) =>
  ({ isWhole, havePieces, isMember: true }) as Holder

test('whole and part are counted apart, and what is not known is its own', () => {
  const holders = [holder(true, null), holder(true, 10), holder(false, 4)]
  assert.deepEqual(spread({ holders, unknown: 7 }), { whole: 2, part: 1, unknown: 7, outside: 0 })
})

test('who is no member any more is counted with nobody, and is not passed over', () => {
  const former = { ...holder(true, 10), isMember: false }
  const found = spread({ holders: [former, holder(false, 4)], unknown: 1 })
  assert.deepEqual(found, { whole: 0, part: 1, unknown: 1, outside: 1 })
  assert.match(outsideText(found) ?? '', /^1 device that is no member any more had it/)
  assert.equal(outsideText({ ...found, outside: 0 }), null)
})

test('a share is of pieces, and all of it only where all is there', () => {
  assert.equal(shareOf(holder(true, null), null), 1)
  assert.equal(shareOf(holder(false, 4), 8), 0.5)
  assert.equal(shareOf(holder(false, 4), null), 0)
  assert.ok(shareOf(holder(false, 8), 8) < 1)
})
