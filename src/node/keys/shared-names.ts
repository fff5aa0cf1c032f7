/**
 * Which devices share a name, and how each is shown then. Nobody can keep two devices from joining under one name at
 * once, on both sides of a link that is down, and a device that is no member any more keeps its name. So a device is
 * shown by its name alone only while that says who it is, and else with the beginning of its id: `build-1~1a2b3c4d`.
 *
 * - Names that people can hardly tell apart, such as `build-1` and `Build-1`, are one.
 * - A member is shown with its id where another member has its name, a device that is none where any other has it.
 * - A name that ends like that by itself is always shown with the id, so that no device can look like another.
 */

import type { DeviceId } from '../../base/ids.ts'

const ID_DIGITS_MIN = 8
const ID_DIGITS_STEP = 4
const LOOKS_SHOWN = /~[0-9a-f]{8,64}$/

function sameNameOf(name: string): string {
  return name.normalize('NFKC').toLowerCase()
}

/** Whether `shown` is how `device` is shown when others share `name` with it. */
export function isSharedNameOf(device: DeviceId, shown: string, name: string): boolean {
  const digits = shown.startsWith(`${name}~`) ? shown.slice(name.length + 1) : ''
  return digits.length >= ID_DIGITS_MIN && device.startsWith(digits)
}

export class SharedNames {
  readonly #names = new Map<DeviceId, string>()
  readonly #devices = new Map<string, Set<DeviceId>>()

  set(device: DeviceId, name: string): void {
    const before = this.#names.get(device)
    if (before === name) return
    if (before !== undefined) this.#devices.get(sameNameOf(before))?.delete(device)
    this.#names.set(device, name)
    const same = sameNameOf(name)
    const sharing = this.#devices.get(same)
    if (sharing === undefined) this.#devices.set(same, new Set([device]))
    else sharing.add(device)
  }

  /** Devices that a name means, whichever way it is written. */
  devicesOf(name: string): ReadonlySet<DeviceId> {
    return this.#devices.get(sameNameOf(name)) ?? new Set()
  }

  /** Undefined for a device that has not told its name. */
  shown(device: DeviceId, isMember: (device: DeviceId) => boolean): string | undefined {
    const name = this.#names.get(device)
    if (name === undefined) return undefined
    const sharing = this.devicesOf(name)
    if (sharing.size === 1 && !LOOKS_SHOWN.test(name)) return name
    const others = [...sharing].filter(each => each !== device)
    const isInDoubt = isMember(device) ? others.some(isMember) : others.length > 0
    if (!isInDoubt && !LOOKS_SHOWN.test(name)) return name
    let digits = ID_DIGITS_MIN
    while (others.some(each => each.startsWith(device.slice(0, digits)))) digits += ID_DIGITS_STEP
    return `${name}~${device.slice(0, digits)}`
  }
}
