/**
 * What came from where, and went where, since the start of the node: sums that never go down.
 *
 * A site is the one that a peer was of when its stream was opened. What is stored or found bad after its sender has
 * gone is of no site any more: `verifiedBytes` and `wastedBytes` are sums over everything, it included.
 */

import type { PeerStatus, PieceFailures, TransferStatus } from '../../swarm/transfer-types.ts'
import { addTallies, addTally, NO_TALLY, type Tally, tallyOf } from './tally.ts'

export class SourceTotals {
  /** Payload exchanged with peers by their site; '' for those whose site was not known. */
  readonly sites = new Map<string, Tally>()
  readonly origin = { verifiedBytes: 0, wastedBytes: 0 }
  /** Read from other files of this device. */
  localBytes = 0
  verifiedBytes = 0
  wastedBytes = 0
  readonly pieceFailures: PieceFailures = { mismatch: 0, storage: 0, lost: 0 }

  addPeer(peer: PeerStatus): this {
    this.sites.set(peer.site, addTally(this.sites.get(peer.site) ?? NO_TALLY, tallyOf(peer)))
    return this
  }

  /** All of a transfer but its peers. */
  addTransfer({ origin, reusedBytes, verifiedBytes, wastedBytes, pieceFailures }: TransferStatus): this {
    const { bytes, wastedBytes: originWastedBytes } = origin
    return this.#add({
      origin: { verifiedBytes: bytes, wastedBytes: originWastedBytes },
      ...{ localBytes: reusedBytes, verifiedBytes, wastedBytes, pieceFailures }
    })
  }

  add(other: SourceTotals): this {
    addTallies(this.sites, other.sites)
    return this.#add(other)
  }

  #add(other: {
    readonly origin: { readonly verifiedBytes: number; readonly wastedBytes: number }
    readonly localBytes: number
    readonly verifiedBytes: number
    readonly wastedBytes: number
    readonly pieceFailures: Readonly<PieceFailures>
  }): this {
    this.origin.verifiedBytes += other.origin.verifiedBytes
    this.origin.wastedBytes += other.origin.wastedBytes
    this.localBytes += other.localBytes
    this.verifiedBytes += other.verifiedBytes
    this.wastedBytes += other.wastedBytes
    this.pieceFailures.mismatch += other.pieceFailures.mismatch
    this.pieceFailures.storage += other.pieceFailures.storage
    this.pieceFailures.lost += other.pieceFailures.lost
    return this
  }
}
