/**
 * Who may have the bytes of a version: be served them, and keep and serve them. To hold is less than to read: who
 * holds a sealed version without a key can read nothing of it.
 *
 * - Who may read a version may hold it.
 * - A sealed version is also held by those whom the rules of its class let: every member, devices with the role
 *   `storage`, or nobody besides who may read. Policies, grants and scans are about reading and do not matter.
 * - What is retired or expired, quarantined, recalled or erased nobody holds anew, sealed or not.
 *
 * Each owner of a name under which it is published has to allow it, as for reading (access.ts): so nobody opens to
 * holders, by a publication of its own that calls sealed what is not, what others keep closed.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { DatasetClass } from '../encoding/names.ts'
import type { ClassHolders } from '../operation/operation-content.ts'
import { askOwners, type Denial, decidingOf, mayRead } from './access.ts'
import { classRules } from './class-policy.ts'
import { rolesOf, type State } from './state.ts'

/** The role of devices that hold copies for others. */
export const STORAGE_ROLE = 'storage'

export type HoldDecision =
  /** `reads`: it may read what it holds, too. */
  { readonly allowed: true; readonly reads: boolean; readonly class: DatasetClass } | Denial

/** Whether a device may be given a version now, and keep it. */
export function mayHold(state: State, device: DeviceId, version: VersionId, nowMs: number): HoldDecision {
  const read = mayRead(state, device, version, nowMs)
  if (read.allowed) return { allowed: true, reads: true, class: read.class }
  const roles = rolesOf(state, device, nowMs)
  const decide = decidingOf(state, { nowMs, grants: state.grants })
  return askOwners(
    state,
    version,
    nowMs
  )<Extract<HoldDecision, { allowed: true }>>(device, publication => {
    const { published } = publication
    const isHeldBlind = published.sealed && isHolder(classRules(state, published.class).holders, roles)
    const reading = isHeldBlind ? undefined : decide(device, publication)
    if (reading?.allowed === false) return reading
    return { allowed: true, reads: false, class: published.class }
  })
}

function isHolder(holders: ClassHolders, roles: readonly string[]): boolean {
  switch (holders) {
    case 'members':
      return true
    case 'storage':
      return roles.includes(STORAGE_ROLE)
    case 'readers':
      return false
  }
}
