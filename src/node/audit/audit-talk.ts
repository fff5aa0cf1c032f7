/** Questions and answers of the audit protocol over one stream. */

import {
  AUDIT_MESSAGE_BYTES_MAX,
  type AuditMessage,
  decodeAuditMessage,
  encodeAuditMessage
} from '../../audit/messages.ts'
import { AppError } from '../../base/errors.ts'
import { type MessageCodec, MessageTalk } from '../transport/message-talk.ts'
import type { PeerStream } from '../transport/transport.ts'

const CODEC: MessageCodec<AuditMessage> = {
  what: 'an audit message',
  bytesMax: AUDIT_MESSAGE_BYTES_MAX,
  encode: encodeAuditMessage,
  decode: decodeAuditMessage
}

export class AuditTalk extends MessageTalk<AuditMessage> {
  constructor(stream: PeerStream, signal: AbortSignal) {
    super(stream, CODEC, signal)
  }

  async ask(question: AuditMessage): Promise<AuditMessage> {
    await this.send(question)
    const answer = await this.next()
    if (answer === undefined)
      throw new AppError('PEER_REFUSED', `the peer gave no answer to ${question.kind}`)
    return answer
  }
}
