/**
 * When each device was last heard of, across restarts of this one: how long a device has been away decides whether
 * what it holds is replaced (placement/fleet.ts).
 *
 * The time in which this device itself was off, or met nobody, counts for nobody's absence: whoever was cut off would
 * take all others for gone. So a device is away since it was last heard of, plus the time since then in which this
 * device heard of nobody.
 */

import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { type DeviceId, parseDeviceId } from '../../base/ids.ts'
import { HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import type { BlobStore } from '../../store/records.ts'
import type { Sighting } from './storage-fleet.ts'

const KEY = 'storage/sightings'
const RECORD_VERSION = 1
const SAVE_MS = 5 * MINUTE_MS
/** A device that heard of nobody for so long was cut off, or off. */
const DEAF_MS = HOUR_MS

interface Seen {
  /** By the time that counts, not by the date. */
  seenMs: number
  emptySinceMs: number
}

export interface SightingTerms {
  readonly present: ReadonlySet<DeviceId>
  readonly nowMs: number
  readonly graceOf: (device: DeviceId) => number
}

export class Sightings {
  readonly #records: BlobStore
  readonly #seen = new Map<DeviceId, Seen>()
  #present: ReadonlySet<DeviceId> = new Set()
  /** When this device last came back to others, or others to it, after so long that they may have replaced it. */
  #returnedMs = 0
  /** What of the date counts for nobody's absence. */
  #deafMs = 0
  #lastMs: number
  #savedMs: number

  constructor(records: BlobStore, nowMs: number) {
    this.#records = records
    this.#lastMs = nowMs
    this.#savedMs = nowMs
    this.#load(nowMs)
  }

  /**
   * Takes down who of the known devices is here now, this one left out, and returns who came back after its grace: it
   * is readmitted as empty. Who was never seen counts from when it became known.
   */
  look(known: Iterable<DeviceId>, { present, nowMs, graceOf }: SightingTerms): readonly DeviceId[] {
    const sinceMs = nowMs - this.#lastMs
    // A clock that was set back is no time that passed.
    if (present.size === 0 || sinceMs > DEAF_MS) this.#deafMs += Math.max(0, sinceMs)
    if (sinceMs > DEAF_MS) this.#returnedMs = nowMs
    this.#lastMs = nowMs
    const countedMs = this.#counted(nowMs)
    const late: DeviceId[] = []
    for (const device of present) {
      const seen = this.#seen.get(device)
      if (seen !== undefined && countedMs - seen.seenMs > graceOf(device)) {
        late.push(device)
        seen.emptySinceMs = nowMs
      }
      this.#seen.set(device, { seenMs: countedMs, emptySinceMs: seen?.emptySinceMs ?? 0 })
    }
    for (const device of known)
      if (!this.#seen.has(device)) this.#seen.set(device, { seenMs: countedMs, emptySinceMs: 0 })
    if (late.length > 0) this.#returnedMs = nowMs
    this.#present = new Set(present)
    if (nowMs - this.#savedMs >= SAVE_MS || late.length > 0) this.save(nowMs)
    return late
  }

  /** Who was away may be the one or the other: what this device said before counts with some no more. */
  get returnedMs(): number {
    return this.#returnedMs
  }

  of(device: DeviceId): Sighting {
    const seen = this.#seen.get(device)
    return {
      seenMs: seen === undefined ? undefined : seen.seenMs + this.#deafMs,
      isPresent: this.#present.has(device),
      emptySinceMs: seen?.emptySinceMs ?? 0
    }
  }

  save(nowMs: number): void {
    this.#savedMs = nowMs
    const devices = [...this.#seen].map(([device, { seenMs, emptySinceMs }]) => [
      device,
      seenMs,
      emptySinceMs
    ])
    this.#records.putBlob(
      KEY,
      utf8(JSON.stringify({ v: RECORD_VERSION, lastMs: this.#lastMs, deafMs: this.#deafMs, devices }))
    )
  }

  #counted(nowMs: number): number {
    return nowMs - this.#deafMs
  }

  #load(nowMs: number): void {
    const text = fromUtf8(this.#records.getBlob(KEY) ?? new Uint8Array()) ?? ''
    const stored = text === '' ? undefined : parsedSightings(text)
    if (stored === undefined) return
    this.#deafMs = stored.deafMs + Math.max(0, nowMs - stored.lastMs)
    if (nowMs - stored.lastMs > DEAF_MS) this.#returnedMs = nowMs
    for (const [id, seenMs, emptySinceMs] of stored.devices) {
      const device = parseDeviceId(id)
      if (device !== undefined) this.#seen.set(device, { seenMs, emptySinceMs })
    }
  }
}

export interface Stored {
  readonly lastMs: number
  readonly deafMs: number
  readonly devices: readonly (readonly [string, number, number])[]
}

/** Undefined for what is damaged, or from a newer program: then nobody was seen yet. */
export function parsedSightings(text: string): Stored | undefined {
  let value: ({ v?: unknown } & { [Key in keyof Stored]?: unknown }) | null
  try {
    value = JSON.parse(text) as typeof value
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value?.v !== RECORD_VERSION) return undefined
  const { lastMs, deafMs, devices } = value
  if (!isTime(lastMs) || !isTime(deafMs) || !Array.isArray(devices) || !devices.every(isSeen))
    return undefined
  return { lastMs, deafMs, devices }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isSeen(value: unknown): value is readonly [string, number, number] {
  if (!Array.isArray(value) || value.length !== 3) return false
  const [device, seenMs, emptySinceMs] = value as unknown[]
  return typeof device === 'string' && Number.isFinite(seenMs) && isTime(emptySinceMs)
}
