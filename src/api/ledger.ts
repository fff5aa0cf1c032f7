/** The ledger, operation by operation, and what a check of an exported one finds. */

import { z } from 'zod'
import { absolutePath, count, deviceName, durationMs, instantMs, operationId, orgId } from './field.ts'

export const LEDGER_LINES_DEFAULT = 50
export const LEDGER_LINES_MAX = 10_000

/** Values of a query arrive as text. */
export const ledgerRequest = z.strictObject({
  type: z.string().min(1).max(64).nullable().default(null),
  author: z.string().min(1).max(128).nullable().default(null),
  sinceMs: z.coerce.number().pipe(instantMs).nullable().default(null),
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
export const ledgerList = z.object({ operations: z.array(ledgerLine).readonly() })

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
  fields: z.record(z.string(), z.unknown()).readonly().nullable(),
  recordBytes: count
})

export const ledgerExportRequest = z.strictObject({ path: absolutePath })
export const ledgerProgress = z.object({ recordsDone: count })
export const ledgerExported = z.object({ path: z.string(), org: orgId, roots: count, operations: count })

export type LedgerLink = z.output<typeof ledgerLink>
export type LedgerLine = z.output<typeof ledgerLine>
export type LedgerEntry = z.output<typeof ledgerEntry>
