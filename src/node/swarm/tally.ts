/** What went over streams, summed up. */

import type { PeerStatus } from '../../swarm/transfer-types.ts'

/** Payload exchanged with one device, in bytes. */
export interface Tally {
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly wastedBytes: number
}

export const NO_TALLY: Tally = { receivedBytes: 0, sentBytes: 0, wastedBytes: 0 }

export function addTally(a: Tally, b: Tally): Tally {
  return {
    receivedBytes: a.receivedBytes + b.receivedBytes,
    sentBytes: a.sentBytes + b.sentBytes,
    wastedBytes: a.wastedBytes + b.wastedBytes
  }
}

export function tallyOf(peer: PeerStatus): Tally {
  return { receivedBytes: peer.verifiedBytes, sentBytes: peer.uploadedBytes, wastedBytes: peer.wastedBytes }
}

export function addTallies<Key>(sum: Map<Key, Tally>, more: ReadonlyMap<Key, Tally>): void {
  for (const [key, tally] of more) sum.set(key, addTally(sum.get(key) ?? NO_TALLY, tally))
}
