/**
 * What each linked peer has last shown of its ledger, by a hello or by gossip, and so who is not known to hold what we
 * hold. A ledger only grows, and who shows a digest holds all that lies below it: so whoever once showed the digest
 * that is ours now lacks nothing of it, however old that word is, and a word that comes late costs a question at most.
 * Of a link that ended nothing stays, since the peer may come back with another ledger.
 *
 * What a peer shows is only a claim; who claims what it does not hold keeps nothing but itself from hearing.
 */

import { equalBytes } from '../../base/bytes.ts'
import type { DeviceId } from '../../base/ids.ts'
import type { Hello } from '../../ledger/sync/sync-messages.ts'

export type LedgerFace = Pick<Hello, 'digest' | 'rootHash'>

export class ShownLedgers {
  readonly #shown = new Map<DeviceId, LedgerFace | undefined>()

  linked(device: DeviceId): void {
    this.#shown.set(device, undefined)
  }

  parted(device: DeviceId): void {
    this.#shown.delete(device)
  }

  /** What somebody shows who is not linked is not kept. */
  show(device: DeviceId, { digest, rootHash }: LedgerFace): void {
    if (this.#shown.has(device)) this.#shown.set(device, { digest, rootHash })
  }

  /** Linked peers that have not shown just this. */
  differing(mine: LedgerFace): DeviceId[] {
    return [...this.#shown].flatMap(([device, face]) =>
      face !== undefined && isSame(face, mine) ? [] : [device]
    )
  }
}

export function isSame(one: LedgerFace, other: LedgerFace): boolean {
  return equalBytes(one.digest, other.digest) && equalBytes(one.rootHash, other.rootHash)
}
