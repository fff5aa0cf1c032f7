/** Sealed versions: wrapping their keys anew, and exporting them for others. */

import { z } from 'zod'
import { absolutePath, byteCount, count, datasetName, ordinal, versionId, versionSelector } from './field.ts'

export const RECIPIENTS_MAX = 64
const recipient = z.string().min(1).max(128)

export const rekeyRequest = z.strictObject({ name: datasetName })
const rekeyedVersion = z.object({
  version: versionId,
  ordinal,
  rekeyed: z.boolean(),
  reason: z.string().nullable(),
  recipients: count,
  keyless: count
})
export const rekeyed = z.object({
  name: datasetName,
  versions: z.array(rekeyedVersion).readonly(),
  peersTold: count
})

export const ageExportRequest = z.strictObject({
  name: datasetName,
  version: versionSelector.nullable().default(null),
  path: absolutePath,
  recipients: z.array(recipient).max(RECIPIENTS_MAX).default([]),
  identityOut: absolutePath.nullable().default(null)
})
export const ageExportProgress = z.object({
  filesDone: count,
  filesTotal: count,
  bytesDone: byteCount,
  bytesTotal: byteCount
})
export const ageExported = z.object({
  name: datasetName,
  version: versionId,
  path: z.string(),
  files: count,
  bytes: byteCount,
  linksLeftOut: count,
  recipients: z.array(recipient).readonly(),
  identity: z.string().nullable()
})

export type Rekeyed = z.output<typeof rekeyed>
