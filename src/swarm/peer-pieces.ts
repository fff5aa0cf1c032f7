/** What one peer has, with the sums that make it cheap to see whether it is of use. */

import type { Bitfield } from './bitfield.ts'

export class PeerPieces {
  readonly bits: Bitfield
  /** Came as a complete peer: it counts as one for every piece, and not in each piece's availability. */
  cameComplete: boolean
  /** Pieces that it has, and that we want and do not have. */
  lackingCount = 0
  /** Pieces that it has and that could be opened now. */
  openableCount = 0
  /** What a search brought beyond what was asked for, the first last. */
  found: number[] = []
  /** In our site. */
  readonly isNear: boolean
  /** Pieces that it has said it is bringing, and does not have yet, with the time since when. */
  readonly claims = new Map<number, number>()

  constructor(bits: Bitfield, { cameComplete, isNear }: { cameComplete: boolean; isNear: boolean }) {
    this.bits = bits
    this.cameComplete = cameComplete
    this.isNear = isNear
  }
}
