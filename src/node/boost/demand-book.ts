/**
 * What linked devices want, as their own requests say it: who wants a version opens a swarm stream for it to every
 * device that it is linked with, and again about once a minute while it lacks something, whether it fetches now, waits
 * for its turn, or reads over HTTP. So nothing is asked of anybody, and nothing is told on: who wants what is known for
 * a while to those alone who were asked, and leaves this book as numbers by site.
 *
 * Handshakes name the beginning of a version's id, and so does this book. It holds at most ASKED_MAX pairs of version and
 * device; what was asked for longest ago is forgotten first.
 */

import { toHex } from '../../base/bytes.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import { INFO_HASH_BYTES } from '../../swarm/wire-messages.ts'

/** Who has not asked for so long wants it no more: three times of what is between two requests. */
export const WANTED_WINDOW_MS = 3 * MINUTE_MS
/** For so long it is known that a device asked. */
const KEPT_MS = HOUR_MS
const ASKED_MAX = 50_000
const PREFIX_CHARACTERS = 2 * INFO_HASH_BYTES

export class DemandBook {
  readonly #askedMax: number
  /** When each device asked last, by version; the version that was asked for longest ago first. */
  readonly #asked = new Map<string, Map<DeviceId, number>>()
  #count = 0

  constructor(askedMax = ASKED_MAX) {
    this.#askedMax = askedMax
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  note(device: DeviceId, infoHash: Uint8Array, nowMs: number): void {
    const prefix = toHex(infoHash.subarray(0, INFO_HASH_BYTES))
    const devices = this.#asked.get(prefix) ?? new Map<DeviceId, number>()
    this.#asked.delete(prefix)
    this.#asked.set(prefix, devices)
    if (!devices.delete(device)) this.#count++
    devices.set(device, nowMs)
    while (this.#count > this.#askedMax) this.#forgetOldest()
  }

  has(version: VersionId): boolean {
    return this.#asked.has(version.slice(0, PREFIX_CHARACTERS))
  }

  /** When each device asked for a version last. */
  of(version: VersionId): ReadonlyMap<DeviceId, number> {
    return this.#asked.get(version.slice(0, PREFIX_CHARACTERS)) ?? new Map()
  }

  /** Forgets what was asked for too long ago. */
  tidy(nowMs: number): void {
    for (const [prefix, devices] of this.#asked) {
      for (const [device, askedMs] of devices)
        if (askedMs + KEPT_MS < nowMs && devices.delete(device)) this.#count--
      if (devices.size === 0) this.#asked.delete(prefix)
    }
  }

  #forgetOldest(): void {
    for (const [prefix, devices] of this.#asked)
      for (const device of devices.keys()) {
        devices.delete(device)
        this.#count--
        if (devices.size === 0) this.#asked.delete(prefix)
        return
      }
  }
}
