/** Datasets and their versions: publishing, retiring, verifying, and what is where. */

import { z } from 'zod'
import {
  absolutePath,
  byteCount,
  count,
  dataClass,
  datasetName,
  deviceName,
  durationMs,
  filesAndBytes,
  instantMs,
  ordinal,
  originUrl,
  problem,
  versionId,
  versionSelector
} from './field.ts'

export const datasetRequest = z.strictObject({ name: datasetName })

/** One version of a dataset; a null version means the newest (for retiring: all of them). */
export const versionRequest = z.strictObject({
  name: datasetName,
  version: versionSelector.nullable().default(null)
})

export const publishRequest = z.strictObject({
  path: absolutePath,
  name: datasetName,
  dataClass,
  origin: originUrl.nullable().default(null),
  sealed: z.boolean().default(false)
})

export const publishProgress = z.object({
  phase: z.enum(['scanning', 'hashing', 'sealing', 'chunking', 'recording']),
  filesDone: count,
  filesTotal: count.nullable(),
  bytesDone: byteCount,
  bytesTotal: byteCount.nullable()
})

export const published = z.object({
  name: datasetName,
  version: versionId,
  ordinal,
  dataClass,
  path: z.string(),
  sealed: z.boolean().default(false),
  files: count,
  bytes: byteCount,
  pieceBytes: byteCount,
  magnet: z.string(),
  /** Whether the org knew the version already: this device serves it again, and nothing was recorded. */
  again: z.boolean().default(false),
  /** Bytes in chunks that the version before has not; null where that is not known here. */
  newBytes: byteCount.nullable(),
  durationMs
})

export const retired = z.object({ name: datasetName, versions: z.array(versionId).readonly() })

const localCopy = z.object({
  state: z.enum(['fetching', 'complete', 'partial', 'damaged']),
  kind: z.enum(['source', 'fetched']),
  path: z.string(),
  selected: filesAndBytes.nullable().default(null),
  haveBytes: byteCount,
  problem: problem.nullable()
})

/** What stands against a version, whoever asks. */
const closed = z.object({ reason: z.enum(['quarantined', 'recalled', 'erased']), detail: z.string() })

const datasetVersion = z.object({
  version: versionId,
  ordinal,
  dataClass,
  publisher: deviceName,
  publishedAtMs: instantMs,
  retired: z.boolean(),
  closed: closed.nullable().default(null),
  sealed: z.boolean().default(false),
  files: count,
  bytes: byteCount,
  pieceBytes: byteCount,
  magnet: z.string(),
  origin: z.string().nullable().default(null),
  local: z.array(localCopy).readonly(),
  holders: z.array(deviceName.extend({ complete: z.boolean() })).readonly()
})

export const dataset = z.object({ name: datasetName, versions: z.array(datasetVersion).min(1).readonly() })

/** How it is known: see docs/CONSOLE.md. */
const versionHolder = deviceName.extend({
  isMember: z.boolean(),
  by: z.enum(['here', 'stream', 'past stream', 'ledger', 'publisher']),
  isWhole: z.boolean(),
  havePieces: count.nullable(),
  asOfAtMs: instantMs
})
export const versionHolders = z.object({
  name: datasetName,
  version: versionId,
  ordinal,
  bytes: byteCount,
  atMs: instantMs,
  totalPieces: count.nullable(),
  holders: z.array(versionHolder).readonly(),
  members: count,
  unknown: count
})

export const datasetSummary = z.object({
  name: datasetName,
  dataClass,
  versions: count,
  retired: z.boolean(),
  closed: closed.nullable().default(null),
  version: versionId,
  ordinal,
  publisher: deviceName,
  publishedAtMs: instantMs,
  files: count,
  bytes: byteCount,
  local: z.enum(['none', 'fetching', 'complete', 'partial', 'damaged'])
})

export const datasetList = z.object({ datasets: z.array(datasetSummary).readonly() })

export const verifyProgress = z.object({ bytesDone: byteCount, bytesTotal: byteCount, piecesBad: count })

const verifiedCopy = z.object({
  name: datasetName,
  version: versionId,
  path: z.string(),
  selected: filesAndBytes.nullable().default(null),
  intact: z.boolean(),
  bytesChecked: byteCount,
  piecesChecked: count,
  piecesBad: count,
  damagedFiles: z.array(z.object({ path: z.string(), missing: z.boolean() })).readonly(),
  damagedFileCount: count
})

export const verified = z.object({ copies: z.array(verifiedCopy).readonly() })

export type PublishProgress = z.output<typeof publishProgress>
export type Published = z.output<typeof published>
export type Retired = z.output<typeof retired>
export type Dataset = z.output<typeof dataset>
export type DatasetVersion = z.output<typeof datasetVersion>
export type DatasetSummary = z.output<typeof datasetSummary>
export type VerifyProgress = z.output<typeof verifyProgress>
export type VerifiedCopy = z.output<typeof verifiedCopy>
export type Verified = z.output<typeof verified>
