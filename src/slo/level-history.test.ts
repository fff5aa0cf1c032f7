import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/units.ts'
import { levelHistory, levelStepMs } from './level-history.ts'
import { countLevels, judgeLevel } from './service-level.ts'

const DAY = { limitMs: 100, share: 900_000, windowMs: DAY_MS }
const NOW_MS = 40 * DAY_MS
const at = (hour: number, value: number, count = 1) => ({
  atMs: NOW_MS - DAY_MS + hour * HOUR_MS,
  value,
  count
})

describe('the history of a service level', () => {
  it('has a point for each span of the window, those of nothing too', () => {
    const points = levelHistory(DAY, [], NOW_MS)
    assert.equal(points.length, 96)
    assert.equal(points[1]?.atMs, (points[0]?.atMs ?? 0) + 15 * MINUTE_MS)
    assert.equal((points.at(-1)?.atMs ?? 0) + 15 * MINUTE_MS > NOW_MS, true)
    assert.deepEqual(points[0], { ...points[0], good: 0, bad: 0, worst: null, budgetLeft: null })
  })

  it('counts each span by itself, and the budget over the window that ends there', () => {
    const points = levelHistory(DAY, [at(2, 50, 18), at(4, 101, 2), at(6, 50, 20)], NOW_MS).filter(
      ({ good, bad }) => good + bad > 0
    )
    assert.deepEqual(
      points.map(({ good, bad, worst }) => [good, bad, worst]),
      [
        [18, 0, 50],
        [0, 2, 101],
        [20, 0, 50]
      ]
    )
    assert.deepEqual(
      points.map(({ budgetLeft }) => budgetLeft?.toFixed(2)),
      ['1.00', '0.00', '0.50']
    )
  })

  it('ends with what the level itself says is left', () => {
    const seen = [at(1, 50, 30), at(12, 500, 2), at(23.9, 50, 8)]
    const { budgetLeft } = judgeLevel(DAY, countLevels(DAY, seen, NOW_MS))
    assert.equal(levelHistory(DAY, seen, NOW_MS).at(-1)?.budgetLeft, budgetLeft)
  })

  it('lets what is older than the window go, and counts it for the spans before', () => {
    const points = levelHistory(DAY, [at(-23, 500), at(10, 50)], NOW_MS)
    assert.equal(points[0]?.budgetLeft, -9)
    assert.equal(points.at(-1)?.budgetLeft, 1)
  })

  it('chooses spans that are not too many', () => {
    const steps = [HOUR_MS, DAY_MS, 3 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS, 366 * DAY_MS]
    assert.deepEqual(
      steps.map(windowMs => levelStepMs({ windowMs }) / MINUTE_MS),
      [5, 15, 60, 1440, 1440, 10_080]
    )
  })
})
