/** Devices as the list shows them: what the ledger says of each, joined with what this node knows of its link. */

import type { LivePeer } from '../../api/live.tsx'
import type { Answer } from '../../api/routes.ts'
import type { Tone } from '../../components/dot.tsx'

export type DeviceRecord = Answer<'devices'>['devices'][number]
export type PeerRecord = Answer<'peers'>['peers'][number]

export interface DeviceRow {
  readonly record: DeviceRecord
  /** Null for this device itself, and for who is no member. */
  readonly peer: PeerRecord | null
  readonly live: LivePeer | null
  readonly state: DeviceState
  /** When something of it last came here; null where nothing is known to have. */
  readonly heardAtMs: number | null
}

export interface DeviceState {
  readonly tone: Tone
  readonly says: string
  /** The worst first. */
  readonly order: number
}

export function deviceRows(
  devices: readonly DeviceRecord[],
  peers: readonly PeerRecord[],
  live: readonly LivePeer[]
): DeviceRow[] {
  const peerOf = new Map(peers.map(peer => [peer.device as string, peer]))
  const liveOf = new Map(live.map(peer => [peer.device as string, peer]))
  return devices.map(record => {
    const [peer, now] = [peerOf.get(record.device) ?? null, liveOf.get(record.device) ?? null]
    // Links are asked about again and again, and the ledger only as it grows.
    const heardAtMs = peer === null ? record.heardAtMs : peer.lastSeenAtMs
    return { record, peer, live: now, state: stateOf(record, peer, now), heardAtMs }
  })
}

export function stateOf(
  { standing, self }: DeviceRecord,
  peer: PeerRecord | null,
  live: LivePeer | null
): DeviceState {
  if (standing === 'revoked') return { tone: 'bad', says: 'revoked', order: 1 }
  if (standing === 'suspended') return { tone: 'bad', says: 'suspended', order: 0 }
  if (standing === 'former') return { tone: 'quiet', says: 'no member any more', order: 6 }
  if (self) return { tone: 'good', says: 'this node', order: 4 }
  if (peer?.banned != null) return { tone: 'bad', says: 'cut off', order: 2 }
  if (live?.connected ?? peer?.connected) return { tone: 'good', says: 'linked', order: 5 }
  return { tone: 'quiet', says: 'not linked', order: 3 }
}

export function roleText({ admin, roles }: DeviceRecord): string {
  return [...(admin ? ['admin'] : []), ...roles.map(({ role }) => role)].join(', ')
}
