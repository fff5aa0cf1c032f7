/** Service levels, savings and participation over the devices that can be asked. */

import { z } from 'zod'
import { HOUR_MS } from '../base/units.ts'
import { boostReport } from './boost.ts'
import {
  byteCount,
  bytesPerSecond,
  count,
  deviceKind,
  deviceName,
  durationMs,
  instantInQuery,
  instantMs,
  operationId,
  shown
} from './field.ts'

const WINDOW_MS_MAX = 366 * 24 * HOUR_MS
const PRICE_MAX = 1_000_000

export const levelMeasure = z.enum(['distribute', 'availability', 'first-byte', 'revocation', 'repair'])
/** As far as a window can be. */
const LIMIT_MS_MAX = WINDOW_MS_MAX
const levelName = shown(z.string().min(1).max(64), 'os in lyon')
const datasets = shown(z.string().min(1).max(129), 'os/')
const site = shown(z.string().min(1).max(64), 'lyon')
const share = shown(z.number(), 0.95)

export const levelRequest = z.strictObject({
  name: levelName,
  measure: levelMeasure,
  /** A dataset, or the beginning of names up to a slash. */
  dataset: datasets.nullable().default(null),
  /** Of the devices that measure. */
  site: site.nullable().default(null),
  /** What takes no longer is good; null for availability alone. */
  limitMs: shown(z.int().nonnegative().max(LIMIT_MS_MAX), 600_000).nullable().default(null),
  targetShare: shown(z.number().positive().max(1), 0.95),
  windowMs: shown(z.int().min(HOUR_MS).max(WINDOW_MS_MAX), 30 * 24 * HOUR_MS)
})
export const levelReference = z.strictObject({ name: levelName })

const heard = z.object({
  devices: count,
  silentCount: count,
  silent: z.array(deviceName.extend({ detail: z.string() })).readonly()
})
const nullableRate = bytesPerSecond.nullable()
const nullableMs = shown(z.number().nonnegative(), 41_000).nullable()
const standing = {
  state: z.enum(['met', 'at-risk', 'missed', 'unknown']),
  good: count,
  bad: count,
  goodShare: share.nullable(),
  p50Ms: nullableMs,
  p95Ms: nullableMs,
  lastMs: nullableMs,
  devices: count
}
const level = z.object({
  name: levelName,
  measure: levelMeasure,
  dataset: datasets.nullable(),
  site: site.nullable(),
  limitMs: durationMs.nullable(),
  targetShare: share,
  windowMs: durationMs,
  operation: operationId,
  by: deviceName,
  setAtMs: instantMs,
  ...standing,
  budget: shown(z.number(), 12.5).nullable(),
  budgetLeft: share.nullable(),
  burnHour: share.nullable(),
  burnDay: share.nullable(),
  firstAtMs: instantMs.nullable(),
  lastAtMs: instantMs.nullable(),
  sites: z.array(z.object({ site: z.string(), ...standing })).readonly()
})
export const levelReport = z.object({ atMs: instantMs, heard, levels: z.array(level).readonly() })

export const levelHistory = z.object({
  name: levelName,
  atMs: instantMs,
  stepMs: durationMs,
  points: z
    .array(
      z.object({ atMs: instantMs, good: count, bad: count, lastMs: nullableMs, budgetLeft: share.nullable() })
    )
    .readonly()
})

const currency = shown(z.string().regex(/^[A-Z]{3}$/, 'write three capital letters, such as EUR'), 'EUR')
const perGb = shown(z.number().nonnegative().max(PRICE_MAX), 0.08)
export const priceRequest = z.strictObject({
  /** Null for every site without a price of its own. */
  site: site.nullable().default(null),
  /** Null ends it. */
  price: z.strictObject({ currency, perGb }).nullable()
})
const sitePrice = z.object({
  site: site.nullable(),
  currency,
  perGb,
  by: deviceName,
  setAtMs: instantMs,
  operation: operationId
})
export const priceList = z.object({ prices: z.array(sitePrice).readonly() })

export const fleetSavingsRequest = z.strictObject({
  fromMs: instantInQuery,
  toMs: instantInQuery.nullable().default(null)
})
export const participationRequest = z.strictObject({ fromMs: instantInQuery })

const saved = {
  siteBytes: byteCount,
  wanBytes: byteCount,
  originBytes: byteCount,
  centralBytes: byteCount,
  wanAvoidedBytes: byteCount
}
const amount = shown(z.number(), 3.2)
const exchanged = {
  ...saved,
  sentSiteBytes: byteCount,
  sentWanBytes: byteCount,
  confirmedBytes: byteCount,
  unconfirmedBytes: byteCount
}
export const fleetSavings = z.object({
  org: z.string(),
  atMs: instantMs,
  fromMs: instantMs,
  toMs: instantMs,
  heard,
  ...saved,
  sentSiteBytes: byteCount,
  sentWanBytes: byteCount,
  money: z.array(z.object({ currency, saved: amount })).readonly(),
  unpricedBytes: byteCount,
  sites: z
    .array(
      z.object({
        site: z.string(),
        devices: count,
        ...saved,
        price: z.object({ currency, perGb }).nullable(),
        saved: amount.nullable()
      })
    )
    .readonly(),
  devices: z
    .array(
      deviceName.extend({
        kind: deviceKind.nullable(),
        firstAtMs: instantMs.nullable(),
        hasReceipts: z.boolean(),
        ...exchanged
      })
    )
    .readonly(),
  groups: z.array(z.object({ group: z.string().nullable(), devices: count, ...exchanged })).readonly(),
  receiptsCut: z.boolean()
})

const signals = z.object({
  loopDelayMs: nullableMs,
  cpuShare: share.nullable(),
  cpuWaitShare: share.nullable(),
  commitMs: nullableMs,
  readMsPerMib: nullableMs,
  retransmitShare: share.nullable(),
  sentPeakBytesPerSecond: nullableRate,
  receivedPeakBytesPerSecond: nullableRate,
  isLimited: z.boolean()
})
const reason = z.object({
  reason: z.enum(['limit', 'loss', 'disk', 'cpu', 'uplink', 'distance', 'unknown']),
  because: z.string()
})
export const participation = z.object({
  atMs: instantMs,
  fromMs: instantMs,
  heard,
  devices: z
    .array(
      deviceName.extend({
        kind: deviceKind.nullable(),
        sentBytes: byteCount,
        receivedBytes: byteCount,
        share: share.nullable(),
        givesBytesPerSecond: nullableRate,
        observers: count,
        slow: z.boolean(),
        reasons: z.array(reason).readonly(),
        signals
      })
    )
    .readonly(),
  /** Of the device that is asked alone. */
  passing: boostReport.pick({ barred: true, boosts: true, demand: true, heardFrom: true })
})

export type Heard = z.output<typeof heard>
export type ServiceLevel = z.output<typeof level>
export type LevelHistory = z.output<typeof levelHistory>
export type LevelReport = z.output<typeof levelReport>
export type SitePrice = z.output<typeof sitePrice>
export type FleetSavings = z.output<typeof fleetSavings>
export type Participation = z.output<typeof participation>
