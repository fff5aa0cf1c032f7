/** What of the org decides about freshness: its chain, its beacon policy, its limits, and who is a member. */

import { defined } from '../../base/assert.ts'
import type { DeviceId, OrgId } from '../../base/ids.ts'
import type { BeaconPolicy, Root } from '../chain/root.ts'
import type { DatasetClass } from '../encoding/names.ts'

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

/** The terms that a chain sets; its roots from version 1 on, the head last. */
export function freshnessTermsOf(chain: {
  readonly org: OrgId
  readonly roots: readonly Root[]
  /** Limits that the rules of classes have shortened (fold/class-policy.ts); left out, those of the head count. */
  readonly stalenessMs?: FreshnessTerms['stalenessMs']
  readonly isMember: (device: DeviceId) => boolean
}): FreshnessTerms {
  const { org, roots, stalenessMs, isMember } = chain
  const head = defined(roots.at(-1), 'root.v1')
  return {
    org,
    rootHashes: roots.map(root => root.hash),
    admins: head.admins,
    beacon: head.beacon,
    stalenessMs: stalenessMs ?? head.stalenessMs,
    isMember
  }
}
