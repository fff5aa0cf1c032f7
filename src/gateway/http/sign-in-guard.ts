/**
 * Tells whoever guesses to stop: a host (base/ip-host.ts) that showed SHOWN_MAX wrong tokens within a minute is told to
 * wait until that minute is over. Who shows a right one is let in all the same: tokens are too long to be guessed, and
 * others at the same host, behind one proxy or on one machine, are not to be locked out by one of them.
 */

import { hostOfAddress } from '../../base/ip-host.ts'
import { MINUTE_MS } from '../../base/units.ts'

export const SHOWN_MAX = 20
const HOSTS_MAX = 10_000

export class SignInGuard {
  readonly #nowMs: () => number
  /** By host. */
  readonly #wrong = new Map<string, { count: number; readonly untilMs: number }>()

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs
  }

  /** How long who calls from an address has to wait; zero for who need not. */
  waitMs(address: string): number {
    const known = this.#wrong.get(hostOfAddress(address))
    if (known === undefined || known.count < SHOWN_MAX) return 0
    return Math.max(0, known.untilMs - this.#nowMs())
  }

  wrong(address: string): void {
    const nowMs = this.#nowMs()
    const host = hostOfAddress(address)
    const known = this.#wrong.get(host)
    if (known !== undefined && known.untilMs > nowMs) {
      known.count++
      return
    }
    // Entries are in the order of their ends, so the first is the one that is over soonest.
    this.#wrong.delete(host)
    for (const [other, { untilMs }] of this.#wrong)
      if (untilMs <= nowMs || this.#wrong.size >= HOSTS_MAX) this.#wrong.delete(other)
      else break
    this.#wrong.set(host, { count: 1, untilMs: nowMs + MINUTE_MS })
  }
}
