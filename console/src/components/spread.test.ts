import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Holder, shareOf, spread } from './spread.ts'

const holder = (isWhole: boolean, havePieces: number | null) => ({ isWhole, havePieces }) as Holder

test('whole and part are counted apart, and what is not known is its own', () => {
  const holders = [holder(true, null), holder(true, 10), holder(false, 4)]
  assert.deepEqual(spread({ holders, unknown: 7 }), { whole: 2, part: 1, unknown: 7 })
})

test('a share is of pieces, and all of it only where all is there', () => {
  assert.equal(shareOf(holder(true, null), null), 1)
  assert.equal(shareOf(holder(false, 4), 8), 0.5)
  assert.equal(shareOf(holder(false, 4), null), 0)
  assert.ok(shareOf(holder(false, 8), 8) < 1)
})
