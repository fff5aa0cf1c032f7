/**
 * What a device does toward a peer to which its own limits let little go, so that waiting does not look like a fault.
 * It says how much to expect: then the peer asks in short requests, waits longer before it takes us for stalled, and
 * does not turn to others for what is on its way. While nothing may go at all, it chokes the peer (BEP 3): what was
 * asked for is refused, and the peer asks others.
 */

import type { Downloads } from './downloads.ts'
import { ORIGIN_PEER } from './open-piece.ts'
import type { OriginFetch } from './origin/origin-fetch.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import type { EventOf } from './transfer-types.ts'

/** What asks for payload. */
interface LimitedParts {
  readonly downloads: Pick<Downloads, 'fill'>
  readonly origin: Pick<OriginFetch, 'tick'>
}

/** Our limits let more or less go to a peer, or let us ask it again. */
export function onLimits(
  context: TransferContext,
  parts: LimitedParts | undefined,
  event: EventOf<'paced' | 'askTurn'>
): void {
  if (event.peer === ORIGIN_PEER) {
    parts?.origin.tick()
    return
  }
  const session = context.sessions.get(event.peer)
  if (session === undefined) return
  if (event.type === 'paced') pace(context, session, event.bytesPerSecond)
  else parts?.downloads.fill(session)
}

/** What our limits let go to a peer has changed: undefined for no limit, zero for nothing. */
export function pace(context: TransferContext, session: Session, bytesPerSecond: number | undefined): void {
  const before = session.givenPace
  if (before === bytesPerSecond) return
  session.givenPace = bytesPerSecond
  if (session.flags === undefined) return // it is greeted accordingly
  if (bytesPerSecond === 0) {
    // First, for a peer that refuses without choking is taken not to have the piece.
    context.send(session, { type: 'choke' })
    refuseAll(context, session)
    return
  }
  tellPace(context, session)
  if (before === 0) context.send(session, { type: 'unchoke' })
}

/** A peer that speaks our extension is told what it has to know to wait. */
export function tellPace(context: TransferContext, session: Session): void {
  context.tell(session, { pace: Math.ceil(session.givenPace ?? 0) })
}

function refuseAll(context: TransferContext, session: Session): void {
  for (const { piece, begin, length } of session.serving.values()) {
    context.emit({ type: 'cancelServe', peer: session.key, piece, begin, length })
    if (session.flags?.fast === true) context.send(session, { type: 'reject', piece, begin, length })
  }
  session.serving.clear()
  session.servingBytes = 0
}
