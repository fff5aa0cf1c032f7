/** What the node is doing this moment, for a live view. */

import { z } from 'zod'
import {
  byteCount,
  bytesPerSecond,
  count,
  deviceName,
  durationMs,
  instantMs,
  ordinal,
  organisation,
  ownDevice,
  problem,
  versionId
} from './field.ts'
import { restraint } from './limits.ts'

const flow = {
  receivedBytes: byteCount,
  sentBytes: byteCount,
  receiveBytesPerSecond: bytesPerSecond,
  sendBytesPerSecond: bytesPerSecond
}

const activeTransfer = z.object({
  id: z.string().nullable(),
  name: z.string().nullable(),
  ordinal: ordinal.nullable(),
  version: versionId,
  state: z.enum(['queued', 'waiting', 'fetching', 'paused', 'complete', 'stopped', 'failed', 'serving']),
  destination: z.string().nullable(),
  totalBytes: byteCount,
  haveBytes: byteCount,
  receiveBytesPerSecond: bytesPerSecond,
  sendBytesPerSecond: bytesPerSecond,
  etaMs: durationMs.nullable(),
  outlook: z.enum(['on time', 'late', 'not known']).nullable().default(null),
  originBytes: byteCount.default(0),
  peers: count,
  inFlightBytes: byteCount,
  wanBytes: byteCount,
  restraints: z.array(restraint).readonly().default([]),
  problem: problem.nullable()
})

const activePeer = deviceName.extend({
  ...flow,
  sameSite: z.boolean(),
  connected: z.boolean(),
  rttMs: durationMs.nullable(),
  inFlightBytes: byteCount,
  stalled: z.boolean(),
  chokesUs: z.boolean(),
  streams: count,
  havePieces: count,
  totalPieces: count
})

const siteLink = z.object({
  ...flow,
  site: z.string().nullable(),
  own: z.boolean(),
  connected: count,
  rttMs: durationMs.nullable(),
  inFlightBytes: byteCount
})

/** Who was cut off, or told off, since the start of the node. */
export const misbehaved = deviceName.extend({
  reason: z.string(),
  detail: z.string(),
  count,
  firstAtMs: instantMs,
  lastAtMs: instantMs,
  bannedUntilMs: z.number().nonnegative().nullable()
})

export const activity = z.object({
  ...flow,
  atMs: instantMs,
  startedAtMs: instantMs,
  org: organisation,
  device: ownDevice,
  /** Of the ledger, known here: more of them means that what it says may have changed. */
  operations: count.default(0),
  peersConnected: count,
  peersKnown: count,
  wastedBytes: byteCount,
  transfers: z.array(activeTransfer).readonly(),
  peers: z.array(activePeer).readonly(),
  links: z.array(siteLink).readonly(),
  misbehaved: z.array(misbehaved).readonly(),
  problems: z.array(problem).readonly()
})

export type Activity = z.output<typeof activity>
export type ActiveTransfer = z.output<typeof activeTransfer>
export type ActivePeer = z.output<typeof activePeer>
export type SiteLink = z.output<typeof siteLink>
export type Misbehaved = z.output<typeof misbehaved>
