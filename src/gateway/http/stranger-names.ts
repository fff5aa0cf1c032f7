/**
 * What the audit log calls who is not signed in: by the address, or its network where that is one host
 * (base/ip-host.ts), as long as not very many of them call. Somebody may have any number of networks all the same, and
 * each would be an entry of its own in the log.
 */

import { hostOfAddress } from '../../base/ip-host.ts'
import { MINUTE_MS } from '../../base/units.ts'

export const STRANGERS_MAX = 256
const OTHERS = 'other addresses'

export class StrangerNames {
  readonly #nowMs: () => number
  readonly #known = new Set<string>()
  #untilMs = 0

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs
  }

  nameOf(address: string): string {
    const nowMs = this.#nowMs()
    if (nowMs >= this.#untilMs) {
      this.#known.clear()
      this.#untilMs = nowMs + MINUTE_MS
    }
    const host = hostOfAddress(address)
    if (this.#known.size < STRANGERS_MAX) this.#known.add(host)
    return this.#known.has(host) ? `address ${host}` : OTHERS
  }
}
