/** A number of its own for each device, the same at every start. */

import { type DeviceId, idBytes } from '../../base/ids.ts'

export function seedOf(device: DeviceId): number {
  return new DataView(idBytes(device).buffer).getUint32(0)
}
