/** The ledger, operation by operation, and what a check of an exported one finds. */

import { z } from 'zod'
import {
  absolutePath,
  count,
  datasetName,
  deviceName,
  durationMs,
  instantInQuery,
  instantMs,
  operationId,
  ordinal,
  orgId,
  versionId
} from './field.ts'

export const LEDGER_LINES_DEFAULT = 50
export const LEDGER_LINES_MAX = 10_000
const ABOUT_CHARACTERS_MAX = 256

/** Waiting: for approvals of more admins. None: for any other reason. */
export const LEDGER_EFFECTS = ['in-force', 'waiting', 'none'] as const

/** Values of a query arrive as text. */
export const ledgerRequest = z.strictObject({
  type: z.string().min(1).max(64).nullable().default(null),
  author: z.string().min(1).max(128).nullable().default(null),
  about: z.string().min(1).max(ABOUT_CHARACTERS_MAX).nullable().default(null),
  effect: z.enum(LEDGER_EFFECTS).nullable().default(null),
  sinceMs: instantInQuery.nullable().default(null),
  /** Only what is older. */
  untilMs: instantInQuery.nullable().default(null),
  limit: z.coerce.number().pipe(z.int().min(1).max(LEDGER_LINES_MAX)).default(LEDGER_LINES_DEFAULT)
})

const ledgerLink = z.object({ operation: operationId, type: z.string(), author: deviceName })

const ledgerLine = ledgerLink.extend({
  atMs: instantMs,
  aheadMs: durationMs.nullable(),
  says: z.string(),
  inForce: z.boolean(),
  role: z.string().nullable(),
  rank: count.nullable(),
  reason: z.string().nullable(),
  detail: z.string().nullable()
})
/** `matched` counts those beyond the limit too. */
export const ledgerList = z.object({ operations: z.array(ledgerLine).readonly(), matched: count })

/** What an operation names, as far as it is known here. */
const ledgerConcerns = z.object({
  devices: z.array(deviceName).readonly(),
  datasets: z
    .array(z.object({ name: datasetName, version: versionId.nullable(), ordinal: ordinal.nullable() }))
    .readonly(),
  operations: z.array(ledgerLink).readonly()
})

export const ledgerEntry = ledgerLine.extend({
  expiresAtMs: instantMs.nullable(),
  signature: z.enum(['good', 'bad']),
  root: z.object({ version: count.nullable(), hash: z.string(), contested: z.boolean() }),
  incarnation: z.string(),
  seq: count,
  prev: ledgerLink.nullable(),
  next: z.array(ledgerLink).readonly(),
  deps: z.array(ledgerLink).readonly(),
  forkedAtSeq: count.nullable(),
  approvalsNeeded: count,
  approvals: z.array(ledgerLink).readonly(),
  concerns: ledgerConcerns,
  fields: z.record(z.string(), z.unknown()).readonly().nullable(),
  recordBytes: count
})

const ledgerHead = z.object({ operation: operationId, type: z.string(), seq: count, atMs: instantMs })

const ledgerFeed = z.object({
  author: deviceName,
  incarnation: z.string(),
  operations: count,
  heads: z.array(ledgerHead).readonly(),
  fork: z.object({ seq: count, operations: z.array(operationId).readonly() }).nullable()
})

export const ledgerFeeds = z.object({
  atMs: instantMs,
  org: orgId,
  operations: count,
  inForce: count,
  inert: z.array(z.object({ reason: z.string(), operations: count })).readonly(),
  types: z.array(z.object({ type: z.string(), operations: count })).readonly(),
  feeds: z.array(ledgerFeed).readonly()
})

export const ledgerExportRequest = z.strictObject({ path: absolutePath })
export const ledgerProgress = z.object({ recordsDone: count })
export const ledgerExported = z.object({ path: z.string(), org: orgId, roots: count, operations: count })

export type LedgerLink = z.output<typeof ledgerLink>
export type LedgerLine = z.output<typeof ledgerLine>
export type LedgerEntry = z.output<typeof ledgerEntry>
export type LedgerFeeds = z.output<typeof ledgerFeeds>
export type LedgerFeed = z.output<typeof ledgerFeed>
