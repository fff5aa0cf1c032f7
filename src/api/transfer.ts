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
  instantMs,
  label,
  ordinal,
  problem,
  versionId
} from './field.ts'

const transferId = z.string().regex(/^[a-z0-9-]{1,64}$/, 'a transfer id is letters, digits and dashes')

export const transferRequest = versionRequest.extend({
  destination: absolutePath,
  purpose: label.nullable().default(null)
})
export const transferReference = z.strictObject({ id: transferId })
export const stopRequest = z.strictObject({ id: transferId, discard: z.boolean().default(false) })

const transferSource = deviceName.extend({
  connected: z.boolean(),
  publisher: z.boolean(),
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
  state: z.enum(['waiting', 'fetching', 'complete', 'stopped', 'failed']),
  startedAtMs: instantMs,
  finishedAtMs: instantMs.nullable(),
  files: count,
  totalBytes: byteCount,
  haveBytes: byteCount,
  resumedBytes: byteCount,
  reusedBytes: byteCount,
  receivedBytes: byteCount,
  wastedBytes: byteCount,
  bytesPerSecond,
  etaMs: durationMs.nullable(),
  sourcesConnected: count,
  sources: z.array(transferSource).readonly(),
  problem: problem.nullable()
})

export const transferList = z.object({ transfers: z.array(transfer).readonly() })

export type Transfer = z.output<typeof transfer>
export type TransferSource = z.output<typeof transferSource>

/** True for the states in which nothing more will happen by itself. */
export function isSettled(state: Transfer['state']): boolean {
  return state === 'complete' || state === 'stopped' || state === 'failed'
}
