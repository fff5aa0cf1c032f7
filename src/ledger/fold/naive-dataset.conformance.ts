/** The oracle for one dataset name: its owner, its versions, what withdrew them, its policy and how it is stored. */

import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { Operation } from '../operation/operation.ts'
import type { DatasetOrigin } from '../operation/operation-content.ts'
import type { NaiveLog } from './naive-log.conformance.ts'
import type { DatasetPolicyEntry, DatasetStorageEntry, DatasetVersion, ShareSet } from './state.ts'

export interface NaiveDataset {
  readonly owner: DeviceId | 'admins' | undefined
  readonly versions: readonly DatasetVersion[]
  readonly policy: DatasetPolicyEntry | undefined
  readonly storage: DatasetStorageEntry | undefined
  /** Operations of others than the owner. */
  readonly inert: readonly OperationId[]
}

/** `operations`: all on one name that are in force but for who owns it. */
export function naiveDataset(
  log: NaiveLog,
  operations: readonly Operation[],
  isAdmin: (operation: Operation) => boolean
): NaiveDataset {
  const ordered = log.inCausalOrder(operations)
  const publications = ordered.filter(({ content }) => content?.type === 'dataset.publish')
  const owner = publications.some(isAdmin) ? 'admins' : publications[0]?.author
  const owners = ordered.filter(operation => isAdmin(operation) || operation.author === owner)
  const versions = owners.flatMap(operation => {
    const { content } = operation
    if (content?.type !== 'dataset.publish') return []
    const { version, class: dataClass, sealed, pieceBytes, files, bytes } = content
    const { id, author, timeMs, expiresMs } = operation
    const retiredBy = owners.find(
      other => retires(other, version) && !buildsOn(log, operation, other, ordered)
    )
    return [
      {
        operation: id,
        version,
        class: dataClass,
        sealed,
        pieceBytes,
        files,
        bytes,
        publisher: author,
        timeMs,
        expiresMs,
        retiredBy: retiredBy?.id,
        origin: owners.findLast(other => namesOrigin(other, version))?.content.url ?? undefined,
        subjects: subjectsOf(owners, version),
        shares: sharesOf(owners, version)
      }
    ]
  })
  const policies = owners.flatMap(({ id, content }) =>
    content?.type === 'dataset.policy'
      ? [{ operation: id, labels: content.labels, access: content.access }]
      : []
  )
  const storage = owners.flatMap(({ id, content }) => {
    if (content?.type !== 'dataset.storage') return []
    const { type: _, name: __, ...said } = content
    return [{ ...said, operation: id }]
  })
  return {
    owner,
    versions: versions.map((version, index) => ({ ordinal: index + 1, ...version })),
    policy: policies.at(-1),
    storage: storage.at(-1),
    inert: ordered.filter(operation => !owners.includes(operation)).map(({ id }) => id)
  }
}

function subjectsOf(operations: readonly Operation[], version: VersionId): Set<string> {
  return new Set(
    operations.flatMap(({ content }) =>
      content?.type === 'dataset.subjects' && content.version === version ? content.subjects : []
    )
  )
}

/** Those that no later ones of the same kind take the place of. */
function sharesOf(operations: readonly Operation[], version: VersionId): ShareSet[] {
  const said = operations.flatMap(({ id, content }): ShareSet[] => {
    if (content?.type !== 'dataset.shares' || content.version !== version) return []
    const { data, unitBytes, shares, files, bytes } = content
    return [{ operation: id, data, unitBytes, shares, files, bytes }]
  })
  const kindOf = ({ data, shares }: ShareSet): string => `${data} of ${shares.length}`
  return said.filter((set, at) => !said.slice(at + 1).some(later => kindOf(later) === kindOf(set)))
}

function namesOrigin(
  operation: Operation,
  version: VersionId
): operation is Operation & { readonly content: DatasetOrigin } {
  return operation.content?.type === 'dataset.origin' && operation.content.version === version
}

function retires({ content }: Operation, version: VersionId): boolean {
  return content?.type === 'dataset.retire' && (content.version === null || content.version === version)
}

/** Search through the operations on one name: by deps, or down the branch of a feed. */
function buildsOn(
  log: NaiveLog,
  later: Operation,
  earlier: Operation,
  ofName: readonly Operation[]
): boolean {
  const seen = new Set([later])
  for (const from of seen)
    for (const to of ofName) {
      if (from.deps.includes(to.id) || log.isOnBranch(to, from)) seen.add(to)
    }
  return later !== earlier && seen.has(earlier)
}
