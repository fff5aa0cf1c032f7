/** Whose copies of a version count: by what the ledger says, and by who is there. */

import type { DeviceId } from '../../base/ids.ts'
import type { State } from '../../ledger/fold/state.ts'
import type { Device } from '../../placement/fleet.ts'
import { standingOf, type Terms } from '../../placement/holding.ts'
import type { Holder } from '../../placement/safety.ts'
import { knownCopy } from './storage-keeper.ts'
import { copiesOfParts, type Part, partsOf } from './storage-parts.ts'
import type { StoredVersion } from './storage-units.ts'

export function provedHolders(
  parts: readonly Part[],
  by: { readonly state: State; readonly devices: ReadonlyMap<DeviceId, Device>; readonly terms: Terms }
): Holder[] {
  return copiesOfParts(by.state, parts).flatMap(copy => {
    const device = by.devices.get(copy.device)
    const isProved = standingOf(knownCopy(copy), device, by.terms) === 'proved'
    return device !== undefined && isProved ? [{ device, share: copy.share }] : []
  })
}

/** What gives a version back: its parts, and whole copies where those are shares. */
export function countedParts(stored: StoredVersion): Part[] {
  const { version, policy } = stored.unit
  const parts = partsOf(stored)
  return policy.shares === null ? parts : [{ version, share: null }, ...parts]
}
