/** What the hub of a node knows of who wants what. */

import type { SwarmHub } from '../swarm/swarm-hub.ts'
import type { HeardSwarm } from './wanted-versions.ts'

export function heardSwarm(
  hub: Pick<SwarmHub, 'statuses' | 'status' | 'wanted' | 'wantOf' | 'past'>
): HeardSwarm {
  return {
    versions: () => [...new Set([...hub.statuses().map(({ versionId }) => versionId), ...hub.wanted()])],
    wants: version => hub.wantOf(version) !== undefined,
    peers: version => hub.status(version)?.peers ?? [],
    past: version => hub.past.of(version)
  }
}
