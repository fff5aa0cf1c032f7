/**
 * Devices that are no members and knock. Whoever joins is one of them until it is enrolled: its link comes first, and
 * its ticket after. So a refusal of a stranger waits for a while, and becomes an entry only if it is still one then.
 */

import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'

/** Longer than a join takes from its link to its enrolment. */
export const JOIN_GRACE_MS = 15 * SECOND_MS
const SWEEP_MS = 5 * SECOND_MS
/** Strangers that are waited for at once; others are refused without waiting. */
const STRANGERS_MAX = 1024
/** Refusals that are told apart of one stranger in that time. */
const KNOCKS_MAX = 1000

export interface StrangerWatchInit {
  readonly isMember: (device: DeviceId) => boolean
  readonly onRefused: (device: DeviceId) => void
  readonly nowMs?: () => number
}

export class StrangerWatch {
  readonly #init: StrangerWatchInit
  readonly #nowMs: () => number
  readonly #waiting = new Map<DeviceId, { readonly dueMs: number; knocks: number }>()
  readonly #timer: NodeJS.Timeout

  constructor(init: StrangerWatchInit) {
    this.#init = init
    this.#nowMs = init.nowMs ?? Date.now
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS)
    this.#timer.unref()
  }

  /** It was refused just now. */
  knocked(device: DeviceId): void {
    const known = this.#waiting.get(device)
    if (known !== undefined) known.knocks = Math.min(known.knocks + 1, KNOCKS_MAX)
    else if (this.#waiting.size >= STRANGERS_MAX) this.#init.onRefused(device)
    else this.#waiting.set(device, { dueMs: this.#nowMs() + JOIN_GRACE_MS, knocks: 1 })
  }

  /** Tells of those that have had their time; of all when `isLast`. */
  sweep({ isLast = false } = {}): void {
    const { isMember, onRefused } = this.#init
    for (const [device, { dueMs, knocks }] of this.#waiting) {
      if (!isLast && dueMs > this.#nowMs() && !isMember(device)) continue
      this.#waiting.delete(device)
      if (isMember(device)) continue
      for (let knock = 0; knock < knocks; knock++) onRefused(device)
    }
  }

  /** Tells of all that still wait. */
  close(): void {
    clearInterval(this.#timer)
    this.sweep({ isLast: true })
  }
}
