/** The other enrolled devices of the organisation, as this one sees them. */

import { z } from 'zod'
import { byteCount, deviceKind, deviceName, durationMs, instantMs } from './field.ts'

export const peer = deviceName.extend({
  kind: deviceKind.nullable(),
  connected: z.boolean(),
  address: z.string().nullable(),
  direction: z.enum(['inbound', 'outbound']).nullable(),
  connectedAtMs: instantMs.nullable(),
  rttMs: durationMs.nullable(),
  receivedBytes: byteCount,
  sentBytes: byteCount,
  lastSeenAtMs: instantMs.nullable(),
  banned: z.object({ reason: z.string(), untilMs: instantMs }).nullable()
})

export const peerList = z.object({ peers: z.array(peer).readonly() })

export type Peer = z.output<typeof peer>
