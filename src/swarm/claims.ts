/**
 * What is said between peers in our extension beside the stream itself: pieces on their way into a site (see
 * crossing.ts), what is wanted (wants.ts), and what time it is (own-delay.ts).
 */

import { pieceIndex } from '../base/ids.ts'
import type { Crossing } from './crossing.ts'
import type { Downloads } from './downloads.ts'
import type { PeerageMessage } from './extension-messages.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import type { Wants } from './wants.ts'

export class Claims {
  readonly #context: TransferContext
  readonly #crossing: Crossing
  readonly #downloads: Downloads
  readonly #wants: Wants

  constructor(init: {
    readonly context: TransferContext
    readonly wants: Wants
    readonly crossing: Crossing
    readonly downloads: Downloads
  }) {
    this.#context = init.context
    this.#crossing = init.crossing
    this.#downloads = init.downloads
    this.#wants = init.wants
  }

  /**
   * A peer says the time, what it wants, and what it claims or drops. What a member of our site brings that comes
   * before us we leave to it.
   */
  heard(session: Session, { claims = [], drops = [], wants, sentMs }: PeerageMessage): void {
    const { nowMs } = this.#context
    if (sentMs !== undefined)
      this.#context.tell(session, { arrival: { sentMs, heardMs: Math.floor(nowMs) } }, true)
    if (wants !== undefined) this.#wants.heard(session)
    if (session.pieces === undefined) return
    const { size } = session.pieces.bits
    const real = claims.filter(piece => piece < size).map(pieceIndex)
    this.#crossing.heard(session, { claims: real, drops }, nowMs)
    for (const piece of real) if (this.#crossing.yields(session, piece)) this.#downloads.leave(piece)
  }

  /** A peer speaks our extension. */
  greet(session: Session): void {
    const { claims } = this.#crossing
    this.#wants.greet(session)
    if (claims.length > 0) this.#context.tell(session, { claims }, true)
    this.#crossing.membersChanged()
  }

  /** Tells all peers what we want, if that has changed, and what we begin to bring, or leave. */
  tell(): void {
    this.#wants.tell()
    const news = this.#crossing.takeNews()
    if (news === undefined) return
    for (const session of this.#context.sessions.values())
      if (!session.isComplete) this.#context.tell(session, news, true)
  }
}
