/**
 * Where the admin API of a home folder listens: the file that a running node keeps there, and that a client
 * reads before it connects. It is gone when the node has stopped, and may be stale when the node was killed.
 */

import { z } from 'zod'

export const ENDPOINT_FILE = 'admin.json'

export const endpoint = z.object({
  v: z.literal(1),
  /** Path of the Unix socket, or name of the pipe on Windows. */
  socket: z.string().min(1),
  pid: z.int().positive()
})

export type Endpoint = z.output<typeof endpoint>
