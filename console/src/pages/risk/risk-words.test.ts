import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Acceptance,
  boundsText,
  hindranceText,
  type Indicator,
  risksByCell,
  standingAcceptance,
  valueText
} from './risk-words.ts'

const DAY_MS = 86_400_000

test('values have the words of their unit', () => {
  assert.equal(valueText('share', 0.1234), '12.3 %')
  assert.equal(valueText('share', 0.05), '5 %')
  assert.equal(valueText('ms', 30 * DAY_MS), '30 d')
  assert.equal(valueText('ms', -3_600_000), '-1 h')
  assert.equal(valueText('bytes', 2_000_000), '2.00 MB')
  assert.equal(valueText('count', 12_000), '12,000')
})

test('an indicator says on which side it is good', () => {
  const indicator = { unit: 'count', target: 2, limit: 1 } as Indicator
  assert.equal(boundsText({ ...indicator, better: 'higher' }), 'good at ≥ 2, bad at ≤ 1')
  assert.equal(boundsText({ ...indicator, target: 0, better: 'lower' }), 'good at ≤ 0, bad at ≥ 1')
})

test('risks are put together by likelihood and impact', () => {
  const at = (likelihood: 1 | 2 | 3, impact: 1 | 2 | 3) => ({
    residual: { likelihood, impact, score: likelihood * impact, level: 'low' as const }
  })
  assert.deepEqual(
    [...risksByCell([at(1, 3), at(3, 1), at(1, 3)])].map(([cell, risks]) => [cell, risks.length]),
    [
      ['1 3', 2],
      ['3 1', 1]
    ]
  )
})

test('what could not be measured is counted, and is never good', () => {
  const grades = (...all: Indicator['grade'][]) => hindranceText(all.map(grade => ({ grade })))
  assert.equal(grades('good', 'good'), 'all 2 good')
  assert.equal(grades('good', 'unknown', 'bad', 'fair', 'bad'), '2 bad, 1 not known, 1 fair')
})

test('an acceptance in force is shown before one that was', () => {
  const acceptance = (state: Acceptance['state']) => ({ state }) as Acceptance
  assert.equal(standingAcceptance([acceptance('ended'), acceptance('in-force')])?.state, 'in-force')
  assert.equal(standingAcceptance([acceptance('ended'), acceptance('exceeded')])?.state, 'exceeded')
  assert.equal(standingAcceptance([]), undefined)
})
