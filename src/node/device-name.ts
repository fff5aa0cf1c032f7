/** A device as people are shown it. */

import type { DeviceId } from '../base/ids.ts'

export interface DeviceName {
  readonly device: DeviceId
  /** What people call it, or null when the device has not told (the ledger holds no names). */
  readonly name: string | null
  readonly site: string | null
}
