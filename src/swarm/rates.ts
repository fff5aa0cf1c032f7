/** Rates and budgets, measured without a clock of their own. Rates are in bytes per second. */

import { SECOND_MS } from '../base/units.ts'

const SLOTS = 10
const SLOT_MS = 500
/** Time over which a service rate forgets what it has seen, counted in busy time. */
const SERVICE_MEMORY_MS = SECOND_MS
/** Below this much busy time a service rate is not trusted yet. */
const SERVICE_TRUST_MS = 20
const LEAST_MEMORY_MS = 5 * SECOND_MS

/** Bytes per second over a sliding window, for people to look at and to see how far ahead to plan. */
export class RateWindow {
  readonly #slots = new Float64Array(SLOTS)
  #slot = 0
  #sinceMs: number
  #totalBytes = 0

  constructor(nowMs: number) {
    this.#sinceMs = nowMs
    this.#slot = Math.floor(nowMs / SLOT_MS)
  }

  get totalBytes(): number {
    return this.#totalBytes
  }

  add(bytes: number, nowMs: number): void {
    this.#advance(nowMs)
    const at = this.#slot % SLOTS
    this.#slots[at] = (this.#slots[at] ?? 0) + bytes
    this.#totalBytes += bytes
  }

  rate(nowMs: number): number {
    this.#advance(nowMs)
    let bytes = 0
    for (const slot of this.#slots) bytes += slot
    const windowMs = nowMs - Math.max(this.#sinceMs, (this.#slot - SLOTS + 1) * SLOT_MS)
    return (bytes * SECOND_MS) / Math.max(windowMs, SLOT_MS)
  }

  #advance(nowMs: number): void {
    const slot = Math.max(this.#slot, Math.floor(nowMs / SLOT_MS))
    const passed = Math.min(slot - this.#slot, SLOTS)
    for (let i = 1; i <= passed; i++) this.#slots[(this.#slot + i) % SLOTS] = 0
    this.#slot = slot
  }
}

/** So many at once, and so many per second on the long run. */
export class Budget {
  readonly #burst: number
  readonly #perSecond: number
  #left: number
  #markMs: number

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#left = burst
    this.#markMs = nowMs
  }

  /** Takes one; false when none is left. */
  spend(nowMs: number): boolean {
    const refill = (Math.max(0, nowMs - this.#markMs) * this.#perSecond) / SECOND_MS
    this.#left = Math.min(this.#burst, this.#left + refill)
    this.#markMs = nowMs
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}

/**
 * How fast a peer answers while it owes us something: bytes that came over the time in which at least one request
 * was outstanding, the recent past counting most. Idle time does not make a peer look slow.
 */
export class ServiceRate {
  #bytes = 0
  #busyMs = 0
  #markMs = 0

  /** The first request of an empty pipeline leaves. */
  begin(nowMs: number): void {
    this.#markMs = nowMs
  }

  add(bytes: number, nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#markMs)
    const kept = Math.exp(-passedMs / SERVICE_MEMORY_MS)
    this.#markMs = nowMs
    this.#bytes = this.#bytes * kept + bytes
    this.#busyMs = this.#busyMs * kept + passedMs
  }

  /** Undefined until there is something to go by. */
  get bytesPerSecond(): number | undefined {
    return this.#busyMs < SERVICE_TRUST_MS ? undefined : (this.#bytes * SECOND_MS) / this.#busyMs
  }
}

/** The least of what was measured lately: in the last one to two memories. */
export class LeastTime {
  readonly #memoryMs: number
  #sinceMs = Number.NEGATIVE_INFINITY
  #before = Number.POSITIVE_INFINITY
  #current = Number.POSITIVE_INFINITY

  constructor(memoryMs: number = LEAST_MEMORY_MS) {
    this.#memoryMs = memoryMs
  }

  add(ms: number, nowMs: number): void {
    const passedMs = nowMs - this.#sinceMs
    if (passedMs >= this.#memoryMs) {
      this.#before = passedMs < 2 * this.#memoryMs ? this.#current : Number.POSITIVE_INFINITY
      this.#current = Number.POSITIVE_INFINITY
      this.#sinceMs = nowMs
    }
    this.#current = Math.min(this.#current, ms)
  }

  /** Undefined until there is something to go by. */
  get ms(): number | undefined {
    const least = Math.min(this.#before, this.#current)
    return least === Number.POSITIVE_INFINITY ? undefined : least
  }
}

/** How long so many bytes take at a rate, in milliseconds; null when nothing moves or nothing is left. */
export function etaMs(leftBytes: number, bytesPerSecond: number): number | null {
  return bytesPerSecond > 0 && leftBytes > 0 ? Math.round((SECOND_MS * leftBytes) / bytesPerSecond) : null
}
