/** Points in time as people type them. */

import { z } from 'zod'
import { parseDurationMs } from '../base/units.ts'

export type TypedInstant =
  | { readonly agoMs: number; readonly atMs?: undefined }
  | { readonly atMs: number; readonly agoMs?: undefined }

/** A date, a date with a time, or how long ago. */
export const instant = z.string().transform((text, context): TypedInstant => {
  const agoMs = parseDurationMs(text)
  if (agoMs !== undefined) return { agoMs }
  const atMs = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(atMs) && atMs >= 0) return { atMs }
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
