/**
 * How fast each peer gives while it is asked to: a mean over the samples of the last hour in which something of it
 * was under way. Bounded by `PEERS_MAX`; who gave longest ago goes first.
 */

import type { DeviceId } from '../../base/ids.ts'
import { HOUR_MS } from '../../base/units.ts'

export const PEERS_MAX = 256
/** The past counts less and less: after this many samples a third. */
const SAMPLES = 30

export interface GivingPeer {
  readonly device: DeviceId
  readonly downloadRate: number
  readonly inFlightBytes: number
}

export interface GivingRate {
  readonly bytesPerSecond: number
  readonly atMs: number
}

export class GivingRates {
  /** In the order in which they gave last. */
  readonly #rates = new Map<DeviceId, GivingRate>()

  /** One sample: of all streams, several of one device included. */
  sample(peers: Iterable<GivingPeer>, nowMs: number): void {
    const rates = new Map<DeviceId, number>()
    for (const { device, downloadRate, inFlightBytes } of peers)
      if (inFlightBytes > 0 || downloadRate > 0) rates.set(device, (rates.get(device) ?? 0) + downloadRate)
    for (const [device, rate] of rates) {
      const before = this.#rates.get(device)
      const mean =
        before === undefined ? rate : before.bytesPerSecond + (rate - before.bytesPerSecond) / SAMPLES
      this.#rates.delete(device)
      this.#rates.set(device, { bytesPerSecond: mean, atMs: nowMs })
    }
    for (const device of this.#rates.keys()) {
      if (this.#rates.size <= PEERS_MAX) break
      this.#rates.delete(device)
    }
  }

  /** Of those that gave within the last hour. */
  rates(nowMs: number): Map<DeviceId, number> {
    const recent = [...this.#rates].filter(([, { atMs }]) => nowMs - atMs < HOUR_MS)
    return new Map(recent.map(([device, { bytesPerSecond }]) => [device, bytesPerSecond]))
  }
}
