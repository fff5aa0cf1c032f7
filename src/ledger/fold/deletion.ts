/**
 * Whether copies of a version are to be deleted. An erasure takes the version from everybody at once; that its copies
 * go waits while anything of it is held for the record. Age deletes nothing that is held either.
 */

import type { VersionId } from '../../base/ids.ts'
import type { State, Taking } from './state.ts'

export type Deletion =
  | { readonly kind: 'kept' }
  /** Erased, and the holds that its deletion waits for. */
  | { readonly kind: 'held'; readonly erasures: readonly Taking[]; readonly holds: readonly Taking[] }
  | { readonly kind: 'due'; readonly erasures: readonly Taking[] }

/** Whether a copy must be deleted now, and its keys destroyed. */
export function mustDelete(state: State, version: VersionId): boolean {
  return deletionOf(state, version).kind === 'due'
}

export function deletionOf(state: State, version: VersionId): Deletion {
  const erasures = state.content.get(version)?.erasures ?? []
  if (erasures.length === 0) return { kind: 'kept' }
  const holds = holdsOn(state, version)
  return holds.length === 0 ? { kind: 'due', erasures } : { kind: 'held', erasures, holds }
}

/** Holds on any dataset that has the version, retired ones included: retention deletes nothing while there are any. */
export function holdsOn(state: State, version: VersionId): readonly Taking[] {
  return [...(state.publishedAs.get(version) ?? [])].flatMap(name => state.holds.get(name) ?? [])
}
