/** Audit logs: what devices did, how much of that is vouched for, and what was found wrong. */

import { z } from 'zod'
import {
  absolutePath,
  byteCount,
  count,
  datasetName,
  deviceName,
  instantInQuery,
  instantMs,
  orgId,
  versionId
} from './field.ts'

export const AUDIT_ENTRIES_DEFAULT = 200
export const AUDIT_ENTRIES_MAX = 10_000

export const auditAction = z.enum([
  'serving',
  'served',
  'received',
  'obtained',
  'receipted',
  'read',
  'stored',
  'deleted',
  'damaged',
  'healed',
  'administered',
  'expired',
  'renewed',
  'denied',
  'violation',
  'called',
  'switched',
  'looked-up',
  'override',
  'overridden'
])

export const AUDIT_LOOKS = ['all', 'of-others'] as const

/** Values of a query arrive as text. */
export const auditRequest = z.strictObject({
  device: z.string().min(1).max(128).nullable().default(null),
  dataset: datasetName.nullable().default(null),
  action: auditAction.nullable().default(null),
  sinceMs: instantInQuery.nullable().default(null),
  /** `of-others` leaves out calls of this node's API by which the caller only looked at something. */
  looks: z.enum(AUDIT_LOOKS).default('all'),
  limit: z.coerce.number().pipe(z.int().min(1).max(AUDIT_ENTRIES_MAX)).default(AUDIT_ENTRIES_DEFAULT)
})

export const auditWhoRequest = z.strictObject({ name: datasetName })

export const auditFormat = z.enum(['folder', 'ocsf', 'jsonl'])
export const auditExportRequest = z.strictObject({ path: absolutePath, format: auditFormat })

export const auditProgress = z.object({ entriesDone: count })

const findingKind = z.enum([
  'truncated',
  'edited',
  'reordered',
  'forked',
  'malformed',
  'unsigned',
  'forged',
  'stranger'
])

export const auditFinding = z.object({
  kind: findingKind,
  device: deviceName,
  incarnation: instantMs,
  position: count.nullable(),
  witnesses: z.array(deviceName).readonly(),
  detail: z.string()
})

export const auditLogStatus = z.object({
  device: deviceName,
  incarnation: instantMs,
  ended: z.boolean(),
  entries: count,
  signedEntries: count,
  cosigned: z.array(z.object({ witnesses: count, entries: count })).readonly(),
  outside: z.array(z.object({ name: z.string(), entries: count })).readonly(),
  droppedEntries: count,
  droppedBeforeMs: instantMs.nullable(),
  droppedAtMs: instantMs.nullable()
})

export const auditMissing = z.object({ device: deviceName, lostEntries: count, reason: z.string() })

export const auditSurvey = {
  logs: z.array(auditLogStatus).readonly(),
  missing: z.array(auditMissing).readonly(),
  findings: z.array(auditFinding).readonly()
}

export const auditRecord = z.object({
  device: deviceName,
  incarnation: instantMs,
  seq: count,
  atMs: instantMs,
  action: auditAction,
  peer: deviceName.nullable(),
  dataset: z.string().nullable(),
  version: versionId.nullable(),
  event: z.record(z.string(), z.union([z.null(), z.boolean(), z.number(), z.string()]))
})

/** `leftOut` counts what was left out for `looks`, back to the oldest entry that is told. */
export const auditReport = z.object({
  entries: z.array(auditRecord).readonly(),
  leftOut: count,
  ...auditSurvey
})

const trace = z.enum(['present', 'missing', 'expired', 'unavailable', 'invalid'])

export const auditRead = z.object({
  server: deviceName,
  reader: deviceName,
  version: versionId,
  firstAtMs: instantMs,
  lastAtMs: instantMs,
  servedBytes: byteCount.nullable(),
  receivedBytes: byteCount.nullable(),
  receiptBytes: byteCount.nullable(),
  purpose: z.string().nullable(),
  granted: z.string().nullable(),
  serverEntry: trace,
  readerEntry: trace,
  receipt: trace
})

export const auditHolder = z.object({
  device: deviceName,
  version: versionId,
  kind: z.enum(['source', 'fetched']),
  sinceAtMs: instantMs,
  endedAtMs: instantMs.nullable()
})

export const auditWho = z.object({
  name: z.string(),
  holders: z.array(auditHolder).readonly(),
  reads: z.array(auditRead).readonly(),
  ...auditSurvey
})

export const auditVerification = z.object({
  org: orgId,
  readsComplete: count,
  readsIncomplete: count,
  readsExpired: count,
  readsUnavailable: count,
  ...auditSurvey
})

export const auditExported = z.object({
  path: z.string(),
  format: auditFormat,
  logs: count,
  entries: count,
  missing: z.array(auditMissing).readonly()
})

export const auditCheckpointsRequest = z.strictObject({
  device: z.string().min(1).max(128).nullable().default(null)
})
export const auditCheckpoints = z.object({
  checkpoints: z
    .array(
      z.object({
        device: deviceName,
        incarnation: instantMs,
        ended: z.boolean(),
        size: count,
        note: z.string(),
        witnesses: z.array(deviceName).readonly(),
        outside: z.array(z.string()).readonly()
      })
    )
    .readonly(),
  ...auditSurvey
})

export const auditAskRequest = z.strictObject({ path: absolutePath, witness: z.string().min(1).max(255) })
export const auditAsked = z.object({
  path: z.string(),
  witness: z.string(),
  asked: z
    .array(
      z.object({ file: z.string(), device: deviceName, incarnation: instantMs, oldSize: count, size: count })
    )
    .readonly(),
  missing: z.array(auditMissing).readonly()
})

export const auditAcceptRequest = z.strictObject({ path: absolutePath })
export const auditAccepted = z.object({
  accepted: z
    .array(
      z.object({
        file: z.string(),
        device: deviceName,
        incarnation: instantMs,
        size: count,
        outside: z.array(z.string()).readonly()
      })
    )
    .readonly(),
  refused: z.array(z.object({ file: z.string(), reason: z.string() })).readonly(),
  findings: z.array(auditFinding).readonly()
})

export type AuditCheckpoints = z.output<typeof auditCheckpoints>
export type AuditAsked = z.output<typeof auditAsked>
export type AuditAccepted = z.output<typeof auditAccepted>
export type AuditReport = z.output<typeof auditReport>
export type AuditRecord = z.output<typeof auditRecord>
export type AuditWho = z.output<typeof auditWho>
export type AuditRead = z.output<typeof auditRead>
export type AuditHolder = z.output<typeof auditHolder>
export type AuditVerification = z.output<typeof auditVerification>
export type AuditLogStatus = z.output<typeof auditLogStatus>
export type AuditMissing = z.output<typeof auditMissing>
export type AuditFinding = z.output<typeof auditFinding>
