/** Events for who watches from outside, and the sinks that they go to. */

import { z } from 'zod'
import { absolutePath, count, instantMs, shown } from './field.ts'

export const EVENTS_MAX = 1000
export const EVENTS_DEFAULT = 100
export const WAIT_MS_MAX = 30_000
export const ROTATE_BYTES_DEFAULT = 100_000_000
const ROTATE_BYTES_MIN = 100_000
const ROTATE_BYTES_MAX = 100_000_000_000
export const KEEP_DEFAULT = 5
export const KEEP_MAX = 100
const TARGET_CHARACTERS_MAX = 1024
const CURSOR_CHARACTERS_MAX = 8192

const logs = z.enum(['own', 'all'])
const target = shown(z.string().min(1).max(TARGET_CHARACTERS_MAX), 'https://siem.example/events')
const sinkId = shown(z.coerce.number().pipe(z.int().positive()), 1)

export const sinkRequest = z.strictObject({
  target,
  logs: logs.default('own'),
  tokenFile: absolutePath.nullable().default(null),
  caFile: absolutePath.nullable().default(null),
  fromStart: z.boolean().default(false),
  rotateBytes: shown(z.int().min(ROTATE_BYTES_MIN).max(ROTATE_BYTES_MAX), 100_000_000).default(
    ROTATE_BYTES_DEFAULT
  ),
  keep: shown(z.int().min(0).max(KEEP_MAX), 5).default(KEEP_DEFAULT)
})
export const sinkReference = z.strictObject({ id: sinkId })

export const sink = z.object({
  id: z.int().positive(),
  kind: z.enum(['http', 'syslog', 'file']),
  target,
  logs,
  delivered: count,
  skipped: count,
  lastDeliveredAtMs: instantMs.nullable(),
  backlog: count,
  failure: z.object({ message: z.string(), sinceMs: instantMs, attempts: count }).nullable()
})
export const sinkList = z.object({ sinks: z.array(sink).readonly() })

/** Values of a query arrive as text. Null for from now on, '' for from the first that is still here. */
export const eventsRequest = z.strictObject({
  cursor: z.string().max(CURSOR_CHARACTERS_MAX).nullable().default(null),
  limit: z.coerce.number().pipe(z.int().min(1).max(EVENTS_MAX)).default(EVENTS_DEFAULT),
  waitMs: z.coerce.number().pipe(z.int().min(0).max(WAIT_MS_MAX)).default(0)
})
const cloudEvent = shown(z.record(z.string(), z.unknown()), { specversion: '1.0' })
export const events = z.object({
  events: z.array(cloudEvent).readonly(),
  cursor: z.string(),
  skipped: count
})

export type Sink = z.output<typeof sink>
export type Events = z.output<typeof events>
