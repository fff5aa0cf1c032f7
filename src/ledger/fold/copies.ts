/** Who keeps copies of a version, and what a device keeps: by what each says of itself, where nobody disputes it. */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { CopyEntry, State } from './state.ts'

export interface Copy extends CopyEntry {
  readonly device: DeviceId
}

/** Of devices that are members no more, too: what they say still is what they said. */
export function copiesOf({ copies, keptBy }: State, version: VersionId): Copy[] {
  return [...(keptBy.get(version) ?? [])].flatMap(device => {
    const entry = copies.get(device)?.get(version)
    return entry === undefined ? [] : [{ device, ...entry }]
  })
}

export function ownCopies({ copies }: State, device: DeviceId): ReadonlyMap<VersionId, CopyEntry> {
  return copies.get(device) ?? new Map()
}
