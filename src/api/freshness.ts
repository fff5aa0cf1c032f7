/** How recent the node's view of the ledger is, by the org's beacons, and which classes it may use by it. */

import { z } from 'zod'
import { count, dataClass, deviceId, durationMs, instantMs } from './field.ts'

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

export type Freshness = z.output<typeof freshness>
