import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS, MINUTE_MS } from '../../../../src/base/units.ts'
import { budgetText, burnText, goalText, lengthMs, levelMark, shareText, worstOf } from './level-words.ts'

test('a goal says the share, the limit, of what, where, and over how long', () => {
  const goal = {
    targetShare: 0.95,
    limitMs: 10 * MINUTE_MS,
    dataset: 'os/',
    site: 'lyon',
    windowMs: 30 * DAY_MS
  }
  assert.equal(goalText(goal), '95 % within 10 min, of os/, at lyon, over 30 d')
  assert.equal(goalText({ ...goal, limitMs: null, dataset: null, site: null }), '95 %, over 30 d')
})

test('what falls short never reads as whole, and what is not known is no figure', () => {
  assert.equal(shareText(0.9999999), '99.999 %')
  assert.equal(shareText(1), '100 %')
  assert.equal(shareText(null), 'not known')
  assert.equal(burnText(null), 'not known')
  assert.equal(burnText(2.04), '2.0 ×')
})

test('a budget is left or overdrawn', () => {
  assert.equal(budgetText(0.999), '99 % left')
  assert.equal(budgetText(0), '0 % left')
  assert.equal(budgetText(-1.5), '150 % over')
  assert.equal(budgetText(null), 'not known')
})

test('of several levels the one that needs somebody comes first, and what is not known before what is met', () => {
  assert.equal(worstOf([{ state: 'met' }, { state: 'unknown' }])?.state, 'unknown')
  assert.equal(worstOf([{ state: 'at-risk' }, { state: 'missed' }, { state: 'met' }])?.state, 'missed')
  assert.equal(worstOf([]), undefined)
  assert.deepEqual(levelMark({ state: 'unknown' }), ['quiet', 'nothing observed'])
})

test('a length of time is a number and a unit', () => {
  assert.equal(lengthMs(10, 'min'), 600_000)
  assert.equal(lengthMs('', 'min'), undefined)
  assert.equal(lengthMs(0, 's'), undefined)
})
