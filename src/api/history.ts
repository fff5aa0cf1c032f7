/** Measurements of the device over time, and what its receiving from peers saves. */

import { z } from 'zod'
import { byteCount, count, durationMs, instantInQuery, instantMs, ownDevice, shown } from './field.ts'

const SERIES_CHARACTERS_MAX = 160
const STEP_MS_MAX = 5 * 365 * 24 * 3_600_000

export const historyRequest = z.strictObject({
  series: shown(z.string().min(1).max(SERIES_CHARACTERS_MAX), 'received/same-site'),
  fromMs: instantInQuery,
  toMs: instantInQuery.nullable().default(null),
  stepMs: z.coerce.number().pipe(z.int().positive().max(STEP_MS_MAX)).nullable().default(null)
})

const series = z.object({
  name: z.string(),
  kind: z.enum(['flow', 'level']),
  unit: z.enum(['bytes', 'count', 'ms', 'share'])
})
export const seriesList = z.object({ series: z.array(series).readonly() })

const value = shown(z.number().nonnegative(), 1_048_576)
const historyPoint = z.object({
  atMs: instantMs,
  samples: count,
  sum: value,
  min: value,
  max: value,
  p50: value,
  p95: value
})
export const history = series.extend({
  fromMs: instantMs,
  toMs: instantMs,
  stepMs: durationMs,
  sampleIntervalMs: durationMs,
  relativeError: shown(z.number(), 0.05),
  points: z.array(historyPoint).readonly()
})

export const savingsRequest = z.strictObject({
  fromMs: instantInQuery,
  toMs: instantInQuery.nullable().default(null)
})
export const savings = z.object({
  device: ownDevice,
  firstAtMs: instantMs.nullable(),
  fromMs: instantMs,
  toMs: instantMs,
  siteBytes: byteCount,
  wanBytes: byteCount,
  originBytes: byteCount,
  centralBytes: byteCount,
  wanAvoidedBytes: byteCount,
  sentSiteBytes: byteCount,
  sentWanBytes: byteCount
})

export type Series = z.output<typeof series>
export type History = z.output<typeof history>
export type HistoryPoint = z.output<typeof historyPoint>
export type Savings = z.output<typeof savings>
