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

/** Devices over whose streams something is still to come, in either direction. */
export function usedBySwarm(hub: Pick<SwarmHub, 'wanted' | 'statuses'>): Set<DeviceId> {
  const wanted = new Set(hub.wanted())
  const peers = hub
    .statuses()
    .flatMap(({ versionId, status }) =>
      status.peers.filter(({ isSatisfied }) => !isSatisfied || wanted.has(versionId))
    )
  return new Set(peers.map(({ device }) => device))
}
