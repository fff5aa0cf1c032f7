/**
 * The overrides that a device knows: which are kept, and which of them hold now.
 *
 * One holds while it lives, while its root is one of the chain, and while one of its signers is an admin of the head.
 * The last two can change under it in either direction, so they are asked each time. What is not valid when it comes is
 * not kept, or strangers' records would crowd out the admins'.
 */

import { equalBytes } from '../../base/bytes.ts'
import type { DeviceId } from '../../base/ids.ts'
import { MINUTE_MS } from '../../base/units.ts'
import type { DatasetClass } from '../encoding/names.ts'
import { type Rejection, rejected } from '../encoding/outcome.ts'
import type { FreshnessTerms } from './freshness-terms.ts'
import type { Override } from './override.ts'

/** When more are valid at once, those that end first give way. */
export const OVERRIDES_MAX = 64
/** How far ahead of ours the clock of an override's signer may be. */
export const OVERRIDE_SKEW_MAX_MS = 10 * MINUTE_MS

export type OverrideRefusal =
  | 'foreign-org'
  | 'unknown-root'
  | 'not-an-admin'
  | 'expired'
  | 'from-the-future'
  | 'shelf-full'

/** Whether an override holds now; undefined when it does. */
export function judgeOverride(
  override: Override,
  { terms, nowMs }: { terms: FreshnessTerms; nowMs: number }
): Rejection<OverrideRefusal> | undefined {
  if (override.org !== terms.org) return rejected('foreign-org', `it is of org ${override.org}`)
  if (!terms.rootHashes.some(hash => equalBytes(hash, override.rootHash)))
    return rejected('unknown-root', 'it names a root that is not of the chain known here')
  if (!override.signers.some(signer => terms.admins.includes(signer)))
    return rejected('not-an-admin', 'nobody who signed it is an admin of the newest root')
  if (nowMs >= override.expiresMs) return rejected('expired', `it ended ${nowMs - override.expiresMs} ms ago`)
  if (override.timeMs > nowMs + OVERRIDE_SKEW_MAX_MS)
    return rejected('from-the-future', `its clock is ${override.timeMs - nowMs} ms ahead of ours`)
  return undefined
}

export class OverrideShelf {
  readonly #overrides = new Map<string, Override>()

  /** Keeps an override that holds now and was not known; undefined, or why it was not kept. */
  take(
    override: Override,
    now: { terms: FreshnessTerms; nowMs: number }
  ): Rejection<OverrideRefusal | 'known'> | undefined {
    const known = this.#overrides.get(override.id)
    if (known !== undefined && judgeOverride(known, now) === undefined)
      return rejected('known', 'it is here already')
    const refusal = judgeOverride(override, now)
    if (refusal !== undefined) return refusal
    if (this.#overrides.size >= OVERRIDES_MAX && known === undefined) {
      const first = [...this.#overrides.values()].sort(byEnd)[0]
      if (first !== undefined && byEnd(first, override) >= 0)
        return rejected('shelf-full', `${OVERRIDES_MAX} overrides that end later are known`)
      if (first !== undefined) this.#overrides.delete(first.id)
    }
    this.#overrides.set(override.id, override)
    return undefined
  }

  /** Drops what has ended, and returns it. */
  sweep(nowMs: number): Override[] {
    const ended = [...this.#overrides.values()].filter(override => nowMs >= override.expiresMs)
    for (const override of ended) this.#overrides.delete(override.id)
    return ended
  }

  all(): Iterable<Override> {
    return this.#overrides.values()
  }

  /** Those that hold now, the one that ends last first. */
  active(now: { terms: FreshnessTerms; nowMs: number }): Override[] {
    return [...this.#overrides.values()]
      .filter(override => judgeOverride(override, now) === undefined)
      .sort((a, b) => byEnd(b, a))
  }

  /** The override that opens a class to a device now. */
  opening(
    use: { class: DatasetClass; device: DeviceId },
    now: { terms: FreshnessTerms; nowMs: number }
  ): Override | undefined {
    return this.active(now).find(
      override =>
        override.classes.includes(use.class) &&
        (override.devices === null || override.devices.includes(use.device))
    )
  }
}

/** The same order for every device. */
function byEnd(a: Override, b: Override): number {
  return a.expiresMs - b.expiresMs || (a.id < b.id ? -1 : Number(a.id > b.id))
}
