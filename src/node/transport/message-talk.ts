/** Messages of one protocol over one stream, both ways; what is malformed ends the talk as an AppError. */

import { AppError } from '../../base/errors.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Outcome } from '../../ledger/encoding/outcome.ts'
import { FramedStream } from './framed-stream.ts'
import { nextMessage } from './next-message.ts'
import type { PeerStream } from './transport.ts'

const ANSWER_TIMEOUT_MS = 20 * SECOND_MS

/** How the messages of a protocol are written and read. */
export interface MessageCodec<Message> {
  /** What they are called in errors, such as "an audit message". */
  readonly what: string
  readonly bytesMax: number
  readonly encode: (message: Message) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Outcome<Message, string>
}

export class MessageTalk<Message extends { readonly kind: string }> {
  readonly #codec: MessageCodec<Message>
  readonly #framed: FramedStream
  readonly #signal: AbortSignal

  constructor(stream: PeerStream, codec: MessageCodec<Message>, signal: AbortSignal) {
    this.#codec = codec
    this.#framed = new FramedStream(stream, { messageBytesMax: codec.bytesMax })
    this.#signal = signal
  }

  async send(message: Message): Promise<void> {
    await this.#framed.write(this.#codec.encode(message))
  }

  /** Undefined when the peer has ended the talk. */
  async next(timeoutMs = ANSWER_TIMEOUT_MS): Promise<Message | undefined> {
    const bytes = await nextMessage(this.#framed, { timeoutMs, signal: this.#signal })
    if (bytes === undefined) return undefined
    const decoded = this.#codec.decode(bytes)
    if (decoded.ok) return decoded.value
    const { what } = this.#codec
    throw new AppError('RECORD_INVALID', `${what} is ${decoded.reason}: ${decoded.detail}`)
  }

  /** The next message, which is to be of this kind. */
  async expect<K extends Message['kind']>(kind: K): Promise<Extract<Message, { readonly kind: K }>> {
    const message = await this.next()
    if (message?.kind !== kind)
      throw new AppError('PEER_REFUSED', `the peer sent ${message?.kind ?? 'nothing'} where ${kind} belongs`)
    return message as Extract<Message, { readonly kind: K }>
  }

  /** See FramedStream.leave. */
  leave(): Promise<void> {
    return this.#framed.leave(this.#signal)
  }
}
