/**
 * Asks clamd: is it there, which signatures does it have, what does it say of a stream of bytes. One connection for
 * each.
 *
 * Invariant: a stream is `clean` only when all its bytes, as many as were announced, and the end of the stream had
 * been sent before the answer came. A source that fails, or gives another number of bytes, has no end sent for it.
 *
 * What a scan comes to is a returned value. Thrown are an AppError when the daemon can not be reached, and when it
 * gives no usable answer about itself; the reason of the signal; and what is a bug of the source.
 */

import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { type ClamdAddress, formatClamdAddress } from './clamd-address.ts'
import {
  CHUNK_BYTES_MAX,
  type ClamdCommand,
  type ClamdVersion,
  decodeStreamReply,
  decodeVersionReply,
  encodeChunkLength,
  encodeCommand,
  STREAM_END
} from './clamd-codec.ts'
import { CLAMD_TIMEOUTS, ClamdConnection, type ClamdTimeouts, type Heard } from './clamd-connection.ts'

export interface ScanSource {
  /** How many there are to be. */
  readonly bytes: number
  /**
   * They, in order. What was given may be changed when the next is asked for. Once the signal is aborted nothing
   * more is wanted. Operating failures are thrown as AppError or as the system's errors.
   */
  stream(signal: AbortSignal): AsyncIterable<Uint8Array>
}

export type UnscannedReason = 'timeout' | 'too-large' | 'error'

export type StreamVerdict =
  | { readonly kind: 'clean' }
  | { readonly kind: 'infected'; readonly signature: string }
  | { readonly kind: 'unscanned'; readonly reason: UnscannedReason; readonly detail: string }

type Unscanned = Extract<StreamVerdict, { readonly kind: 'unscanned' }>

export class ClamdClient {
  readonly #address: ClamdAddress
  readonly #timeouts: ClamdTimeouts

  constructor(address: ClamdAddress, timeouts: ClamdTimeouts = CLAMD_TIMEOUTS) {
    this.#address = address
    this.#timeouts = timeouts
  }

  async ping(signal: AbortSignal): Promise<void> {
    const text = await this.#ask('PING', signal)
    if (text !== 'PONG') throw this.#faulty('it does not answer PING with PONG')
  }

  async version(signal: AbortSignal): Promise<ClamdVersion> {
    const version = decodeVersionReply(await this.#ask('VERSION', signal))
    if (!version.ok) throw this.#faulty(version.detail)
    return version.value
  }

  async scan(source: ScanSource, signal: AbortSignal): Promise<StreamVerdict> {
    const connection = new ClamdConnection(this.#address, { timeouts: this.#timeouts, signal })
    const over = new AbortController()
    const stream = new OutgoingStream(connection, source)
    try {
      // An answer may come while the source has us wait.
      const failed = await Promise.race([connection.heard, stream.send(over.signal)])
      if (failed?.kind === 'unscanned') return failed
      return this.#verdictOf(await connection.heard, { stream, signal })
    } finally {
      connection.close()
      over.abort()
    }
  }

  #verdictOf(
    heard: Heard,
    { stream, signal }: { readonly stream: OutgoingStream; readonly signal: AbortSignal }
  ): StreamVerdict {
    if (heard.kind !== 'reply') {
      if (heard.kind === 'aborted' || heard.fault === 'unreachable') throw this.#thrownFor(heard, signal)
      return unscanned(heard.fault === 'timeout' ? 'timeout' : 'error', heard.detail)
    }
    const reply = decodeStreamReply(heard.text)
    if (!reply.ok) return unscanned('error', reply.detail)
    if (reply.value.kind === 'clean')
      return stream.isWhole ? reply.value : unscanned('error', 'it answered before it had all of it')
    if (reply.value.kind === 'infected') return reply.value
    return unscanned(reply.value.kind, reply.value.detail)
  }

  async #ask(command: ClamdCommand, signal: AbortSignal): Promise<string> {
    const connection = new ClamdConnection(this.#address, { timeouts: this.#timeouts, signal })
    try {
      void connection.write(encodeCommand(command))
      const heard = await connection.heard
      if (heard.kind === 'reply') return heard.text
      throw this.#thrownFor(heard, signal)
    } finally {
      connection.close()
    }
  }

  #thrownFor(heard: Exclude<Heard, { readonly kind: 'reply' }>, signal: AbortSignal): unknown {
    if (heard.kind === 'aborted') return signal.reason
    if (heard.fault !== 'unreachable') return this.#faulty(heard.detail)
    const address = formatClamdAddress(this.#address)
    return new AppError(
      'SCANNER_DOWN',
      `clamd can not be reached at ${address}: ${heard.detail}; start it, or correct the address`,
      { details: { address } }
    )
  }

  #faulty(detail: string): AppError {
    const address = formatClamdAddress(this.#address)
    return new AppError('SCANNER_FAULTY', `what listens at ${address} gave no answer of clamd: ${detail}`, {
      details: { address }
    })
  }
}

function unscanned(reason: UnscannedReason, detail: string): Unscanned {
  return { kind: 'unscanned', reason, detail }
}

/** Sends what a source gives. */
class OutgoingStream {
  /** All of it, and its end. */
  isWhole = false
  readonly #connection: ClamdConnection
  readonly #source: ScanSource
  #sent = 0

  constructor(connection: ClamdConnection, source: ScanSource) {
    this.#connection = connection
    this.#source = source
  }

  /** Tells why the source can not be sent as a whole. Undefined when it was, or the connection takes no more. */
  async send(signal: AbortSignal): Promise<Unscanned | undefined> {
    if (!(await this.#connection.write(encodeCommand('INSTREAM')))) return undefined
    try {
      for await (const bytes of this.#source.stream(signal)) {
        if (this.#sent + bytes.length > this.#source.bytes) return this.#notAsAnnounced('more')
        if (!(await this.#sendChunks(bytes))) return undefined
      }
    } catch (thrown) {
      if (thrown instanceof AppError || systemCodeOf(thrown)?.startsWith('ERR_') === false)
        return unscanned('error', `it can not be read: ${messageOf(thrown)}`)
      throw thrown
    }
    if (this.#sent < this.#source.bytes) return this.#notAsAnnounced(`only ${this.#sent} B`)
    this.isWhole = true
    await this.#connection.write(STREAM_END)
    return undefined
  }

  async #sendChunks(bytes: Uint8Array): Promise<boolean> {
    for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES_MAX) {
      const chunk = bytes.subarray(offset, offset + CHUNK_BYTES_MAX)
      if (!(await this.#connection.write(encodeChunkLength(chunk.length), chunk))) return false
      this.#sent += chunk.length
    }
    return true
  }

  #notAsAnnounced(came: string): Unscanned {
    return unscanned('error', `it should have ${this.#source.bytes} B, and ${came} came`)
  }
}
