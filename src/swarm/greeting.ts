/** What a device says to a peer once both handshakes are through: what it has and can, and that the peer may ask. */

import type { Bitfield } from './bitfield.ts'
import { EXTENSION_HANDSHAKE_ID, encodeExtendedHandshake } from './extension-messages.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'

/** What is told of us; without `have` while we do not know the pieces of the version. */
interface Self {
  readonly have: Bitfield | undefined
  /** Length of the info dictionary, if it is here. */
  readonly metadataBytes: number | undefined
}

export function greet(context: TransferContext, session: Session, { have, metadataBytes }: Self): void {
  const isFast = session.flags?.fast === true
  if (have?.isFull === true && isFast) context.send(session, { type: 'have-all' })
  else if (have !== undefined && have.count > 0)
    context.send(session, { type: 'bitfield', bits: have.toBytes() })
  else if (isFast) context.send(session, { type: 'have-none' })
  if (session.givenPace !== 0) context.send(session, { type: 'unchoke' })
  if (session.flags?.extended === true) sendExtendedHandshake(context, session, metadataBytes)
}

export function sendExtendedHandshake(
  context: TransferContext,
  session: Session,
  metadataBytes: number | undefined
): void {
  const payload = encodeExtendedHandshake({
    metadataBytes,
    requestCountMax: context.limits.requestCountMax
  })
  context.send(session, { type: 'extended', extensionId: EXTENSION_HANDSHAKE_ID, payload })
}
