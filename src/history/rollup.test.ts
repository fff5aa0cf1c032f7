import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import {
  mergeSummaries,
  POINTS_MAX,
  type Point,
  planReading,
  RESOLUTIONS,
  regroup,
  spanStart,
  summaryOf
} from './rollup.ts'

const NOW_MS = 1_800_000_000_000

describe('resolutions', () => {
  it('are finest first, each step a multiple of the one before, and kept for longer', () => {
    RESOLUTIONS.reduce((finer, coarser) => {
      assert.equal(coarser.stepMs % finer.stepMs, 0)
      assert.ok(coarser.keptMs > finer.keptMs)
      return coarser
    })
  })
})

describe('a reading', () => {
  const plan = (agoMs: number, stepMs: number | null = null) => {
    const { resolution, stepMs: told } = planReading(
      { fromMs: NOW_MS - agoMs, toMs: NOW_MS },
      { stepMs, nowMs: NOW_MS }
    )
    return [resolution.stepMs, told]
  }

  it('is as fine as what is still kept for its beginning', () => {
    assert.deepEqual(plan(HOUR_MS), [10 * SECOND_MS, 10 * SECOND_MS])
    assert.deepEqual(plan(DAY_MS), [MINUTE_MS, MINUTE_MS])
    assert.deepEqual(plan(30 * DAY_MS), [HOUR_MS, HOUR_MS])
    assert.deepEqual(plan(365 * DAY_MS), [DAY_MS, DAY_MS])
    assert.deepEqual(plan(9 * 365 * DAY_MS), [DAY_MS, 2 * DAY_MS])
  })

  it('takes the coarsest points that the step wished for allows, and never finer steps than those', () => {
    assert.deepEqual(plan(HOUR_MS, 5 * MINUTE_MS), [MINUTE_MS, 5 * MINUTE_MS])
    assert.deepEqual(plan(HOUR_MS, 25 * SECOND_MS), [10 * SECOND_MS, 30 * SECOND_MS])
    assert.deepEqual(plan(30 * DAY_MS, SECOND_MS), [HOUR_MS, HOUR_MS])
  })

  it('never has many more points than the limit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 6 * 365 * DAY_MS }),
        fc.option(fc.integer({ min: 1, max: DAY_MS })),
        (agoMs, stepMs) => {
          const [, told = 0] = plan(agoMs, stepMs)
          assert.ok(agoMs / told <= POINTS_MAX)
        }
      )
    )
  })
})

describe('points', () => {
  it('lose no count, sum, minimum or maximum when they are grouped, in one go or step by step', () => {
    const sample = fc.record({
      atMs: fc.integer({ min: 0, max: 3 * DAY_MS }),
      value: fc.integer({ min: 0, max: 1_000_000 })
    })
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 80 }), samples => {
        const points: Point[] = samples
          .toSorted((a, b) => a.atMs - b.atMs)
          .map(({ atMs, value }) => ({ atMs, ...summaryOf(value) }))
        const inOneGo = regroup(points, DAY_MS)
        assert.deepEqual(
          RESOLUTIONS.reduce((finer, { stepMs }) => regroup(finer, stepMs), points),
          inOneGo
        )
        for (const point of inOneGo) {
          const own = samples.filter(({ atMs }) => spanStart(atMs, DAY_MS) === point.atMs)
          const values = own.map(({ value }) => value)
          assert.equal(point.count, values.length)
          assert.equal(
            point.sum,
            values.reduce((a, b) => a + b)
          )
          assert.equal(point.min, Math.min(...values))
          assert.equal(point.max, Math.max(...values))
        }
        const all = inOneGo.map(({ atMs: _, ...summary }) => summary).reduce(mergeSummaries)
        assert.equal(all.count, samples.length)
      })
    )
  })
})
