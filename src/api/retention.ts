/** How long versions are kept, and what is over. */

import { z } from 'zod'
import {
  byteCount,
  count,
  dataClass,
  datasetName,
  deviceName,
  instantMs,
  ordinal,
  versionId
} from './field.ts'
import { contentActed } from './governance.ts'

export const retentionScope = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('class'), dataClass }),
  z.strictObject({ kind: z.literal('dataset'), name: datasetName })
])
export const retentionRequest = z.strictObject({
  scope: retentionScope,
  keepMs: z.int().positive().nullable()
})
export const retentionRunRequest = z.strictObject({ dryRun: z.boolean().default(false) })

const retained = z.object({
  name: z.string(),
  ordinal,
  version: versionId,
  dataClass,
  bytes: byteCount,
  publishedAtMs: instantMs,
  keptMs: count.nullable(),
  by: z.enum(['class', 'dataset']),
  overAtMs: instantMs.nullable(),
  state: z.enum(['kept', 'over', 'held']),
  holds: z.array(z.object({ by: deviceName, reason: z.string().nullable() })).readonly()
})
export const retentionList = z.object({ versions: z.array(retained).readonly() })
export const retentionRun = retentionList.extend({
  case: z.string().nullable(),
  operations: z.array(contentActed).readonly()
})

export type RetainedVersion = z.output<typeof retained>
