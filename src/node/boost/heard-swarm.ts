/** What the hub of a node knows of who wants what. */

import type { SwarmHub } from '../swarm/swarm-hub.ts'
import type { HeardSwarm } from './wanted-versions.ts'

export function heardSwarm(hub: Pick<SwarmHub, 'versions' | 'status' | 'wantOf' | 'past'>): HeardSwarm {
  return {
    versions: () => hub.versions(),
    wants: version => hub.wantOf(version) !== undefined,
    peers: version => hub.status(version)?.peers ?? [],
    past: version => hub.past.of(version)
  }
}
