/** What `doctor` looks at. */

import { z } from 'zod'
import { shown } from './field.ts'

export const check = z.object({
  id: z.enum([
    'home',
    'node',
    'file-system',
    'disk-space',
    'disk-speed',
    'open-files',
    'port',
    'clock',
    'beacons',
    'ledger',
    'inbound',
    'peers',
    'sites'
  ]),
  /** Attention: it works, but not well, or not for long. */
  outcome: z.enum(['good', 'attention', 'bad', 'unknown']),
  found: shown(z.string(), '80.0 GB free of 252.0 GB'),
  /** What to do. */
  remedy: z.string().nullable()
})

export const checkupDone = z.object({ checks: z.array(check).readonly() })

export type Check = z.output<typeof check>
