/**
 * How a service level went: what was good and bad in each span of its window, and what was left of the error budget at
 * the end of each. A budget is that of the window that ends there, as it was told then; a window ends at the end of a
 * span, so the first and the last span of it are counted whole.
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/units.ts'
import { budgetLeftOf, isGood, type Observation, type Target } from './service-level.ts'

const STEPS_MAX = 100
const LONGEST_MS = 7 * DAY_MS
const STEPS_MS = [5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS, LONGEST_MS]

export interface LevelPoint {
  /** When the span begins. */
  readonly atMs: number
  readonly good: number
  readonly bad: number
  /** The largest value; null without any. */
  readonly worst: number | null
  /** As of the end of the span; null while nothing was observed in the window. */
  readonly budgetLeft: number | null
}

/** The shortest span of which a window is not too many. */
export function levelStepMs({ windowMs }: Pick<Target, 'windowMs'>): number {
  return STEPS_MS.find(stepMs => windowMs / stepMs <= STEPS_MAX) ?? LONGEST_MS
}

/** Since when observations count for what is left at the end of the first span. */
export function levelHistoryFromMs({ windowMs }: Pick<Target, 'windowMs'>, nowMs: number): number {
  return nowMs - 2 * windowMs
}

interface Span {
  good: number
  bad: number
  worst: number | null
}

export function levelHistory(
  target: Target,
  observations: Iterable<Observation>,
  nowMs: number
): LevelPoint[] {
  const stepMs = levelStepMs(target)
  const spans = new Map<number, Span>()
  for (const { atMs, value, count } of observations) {
    const at = Math.floor(atMs / stepMs)
    const span = spans.get(at) ?? { good: 0, bad: 0, worst: null }
    span[isGood(target, value) ? 'good' : 'bad'] += count
    span.worst = Math.max(span.worst ?? 0, value)
    spans.set(at, span)
  }
  const last = Math.floor(nowMs / stepMs)
  const inWindow = Math.round(target.windowMs / stepMs)
  return Array.from({ length: inWindow }, (_, index) => {
    const at = last - inWindow + 1 + index
    const { good = 0, bad = 0, worst = null } = spans.get(at) ?? {}
    const window = { good: 0, bad: 0 }
    for (const [of, span] of spans)
      if (of <= at && of > at - inWindow) {
        window.good += span.good
        window.bad += span.bad
      }
    return { atMs: at * stepMs, good, bad, worst, budgetLeft: budgetLeftOf(target, window) }
  })
}
