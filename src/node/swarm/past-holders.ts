/**
 * What devices had of a version when their last stream for it ended, over all versions. What was said longest ago is
 * forgotten first when there is too much of it; all of it is when the node stops.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'

export interface PastHolder {
  readonly haveCount: number
  readonly isComplete: boolean
  readonly atMs: number
}

const ENTRIES_MAX = 100_000

export class PastHolders {
  readonly #entriesMax: number
  /** Versions that were told of longest ago first. */
  readonly #versions = new Map<VersionId, Map<DeviceId, PastHolder>>()
  #entries = 0

  constructor(entriesMax = ENTRIES_MAX) {
    this.#entriesMax = entriesMax
  }

  of(version: VersionId): ReadonlyMap<DeviceId, PastHolder> {
    return this.#versions.get(version) ?? new Map()
  }

  tell(version: VersionId, device: DeviceId, holder: PastHolder): void {
    const devices = this.#versions.get(version) ?? new Map<DeviceId, PastHolder>()
    this.#versions.delete(version)
    this.#versions.set(version, devices)
    if (!devices.delete(device)) this.#entries++
    devices.set(device, holder)
    while (this.#entries > this.#entriesMax) this.#forgetOldest()
  }

  #forgetOldest(): void {
    for (const [version, devices] of this.#versions) {
      for (const device of devices.keys()) {
        devices.delete(device)
        this.#entries--
        if (devices.size === 0) this.#versions.delete(version)
        return
      }
    }
  }
}
