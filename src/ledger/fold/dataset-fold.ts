/**
 * The fold of one dataset name: from every operation on it to its owner, its versions and their state.
 *
 * Owner. A name on which an admin has published belongs to the admins, and what others published under it is inert:
 * nobody can slip a release under a name that the org trusts. Otherwise it belongs to the device whose publication
 * is first in causal order. (Two devices that race for a name, or one that backdates within the bounds of its
 * enrolment, are settled by an admin who publishes under it.)
 *
 * Retirement is remove-wins. A retire operation withdraws every publication that it names, except those that build
 * on it: whoever knew of the retirement and published again meant it. `B builds on A`, among the operations on one
 * name, is the transitive closure of: A is in B's deps, or A comes earlier in B's feed and before any fork of it.
 *
 * Of the policies by the owner the last in causal order counts.
 */

import type { OperationId } from '../../base/ids.ts'
import type { DatasetPublish, DatasetRetire } from '../operation/operation-content.ts'
import { compareCausal, type FeedKey, isBeforeFork, type Placed } from './feed.ts'
import type { DatasetEntry, DatasetPolicyEntry, DatasetVersion, Inert } from './state.ts'

export interface DatasetFold {
  /** Undefined when nothing was published with effect. */
  readonly entry: DatasetEntry | undefined
  readonly inert: ReadonlyMap<OperationId, Inert>
}

interface Retirement {
  readonly id: OperationId
  readonly content: DatasetRetire
}

/** `operations`: all on this name whose authors may author them at all, forked publications excepted. */
export function foldDataset(
  name: string,
  operations: readonly Placed[],
  isAdmin: (placed: Placed) => boolean
): DatasetFold {
  const ordered = [...operations].sort(compareCausal)
  const publishes = ordered.filter(placed => placed.operation.content?.type === 'dataset.publish')
  const owner = publishes.some(isAdmin) ? 'admins' : publishes[0]?.operation.author
  const inert = new Map<OperationId, Inert>()
  const versions: Omit<DatasetVersion, 'retiredBy'>[] = []
  const retirements: Retirement[] = []
  let policy: DatasetPolicyEntry | undefined
  for (const placed of ordered) {
    const { operation } = placed
    const { content } = operation
    if (!isAdmin(placed) && operation.author !== owner) {
      const detail = `the name ${name} belongs to ${owner ?? 'nobody yet'}`
      inert.set(operation.id, { reason: 'name-taken', detail })
    } else if (content?.type === 'dataset.publish') {
      versions.push({ ordinal: versions.length + 1, ...publication(operation, content) })
    } else if (content?.type === 'dataset.retire') {
      retirements.push({ id: operation.id, content })
    } else if (content?.type === 'dataset.policy') {
      policy = { operation: operation.id, labels: content.labels, access: content.access }
    }
  }
  if (owner === undefined) return { entry: undefined, inert }
  const known = retirements.length === 0 ? new Map() : retirementsKnown(ordered)
  const retiredBy = (version: Omit<DatasetVersion, 'retiredBy'>): OperationId | undefined =>
    retirements.find(
      ({ id, content }) =>
        (content.version === null || content.version === version.version) &&
        !known.get(version.operation)?.has(id)
    )?.id
  return {
    entry: {
      name,
      owner,
      policy,
      versions: versions.map(version => ({ ...version, retiredBy: retiredBy(version) }))
    },
    inert
  }
}

function publication(
  operation: Placed['operation'],
  content: DatasetPublish
): Omit<DatasetVersion, 'retiredBy' | 'ordinal'> {
  return {
    operation: operation.id,
    version: content.version,
    class: content.class,
    pieceBytes: content.pieceBytes,
    files: content.files,
    bytes: content.bytes,
    publisher: operation.author,
    timeMs: operation.timeMs,
    expiresMs: operation.expiresMs
  }
}

/** For each operation, the retirements that it builds on. `ordered` puts no operation before one it builds on. */
function retirementsKnown(ordered: readonly Placed[]): ReadonlyMap<OperationId, ReadonlySet<OperationId>> {
  const known = new Map<OperationId, ReadonlySet<OperationId>>()
  /** What the next operation of a feed knows through its feed. */
  const ofFeed = new Map<FeedKey, ReadonlySet<OperationId>>()
  const retirement = new Set<OperationId>()
  for (const placed of ordered) {
    const { operation, feed } = placed
    const own = new Set(ofFeed.get(feed.key))
    for (const dep of operation.deps) {
      for (const id of known.get(dep) ?? []) own.add(id)
      if (retirement.has(dep)) own.add(dep)
    }
    known.set(operation.id, own)
    const isRetirement = operation.content?.type === 'dataset.retire'
    if (isRetirement) retirement.add(operation.id)
    if (isBeforeFork(placed)) ofFeed.set(feed.key, isRetirement ? new Set(own).add(operation.id) : own)
  }
  return known
}
