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
 * name, is the transitive closure of: A is in B's deps, or A comes before B on its branch of the feed.
 *
 * Of the policies by the owner the last in causal order counts; likewise of the rules of storage, of the origins of a
 * version, and of what its shares of a kind are. What is said about whom a version is about adds up.
 */

import type { OperationId, VersionId } from '../../base/ids.ts'
import type {
  DatasetPublish,
  DatasetRetire,
  DatasetShares,
  DatasetStorage
} from '../operation/operation-content.ts'
import { compareCausal, type FeedKey, isOnBranch, type Placed } from './feed.ts'
import { getOr } from './fold-books.ts'
import type {
  DatasetEntry,
  DatasetPolicyEntry,
  DatasetStorageEntry,
  DatasetVersion,
  Inert,
  ShareSet
} from './state.ts'

export interface DatasetFold {
  /** Undefined when nothing was published with effect. */
  readonly entry: DatasetEntry | undefined
  readonly inert: ReadonlyMap<OperationId, Inert>
  /** The best rank in which each version was published. */
  readonly ranks: ReadonlyMap<VersionId, number>
}

/** The role in which an operation in force acts. */
export interface ActsAs {
  readonly isAdmin: boolean
  readonly rank: number
}

/** Of a version what its publication says. */
type Listed = Omit<DatasetVersion, 'retiredBy' | 'origin' | 'subjects' | 'shares'>

interface Retirement {
  readonly id: OperationId
  readonly content: DatasetRetire
}

const NOBODY: ReadonlySet<string> = new Set()

/** `operations`: all on this name whose authors may author them at all. */
export function foldDataset(
  name: string,
  operations: readonly Placed[],
  actsAs: (placed: Placed) => ActsAs
): DatasetFold {
  const isAdmin = (placed: Placed) => actsAs(placed).isAdmin
  const ordered = [...operations].sort(compareCausal)
  const publishes = ordered.filter(placed => placed.operation.content?.type === 'dataset.publish')
  const owner = publishes.some(isAdmin) ? 'admins' : publishes[0]?.operation.author
  const inert = new Map<OperationId, Inert>()
  const versions: Listed[] = []
  const retirements: Retirement[] = []
  const ranks = new Map<VersionId, number>()
  const words = new VersionWords()
  let policy: DatasetPolicyEntry | undefined
  let storage: DatasetStorageEntry | undefined
  for (const placed of ordered) {
    const { operation } = placed
    const { content } = operation
    if (!isAdmin(placed) && operation.author !== owner) {
      const detail = `the name ${name} belongs to ${owner ?? 'nobody yet'}`
      inert.set(operation.id, { reason: 'name-taken', detail })
    } else if (content?.type === 'dataset.publish') {
      versions.push({ ordinal: versions.length + 1, ...publication(operation, content) })
      const best = ranks.get(content.version) ?? Number.POSITIVE_INFINITY
      ranks.set(content.version, Math.min(best, actsAs(placed).rank))
    } else if (content?.type === 'dataset.retire') {
      retirements.push({ id: operation.id, content })
    } else if (content?.type === 'dataset.policy') {
      policy = { operation: operation.id, labels: content.labels, access: content.access }
    } else if (content?.type === 'dataset.storage') {
      storage = storageOf(operation.id, content)
    } else words.take(operation)
  }
  if (owner === undefined) return { entry: undefined, inert, ranks }
  const known = retirements.length === 0 ? new Map() : retirementsKnown(ordered)
  const retiredBy = (version: Listed): OperationId | undefined =>
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
      storage,
      versions: versions.map(version => ({
        ...version,
        retiredBy: retiredBy(version),
        ...words.of(version.version)
      }))
    },
    inert,
    ranks
  }
}

/** What is said of versions beside that they are published. */
class VersionWords {
  readonly #origins = new Map<VersionId, string | undefined>()
  readonly #subjects = new Map<VersionId, Set<string>>()
  readonly #shares = new Map<VersionId, readonly ShareSet[]>()

  /** The next in causal order. */
  take({ id, content }: Placed['operation']): void {
    if (content?.type === 'dataset.origin') this.#origins.set(content.version, content.url ?? undefined)
    else if (content?.type === 'dataset.shares')
      this.#shares.set(content.version, withShares(this.#shares.get(content.version) ?? [], id, content))
    else if (content?.type === 'dataset.subjects') {
      const ofVersion = getOr(this.#subjects, content.version, () => new Set<string>())
      for (const subject of content.subjects) ofVersion.add(subject)
    }
  }

  of(version: VersionId): Pick<DatasetVersion, 'origin' | 'subjects' | 'shares'> {
    return {
      origin: this.#origins.get(version),
      subjects: this.#subjects.get(version) ?? NOBODY,
      shares: this.#shares.get(version) ?? []
    }
  }
}

/** One of so many data and parity shares takes the place of the one before, and comes last. */
function withShares(
  before: readonly ShareSet[],
  operation: OperationId,
  { data, unitBytes, shares, files, bytes }: DatasetShares
): ShareSet[] {
  const others = before.filter(set => set.data !== data || set.shares.length !== shares.length)
  return [...others, { operation, data, unitBytes, shares, files, bytes }]
}

function storageOf(operation: OperationId, content: DatasetStorage): DatasetStorageEntry {
  const { copies, sites, regions, kinds, shares, retentionMs } = content
  return { operation, copies, sites, regions, kinds, shares, retentionMs }
}

function publication(operation: Placed['operation'], content: DatasetPublish): Omit<Listed, 'ordinal'> {
  return {
    operation: operation.id,
    version: content.version,
    class: content.class,
    sealed: content.sealed,
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
  const retirements = new Set<OperationId>()
  /** The operations of each feed so far. */
  const ofFeed = new Map<FeedKey, Placed[]>()
  for (const placed of ordered) {
    const { operation, feed } = placed
    const before = getOr(ofFeed, feed.key, (): Placed[] => [])
    const last = before.findLast(other => isOnBranch(other, placed))
    const own = new Set<OperationId>()
    for (const id of last === undefined ? operation.deps : [last.operation.id, ...operation.deps]) {
      for (const retirement of known.get(id) ?? []) own.add(retirement)
      if (retirements.has(id)) own.add(id)
    }
    known.set(operation.id, own)
    before.push(placed)
    if (operation.content?.type === 'dataset.retire') retirements.add(operation.id)
  }
  return known
}
