/**
 * Bounds the pieces that are between "handed to the store" and "durable", because each holds an open file. Whoever
 * comes when all slots are taken waits in line.
 */

import { assert } from '../base/assert.ts'

/** Twice a commit's batch, so that one is written while the other is being made durable. */
const WRITE_SLOTS = 2048

export class WriteSlots {
  #free: number
  /** Whoever waits, in a set because it keeps their order and lets the first go at once. */
  readonly #line = new Set<() => void>()

  constructor(count = WRITE_SLOTS) {
    assert(count > 0, 'there is a slot')
    this.#free = count
  }

  acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free--
      return Promise.resolve()
    }
    return new Promise(resolve => this.#line.add(resolve))
  }

  release(): void {
    for (const next of this.#line) {
      this.#line.delete(next)
      next()
      return
    }
    this.#free++
  }
}
