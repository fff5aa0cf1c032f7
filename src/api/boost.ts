/** Copies in passing: what many devices want and too few servers have. */

import { z } from 'zod'
import {
  byteCount,
  count,
  datasetName,
  deviceName,
  durationMs,
  instantMs,
  ordinal,
  shown,
  versionId
} from './field.ts'

const number = z.int().positive()
const settings = {
  isOn: z.boolean(),
  wantedMin: shown(number, 3),
  wantedPerHolder: shown(number, 16),
  holdersMax: shown(number, 3),
  lingerMs: durationMs,
  roomShare: shown(z.number().min(0).max(1), 0.25),
  countMax: shown(number, 16)
}

/** What is left out stays as it is. */
export const boostRequest = z.strictObject(settings).partial()

const wantedBySite = z.object({ site: z.string(), devices: count })
export const demand = z.object({
  name: datasetName,
  version: versionId,
  ordinal,
  bytes: byteCount,
  wanted: z.array(wantedBySite).readonly(),
  steady: z.array(deviceName).readonly(),
  lacking: count,
  hasOrigin: z.boolean()
})

export const boost = z.object({
  name: z.string(),
  version: versionId,
  ordinal,
  bytes: byteCount,
  haveBytes: byteCount,
  sinceAtMs: instantMs,
  wantedAtMs: instantMs,
  endsAtMs: instantMs
})

export const boostReport = z.object({
  /** Of the last look. */
  atMs: instantMs,
  settings: z.object(settings),
  barred: z.string().nullable(),
  boosts: z.array(boost).readonly(),
  roomBytes: byteCount,
  demand: z.array(demand).readonly(),
  heardFrom: count
})

export type BoostReport = z.output<typeof boostReport>
export type Demand = z.output<typeof demand>
export type Boost = z.output<typeof boost>
export type BoostRequest = z.output<typeof boostRequest>
