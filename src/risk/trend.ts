/**
 * How a trend is kept small: each day for a year, and of what is older the worst day of each week, for ten years. Days
 * are counted in UTC from the Unix epoch, weeks from its first day.
 */

import { DAY_MS } from '../base/units.ts'
import type { Degree } from './scale.ts'

export const DAYS_KEPT = 366
export const WEEKS_KEPT = 522
const WEEK_DAYS = 7

/** The worst of a day, or of a week when `day` is its first. */
export interface TrendPoint {
  readonly day: number
  readonly likelihood: Degree
  readonly impact: Degree
}

export function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS)
}

export function worse(a: TrendPoint, b: TrendPoint): TrendPoint {
  const [x, y] = [a.likelihood * a.impact, b.likelihood * b.impact]
  return y > x || (y === x && b.impact > a.impact) ? b : a
}

/** The points that are kept, oldest first; of those of one day the worst. */
export function thinned(points: readonly TrendPoint[], today: number): TrendPoint[] {
  const kept = new Map<number, TrendPoint>()
  for (const point of points) {
    const isDaily = point.day > today - DAYS_KEPT
    const day = isDaily ? point.day : point.day - (point.day % WEEK_DAYS)
    if (day <= today - WEEKS_KEPT * WEEK_DAYS) continue
    const before = kept.get(day)
    kept.set(day, { ...(before === undefined ? point : worse(before, point)), day })
  }
  return [...kept.values()].sort((a, b) => a.day - b.day)
}
