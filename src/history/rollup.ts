/**
 * Time series that are kept coarser as they grow older. Each sample enters one point of each resolution at once, so a
 * coarse point is the exact merger of the fine ones that it covers, and nothing is computed again when fine ones go.
 */

import { assert } from '../base/assert.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { histogramOf, type LogHistogram, mergeHistograms } from './log-histogram.ts'

export const SAMPLE_INTERVAL_MS = 10 * SECOND_MS

export interface Resolution {
  readonly stepMs: number
  /** For how long its points are kept. */
  readonly keptMs: number
}

/** Finest first; each step is a multiple of the one before. */
export const RESOLUTIONS: readonly [Resolution, ...Resolution[]] = [
  { stepMs: SAMPLE_INTERVAL_MS, keptMs: HOUR_MS },
  { stepMs: MINUTE_MS, keptMs: DAY_MS },
  { stepMs: HOUR_MS, keptMs: 90 * DAY_MS },
  { stepMs: DAY_MS, keptMs: 5 * 365 * DAY_MS }
]

/** Points are kept a little longer, for questions that were asked when their time was not over. */
const GRACE_MS = 5 * MINUTE_MS

/** Points that begin before this are dropped. */
export function droppedBeforeMs({ keptMs }: Resolution, nowMs: number): number {
  return nowMs - keptMs - GRACE_MS
}

/** Points of one series in one answer, about. */
export const POINTS_MAX = 2000

/** What was sampled in one span. */
export interface Summary {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly histogram: LogHistogram
}

export interface Point extends Summary {
  /** The span begins here, and is a step long. */
  readonly atMs: number
}

export function summaryOf(value: number): Summary {
  return { count: 1, sum: value, min: value, max: value, histogram: histogramOf(value) }
}

export function mergeSummaries(a: Summary, b: Summary): Summary {
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    histogram: mergeHistograms(a.histogram, b.histogram)
  }
}

export function spanStart(timeMs: number, stepMs: number): number {
  return Math.floor(timeMs / stepMs) * stepMs
}

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

export interface Reading {
  readonly resolution: Resolution
  /** A multiple of the resolution's. */
  readonly stepMs: number
}

/**
 * From which resolution a span is read and in which steps: the finest that is still kept for its beginning; in steps no
 * finer than asked, or without a wish as fine as `POINTS_MAX` allows.
 */
export function planReading(
  { fromMs, toMs }: Span,
  { stepMs, nowMs }: { readonly stepMs: number | null; readonly nowMs: number }
): Reading {
  assert(fromMs <= toMs, 'a span ends after it begins')
  const wishedMs = Math.max(stepMs ?? 0, Math.ceil((toMs - fromMs) / POINTS_MAX))
  const reaching = RESOLUTIONS.filter(each => fromMs >= droppedBeforeMs(each, nowMs))
  const resolution =
    reaching.findLast(each => each.stepMs <= wishedMs) ?? reaching[0] ?? RESOLUTIONS.at(-1) ?? RESOLUTIONS[0]
  const multiple = Math.max(1, Math.ceil(wishedMs / resolution.stepMs))
  return { resolution, stepMs: multiple * resolution.stepMs }
}

/** Merges points, which come in order, into spans of a coarser step. */
export function regroup(points: readonly Point[], stepMs: number): Point[] {
  const groups: Point[] = []
  for (const point of points) {
    const atMs = spanStart(point.atMs, stepMs)
    const last = groups.at(-1)
    if (last?.atMs === atMs) groups[groups.length - 1] = { atMs, ...mergeSummaries(last, point) }
    else groups.push({ ...point, atMs })
  }
  return groups
}
