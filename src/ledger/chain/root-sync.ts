/**
 * Sync of root records: how two peers come to hold the same ones. It follows a hello that names another newest root,
 * and comes before the operations, which name roots.
 *
 *   A -> B  want-roots  digests of the records that A holds
 *   A <- B  roots       records that A lacks, a page at a time; A adds them and wants again while there is more
 *
 * Records and not roots are named: two records of one root can differ in their signatures, and a signature more can
 * decide what counts. A page goes by version, so the asker has the predecessor of each record that it is sent.
 */

import { toHex } from '../../base/bytes.ts'
import type { Sha256 } from '../encoding/signature.ts'
import type { RootChain } from './root-chain.ts'

export const ROOT_PAGE_RECORDS_MAX = 64
/** More digests than the records that a chain can hold; see root-chain.test.ts. */
export const ROOT_HAVE_MAX = 16_384
/** Pages that an asker takes of one peer in one round, so that nobody can keep it busy for ever. */
const ROOT_PAGES_MAX = 256

export interface RootPage {
  readonly records: readonly Uint8Array[]
  readonly more: boolean
}

/** One page of the records of `chain`, the ones aside included, whose digest is not in `have`. */
export function rootsFor(chain: RootChain, have: readonly Uint8Array[], sha256: Sha256): RootPage {
  const held = new Set(have.map(toHex))
  const lacking = chain
    .records()
    .map(root => root.record)
    .filter(record => !held.has(toHex(sha256(record))))
  return {
    records: lacking.slice(0, ROOT_PAGE_RECORDS_MAX),
    more: lacking.length > ROOT_PAGE_RECORDS_MAX
  }
}

/** The asking side of one round with one peer. */
export class RootQuest {
  readonly #chain: RootChain
  readonly #sha256: Sha256
  /** What was received in this round: the chain may keep it merged with signatures of its own, or not at all. */
  readonly #received = new Map<string, Uint8Array>()
  #pages = 0

  constructor(chain: RootChain, sha256: Sha256) {
    this.#chain = chain
    this.#sha256 = sha256
  }

  /** What to ask for next. */
  have(): readonly Uint8Array[] {
    const names = new Map(this.#received)
    for (const { record } of this.#chain.records()) {
      const digest = this.#sha256(record)
      names.set(toHex(digest), digest)
    }
    return [...names.values()].slice(0, ROOT_HAVE_MAX)
  }

  /** Notes a page that was added to the chain; answers whether to ask again. */
  isUnfinished(page: RootPage): boolean {
    this.#pages++
    const before = this.#received.size
    for (const record of page.records) {
      const digest = this.#sha256(record)
      this.#received.set(toHex(digest), digest)
    }
    return page.more && this.#received.size > before && this.#pages < ROOT_PAGES_MAX
  }
}
