/** What the swarm of this device needs links for. */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { SwarmHub } from '../swarm/swarm-hub.ts'
import type { Fetching } from './source-search.ts'

/** Versions that are wanted and may come now, with whom there are streams for each, and what has come. */
export function fetchingOf(
  hub: Pick<SwarmHub, 'wanted' | 'status'>,
  publishersOf: (version: VersionId) => readonly DeviceId[]
): Fetching[] {
  return hub.wanted().flatMap(version => {
    const status = hub.status(version)
    if (status === undefined || status.phase === 'idle') return []
    const { peers, verifiedBytes, metadataBytes } = status
    const devices = new Set(peers.map(({ device }) => device))
    const receivedBytes = verifiedBytes + metadataBytes
    return [{ version, publishers: publishersOf(version), peers: devices, receivedBytes }]
  })
}

/**
 * Devices over whose streams something is still to come, in either direction. Two that want a version of which neither
 * has anything are of no use to each other.
 */
export function usedBySwarm(hub: Pick<SwarmHub, 'statuses'>): Set<DeviceId> {
  const peers = hub.statuses().flatMap(({ status }) =>
    status.peers.filter(({ isSatisfied, lackingCount, inFlightBytes }) => {
      const isGiving = lackingCount > 0 || inFlightBytes > 0
      return isGiving || (!isSatisfied && status.haveCount > 0)
    })
  )
  return new Set(peers.map(({ device }) => device))
}
