/**
 * Asks for envelopes of what this device may read and can not open, or holds and has none of. Who wraps one tells it
 * once, and that word is lost on a device that has not heard of the version yet, or whose link ends at that moment.
 * So a few peers are asked as soon as something is lacking, who published it first, and others ever more rarely.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'

const ASKED_AT_ONCE = 3
const WAIT_MS_MIN = SECOND_MS
const WAIT_MS_MAX = 60 * SECOND_MS

export interface EnvelopeAskingInit {
  /** Those that are linked with this device. */
  readonly peers: () => readonly DeviceId[]
  readonly publishersOf: (version: VersionId) => Iterable<DeviceId>
  readonly ask: (device: DeviceId) => Promise<void>
  /** Looks again after a while. */
  readonly lookAfter: (ms: number) => void
  readonly nowMs?: () => number
  readonly random?: () => number
}

export class EnvelopeAsking {
  readonly #init: EnvelopeAskingInit
  readonly #nowMs: () => number
  #lacking: ReadonlySet<VersionId> = new Set()
  #waitMs = WAIT_MS_MIN
  #nextAtMs = 0

  constructor(init: EnvelopeAskingInit) {
    this.#init = init
    this.#nowMs = init.nowMs ?? (() => performance.now())
  }

  /** Takes what is lacking now; asks for it if that is due. */
  look(lacking: ReadonlySet<VersionId>): void {
    const fresh = [...lacking].filter(version => !this.#lacking.has(version))
    this.#lacking = lacking
    if (lacking.size === 0) return
    if (fresh.length > 0) {
      this.#waitMs = WAIT_MS_MIN
      this.#nextAtMs = 0
    }
    const nowMs = this.#nowMs()
    if (nowMs < this.#nextAtMs) {
      this.#init.lookAfter(this.#nextAtMs - nowMs)
      return
    }
    for (const device of this.#likeliest(fresh.length > 0 ? fresh : [...lacking])) void this.#init.ask(device)
    this.#nextAtMs = nowMs + this.#waitMs
    this.#init.lookAfter(this.#waitMs)
    this.#waitMs = Math.min(2 * this.#waitMs, WAIT_MS_MAX)
  }

  #likeliest(versions: readonly VersionId[]): readonly DeviceId[] {
    const peers = this.#init.peers()
    const publishers = new Set(versions.flatMap(version => [...this.#init.publishersOf(version)]))
    const first = peers.filter(device => publishers.has(device))
    const others = peers.filter(device => !publishers.has(device))
    const at = Math.floor((this.#init.random ?? Math.random)() * others.length)
    return [...first, ...others.slice(at), ...others.slice(0, at)].slice(0, ASKED_AT_ONCE)
  }
}
