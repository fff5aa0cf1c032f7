/** Which operations are asked for, as it stands in the address of the page. */

import { DAY_MS, HOUR_MS } from '../../../../src/base/units.ts'
import type { RouteArguments } from '../../api/routes.ts'

/** As many as a look is good for; the next go on from the oldest of them. */
export const LINES_MAX = 2_000

export const TIMES = {
  all: ['all of it', null],
  hour: ['the last hour', HOUR_MS],
  day: ['the last day', DAY_MS],
  week: ['the last 7 days', 7 * DAY_MS],
  month: ['the last 30 days', 30 * DAY_MS],
  year: ['the last year', 365 * DAY_MS]
} as const satisfies Record<string, readonly [string, number | null]>
export type Time = keyof typeof TIMES

export const EFFECTS = {
  'in-force': 'in force',
  waiting: 'waiting for approvals',
  none: 'without effect'
} as const
export type Effect = keyof typeof EFFECTS

export interface LedgerSearch {
  readonly type: string | null
  readonly author: string | null
  readonly about: string | null
  readonly effect: Effect | null
  readonly time: Time
  /** Only what is older, by the clocks of the authors. */
  readonly untilMs: number | null
}

/** What is not known in an address is left out. */
export function searchOf(address: URLSearchParams): LedgerSearch {
  const effect = address.get('effect')
  const time = address.get('time')
  const until = Number(address.get('until') ?? Number.NaN)
  return {
    type: address.get('type') || null,
    author: address.get('author') || null,
    about: address.get('about') || null,
    effect: effect !== null && Object.hasOwn(EFFECTS, effect) ? (effect as Effect) : null,
    time: time !== null && Object.hasOwn(TIMES, time) ? (time as Time) : 'all',
    untilMs: Number.isSafeInteger(until) && until > 0 ? until : null
  }
}

export function addressOf({ time, untilMs, ...rest }: LedgerSearch): URLSearchParams {
  const address = new URLSearchParams()
  for (const [key, value] of Object.entries(rest)) if (value !== null) address.set(key, value)
  if (time !== 'all') address.set('time', time)
  if (untilMs !== null) address.set('until', String(untilMs))
  return address
}

/** `openedAtMs` is when the page was opened, so that each look asks the same question. */
export function argumentsOf(search: LedgerSearch, openedAtMs: number): RouteArguments<'operations'> {
  const { type, author, about, effect, time, untilMs } = search
  const [, ms] = TIMES[time]
  const sinceMs = ms === null ? null : Math.max(0, openedAtMs - ms)
  return { type, author, about, effect, sinceMs, untilMs, limit: LINES_MAX }
}
