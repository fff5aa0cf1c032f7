/**
 * How a follow has nothing to do with a version any more, which is to be deleted at once: the destination goes where it
 * is at that version, without waiting for another to take its place, and the record forgets it. The folder of the
 * version stays for whoever deletes it. Cut off anywhere it can be done again.
 */

import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import type { FollowPlace } from './follow-place.ts'
import type { FollowRecord } from './follow-record.ts'
import { type Candidate, chooseVersion } from './version-choice.ts'
import type { VersionFolders } from './version-folders.ts'

export interface LeavingFollow {
  readonly org: string
  readonly place: FollowPlace
  readonly folders: Pick<VersionFolders, 'versionIn'>
}

export function mentions({ current, previous, versions, failed }: FollowRecord, version: VersionId): boolean {
  return [current, previous, ...versions, ...failed].some(each => each?.version === version)
}

/** Whether it is at a version and has another to go to, so that its destination need not be missing in between. */
export function isLeaving(
  version: VersionId,
  { current, failed, pinned }: FollowRecord,
  candidates: readonly Candidate[]
): boolean {
  if (current?.version !== version) return false
  const failures = new Set(failed.map(each => each.version))
  return chooseVersion({ candidates, current, failed: failures, pinned }).kind === 'go'
}

/** Returns what changes in the record. */
export async function leaveVersion(
  version: VersionId,
  record: FollowRecord,
  { org, place, folders }: LeavingFollow
): Promise<Partial<FollowRecord>> {
  const { current, previous, tree, versions, failed, name, mode } = record
  const isCurrent = current?.version === version
  const versionOf = (folder: string) => folders.versionIn(place.path(folder))
  for (const own of [...versions, ...(current === null ? [] : [current])])
    if (own.version === version) await place.leave(own.folder, { tree: isCurrent ? tree : null, versionOf })
  if (isCurrent) await place.mark({ org, dataset: name, mode, folder: null, tree: null })
  return {
    ...(isCurrent ? { current: null, tree: null, hookDue: null } : {}),
    previous: previous?.version === version ? null : previous,
    versions: versions.filter(each => each.version !== version),
    failed: failed.filter(each => each.version !== version)
  }
}

export function notLeft({ destination: path }: FollowRecord, why: string | undefined): AppError {
  const because = why === undefined ? 'the node stops' : why
  return new AppError('STORAGE_FAILED', `${path} is at a version that is to be deleted: ${because}`, {
    details: { path }
  })
}
