/** Terms that all parts of the node's service share. */

import type { DeviceId } from '../base/ids.ts'

export interface DeviceName {
  readonly device: DeviceId
  /** What people call it, or null when the device has not told (the ledger holds no names). */
  readonly name: string | null
  readonly site: string | null
}

/** How a long task reports and is called off. Progress may come at any rate: the gateway thins it out. */
export interface Task<Progress> {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}
