/** What an erasure does not delete, or not yet, as it is known when it is asked for: holds and sources. */

import type { VersionId } from '../../base/ids.ts'
import { publishersOf } from '../../ledger/fold/deletion.ts'
import type { State } from '../../ledger/fold/state.ts'
import { byName } from '../keys/device-name.ts'
import type { Node } from '../node.ts'
import type { ErasureObstacles, ObstacleHold, ObstacleSource } from './erasure-terms.ts'

interface NodeOfObstacles extends Pick<Node, 'keeper' | 'identity' | 'erasures'> {
  readonly catalogue: Pick<Node['catalogue'], 'nameOf'>
}

/** Call it before the erasure is signed: what is in force is forgotten by the store at once. */
export function obstaclesTo(node: NodeOfObstacles, versions: readonly VersionId[]): ErasureObstacles {
  const state = node.keeper.state()
  return {
    holds: holdsOnAny(node, state, versions),
    sources: versions.flatMap(version => sourcesOf(node, state, version))
  }
}

function holdsOnAny(
  { catalogue }: Pick<NodeOfObstacles, 'catalogue'>,
  state: State,
  versions: readonly VersionId[]
): ObstacleHold[] {
  const names = new Set(versions.flatMap(version => [...(state.publishedAs.get(version) ?? [])]))
  return [...names].sort().flatMap(name =>
    (state.holds.get(name) ?? []).map(hold => ({
      ...{ name, operation: hold.operation, by: catalogue.nameOf(hold.by), reason: hold.reason },
      ...{ placedAtMs: hold.timeMs, byAdmin: state.root.admins.includes(hold.by) }
    }))
  )
}

function sourcesOf(
  { identity, catalogue, erasures }: Pick<NodeOfObstacles, 'identity' | 'catalogue' | 'erasures'>,
  state: State,
  version: VersionId
): ObstacleSource[] {
  const names = [...(state.publishedAs.get(version) ?? [])].sort()
  const own = { ...catalogue.nameOf(identity.device), isHere: true }
  const here = erasures.sources(version).map(source => ({ version, names, at: own, ...source }))
  const others = [...publishersOf(state, version)]
    .filter(device => device !== identity.device)
    .map(device => ({ ...catalogue.nameOf(device), isHere: false }))
    .sort(byName)
    .map(at => ({ version, names, at, path: null, goes: false }))
  return [...here, ...others]
}
