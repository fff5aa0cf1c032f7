/**
 * Whether a service level is met, from what devices measured: the share of good observations in a window, how much of
 * its error budget is left, and how fast that burns (Beyer et al., The Site Reliability Workbook, chapter 5).
 *
 *     budget = observations x (1 - share)        may be bad in the window
 *     left   = 1 - bad / budget                  none of it when what is bad may not be
 *     burn   = share of bad in a span / (1 - share)   1 uses up the budget just when the window ends
 *
 * A p95 below a limit is a share of 0.95 within that limit; the last below it is a share of 1.
 *
 * Counts add up: those of several devices, merged in any order, are the counts of all that they observed.
 */

import { assert } from '../base/assert.ts'
import { DAY_MS, HOUR_MS } from '../base/units.ts'
import { bucketOf, type LogHistogram, mergeHistograms, quantileOf } from '../history/log-histogram.ts'

/** Shares are in millionths. */
export const WHOLE = 1_000_000

export interface Target {
  /** Null for what is good at 0 and bad at anything else. */
  readonly limitMs: number | null
  readonly share: number
  readonly windowMs: number
}

export interface Observation {
  readonly atMs: number
  /** Milliseconds; or whether it was bad, as 0 or 1. */
  readonly value: number
  /** How often. */
  readonly count: number
}

/** What was observed in a span. */
export interface LevelCount {
  readonly good: number
  readonly bad: number
  readonly worst: number
  readonly values: LogHistogram
  /** When, first and last; null without any. */
  readonly firstAtMs: number | null
  readonly lastAtMs: number | null
}

export const NO_COUNT: LevelCount = {
  ...{ good: 0, bad: 0, worst: 0, values: new Map(), firstAtMs: null, lastAtMs: null }
}

/** The window, and the last hour and day of it. */
export const SPANS = ['window', 'day', 'hour'] as const
export type LevelCounts = Readonly<Record<(typeof SPANS)[number], LevelCount>>

export function isGood({ limitMs }: Pick<Target, 'limitMs'>, value: number): boolean {
  return value <= (limitMs ?? 0)
}

/** Begins of the spans that are counted. */
export function spanStartsMs({ windowMs }: Target, nowMs: number): Record<(typeof SPANS)[number], number> {
  return {
    window: nowMs - windowMs,
    day: nowMs - Math.min(windowMs, DAY_MS),
    hour: nowMs - Math.min(windowMs, HOUR_MS)
  }
}

export function countLevels(target: Target, observations: Iterable<Observation>, nowMs: number): LevelCounts {
  const starts = spanStartsMs(target, nowMs)
  const books = { window: new Book(), day: new Book(), hour: new Book() }
  for (const observation of observations)
    for (const span of SPANS)
      if (observation.atMs >= starts[span]) books[span].add(observation, isGood(target, observation.value))
  return { window: books.window.count(), day: books.day.count(), hour: books.hour.count() }
}

class Book {
  #good = 0
  #bad = 0
  #worst = 0
  #first = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY
  readonly #values = new Map<number, number>()

  add({ atMs, value, count }: Observation, good: boolean): void {
    if (good) this.#good += count
    else this.#bad += count
    this.#worst = Math.max(this.#worst, value)
    this.#first = Math.min(this.#first, atMs)
    this.#last = Math.max(this.#last, atMs)
    const bucket = bucketOf(value)
    this.#values.set(bucket, (this.#values.get(bucket) ?? 0) + count)
  }

