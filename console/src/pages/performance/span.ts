/** How far back a page looks. */

import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../../src/base/units.ts'

export const SPANS = {
  hour: ['the last hour', HOUR_MS, MINUTE_MS],
  day: ['the last 24 hours', DAY_MS, 30 * MINUTE_MS],
  week: ['the last 7 days', 7 * DAY_MS, 3 * HOUR_MS],
  month: ['the last 30 days', 30 * DAY_MS, 12 * HOUR_MS],
  quarter: ['the last 90 days', 90 * DAY_MS, DAY_MS],
  year: ['the last year', 365 * DAY_MS, 7 * DAY_MS]
} as const satisfies Record<string, readonly [label: string, ms: number, stepMs: number]>
export type Span = keyof typeof SPANS

export const SPAN_CHOICES = Object.entries(SPANS).map(([value, [label]]) => ({ value, label }))

/** To the minute, so that what is asked again soon is the same question. */
export function fromMsOf(span: Span, nowMs: number): number {
  return Math.floor((nowMs - SPANS[span][1]) / MINUTE_MS) * MINUTE_MS
}

export function stepMsOf(span: Span): number {
  return SPANS[span][2]
}
