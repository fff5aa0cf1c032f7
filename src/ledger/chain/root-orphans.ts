/**
 * Root records whose predecessor is not here yet. Nothing in them is proved: that takes the predecessor. They are few
 * and give way to newer ones; sync brings them again in an order that needs no waiting.
 *
 * Each is known by the digest of its record and not by the root's hash, so that a record with worthless signatures
 * can not stand in for the good one of the same root.
 */

import { toHex } from '../../base/bytes.ts'
import type { UnprovenRoot } from './root.ts'

export const ROOT_ORPHANS_MAX = 64

export class RootOrphans {
  /** By the digest of the record, in the order of arrival. */
  readonly #orphans = new Map<string, UnprovenRoot>()

  has(digest: Uint8Array): boolean {
    return this.#orphans.has(toHex(digest))
  }

  park(unproven: UnprovenRoot, digest: Uint8Array): void {
    this.#orphans.set(toHex(digest), unproven)
    for (const [oldest] of this.#orphans) {
      if (this.#orphans.size <= ROOT_ORPHANS_MAX) break
      this.#orphans.delete(oldest)
    }
  }

  /** Takes out whatever waited for the root of this hash. */
  release(hash: Uint8Array): UnprovenRoot[] {
    const awaited = toHex(hash)
    const released = [...this.#orphans].filter(
      ([, { terms }]) => awaited === toHex(terms.prev ?? new Uint8Array())
    )
    for (const [digest] of released) this.#orphans.delete(digest)
    return released.map(([, unproven]) => unproven)
  }

  values(): UnprovenRoot[] {
    return [...this.#orphans.values()]
  }
}
