/**
 * What readers wait for goes first (read-windows.ts says what that is): before the piece that a peer is filling, before
 * what a source suggests, and before what is rare. All peers fill the most urgent piece together, run by run.
 *
 * A peer that is slow is not given what comes next, where it would come clearly sooner from another, with all that
 * comes before it: it is given what is due later, or nothing that a reader waits for.
 *
 * What a peer of our site has, or says that it is bringing, is not asked of another site, as for everything else; but
 * nobody waits for a turn to bring what a reader waits for, nor for room on the line: it is bounded by itself.
 */

import { defined } from '../base/assert.ts'
import type { PieceIndex } from '../base/ids.ts'
import { pieceLength } from '../content/version.ts'
import type { Choice } from './choice.ts'
import type { Crossing } from './crossing.ts'
import type { PeerPieces } from './peer-pieces.ts'
import type { PiecePicker } from './piece-picker.ts'
import type { Session } from './session.ts'
import { BLOCK_BYTES } from './wire-messages.ts'

/** How much longer than the quickest a peer may take for what comes next. */
const SLOWER_MAX = 2

export interface UrgentTerms {
  readonly picker: PiecePicker
  readonly sessions: Iterable<Session>
  readonly crossing: Crossing
  readonly hasRoom: (piece: PieceIndex) => boolean
}

/** Undefined when this peer has nothing that a reader waits for and that is not on its way. */
export function urgentChoice(
  { picker, sessions, crossing, hasRoom }: UrgentTerms,
  { session, pieces, nowMs }: { session: Session; pieces: PeerPieces; nowMs: number }
): Choice | undefined {
  const isAcross = !session.facts.sameSite
  const others = [...sessions].filter(other => other !== session && !other.chokesUs && !other.snubbed)
  const bytes = session.requestBytes()
  const ownMs = session.drainMs(bytes)
  let aheadBytes = 0
  for (const piece of picker.demanded) {
    const beforeBytes = aheadBytes
    aheadBytes += pieceLength(picker.version, piece)
    if (!pieces.bits.has(piece)) continue
    let open = picker.openPiece(piece)
    if (open === undefined ? !picker.isOpenable(piece) : !picker.unfilled.has(open)) continue
    if (isAcross && !crossing.mayHasten(piece, nowMs)) continue
    const isSooner = (other: Session) =>
      other.pieces?.bits.has(piece) === true && ownMs > SLOWER_MAX * other.drainMs(bytes + beforeBytes)
    if (others.some(isSooner)) continue
    if (open === undefined) {
      if (!hasRoom(piece)) return { kind: 'full' }
      open = picker.open(piece)
      if (open.missingCount === 0) return { kind: 'local' }
    }
    if (isAcross) crossing.begin(piece, session.facts.site, nowMs)
    session.current = open
    const run = defined(open.missingRun(bytes / BLOCK_BYTES), 'run of an unfilled piece')
    return { kind: 'blocks', open, run, impatient: session.assigns }
  }
  return undefined
}
