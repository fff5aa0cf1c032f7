/**
 * Messages over a PeerStream, for protocols of requests and responses: the length of the body as an unsigned 32-bit
 * big-endian integer, then the body.
 *
 * A length above the limit, or bytes after the last whole message, is the other side's fault and comes back as a value.
 * Reading pauses the stream while messages wait, so a peer can not fill memory with messages that nobody asked for.
 */

import { assert } from '../../base/assert.ts'
import { concatBytes } from '../../base/bytes.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { PeerStream, StreamClose } from './transport.ts'

export const FRAME_HEADER_BYTES = 4
/** What a length on the wire can say at all. */
const FRAME_BYTES_MAX = 2 ** 32 - 1
const LEAVE_TIMEOUT_MS = 20 * SECOND_MS

export type FrameRead =
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** The other side ended between two messages: all is well. */
  | { readonly kind: 'end' }
  /** It sent a length above the limit, or ended inside a message; the stream was aborted. */
  | { readonly kind: 'violation'; readonly detail: string }
  | { readonly kind: 'closed'; readonly reason: StreamClose }
  | { readonly kind: 'timeout' }

export interface FramedStreamLimits {
  /** Of what the other side sends. */
  readonly messageBytesMax: number
  /** Of what this side sends; the same unless said otherwise. */
  readonly sentBytesMax?: number
}

export class FramedStream {
  readonly stream: PeerStream
  readonly #messageBytesMax: number
  readonly #sentBytesMax: number
  #chunks: Uint8Array[] = []
  #buffered = 0
  #ended = false
  #closed: StreamClose | undefined
  #violation: string | undefined
  #wake: (() => void) | undefined
  #reading = false

  constructor(stream: PeerStream, limits: FramedStreamLimits) {
    const { messageBytesMax } = limits
    assert(messageBytesMax > 0 && messageBytesMax <= FRAME_BYTES_MAX, 'a length fits its 32 bits')
    this.stream = stream
    this.#messageBytesMax = messageBytesMax
    this.#sentBytesMax = limits.sentBytesMax ?? messageBytesMax
    stream.onEnd(() => {
      this.#ended = true
      this.#wake?.()
    })
    stream.onClose(reason => {
      this.#closed = reason
      this.#wake?.()
    })
    stream.pause()
    stream.onData(chunk => {
      this.#chunks.push(chunk)
      this.#buffered += chunk.length
      this.#wake?.()
    })
  }

  /** The next message. One read at a time; `signal` rejects it with its reason and leaves the stream as it is. */
  async read(options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<FrameRead> {
    assert(!this.#reading, 'one read at a time')
    const { timeoutMs, signal } = options
    signal?.throwIfAborted()
    this.#reading = true
    let expired = false
    const timer = setTimeout(() => {
      expired = true
      this.#wake?.()
    }, timeoutMs)
    const onAbort = (): void => this.#wake?.()
    signal?.addEventListener('abort', onAbort)
    try {
      for (;;) {
        const outcome = this.#next()
        if (outcome !== undefined) return outcome
        signal?.throwIfAborted()
        if (expired) return { kind: 'timeout' }
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        this.stream.resume() // may call back at once, hence after the promise
        await promise
      }
    } finally {
      this.#wake = undefined
      this.stream.pause()
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#reading = false
    }
  }

  /** Waits while the other side is not taking more. Rejects with AppError PEER_UNREACHABLE when the stream is over. */
  async write(body: Uint8Array): Promise<void> {
    assert(body.length <= this.#sentBytesMax, `a message of ${body.length} bytes keeps to our own limit`)
    const header = new Uint8Array(FRAME_HEADER_BYTES)
    new DataView(header.buffer).setUint32(0, body.length)
    if (!this.stream.send([header, body])) await this.stream.drained()
  }

  /**
   * Ends a stream, for who opened it. It never rejects, and the stream is over then: one of which the other side never
   * ends its half would stay open, and nothing bounds how many we open. It has time for that: a reset would take from
   * one that is busy what was sent before.
   */
  async leave(signal?: AbortSignal): Promise<void> {
    const giveUp = (): void => this.stream.abort('it is over')
    const timer = setTimeout(giveUp, LEAVE_TIMEOUT_MS)
    try {
      await this.stream.close()
      const { kind } = await this.read({ timeoutMs: LEAVE_TIMEOUT_MS, ...(signal && { signal }) })
      if (kind !== 'end') giveUp()
    } catch {
      giveUp()
    } finally {
      clearTimeout(timer)
    }
  }

  /** undefined while more has to come. */
  #next(): FrameRead | undefined {
    if (this.#violation !== undefined) return { kind: 'violation', detail: this.#violation }
    if (this.#buffered >= FRAME_HEADER_BYTES) {
      const header = this.#peek(FRAME_HEADER_BYTES)
      const length = new DataView(header.buffer, header.byteOffset).getUint32(0)
      if (length > this.#messageBytesMax)
        return this.#violate(`a message of ${length} bytes, at most ${this.#messageBytesMax}`)
      if (this.#buffered >= FRAME_HEADER_BYTES + length) return { kind: 'message', bytes: this.#take(length) }
    }
    if (this.#closed !== undefined && this.#closed.kind !== 'ended')
      return { kind: 'closed', reason: this.#closed }
    if (!this.#ended) return undefined
    return this.#buffered === 0 ? { kind: 'end' } : this.#violate('it ended inside a message')
  }

  #violate(detail: string): FrameRead {
    this.#violation = detail
    this.#chunks = []
    this.#buffered = 0
    this.stream.abort(detail)
    return { kind: 'violation', detail }
  }

  #peek(length: number): Uint8Array {
    const first = this.#chunks[0]
    if (first !== undefined && first.length >= length) return first.subarray(0, length)
    const joined = concatBytes(this.#chunks)
    this.#chunks = [joined]
    return joined.subarray(0, length)
  }

  /** The body after the header, whole and in memory of its own chunks. */
  #take(length: number): Uint8Array {
    const whole = this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : concatBytes(this.#chunks)
    const end = FRAME_HEADER_BYTES + length
    this.#buffered -= end
    this.#chunks = this.#buffered === 0 ? [] : [whole.subarray(end)]
    return whole.subarray(FRAME_HEADER_BYTES, end)
  }
}
