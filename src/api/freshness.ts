/** How recent the node's view of the ledger is, which classes it may use by it, and overrides of that. */

import { z } from 'zod'
import { DAY_MS } from '../base/units.ts'
import { count, dataClass, deviceId, deviceName, durationMs, instantMs, shown } from './field.ts'

export const OVERRIDE_REASON_CHARACTERS_MAX = 200
export const OVERRIDE_DEVICES_MAX = 64
export const OVERRIDE_LIFE_MAX_MS = DAY_MS
/** Bytes of an override, as hex digits. */
const OVERRIDE_HEX_CHARACTERS_MAX = 2 * 4096

export const freshness = z.object({
  enforced: z.boolean(),
  asOfAtMs: instantMs.nullable(),
  ageMs: durationMs.nullable(),
  expiresAtMs: instantMs.nullable(),
  signersHeard: count,
  signersTotal: count,
  quorum: count,
  signersUncovered: count,
  signersRegressed: z.array(deviceId).readonly(),
  clock: z.enum(['ok', 'behind', 'ahead']),
  clockOffsetMs: z.int().nullable(),
  classes: z
    .array(
      z.object({
        dataClass,
        limitMs: durationMs.nullable(),
        allowed: z.boolean(),
        reason: z.string().nullable(),
        override: z.string().nullable()
      })
    )
    .readonly(),
  overrides: z
    .array(
      z.object({
        id: z.string(),
        classes: z.array(dataClass).readonly(),
        reason: z.string(),
        signers: z.array(deviceId).readonly(),
        devices: z.array(deviceId).readonly().nullable(),
        expiresAtMs: instantMs
      })
    )
    .readonly()
})

const key = z.string().min(1).max(128)
const hex = shown(
  z.string().regex(/^(?:[0-9a-f]{2})+$/, 'lower-case hex digits, two for each byte'),
  'b0'.repeat(64)
)

export const overrideDraftRequest = z.strictObject({
  classes: z.array(dataClass).min(1).max(dataClass.options.length).readonly(),
  reason: z.string().max(OVERRIDE_REASON_CHARACTERS_MAX),
  lifeMs: z.int().positive(),
  devices: z.array(key).min(1).max(OVERRIDE_DEVICES_MAX).readonly().nullable().default(null),
  key: key.nullable().default(null)
})
export const overrideDraft = z.object({ id: z.string(), bytes: z.string(), expiresAtMs: instantMs })

export const overrideRequest = z.strictObject({
  bytes: hex.max(OVERRIDE_HEX_CHARACTERS_MAX),
  vote: z.strictObject({ key, signature: hex.length(128) }).nullable()
})

const overrideRecord = z.object({
  id: z.string(),
  classes: z.array(dataClass).readonly(),
  reason: z.string(),
  devices: z.array(deviceName).readonly().nullable(),
  signers: z.array(deviceName).readonly(),
  madeAtMs: instantMs,
  expiresAtMs: instantMs
})
export const overrideList = z.object({ overrides: z.array(overrideRecord).readonly() })
export const overrideActed = overrideRecord.extend({ peersTold: count })

export type OverrideRecord = z.output<typeof overrideRecord>
export type Freshness = z.output<typeof freshness>
