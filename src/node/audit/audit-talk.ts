/** Questions and answers of the audit protocol over one stream; what is malformed ends it as an AppError. */

import {
  AUDIT_MESSAGE_BYTES_MAX,
  type AuditMessage,
  decodeAuditMessage,
  encodeAuditMessage
} from '../../audit/messages.ts'
import { AppError } from '../../base/errors.ts'
import { SECOND_MS } from '../../base/units.ts'
import { FramedStream } from '../transport/framed-stream.ts'
import { nextMessage } from '../transport/next-message.ts'
import type { PeerStream } from '../transport/transport.ts'

const ANSWER_TIMEOUT_MS = 20 * SECOND_MS

export class AuditTalk {
  readonly #framed: FramedStream
  readonly #signal: AbortSignal

  constructor(stream: PeerStream, signal: AbortSignal) {
    this.#framed = new FramedStream(stream, { messageBytesMax: AUDIT_MESSAGE_BYTES_MAX })
    this.#signal = signal
  }

  async send(message: AuditMessage): Promise<void> {
    await this.#framed.write(encodeAuditMessage(message))
  }

  /** Undefined when the peer has ended the talk. */
  async next(): Promise<AuditMessage | undefined> {
    const bytes = await nextMessage(this.#framed, { timeoutMs: ANSWER_TIMEOUT_MS, signal: this.#signal })
    if (bytes === undefined) return undefined
    const decoded = decodeAuditMessage(bytes)
    if (decoded.ok) return decoded.value
    throw new AppError('RECORD_INVALID', `an audit message is ${decoded.reason}: ${decoded.detail}`)
  }

  async ask(question: AuditMessage): Promise<AuditMessage> {
    await this.send(question)
    const answer = await this.next()
    if (answer === undefined)
      throw new AppError('PEER_REFUSED', `the peer gave no answer to ${question.kind}`)
    return answer
  }
}
