/**
 * How fast each peer gives while it is asked to: what came over the time in which it owed something, the recent past
 * counting most. Told of those that were asked within the last hour. What was before fades with the time in which they
 * are asked, and with that in which they rest: how one gave an hour ago and more counts for nothing as soon as it gives
 * again. How long it is asked differs from peer to peer, and a look now and then would rather tell whether it was asked
 * just then. Bounded by `PEERS_MAX`; who was asked longest ago goes first.
 */

import type { DeviceId } from '../../base/ids.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../base/units.ts'

export const PEERS_MAX = 256
/** The past counts less and less: after so much time in which it was asked, a third. */
const MEMORY_MS = 5 * MINUTE_MS
/** And after so much in which it was not. */
const REST_MEMORY_MS = 20 * MINUTE_MS
const FORGOTTEN_MS = HOUR_MS
/** A shorter time says little of a peer, and much of how a transfer begins. */
export const ASKED_MS_MIN = 2 * SECOND_MS

/** Sums of one stream since it was opened. */
export interface GivingPeer {
  /** Like no other stream's. */
  readonly stream: string
  readonly device: DeviceId
  readonly downloadedBytes: number
  /** For how long it owed something. */
  readonly askedMs: number
}

type Sums = Pick<GivingPeer, 'downloadedBytes' | 'askedMs'>

interface Given {
  readonly bytes: number
  readonly askedMs: number
  readonly atMs: number
}

const NOTHING: Sums = { downloadedBytes: 0, askedMs: 0 }

export class GivingRates {
  /** In the order in which they were asked last. */
  readonly #given = new Map<DeviceId, Given>()
  #before: ReadonlyMap<string, Sums> = new Map()

  /** One look at all streams, several of one device included: these are asked at the same time. */
  sample(peers: Iterable<GivingPeer>, nowMs: number): void {
    const sums = new Map<string, Sums>()
    const since = new Map<DeviceId, Sums>()
    for (const { stream, device, downloadedBytes, askedMs } of peers) {
      sums.set(stream, { downloadedBytes, askedMs })
      const before = this.#before.get(stream) ?? NOTHING
      // A stream that has less than before is another one.
      const isSame = downloadedBytes >= before.downloadedBytes && askedMs >= before.askedMs
      const { downloadedBytes: from, askedMs: fromMs } = isSame ? before : NOTHING
      const others = since.get(device) ?? NOTHING
      since.set(device, {
        downloadedBytes: others.downloadedBytes + downloadedBytes - from,
        askedMs: Math.max(others.askedMs, askedMs - fromMs)
      })
    }
    this.#before = sums
    for (const [device, { downloadedBytes, askedMs }] of since) {
      if (askedMs === 0) continue
      const before = this.#given.get(device)
      const kept = keptPart({ askedMs, restMs: nowMs - (before?.atMs ?? nowMs) })
      this.#given.delete(device)
      this.#given.set(device, {
        bytes: (before?.bytes ?? 0) * kept + downloadedBytes,
        askedMs: (before?.askedMs ?? 0) * kept + askedMs,
        atMs: nowMs
      })
    }
    for (const device of this.#given.keys()) {
      if (this.#given.size <= PEERS_MAX) break
      this.#given.delete(device)
    }
  }

  /** In bytes per second, of those that were asked within the last hour. */
  rates(nowMs: number): Map<DeviceId, number> {
    const recent = [...this.#given].filter(
      ([, { atMs, askedMs }]) => nowMs - atMs < FORGOTTEN_MS && askedMs >= ASKED_MS_MIN
    )
    return new Map(recent.map(([device, { bytes, askedMs }]) => [device, (bytes * SECOND_MS) / askedMs]))
  }
}

/** Of what was before: after it was asked for so long, and not for so long. The clock may have been set back. */
function keptPart({ askedMs, restMs }: { readonly askedMs: number; readonly restMs: number }): number {
  if (restMs >= FORGOTTEN_MS) return 0
  return Math.exp(-askedMs / MEMORY_MS - Math.max(0, restMs) / REST_MEMORY_MS)
}
