/** A device as people are shown it. */

import type { DeviceId } from '../../base/ids.ts'

export interface DeviceName {
  readonly device: DeviceId
  /** What people call it, or null when the device has not told (the ledger holds no names). */
  readonly name: string | null
  readonly site: string | null
}

/** By name, those without one last, equals by device. */
export function byName(
  a: Pick<DeviceName, 'device' | 'name'>,
  b: Pick<DeviceName, 'device' | 'name'>
): number {
  const [x, y] = [`${a.name ?? '\uffff'} ${a.device}`, `${b.name ?? '\uffff'} ${b.device}`]
  return x < y ? -1 : Number(x > y)
}
