/**
 * What of a stored version is kept by name: the version itself, where whole copies are asked for, or the versions that
 * are its shares. The ledger, the vault and transfers know those; placement knows slots of units.
 */

import type { VersionId } from '../../base/ids.ts'
import { type Copy, copiesOf } from '../../ledger/fold/copies.ts'
import type { State } from '../../ledger/fold/state.ts'
import type { StoredVersion } from './storage-units.ts'

export interface Part {
  readonly version: VersionId
  /** Null for the whole. */
  readonly share: number | null
}

/** None while it is to be kept in shares and is not cut. */
export function partsOf({ unit, shares }: StoredVersion): Part[] {
  if (unit.policy.shares === null) return [{ version: unit.version, share: null }]
  return shares?.shares.map((version, share) => ({ version, share })) ?? []
}

/** A part as it is fetched: like a version of its own. */
export function fetchedAs(stored: StoredVersion, { version, share }: Part): StoredVersion {
  const { published, shares } = stored
  if (share === null || shares === undefined) return stored
  const { files, bytes } = shares
  return { ...stored, published: { ...published, version, files, bytes } }
}

/** Who says that it keeps which part. */
export function copiesOfParts(state: State, parts: readonly Part[]): (Copy & { readonly part: VersionId })[] {
  return parts.flatMap(({ version, share }) =>
    copiesOf(state, version).map(copy => ({ ...copy, share, part: version }))
  )
}
