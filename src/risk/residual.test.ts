import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RISKS, riskNamed } from './register.ts'
import { assess, type Grade, gradeOf } from './residual.ts'
import type { IndicatorSpec, Reading, RiskSpec } from './risk.ts'

const NOW_MS = 1_800_000_000_000
const read = (value: number | null): Reading => ({
  ...{ value, unknown: value === null ? 'nobody measured it' : null, detail: null, devices: [], atMs: NOW_MS }
})
type Values = ReadonlyMap<string, number | null>
const assessed = (risk: RiskSpec, values: Values) =>
  assess(risk, new Map([...values].map(([id, value]) => [id, read(value)])), NOW_MS)
const named = (id: string): RiskSpec => {
  const risk = riskNamed(id)
  assert.ok(risk, id)
  return risk
}
/** A value of each grade. */
function valueAt({ target, limit }: IndicatorSpec, grade: Grade): number | null {
  return { good: target, fair: (target + limit) / 2, bad: limit, unknown: null }[grade]
}
const allAt = (risk: RiskSpec, grade: Grade): Map<string, number | null> =>
  new Map(risk.indicators.map(each => [each.id, valueAt(each, grade)]))
const factors = (risk: RiskSpec, values: Values) => {
  const { likelihood, impact } = assessed(risk, values)
  return [likelihood.residual, impact.residual] as const
}

describe('the grade of an indicator', () => {
  const lower = { id: 'x', title: 'x', factor: 'likelihood', unit: 'count', better: 'lower' } as const
  test('follows from target and limit, both included', () => {
    const spec = { ...lower, target: 2, limit: 5 }
    const grades = [0, 2, 2.1, 4.9, 5, 9].map(value => gradeOf(spec, value))
    assert.deepEqual(grades, ['good', 'good', 'fair', 'fair', 'bad', 'bad'])
    const higher = { ...spec, better: 'higher', target: 5, limit: 2 } as const
    const turned = [9, 5, 4.9, 2.1, 2, 0].map(value => gradeOf(higher, value))
    assert.deepEqual(turned, ['good', 'good', 'fair', 'fair', 'bad', 'bad'])
  })
  test('of what can not be measured is unknown', () => {
    for (const value of [null, Number.NaN])
      assert.equal(gradeOf({ ...lower, target: 0, limit: 1 }, value), 'unknown')
  })
})

describe('the residual risk', () => {
  const risk = named('data-loss')
  test('is what controls leave, with the formula in words', () => {
    const { likelihood, impact, score, level } = assessed(risk, allAt(risk, 'good'))
    assert.deepEqual([likelihood.inherent, likelihood.residual], [4, 1])
    assert.deepEqual([impact.inherent, impact.residual, score, level], [5, 5, 5, 'low'])
    assert.equal(likelihood.steps.at(-1), 'residual likelihood: max(1, 4 - 2 - 1) = 1')
    assert.deepEqual(impact.steps, [
      'inherent impact: 5',
      'no control lowers it',
      'residual impact: max(1, 5) = 5'
    ])
  })

  test('has a step less where an indicator is between target and limit', () => {
    const values = allAt(risk, 'good').set('unsafe-versions', 0.01)
    const { likelihood } = assessed(risk, values)
    assert.equal(likelihood.residual, 2)
    assert.ok(likelihood.steps.some(step => step.includes('is between target and limit')))
  })

  test('is the inherent one of the factor while an indicator is beyond its limit, or nobody measured it', () => {
    for (const value of [0.05, 1, null]) {
      const { likelihood } = assessed(risk, allAt(risk, 'good').set('unsafe-versions', value))
      assert.equal(likelihood.residual, 4, String(value))
    }
    const nothing = assessed(risk, new Map())
    assert.equal(nothing.score, nothing.inherentScore)
    assert.ok(nothing.indicators.every(({ grade, unknown }) => grade === 'unknown' && unknown !== null))
  })

  test('is lowered by what is judged by one at the most', () => {
    const judged = { ...named('device-theft').controls[1], indicators: [] } as const
    assert.ok(judged.id === 'revoke')
    const twice: RiskSpec = {
      ...named('device-theft'),
      indicators: [],
      controls: [
        { ...judged, steps: 1, id: 'one' },
        { ...judged, steps: 3, id: 'two' }
      ] as RiskSpec['controls']
    }
    const { likelihood, controls } = assessed(twice, new Map())
    assert.equal(likelihood.residual, likelihood.inherent - 1)
    assert.deepEqual(
      controls.map(({ takes }) => takes),
      [1, 0]
    )
  })

  for (const spec of RISKS)
    test(`${spec.id} answers to each of its indicators`, () => {
      const good = assessed(spec, allAt(spec, 'good'))
      const bad = assessed(spec, allAt(spec, 'bad'))
      assert.ok(good.score < bad.score, 'what works lowers it')
      for (const { factor } of spec.indicators) assert.equal(bad[factor].residual, bad[factor].inherent)
      for (const { id, factor } of spec.indicators) {
        const before = good[factor].residual
        const after = assessed(spec, allAt(spec, 'good').set(id, badValue(spec, id)))[factor].residual
        assert.ok(after > before, `${id} raises its ${factor}`)
      }
    })

  test('is never lowered by a worse value, nor by not knowing', () => {
    const anyValue = fc.oneof(fc.constant(null), fc.double({ min: -2, max: 2, noNaN: true }))
    fc.assert(
      fc.property(
        fc.constantFrom(...RISKS),
        fc.array(anyValue, { minLength: 8, maxLength: 8 }),
        fc.nat(7),
        anyValue,
        (spec, drawn, at, other) => {
          const values = new Map(
            spec.indicators.map((each, index) => [each.id, scaled(each, drawn[index] ?? null)])
          )
          const one = spec.indicators[at % spec.indicators.length]
          assert.ok(one)
          const [a, b] = [values.get(one.id) ?? null, scaled(one, other)]
          const [better, worse] = isWorse(one, a, b) ? [a, b] : [b, a]
          const before = factors(spec, new Map(values).set(one.id, better))
          const after = factors(spec, new Map(values).set(one.id, worse))
          assert.ok(after.every((degree, index) => degree >= (before[index] ?? 0)))
          const inherent = [spec.inherent.likelihood, spec.inherent.impact]
          assert.ok(after.every((degree, index) => degree >= 1 && degree <= (inherent[index] ?? 0)))
        }
      ),
      { numRuns: 2000 }
    )
  })
})

function badValue(spec: RiskSpec, id: string): number | null {
  const found = spec.indicators.find(each => each.id === id)
  assert.ok(found)
  return valueAt(found, 'bad')
}

/** 0 is the target, 1 the limit. */
function scaled({ target, limit }: IndicatorSpec, value: number | null): number | null {
  return value === null ? null : target + value * (limit - target)
}

/** Whether `b` is at least as bad as `a`; not known is the worst. */
function isWorse({ better }: IndicatorSpec, a: number | null, b: number | null): boolean {
  if (b === null) return true
  if (a === null) return false
  return better === 'lower' ? b >= a : b <= a
}
