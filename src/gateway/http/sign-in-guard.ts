/**
 * Tells whoever guesses to stop: an address that showed SHOWN_MAX wrong tokens within a minute is told to wait until
 * that minute is over. Who shows a right one is let in all the same: tokens are too long to be guessed, and others at
 * the same address, behind one proxy or on one machine, are not to be locked out by one of them.
 */

import { MINUTE_MS } from '../../base/units.ts'

export const SHOWN_MAX = 20
const ADDRESSES_MAX = 10_000

export class SignInGuard {
  readonly #nowMs: () => number
  readonly #wrong = new Map<string, { count: number; readonly untilMs: number }>()

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs
  }

  /** How long an address has to wait; zero for who need not. */
  waitMs(address: string): number {
    const known = this.#wrong.get(address)
    if (known === undefined || known.count < SHOWN_MAX) return 0
    return Math.max(0, known.untilMs - this.#nowMs())
  }

  wrong(address: string): void {
    const nowMs = this.#nowMs()
    const known = this.#wrong.get(address)
    if (known !== undefined && known.untilMs > nowMs) {
      known.count++
      return
    }
    // Entries are in the order of their ends, so the first is the one that is over soonest.
    this.#wrong.delete(address)
    for (const [other, { untilMs }] of this.#wrong)
      if (untilMs <= nowMs || this.#wrong.size >= ADDRESSES_MAX) this.#wrong.delete(other)
      else break
    this.#wrong.set(address, { count: 1, untilMs: nowMs + MINUTE_MS })
  }
}
