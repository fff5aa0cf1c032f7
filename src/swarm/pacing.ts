/**
 * What a device does toward a peer to which its own limits let little go, so that waiting does not look like a fault.
 * It says how much to expect: then the peer asks in short requests, waits longer before it takes us for stalled, and
 * does not turn to others for what is on its way. While nothing may go at all, it chokes the peer (BEP 3): what was
 * asked for is refused, and the peer asks others.
 */

import { encodePeerage } from './extension-messages.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'

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
  const { extensions, givenPace = 0 } = session
  if (extensions.peerageId === undefined) return
  context.send(session, {
    type: 'extended',
    extensionId: extensions.peerageId,
    payload: encodePeerage({ pace: Math.ceil(givenPace) })
  })
}

function refuseAll(context: TransferContext, session: Session): void {
  for (const { piece, begin, length } of session.serving.values()) {
    context.emit({ type: 'cancelServe', peer: session.key, piece, begin, length })
    if (session.flags?.fast === true) context.send(session, { type: 'reject', piece, begin, length })
  }
  session.serving.clear()
  session.servingBytes = 0
}
