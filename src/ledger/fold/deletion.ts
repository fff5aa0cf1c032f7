/**
 * Whether copies of a version are to be deleted. An erasure and a recall take the version from everybody at once; that
 * its copies go waits while anything of it is held for the record. Age deletes nothing that is held either.
 *
 * One person can recall, so a recall never takes the last copy: what was published in place stays with its publisher,
 * and no other copy goes before each publisher of the version has said in the ledger that it has it there. An erasure,
 * which as many admins as a root agree to, waits for no such word and takes from all but the source's owner.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { contentFault } from './access.ts'
import { type ErasureEntry, isAvailable, type State, type Taking } from './state.ts'

export type Deletion =
  | { readonly kind: 'kept' }
  /** Erased or recalled, and the holds that its deletion waits for. */
  | { readonly kind: 'held'; readonly takings: readonly Taking[]; readonly holds: readonly Taking[] }
  /** Recalled, and the publishers that have not said that their source is there. */
  | {
      readonly kind: 'waiting'
      readonly takings: readonly Taking[]
      readonly publishers: ReadonlySet<DeviceId>
    }
  /** `sourcesStay`: recalled and not erased, so that publishers keep what they published, and its keys. */
  | { readonly kind: 'due'; readonly takings: readonly Taking[]; readonly sourcesStay: boolean }

/** Whether a copy must be deleted now, and its keys destroyed. */
export function mustDelete(state: State, version: VersionId): boolean {
  return deletionOf(state, version).kind === 'due'
}

export function deletionOf(state: State, version: VersionId): Deletion {
  const { erasures = [], recalls = [] } = state.content.get(version) ?? {}
  const takings = [...erasures, ...recalls]
  if (takings.length === 0) return { kind: 'kept' }
  const holds = holdsOn(state, version)
  if (holds.length > 0) return { kind: 'held', takings, holds }
  if (erasures.length > 0) return { kind: 'due', takings, sourcesStay: false }
  const publishers = publishersOf(state, version)
  for (const { operation } of recalls)
    for (const [device, { outcome }] of state.erasures.get(operation)?.confirmations ?? [])
      if (outcome === 'source-kept') publishers.delete(device)
  // Of what nobody published by what is known here, nobody can say that it is there.
  const isKept = publishers.size === 0 && (state.publishedAs.get(version)?.size ?? 0) > 0
  return isKept ? { kind: 'due', takings, sourcesStay: true } : { kind: 'waiting', takings, publishers }
}

/** Who published a version, under whatever name. */
export function publishersOf(state: State, version: VersionId): Set<DeviceId> {
  const publishers = new Set<DeviceId>()
  for (const name of state.publishedAs.get(version) ?? [])
    for (const published of state.datasets.get(name)?.versions ?? [])
      if (published.version === version) publishers.add(published.publisher)
  return publishers
}

/** Holds on any dataset that has the version, retired ones included: retention deletes nothing while there are any. */
export function holdsOn(state: State, version: VersionId): readonly Taking[] {
  return [...(state.publishedAs.get(version) ?? [])].flatMap(name => state.holds.get(name) ?? [])
}

/**
 * Whether copies are to stay although nobody may have the version anew: it is held for the record, or quarantined,
 * which a release may end.
 */
export function mustStay(state: State, version: VersionId, nowMs: number): boolean {
  if (deletionOf(state, version).kind === 'due') return false
  if (holdsOn(state, version).length > 0) return true
  if (contentFault(state.content.get(version))?.reason !== 'quarantined') return false
  return [...(state.publishedAs.get(version) ?? [])].some(name =>
    state.datasets.get(name)?.versions.some(each => each.version === version && isAvailable(each, nowMs))
  )
}

/** What is said of a version, erasures and recalls: in what a device has a word. */
export function erasuresOf({ erasures }: State, version: VersionId): ErasureEntry[] {
  return [...erasures.values()].filter(each => each.version === version)
}
