/**
 * How the residual likelihood and impact of a risk follow from its inherent ones, for each factor by itself:
 *
 *     residual = max(1, inherent - what controls take off)
 *
 * 1. An indicator is `good` at its target or better, `bad` at its limit or worse, `fair` between, `unknown` when it
 *    could not be measured.
 * 2. While any indicator of the factor is bad or unknown, nothing is taken off: it stays at its inherent degree.
 * 3. Else each control takes off its steps; one step less for a control of which an indicator is fair.
 * 4. What is judged and not shown takes off at most one step in all.
 *
 * So it is monotone: a worse value never lowers a factor, and what is not known counts as the worst. Nothing raises it
 * above its inherent degree, which is what it would be if no control worked.
 */

import { defined } from '../base/assert.ts'
import { type Level, levelOf } from '../base/risk-level.ts'
import type { ControlSpec, Factor, IndicatorSpec, Reading, RiskSpec } from './risk.ts'
import { FACTORS } from './risk.ts'
import { type Degree, degree, scoreOf } from './scale.ts'

export const GRADES = ['good', 'fair', 'bad', 'unknown'] as const
export type Grade = (typeof GRADES)[number]

const JUDGED_STEPS_MAX = 1

export interface MeasuredIndicator extends IndicatorSpec, Reading {
  readonly grade: Grade
}

export interface WeighedControl extends ControlSpec {
  /** Degrees that it takes off now. */
  readonly takes: number
  /** Why it takes off what it does. */
  readonly because: string
}

export interface FactorResult {
  readonly factor: Factor
  readonly inherent: Degree
  readonly residual: Degree
  /** The formula with the numbers put in, a sentence for each step. */
  readonly steps: readonly string[]
}

export interface Assessment {
  readonly likelihood: FactorResult
  readonly impact: FactorResult
  readonly inherentScore: number
  readonly score: number
  readonly level: Level
  readonly indicators: readonly MeasuredIndicator[]
  readonly controls: readonly WeighedControl[]
}

export function gradeOf({ better, target, limit }: IndicatorSpec, value: number | null): Grade {
  if (value === null || Number.isNaN(value)) return 'unknown'
  const sign = better === 'lower' ? 1 : -1
  if (sign * value >= sign * limit) return 'bad'
  return sign * value <= sign * target ? 'good' : 'fair'
}

const NOT_READ = 'nothing has measured it yet'

export function assess(risk: RiskSpec, readings: ReadonlyMap<string, Reading>, nowMs: number): Assessment {
  const indicators = risk.indicators.map((spec): MeasuredIndicator => {
    const unread = { value: null, unknown: NOT_READ, detail: null, devices: [], atMs: nowMs }
    const reading = readings.get(spec.id) ?? unread
    return { ...spec, ...reading, grade: gradeOf(spec, reading.value) }
  })
  const [likelihood, impact] = FACTORS.map(factor => weigh(risk, factor, indicators))
  const results = { likelihood: defined(likelihood, 'likelihood'), impact: defined(impact, 'impact') }
  const score = scoreOf({ likelihood: results.likelihood.residual, impact: results.impact.residual })
  return {
    likelihood: results.likelihood,
    impact: results.impact,
    inherentScore: scoreOf(risk.inherent),
    ...{ score, level: levelOf(score), indicators },
    controls: [...results.likelihood.controls, ...results.impact.controls]
  }
}

function weigh(
  { inherent, controls: all }: RiskSpec,
  factor: Factor,
  measured: readonly MeasuredIndicator[]
): FactorResult & { readonly controls: readonly WeighedControl[] } {
  const from = inherent[factor]
  const indicators = measured.filter(each => each.factor === factor)
  const holding = indicators.filter(({ grade }) => grade === 'bad' || grade === 'unknown')
  let judgedLeft = JUDGED_STEPS_MAX
  const controls = all
    .filter(control => control.factor === factor)
    .map(control => {
      const weighed = weighControl(control, indicators, { isHeld: holding.length > 0, judgedLeft })
      if (control.basis === 'judged') judgedLeft -= weighed.takes
      return weighed
    })
  const taken = controls.reduce((sum, { takes }) => sum + takes, 0)
  const residual = degree(from - taken)
  const steps = [
    `inherent ${factor}: ${from}`,
    ...holding.map(
      each =>
        `${each.title} is ${each.grade === 'bad' ? 'at or beyond its limit' : 'not known'}: nothing is taken off`
    ),
    ...controls.map(
      ({ title, takes, basis, because }) => `less ${takes} for "${title}" (${basis}): ${because}`
    ),
    ...(controls.length === 0 ? ['no control lowers it'] : []),
    ...(from - taken < 1 ? ['it is never below 1'] : []),
    `residual ${factor}: ${formula(from, controls)} = ${residual}`
  ]
  return { factor, inherent: from, residual, steps, controls }
}

function weighControl(
  control: ControlSpec,
  indicators: readonly MeasuredIndicator[],
  { isHeld, judgedLeft }: { readonly isHeld: boolean; readonly judgedLeft: number }
): WeighedControl {
  if (isHeld)
    return { ...control, takes: 0, because: `an indicator of the ${control.factor} is bad or not known` }
  const own = indicators.filter(({ id }) => control.indicators.includes(id))
  const fair = own.find(({ grade }) => grade === 'fair')
  const full = fair === undefined ? control.steps : control.steps - 1
  const takes = control.basis === 'judged' ? Math.min(full, judgedLeft) : full
  const because =
    takes < full
      ? 'what is judged takes off one step in all'
      : fair !== undefined
        ? `${fair.title} is between target and limit`
        : own.length === 0
          ? 'it rests on no indicator'
          : 'its indicators are at their targets'
  return { ...control, takes, because }
}

function formula(from: Degree, controls: readonly WeighedControl[]): string {
  const terms = controls.map(({ takes }) => ` - ${takes}`).join('')
  return `max(1, ${from}${terms})`
}
