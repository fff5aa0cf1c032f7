import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DAY_MS, HOUR_MS } from '../base/units.ts'
import { RELATIVE_ERROR } from '../history/log-histogram.ts'
import {
  countLevels,
  judgeLevel,
  type LevelCounts,
  mergeLevels,
  NO_COUNT,
  type Observation,
  type Target,
  WHOLE
} from './service-level.ts'

const NOW_MS = 1_800_000_000_000
const MONTH: Target = { limitMs: 1000, share: 990_000, windowMs: 30 * DAY_MS }
const NOTHING: LevelCounts = { window: NO_COUNT, day: NO_COUNT, hour: NO_COUNT }

/** So many good and bad ones, so long ago. */
const seen = (good: number, bad: number, agoMs: number): Observation[] => [
  ...(good > 0 ? [{ atMs: NOW_MS - agoMs, value: 500, count: good }] : []),
  ...(bad > 0 ? [{ atMs: NOW_MS - agoMs, value: 5000, count: bad }] : [])
]
const judged = (target: Target, ...observations: Observation[][]) =>
  judgeLevel(target, countLevels(target, observations.flat(), NOW_MS))

describe('a service level', () => {
  for (const [what, target, observations, state, budgetLeft] of [
    ['nothing was observed', MONTH, [], 'unknown', null],
    ['all of it too long ago', MONTH, [seen(5, 5, 31 * DAY_MS)], 'unknown', null],
    ['all is good', MONTH, [seen(100, 0, DAY_MS)], 'met', 1],
    ['half of the budget is spent, slowly', MONTH, [seen(9950, 50, 20 * DAY_MS)], 'met', 0.5],
    ['just the budget', MONTH, [seen(9900, 100, 20 * DAY_MS)], 'at-risk', 0],
    ['one too many', MONTH, [seen(9899, 101, 20 * DAY_MS)], 'missed', -0.01],
    [
      'a bad hour after a good month',
      MONTH,
      [seen(9990, 0, 20 * DAY_MS), seen(40, 10, 1000)],
      'at-risk',
      1 - 10 / 100.4
    ],
    ['nothing may be bad, and nothing is', { ...MONTH, share: WHOLE }, [seen(3, 0, 0)], 'met', 1],
    ['nothing may be bad, and one is', { ...MONTH, share: WHOLE }, [seen(999, 1, 0)], 'missed', 0]
  ] as const)
    it(`is ${state} when ${what}`, () => {
      const { state: found, budgetLeft: left } = judged(target, ...observations)
      assert.equal(found, state)
      if (budgetLeft === null) assert.equal(left, null)
      else assert.ok(left !== null && Math.abs(left - budgetLeft) < 1e-9, `${left} for ${budgetLeft}`)
    })

  it('without a limit counts what is 0 as good', () => {
    const target = { ...MONTH, limitMs: null }
    const up = { atMs: NOW_MS, value: 0, count: 999 }
    const { share, burn } = judged(target, [up, { ...up, value: 1, count: 1 }])
    assert.equal(share, 0.999)
    assert.ok(burn.hour !== null && Math.abs(burn.hour - 0.1) < 1e-9)
  })

  it('tells median, p95 and the worst; the worst exactly', () => {
    const values = Array.from({ length: 100 }, (_, at) => ({ atMs: NOW_MS, value: 10 * (at + 1), count: 1 }))
    const { p50, p95, worst } = judged({ ...MONTH, limitMs: 950, share: 950_000 }, values)
    assert.ok(p50 !== null && Math.abs(p50 - 500) <= 500 * RELATIVE_ERROR)
    assert.ok(p95 !== null && Math.abs(p95 - 950) <= 950 * RELATIVE_ERROR)
    assert.equal(worst, 1000)
  })
})

const observation = fc.record({
  atMs: fc.integer({ min: NOW_MS - 40 * DAY_MS, max: NOW_MS }),
  value: fc.integer({ min: 0, max: 3000 }),
  count: fc.integer({ min: 1, max: 50 })
})
const fleet = fc.array(fc.array(observation, { maxLength: 20 }), { maxLength: 6 })
const target = fc.record({
  limitMs: fc.option(fc.integer({ min: 0, max: 3000 })),
  share: fc.integer({ min: 1, max: WHOLE }),
  windowMs: fc.integer({ min: HOUR_MS, max: 60 * DAY_MS })
})

describe('counts of several devices', () => {
  it('merged in any order are those of all that they observed', () => {
    fc.assert(
      fc.property(target, fleet, (level, devices) => {
        const each = devices.map(observations => countLevels(level, observations, NOW_MS))
        const all = countLevels(level, devices.flat(), NOW_MS)
        assert.deepEqual(each.reduce(mergeLevels, NOTHING), all)
        assert.deepEqual(each.reduceRight(mergeLevels, NOTHING), all)
      }),
      { numRuns: 300 }
    )
  })

  it('are never judged better for one more that is bad, nor worse for one more that is good', () => {
    const order = ['met', 'at-risk', 'missed']
    fc.assert(
      fc.property(target, fc.array(observation, { minLength: 1, maxLength: 20 }), (level, observations) => {
        const before = judged(level, observations)
        const bad = judged(level, observations, [{ atMs: NOW_MS, value: (level.limitMs ?? 0) + 1, count: 1 }])
        const good = judged(level, observations, [{ atMs: NOW_MS, value: 0, count: 1 }])
        assert.ok((bad.share ?? 0) <= (before.share ?? 1))
        assert.ok((good.share ?? 0) >= (before.share ?? 0))
        if (before.state === 'unknown') return
        assert.ok(order.indexOf(bad.state) >= order.indexOf(before.state), `${before.state} to ${bad.state}`)
        assert.ok(
          order.indexOf(good.state) <= order.indexOf(before.state),
          `${before.state} to ${good.state}`
        )
      }),
      { numRuns: 1000 }
    )
  })

  it('are missed exactly when the share of what is good is too small', () => {
    fc.assert(
      fc.property(target, fc.nat(10_000), fc.nat(10_000), (level, good, bad) => {
        const { state } = judgeLevel(level, { ...NOTHING, window: { ...NO_COUNT, good, bad } })
        const isEnough = BigInt(good) * BigInt(WHOLE) >= BigInt(level.share) * BigInt(good + bad)
        assert.equal(state === 'missed', good + bad > 0 && !isEnough)
      }),
      { numRuns: 1000 }
    )
  })
})
