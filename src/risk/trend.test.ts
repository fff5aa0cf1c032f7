import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Degree } from './scale.ts'
import { DAYS_KEPT, dayOf, type TrendPoint, thinned, WEEKS_KEPT, worse } from './trend.ts'

const point = (day: number, likelihood: Degree, impact: Degree): TrendPoint => ({ day, likelihood, impact })
const score = ({ likelihood, impact }: TrendPoint): number => likelihood * impact

test('days are those of UTC', () => {
  assert.equal(dayOf(Date.parse('1970-01-02T00:00:00Z')), 1)
  assert.equal(dayOf(Date.parse('1970-01-01T23:59:59.999Z')), 0)
})

test('of two of one day the one with the higher score stays, and of equals the one with the higher impact', () => {
  assert.deepEqual(worse(point(1, 2, 2), point(1, 1, 5)), point(1, 1, 5))
  assert.deepEqual(worse(point(1, 2, 4), point(1, 4, 2)), point(1, 2, 4))
  assert.deepEqual(thinned([point(5, 1, 1), point(5, 3, 3), point(5, 2, 1)], 5), [point(5, 3, 3)])
})

test('a year by the day, then the worst of each week, then nothing', () => {
  const today = 10_000
  const all = Array.from({ length: 6000 }, (_, index) => point(today - index, 1, 1))
  const peak = point(today - 1000, 5, 5)
  const kept = thinned([...all, peak], today)
  assert.equal(kept.filter(({ day }) => day > today - DAYS_KEPT).length, DAYS_KEPT)
  assert.ok(kept.length <= DAYS_KEPT + WEEKS_KEPT)
  assert.deepEqual(
    kept.filter(each => score(each) > 1).map(({ day }) => day),
    [peak.day - (peak.day % 7)]
  )
})

test('thinning again as days go by loses no worst week, and is bounded', () => {
  const drawn = fc.record({ day: fc.integer({ min: 1, max: 4000 }), l: fc.integer({ min: 1, max: 5 }) })
  fc.assert(
    fc.property(fc.array(drawn, { maxLength: 200 }), draws => {
      const points = draws.map(({ day, l }) => point(day, l as Degree, 1)).sort((a, b) => a.day - b.day)
      let kept: TrendPoint[] = []
      for (const each of points) kept = thinned([...kept, each], each.day)
      const last = points.at(-1)?.day ?? 0
      assert.deepEqual(kept, thinned(points, last))
      assert.ok(kept.length <= DAYS_KEPT + WEEKS_KEPT)
    }),
    { numRuns: 100 }
  )
})
