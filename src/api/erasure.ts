/** Erasure: cases, who confirmed that nothing is left, and certificates of that. */

import { z } from 'zod'
import {
  byteCount,
  count,
  datasetName,
  deviceName,
  instantMs,
  label,
  operationId,
  orgId,
  versionId,
  versionSelector
} from './field.ts'
import { contentActed, REASON_CHARACTERS_MAX } from './governance.ts'
import { subjectId } from './subject.ts'

const CASE_CHARACTERS_MAX = 32

export const eraseRequest = z.strictObject({
  name: datasetName.nullable().default(null),
  subject: subjectId.nullable().default(null),
  version: versionSelector.nullable().default(null),
  allVersions: z.boolean().default(false),
  reason: z.string().min(1).max(REASON_CHARACTERS_MAX).nullable().default(null),
  basis: label,
  deleteSource: z.boolean().default(false)
})

/** A version that was recalled or erased. */
export const caseOfVersion = z.strictObject({
  name: datasetName,
  version: versionSelector.nullable().default(null)
})

/** A case, or the beginning of one. */
export const caseReference = z.strictObject({ id: z.string().min(1).max(CASE_CHARACTERS_MAX) })
export const finishRequest = caseReference.extend({
  deleteSource: z.boolean().default(false),
  gone: z.boolean().default(false)
})

const caseHold = z.object({
  operation: operationId,
  by: deviceName,
  reason: z.string().nullable(),
  placedAtMs: instantMs
})

const obstacleHold = caseHold.extend({ name: z.string(), byAdmin: z.boolean() })
const obstacleSource = z.object({
  version: versionId,
  names: z.array(z.string()).readonly(),
  at: deviceName.extend({ isHere: z.boolean() }),
  path: z.string().nullable(),
  goes: z.boolean()
})

/** `holds` delay that anything is deleted; `sources` are what owners keep, unless they agree on their device. */
export const eraseActed = z.object({
  case: z.string(),
  operations: z.array(contentActed).readonly(),
  holds: z.array(obstacleHold).readonly(),
  sources: z.array(obstacleSource).readonly()
})

const caseApproval = z.object({
  operation: operationId,
  by: deviceName,
  atMs: instantMs,
  record: z.string()
})

const erasureKind = z.enum(['erasure', 'recall'])

const caseErasure = z.object({
  operation: operationId,
  kind: erasureKind,
  version: versionId,
  names: z.array(z.string()).readonly(),
  by: deviceName,
  reason: z.string().nullable(),
  basis: z.string(),
  atMs: instantMs,
  inForce: z.boolean(),
  waitsFor: z.string().nullable(),
  holds: z.array(caseHold).readonly(),
  approvals: z.array(caseApproval).readonly(),
  awaits: z.array(deviceName).readonly(),
  record: z.string()
})

const caseConfirmation = z.object({
  operation: operationId,
  erase: operationId,
  outcome: z.enum(['deleted', 'not-held', 'source-kept']),
  bytes: byteCount,
  keys: z.boolean(),
  atMs: instantMs,
  record: z.string()
})

const caseDevice = deviceName.extend({
  state: z.enum(['confirmed', 'source-kept', 'waiting', 'away', 'excluded']),
  detail: z.string().nullable(),
  lastSeenAtMs: instantMs.nullable(),
  confirmations: z.array(caseConfirmation).readonly()
})

export const erasureCase = z.object({
  case: z.string(),
  erasures: z.array(caseErasure).readonly(),
  devices: z.array(caseDevice).readonly()
})

const caseSummary = z.object({
  case: z.string(),
  kind: erasureKind,
  names: z.array(z.string()).readonly(),
  basis: z.string(),
  reason: z.string().nullable(),
  by: deviceName,
  atMs: instantMs,
  versions: count,
  inForce: count,
  held: count,
  devices: count,
  confirmed: count,
  awaited: count,
  kept: count
})
export const caseList = z.object({ cases: z.array(caseSummary).readonly() })

export const certificate = erasureCase.extend({
  format: z.string(),
  v: z.int(),
  org: z.object({ id: orgId, name: z.string() }),
  issuedBy: deviceName,
  issuedAtMs: instantMs,
  limits: z.array(z.string()).readonly(),
  signature: z.string()
})

export type EraseActed = z.output<typeof eraseActed>
export type ErasureCase = z.output<typeof erasureCase>
export type CaseErasure = z.output<typeof caseErasure>
export type CaseDevice = z.output<typeof caseDevice>
export type CaseSummary = z.output<typeof caseSummary>
export type Certificate = z.output<typeof certificate>
