/** What this node keeps for a while of what was read through it. */

import { z } from 'zod'
import { byteCount, count } from './field.ts'

/** Zero for no cache. */
export const cacheRequest = z.strictObject({ bytes: byteCount })

export const cacheUsage = z.object({
  limitBytes: byteCount,
  usedBytes: byteCount,
  pieces: count,
  versions: count
})

export type CacheUsage = z.output<typeof cacheUsage>
