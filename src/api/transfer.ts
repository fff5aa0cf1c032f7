/** Transfers: each is one fetch of one version into one destination. */

import { z } from 'zod'
import { versionRequest } from './dataset.ts'
import {
  absolutePath,
  byteCount,
  bytesPerSecond,
  count,
  datasetName,
  deviceName,
  durationMs,
  filesAndBytes,
  givenInstantMs,
  instantMs,
  label,
  ordinal,
  problem,
  versionId
} from './field.ts'
import { restraint } from './limits.ts'

const transferId = z.string().regex(/^[a-z0-9-]{1,64}$/, 'a transfer id is letters, digits and dashes')

export const PRIORITIES = ['low', 'normal', 'high'] as const
export const transferPriority = z.enum(PRIORITIES)
const GLOB_CHARACTERS_MAX = 1024
const GLOBS_MAX = 64
/** Which files a glob names is the node's to say. */
export const fileGlob = z.string().min(1).max(GLOB_CHARACTERS_MAX)

export const transferRequest = versionRequest.extend({
  destination: absolutePath,
  purpose: label.nullable().default(null),
  priority: transferPriority.nullable().default(null),
  deadlineAtMs: givenInstantMs.nullable().default(null),
  only: z.array(fileGlob).max(GLOBS_MAX).readonly().default([])
})
export const transferReference = z.strictObject({ id: transferId })
export const priorityRequest = z.strictObject({ id: transferId, priority: transferPriority })
export const deadlineRequest = z.strictObject({ id: transferId, deadlineAtMs: givenInstantMs.nullable() })
export const stopRequest = z.strictObject({ id: transferId, discard: z.boolean().default(false) })

const transferSource = deviceName.extend({
  connected: z.boolean(),
  publisher: z.boolean(),
  receivedBytes: byteCount,
  bytesPerSecond
})

const transferOrigin = z.object({
  url: z.string(),
  state: z.enum(['ready', 'waiting', 'aside']),
  problem: z.string().nullable(),
  retryAtMs: instantMs.nullable(),
  need: z.enum(['unheld', 'late', 'stalled']).nullable(),
  receivedBytes: byteCount,
  bytesPerSecond
})

export const transfer = z.object({
  id: transferId,
  name: datasetName,
  version: versionId,
  ordinal,
  destination: z.string(),
  purpose: label.nullable(),
  priority: transferPriority.default('normal'),
  deadlineAtMs: instantMs.nullable().default(null),
  outlook: z.enum(['on time', 'late', 'not known']).nullable().default(null),
  lateByMs: durationMs.nullable().default(null),
  origin: transferOrigin.nullable().default(null),
  only: z.array(z.array(fileGlob).readonly()).readonly().default([]),
  state: z.enum(['queued', 'waiting', 'fetching', 'paused', 'complete', 'stopped', 'failed']),
  startedAtMs: instantMs,
  finishedAtMs: instantMs.nullable(),
  files: count,
  totalBytes: byteCount,
  ofVersion: filesAndBytes.nullable().default(null),
  haveBytes: byteCount,
  resumedBytes: byteCount,
  reusedBytes: byteCount,
  receivedBytes: byteCount,
  wastedBytes: byteCount,
  bytesPerSecond,
  etaMs: durationMs.nullable(),
  sourcesConnected: count,
  sources: z.array(transferSource).readonly(),
  restraints: z.array(restraint).readonly().default([]),
  problem: problem.nullable()
})

export const TRANSFER_FILES_DEFAULT = 1_000
export const TRANSFER_FILES_MAX = 20_000

/** Values of a query arrive as text. */
export const transferFilesRequest = z.strictObject({
  id: transferId,
  limit: z.coerce.number().pipe(z.int().min(1).max(TRANSFER_FILES_MAX)).default(TRANSFER_FILES_DEFAULT)
})

const transferFile = z.object({
  path: z.string(),
  bytes: byteCount,
  haveBytes: byteCount,
  /** Whether it is to be fetched. */
  chosen: z.boolean()
})

/**
 * In the order of the version, at most as many as were asked for. `known` is false until somebody told what is in the
 * version; of one that is `sealed` the files are the objects that it consists of, whose names say nothing.
 */
export const transferFiles = z.object({
  id: transferId,
  known: z.boolean(),
  sealed: z.boolean(),
  total: count,
  whole: count,
  files: z.array(transferFile).readonly()
})

export const transferList = z.object({ transfers: z.array(transfer).readonly() })

export type Transfer = z.output<typeof transfer>
export type TransferPriority = z.output<typeof transferPriority>
export type TransferFile = z.output<typeof transferFile>
export type TransferFiles = z.output<typeof transferFiles>
export type TransferSource = z.output<typeof transferSource>

/** True for the states in which nothing more will happen by itself. */
export function isSettled(state: Transfer['state']): boolean {
  return state === 'complete' || state === 'stopped' || state === 'failed'
}
