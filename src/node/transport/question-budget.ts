/** How often each device may ask something within a minute. What was asked longer ago is forgotten. */

import type { DeviceId } from '../../base/ids.ts'
import { MINUTE_MS } from '../../base/units.ts'

export class QuestionBudget {
  readonly #max: number
  readonly #nowMs: () => number
  /** In the order in which the minutes began. */
  readonly #asked = new Map<DeviceId, { count: number; readonly untilMs: number }>()

  constructor(max: number, nowMs: () => number = () => performance.now()) {
    this.#max = max
    this.#nowMs = nowMs
  }

  /** Counts a question of a device; whether it may be asked. */
  takes(device: DeviceId): boolean {
    const nowMs = this.#nowMs()
    for (const [other, { untilMs }] of this.#asked)
      if (untilMs <= nowMs) this.#asked.delete(other)
      else break
    const budget = this.#asked.get(device) ?? { count: 0, untilMs: nowMs + MINUTE_MS }
    this.#asked.set(device, budget)
    return ++budget.count <= this.#max
  }
}
