/** Who may hold copies of a version for others, by the rules of its class. */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { classOf, mayRead } from './access.ts'
import { classRules } from './class-policy.ts'
import { rolesOf, type State } from './state.ts'

/** The role of devices that hold copies for others. */
export const STORAGE_ROLE = 'storage'

/**
 * Whether a device may be given a copy to hold for others. What is not sealed is held only by who may read it: whoever
 * holds it can. Of a version of several classes the strictest decides.
 */
export function mayHold(
  state: State,
  copy: {
    readonly device: DeviceId
    readonly version: VersionId
    readonly isSealed: boolean
    readonly nowMs: number
  }
): boolean {
  const { device, version, isSealed, nowMs } = copy
  const name = classOf(state, version)
  const roles = rolesOf(state, device, nowMs)
  if (name === undefined || roles.length === 0 || (state.content.get(version)?.erasures ?? []).length > 0)
    return false
  const { holders } = classRules(state, name)
  if (holders === 'storage' && !roles.includes(STORAGE_ROLE)) return false
  return (isSealed && holders !== 'readers') || mayRead(state, device, version, nowMs).allowed
}
