/** Points in time as people type them. */

import { z } from 'zod'
import { AppError } from '../base/errors.ts'
import { parseDurationMs } from '../base/units.ts'

export type TypedInstant =
  | { readonly agoMs: number; readonly atMs?: undefined }
  | { readonly atMs: number; readonly agoMs?: undefined }

/** A date, or a date with a time. */
function dateMs(text: string): number | undefined {
  const atMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  return atMs >= 0 ? atMs : undefined
}

/** A date, a date with a time, or how long ago. */
export const instant = z.string().transform((text, context): TypedInstant => {
  const agoMs = parseDurationMs(text)
  if (agoMs !== undefined) return { agoMs }
  const atMs = dateMs(text)
  if (atMs !== undefined) return { atMs }
  context.addIssue({
    code: 'custom',
    message: 'write a duration such as 24h or 7d, or a date such as 2026-01-31'
  })
  return z.NEVER
})

/** The instant that was meant, in the past. */
export function instantBefore(typed: TypedInstant, nowMs: number): number {
  return typed.atMs ?? Math.max(0, nowMs - typed.agoMs)
}

const CLOCK_TIME = /^([01]?\d|2[0-3]):([0-5]\d)$/

/** When something is to be done: after a duration, at a time of day the next time it is that, or at a date. */
export const deadline = z.string().transform((text, context): ((nowMs: number) => number) => {
  const inMs = parseDurationMs(text)
  if (inMs !== undefined) return nowMs => nowMs + inMs
  const [, hours, minutes] = CLOCK_TIME.exec(text) ?? []
  if (hours !== undefined) return nowMs => nextTime(nowMs, Number(hours), Number(minutes))
  const atMs = dateMs(text)
  if (atMs !== undefined) return () => atMs
  context.addIssue({
    code: 'custom',
    message: 'write a duration such as 2h, a time such as 18:00, or a date such as 2026-01-31T18:00'
  })
  return z.NEVER
})

/** By the clock of this machine. */
function nextTime(nowMs: number, hours: number, minutes: number): number {
  const at = new Date(nowMs)
  at.setHours(hours, minutes, 0, 0)
  if (at.getTime() <= nowMs) at.setDate(at.getDate() + 1)
  return at.getTime()
}

/** The instant that was meant; null for none. Throws AppError USAGE for one that is over. */
export function futureOf(
  typed: ((nowMs: number) => number) | null | undefined,
  nowMs: number
): number | null {
  if (typed === undefined || typed === null) return null
  const atMs = typed(nowMs)
  if (atMs > nowMs) return atMs
  throw new AppError(
    'USAGE',
    `the deadline ${new Date(atMs).toISOString()} is over: write one that is to come`
  )
}
