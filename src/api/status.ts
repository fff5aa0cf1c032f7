/** The node itself: who it is, how long it runs, what it moves, and what is wrong with it. */

import { z } from 'zod'
import { misbehaved } from './activity.ts'
import { byteCount, bytesPerSecond, count, instantMs, organisation, ownDevice, problem } from './field.ts'
import { freshness } from './freshness.ts'
import { restraint } from './limits.ts'

export const status = z.object({
  software: z.string(),
  pid: z.int(),
  home: z.string(),
  org: organisation,
  device: ownDevice,
  addresses: z.array(z.string()).readonly(),
  startedAtMs: instantMs,
  peersConnected: count,
  peersKnown: count,
  datasets: count,
  transfersActive: count,
  transfersLate: count.default(0),
  receivedBytes: byteCount,
  sentBytes: byteCount,
  wastedBytes: byteCount,
  receiveBytesPerSecond: bytesPerSecond,
  sendBytesPerSecond: bytesPerSecond,
  freshness,
  restraints: z.array(restraint).readonly().default([]),
  misbehaved: z.array(misbehaved).readonly(),
  problems: z.array(problem).readonly()
})

export type Status = z.output<typeof status>
