/** Risks in words and counts, as the register has them. */

import type { Answer } from '../../api/routes.ts'
import type { Tone } from '../../components/dot.tsx'
import { counted, durationText, formatBytes } from '../../components/words.ts'

export type Risk = Answer<'risk'>
export type Indicator = Risk['indicators'][number]
export type Control = Risk['controls'][number]
export type Acceptance = Risk['acceptances'][number]

export const DEGREES = [1, 2, 3, 4, 5] as const
const PERCENT = 100
const ACCEPTANCE_STATES = ['in-force', 'exceeded', 'ended'] as const

export const GRADES: Readonly<Record<Indicator['grade'], readonly [Tone, string]>> = {
  good: ['good', 'good'],
  fair: ['warn', 'fair'],
  bad: ['bad', 'bad'],
  unknown: ['quiet', 'not known']
}

/** Whether what remains of a risk is more than what an org lives with by default. */
export function isHigh({ residual: { level } }: Pick<Risk, 'residual'>): boolean {
  return level === 'high' || level === 'very high'
}

export function valueText(unit: Indicator['unit'], value: number): string {
  if (unit === 'share') return `${Number((value * PERCENT).toFixed(1))} %`
  if (unit === 'ms') return durationText(value)
  return unit === 'bytes' ? formatBytes(value) : value.toLocaleString('en')
}

/** Where an indicator is good, and where it is bad. */
export function boundsText({ better, unit, target, limit }: Indicator): string {
  const [good, bad] = better === 'lower' ? ['≤', '≥'] : ['≥', '≤']
  return `good at ${good} ${valueText(unit, target)}, bad at ${bad} ${valueText(unit, limit)}`
}

export function cellOf({ residual: { likelihood, impact } }: Pick<Risk, 'residual'>): string {
  return `${likelihood} ${impact}`
}

/** Risks by their likelihood and impact now. */
export function risksByCell<R extends Pick<Risk, 'residual'>>(risks: readonly R[]): ReadonlyMap<string, R[]> {
  return Map.groupBy(risks, cellOf)
}

/** What lets nothing be taken off: indicators beyond their limit, and those that could not be measured. */
export function hindranceText(indicators: readonly Pick<Indicator, 'grade'>[]): string {
  const count = (grade: Indicator['grade']): number =>
    indicators.filter(indicator => indicator.grade === grade).length
  const parts = [
    [count('bad'), 'bad'],
    [count('unknown'), 'not known'],
    [count('fair'), 'fair']
  ].flatMap(([many, word]) => (many === 0 ? [] : `${many} ${word}`))
  return parts.length === 0 ? `all ${indicators.length} good` : parts.join(', ')
}

/** The acceptance that says most of now: one in force before one that is exceeded or has ended. */
export function standingAcceptance(acceptances: readonly Acceptance[]): Acceptance | undefined {
  return ACCEPTANCE_STATES.flatMap(state => acceptances.find(each => each.state === state) ?? [])[0]
}

export function takenText({ takes, steps, factor }: Control): string {
  return `takes ${takes} of ${counted(steps, 'step')} off the ${factor}`
}
