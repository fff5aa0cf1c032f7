/** Who keeps copies of a version, and what a device keeps: by what each says of itself, where nobody disputes it. */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { CopyEntry, State } from './state.ts'

export interface Copy extends CopyEntry {
  readonly device: DeviceId
  /** With what the device said since of all that it keeps. */
  readonly untilMs: number
}

/** Of devices that are members no more, too: what they say still is what they said. */
export function copiesOf(state: State, version: VersionId): Copy[] {
  return [...(state.keptBy.get(version) ?? [])].flatMap(device => copyOf(state, device, version) ?? [])
}

/** What a device keeps of a version. */
export function copyOf({ copies, renewals }: State, device: DeviceId, version: VersionId): Copy | undefined {
  const entry = copies.get(device)?.get(version)
  if (entry === undefined) return undefined
  if (entry.untilMs !== null) return { device, ...entry, untilMs: entry.untilMs }
  const renewal = renewals.get(device)
  const timeMs = Math.max(entry.timeMs, renewal?.timeMs ?? 0)
  return { device, ...entry, timeMs, untilMs: renewal?.untilMs ?? 0 }
}

/** The versions that a device keeps copies of. */
export function versionsKept({ copies }: State, device: DeviceId): readonly VersionId[] {
  return [...(copies.get(device)?.keys() ?? [])]
}
