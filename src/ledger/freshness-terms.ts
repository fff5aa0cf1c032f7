/** What of the org decides about freshness: its chain, its beacon policy, its limits, and who is a member. */

import type { DeviceId, OrgId } from '../base/ids.ts'
import type { DatasetClass } from './names.ts'
import type { BeaconPolicy, Root } from './root.ts'

export interface FreshnessTerms {
  readonly org: OrgId
  /** Hashes of the chain's roots, version 1 first; the last is the head. */
  readonly rootHashes: readonly Uint8Array[]
  /** Admins of the head. */
  readonly admins: readonly DeviceId[]
  /** Null: freshness is not enforced. */
  readonly beacon: BeaconPolicy | null
  readonly stalenessMs: Readonly<Record<DatasetClass, number | null>>
  /** A signer that was revoked counts no longer, whatever the root says. */
  readonly isMember: (device: DeviceId) => boolean
}

/** The terms that the roots of a chain set, `head` the last of them. */
export function freshnessTermsOf(chain: {
  readonly org: OrgId
  readonly roots: readonly Root[]
  readonly head: Root
  readonly isMember: (device: DeviceId) => boolean
}): FreshnessTerms {
  return {
    org: chain.org,
    rootHashes: chain.roots.map(root => root.hash),
    admins: chain.head.admins,
    beacon: chain.head.beacon,
    stalenessMs: chain.head.stalenessMs,
    isMember: chain.isMember
  }
}
