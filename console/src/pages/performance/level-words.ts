/** Service levels in words: what each asks for, and how it stands. */

import { DAY_MS, formatDuration, HOUR_MS, MINUTE_MS } from '../../../../src/base/units.ts'
import type { Answer, RouteArguments } from '../../api/routes.ts'
import type { Tone } from '../../components/dot.tsx'
import { durationText } from '../../components/words.ts'

export type Level = Answer<'levels'>['levels'][number]
export type Measure = Level['measure']
export type LevelRequest = RouteArguments<'setLevel'>
type Standing = Pick<Level, 'state'>

/** What each is called, and what one observation of it is. */
export const MEASURES: Readonly<Record<Measure, readonly [name: string, what: string]>> = {
  distribute: ['Distribution', 'how long a version takes until it is whole on a device'],
  availability: ['Availability', 'whether a dataset can be had, each minute'],
  'first-byte': ['First byte', 'how long a fetch takes until its first piece is there'],
  revocation: ['Revocation', 'how long it takes until a device knows of one'],
  repair: ['Repair', 'how long a stored version lacks copies']
}
export const MEASURE_NAMES = Object.keys(MEASURES) as readonly Measure[]

const STATES: Readonly<Record<Level['state'], readonly [Tone, string]>> = {
  met: ['good', 'met'],
  'at-risk': ['warn', 'at risk'],
  missed: ['bad', 'missed'],
  unknown: ['quiet', 'nothing observed']
}

export function levelMark({ state }: Standing): readonly [Tone, string] {
  return STATES[state]
}

const PERCENT_DIGITS = 3

/** A share that falls short never reads as whole. */
export function shareText(share: number | null): string {
  if (share === null) return 'not known'
  const percent = Number((share * 100).toFixed(PERCENT_DIGITS))
  return `${share < 1 && percent === 100 ? 99.999 : percent} %`
}

export function budgetText(left: number | null): string {
  if (left === null) return 'not known'
  return left < 0 ? `${Math.round(-left * 100)} % over` : `${Math.floor(left * 100)} % left`
}

export function budgetTone({ state, budgetLeft }: Pick<Level, 'state' | 'budgetLeft'>): Tone {
  return budgetLeft === null ? 'quiet' : levelMark({ state })[0]
}

/** How fast the budget is used up: 1 lasts just until the window ends. */
export function burnText(burn: number | null): string {
  return burn === null ? 'not known' : `${burn.toFixed(1)} ×`
}

export function timeText(ms: number | null): string {
  return ms === null ? '' : formatDuration(ms)
}

/** "95 % within 10 min, of os/, at lyon, over 30 d". */
export function goalText(
  goal: Pick<Level, 'targetShare' | 'limitMs' | 'dataset' | 'site' | 'windowMs'>
): string {
  const { targetShare, limitMs, dataset, site, windowMs } = goal
  return [
    `${shareText(targetShare)}${limitMs === null ? '' : ` within ${durationText(limitMs)}`}`,
    ...(dataset === null ? [] : [`of ${dataset}`]),
    ...(site === null ? [] : [`at ${site}`]),
    `over ${durationText(windowMs)}`
  ].join(', ')
}

/** Of several levels, the one that needs somebody first. */
const WORST_FIRST: readonly Level['state'][] = ['missed', 'at-risk', 'unknown', 'met']

export function levelOrder({ state }: Standing): number {
  return WORST_FIRST.indexOf(state)
}

export function worstOf<L extends Standing>(levels: readonly L[]): L | undefined {
  return levels.toSorted((a, b) => levelOrder(a) - levelOrder(b))[0]
}

const UNITS = { ms: 1, s: 1000, min: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const
export type Unit = keyof typeof UNITS
export const UNIT_NAMES = Object.keys(UNITS) as readonly Unit[]

/** Undefined for what is no length of time. */
export function lengthMs(amount: number | string, unit: Unit): number | undefined {
  return typeof amount === 'number' && amount > 0 ? Math.round(amount * UNITS[unit]) : undefined
}

/** What is usual to ask for, to begin with. */
export const USUAL: Readonly<
  Record<Measure, { readonly amount: number; readonly unit: Unit; readonly percent: number }>
> = {
  distribute: { amount: 10, unit: 'min', percent: 95 },
  availability: { amount: 0, unit: 's', percent: 99.9 },
  'first-byte': { amount: 2, unit: 's', percent: 95 },
  revocation: { amount: 1, unit: 's', percent: 99 },
  repair: { amount: 1, unit: 'h', percent: 90 }
}
