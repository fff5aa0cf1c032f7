/** The scrub: what is held here, read again for rot. */

import { z } from 'zod'
import { byteCount, bytesPerSecond, count, instantMs, versionId } from './field.ts'

export const scrubRequest = z.strictObject({
  action: z.enum(['start', 'pause']).nullable().default(null),
  /** Null for as fast as it has to be; left out, it stays as it is. */
  bytesPerSecond: z.int().positive().nullable().optional()
})

const counts = { beganAtMs: instantMs, readBytes: byteCount, badPieces: count }

export const scrubReport = z.object({
  state: z.enum(['running', 'paused', 'waiting']),
  setBytesPerSecond: bytesPerSecond.nullable(),
  bytesPerSecond,
  heldBytes: byteCount,
  pass: z.object(counts).nullable(),
  last: z.object({ ...counts, endedAtMs: instantMs }).nullable(),
  nextAtMs: instantMs.nullable(),
  readBytes: byteCount,
  badPieces: count,
  healedPieces: count,
  damaged: z
    .array(
      z.object({ version: versionId, path: z.string(), kind: z.enum(['source', 'fetched']), pieces: count })
    )
    .readonly(),
  damagedCount: count
})

export type ScrubReport = z.output<typeof scrubReport>