  count(): LevelCount {
    const [good, bad, worst] = [this.#good, this.#bad, this.#worst]
    if (good + bad === 0) return NO_COUNT
    return { good, bad, worst, values: this.#values, firstAtMs: this.#first, lastAtMs: this.#last }
  }
}

export function mergeCounts(a: LevelCount, b: LevelCount): LevelCount {
  return {
    good: a.good + b.good,
    bad: a.bad + b.bad,
    worst: Math.max(a.worst, b.worst),
    values: mergeHistograms(a.values, b.values),
    firstAtMs: least(a.firstAtMs, b.firstAtMs, Math.min),
    lastAtMs: least(a.lastAtMs, b.lastAtMs, Math.max)
  }
}

function least(a: number | null, b: number | null, of: (a: number, b: number) => number): number | null {
  if (a === null || b === null) return a ?? b
  return of(a, b)
}

export function mergeLevels(a: LevelCounts, b: LevelCounts): LevelCounts {
  return {
    window: mergeCounts(a.window, b.window),
    day: mergeCounts(a.day, b.day),
    hour: mergeCounts(a.hour, b.hour)
  }
}

/**
 * - `missed`: more was bad in the window than the budget allows.
 * - `at-risk`: it burns so fast that it will be, or little of the budget is left.
 * - `unknown`: nothing was observed.
 */
export type LevelState = 'met' | 'at-risk' | 'missed' | 'unknown'

export interface LevelJudgement {
  readonly state: LevelState
  /** Good of all; null without any, as are the others. */
  readonly share: number | null
  /** How many may be bad; with a part of one where there are few. */
  readonly budget: number | null
  /** Negative when more was bad. */
  readonly budgetLeft: number | null
  /** Null for a level that allows nothing bad. */
  readonly burn: { readonly hour: number | null; readonly day: number | null }
  readonly p50: number | null
  readonly p95: number | null
  readonly worst: number | null
}

/** Part of the budget that an hour, and a day, may use up before somebody should look. */
const HOUR_PART = 0.02
const DAY_PART = 0.1
const LEFT_LOW = 0.1

export function judgeLevel(target: Target, { window, day, hour }: LevelCounts): LevelJudgement {
  const total = window.good + window.bad
  if (total === 0)
    return {
      ...{ state: 'unknown', share: null, budget: null, budgetLeft: null },
      ...{ burn: { hour: null, day: null }, p50: null, p95: null, worst: null }
    }
  const allowed = WHOLE - target.share
  const burn = { hour: burnOf(hour, allowed), day: burnOf(day, allowed) }
  const budget = budgetOf(target, total)
  const budgetLeft = budgetLeftOf(target, window)
  return {
    state: stateOf(target, {
      isMissed: window.bad * WHOLE > total * allowed,
      bad: window.bad,
      budgetLeft,
      burn
    }),
    share: window.good / total,
    ...{ budget, budgetLeft, burn, worst: window.worst },
    p50: quantile(window, 0.5),
    p95: quantile(window, 0.95)
  }
}

/** How many of so many may be bad. */
function budgetOf({ share }: Pick<Target, 'share'>, total: number): number {
  return (total * (WHOLE - share)) / WHOLE
}

/** What is left of the budget after so many; null without any, and negative when more was bad. */
export function budgetLeftOf(
  target: Pick<Target, 'share'>,
  { good, bad }: Pick<LevelCount, 'good' | 'bad'>
): number | null {
  if (good + bad === 0) return null
  const budget = budgetOf(target, good + bad)
  if (budget === 0) return bad === 0 ? 1 : 0
  return 1 - bad / budget
}

function stateOf(
  { windowMs }: Target,
  {
    isMissed,
    bad,
    budgetLeft,
    burn
  }: {
    readonly isMissed: boolean
    readonly bad: number
    readonly budgetLeft: number | null
    readonly burn: LevelJudgement['burn']
  }
): LevelState {
  if (isMissed) return 'missed'
  if (bad === 0) return 'met'
  const isFast =
    (burn.hour ?? 0) >= burnLimit(HOUR_PART, windowMs / HOUR_MS) ||
    (burn.day ?? 0) >= burnLimit(DAY_PART, windowMs / DAY_MS)
  return isFast || (budgetLeft ?? 1) < LEFT_LOW ? 'at-risk' : 'met'
}

/** The burn that uses up a part of the budget in one of so many spans; no less than what lasts the window. */
function burnLimit(part: number, spans: number): number {
  return Math.max(1, part * spans)
}

function burnOf({ good, bad }: LevelCount, allowed: number): number | null {
  assert(allowed >= 0 && allowed < WHOLE, 'a share is in millionths, and not nothing')
  if (good + bad === 0 || allowed === 0) return null
  return bad / (good + bad) / (allowed / WHOLE)
}

/** A bucket's middle may lie a little above what was seen. */
function quantile({ values, worst }: LevelCount, q: number): number | null {
  const value = quantileOf(values, q)
  return value === undefined ? null : Math.min(worst, value)
}
