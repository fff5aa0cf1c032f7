import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { MINUTE_MS } from '../../base/units.ts'
import { QuestionBudget } from './question-budget.ts'

const [one, two] = ['a', 'b'].map(digit => digit.repeat(64)) as [DeviceId, DeviceId]

test('each device may ask so often within a minute of its first question, whatever others ask', () => {
  let nowMs = 5
  const budget = new QuestionBudget(2, () => nowMs)
  assert.deepEqual([budget.takes(one), budget.takes(one), budget.takes(one)], [true, true, false])
  nowMs += MINUTE_MS - 1
  assert.deepEqual([budget.takes(one), budget.takes(two)], [false, true])
  nowMs += 1
  assert.deepEqual([budget.takes(one), budget.takes(two), budget.takes(two)], [true, true, false])
})
