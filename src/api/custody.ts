/** Custody: the rules of classes, what is held from deletion, and who may read what. */

import { z } from 'zod'
import {
  count,
  dataClass,
  datasetName,
  deviceName,
  durationMs,
  instantMs,
  operationId,
  ordinal,
  versionId
} from './field.ts'
import { REASON_CHARACTERS_MAX } from './governance.ts'

export const COPIES_MAX = 16

const reference = z.string().min(1).max(128)
const copies = z.int().min(1).max(COPIES_MAX)
const length = z.int().nonnegative().nullable()
export const classHolders = z.enum(['members', 'storage', 'readers'])

/** What is left out stays as it is. */
export const classRequest = z.strictObject({
  dataClass,
  changes: z.strictObject({
    sealed: z.boolean().optional(),
    holders: classHolders.optional(),
    stalenessMs: length.optional(),
    leaves: z.boolean().optional(),
    scan: z.boolean().optional(),
    copies: copies.optional(),
    sites: copies.optional(),
    retentionMs: length.optional()
  })
})

const classRecord = z.object({
  dataClass,
  sealed: z.boolean(),
  holders: classHolders,
  stalenessMs: durationMs.nullable(),
  stalenessLimitMs: durationMs.nullable(),
  leaves: z.boolean(),
  scan: z.boolean(),
  copies: count,
  sites: count,
  retentionMs: durationMs.nullable(),
  set: z.object({ operation: operationId, by: deviceName, atMs: instantMs }).nullable()
})
export const classList = z.object({ classes: z.array(classRecord).readonly() })

export const holdRequest = z.strictObject({
  name: datasetName,
  reason: z.string().min(1).max(REASON_CHARACTERS_MAX).nullable().default(null)
})
export const holdReference = z.strictObject({ id: reference })
const holdRecord = z.object({
  operation: operationId,
  name: z.string(),
  by: deviceName,
  reason: z.string().nullable(),
  placedAtMs: instantMs
})
export const holdList = z.object({ holds: z.array(holdRecord).readonly() })

const permission = {
  because: z.enum(['class', 'reader', 'owner', 'publisher', 'admin', 'grant']),
  grant: operationId.nullable(),
  purpose: z.string().nullable()
}
const reading = {
  lastRead: z
    .object({ atMs: instantMs, by: z.enum(['reader', 'server']), purpose: z.string().nullable() })
    .nullable(),
  readsKnownSinceMs: instantMs.nullable()
}
const reader = deviceName.extend({ ...permission, ...reading })
export const readers = z.object({
  name: datasetName,
  version: versionId,
  ordinal,
  closed: z.object({ reason: z.string(), detail: z.string() }).nullable(),
  devices: z.array(reader).readonly(),
  groups: z
    .array(z.object({ id: operationId, name: z.string(), grants: z.array(operationId).readonly() }))
    .readonly()
})

export const readableRequest = z.strictObject({ device: reference })
const readableVersion = z.object({
  name: datasetName,
  version: versionId,
  dataClass,
  ...permission,
  ...reading
})
export const readable = z.object({ device: deviceName, versions: z.array(readableVersion).readonly() })

export type ClassRecord = z.output<typeof classRecord>
export type HoldRecord = z.output<typeof holdRecord>
export type Reader = z.output<typeof reader>
export type Readers = z.output<typeof readers>
export type ReadableVersion = z.output<typeof readableVersion>
