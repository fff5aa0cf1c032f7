/** What a transfer says to a peer first, once both handshakes are through. */

import type { Bitfield } from './bitfield.ts'
import { EXTENSION_HANDSHAKE_ID, encodeExtendedHandshake } from './extension-messages.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'

/** Says what we have, and that the peer may ask. */
export function greet(
  context: TransferContext,
  session: Session,
  { have, metadataBytes }: { readonly have: Bitfield | undefined; readonly metadataBytes: number | undefined }
): void {
  const isFast = session.flags?.fast === true
  if (have?.isFull === true && isFast) context.send(session, { type: 'have-all' })
  else if (have !== undefined && have.count > 0)
    context.send(session, { type: 'bitfield', bits: have.toBytes() })
  else if (isFast) context.send(session, { type: 'have-none' })
  context.send(session, { type: 'unchoke' })
  if (session.flags?.extended === true) sendExtendedHandshake(context, session, metadataBytes)
}

/** `metadataBytes` of the info dictionary, if it is known. */
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
