/**
 * A PeerStream over a libp2p stream. What it adds: the admission in front (admission.ts), a pause that holds until
 * there is a consumer, an end that only the other side's own end can cause (libp2p reports a lost link as an ordinary
 * close), and a `drained` that means it.
 *
 * libp2p's 'drain' wakes every stream of a link when the socket drains, also one whose own window is used up. A sender
 * that trusted it would queue one more chunk at each wake-up without bound. Here `drained` resolves only when this
 * stream's own queue is short.
 */

import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { concatBytes } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { shortId } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import { type Admission, decodeAdmission } from './admission.ts'
import { StreamInbox } from './stream-inbox.ts'
import type { PeerStream, StreamClose } from './transport.ts'

export type AdmissionOutcome = Exclude<Admission, { kind: 'incomplete' }> | { readonly kind: 'lost' }

/**
 * What waits in a stream while its link is full. With nothing in wait, each time the socket drains it would idle until
 * the sender has noticed.
 */
const QUEUE_BYTES_MAX = MIB

export class Libp2pStream implements PeerStream {
  readonly peer: DeviceId
  readonly protocol: string
  readonly #stream: Stream
  readonly #channel: { readonly unsentBytes: number } | undefined
  readonly #inbox: StreamInbox
  #sendEnded = false
  #sendBroken = false
  #receiveEnded = false
  #abortReason: string | undefined
  #drain: PromiseWithResolvers<void> | undefined
  /** Present while the other side's admission is awaited. */
  #admission: { head: Uint8Array; readonly done: PromiseWithResolvers<AdmissionOutcome> } | undefined

  /** Without its channel, a stream can not tell what has left. */
  constructor(stream: Stream, peer: DeviceId, channel?: { readonly unsentBytes: number }) {
    this.peer = peer
    this.#channel = channel
    this.protocol = stream.protocol
    this.#stream = stream
    this.#inbox = new StreamInbox(flowing => this.#flow(flowing))
    this.#flow(false)
    stream.addEventListener('message', event => {
      this.#receive(event.data instanceof Uint8Array ? [event.data] : event.data)
    })
    stream.addEventListener('remoteCloseWrite', () => {
      this.#receiveEnded = true
    })
    stream.addEventListener('end', () => this.#onEnd())
    stream.addEventListener('close', event => this.#onClose(event.error))
    // libp2p goes on sending in a microtask of its own; look only after that one.
    const checkDrained = (): void => queueMicrotask(() => this.#checkDrained())
    stream.addEventListener('drain', checkDrained)
    stream.addEventListener('idle', checkDrained)
  }

  /** For the opening side, before anything else: what the other side decided. */
  admission(): Promise<AdmissionOutcome> {
    const done = Promise.withResolvers<AdmissionOutcome>()
    this.#admission = { head: new Uint8Array(0), done }
    if (this.#inbox.closed !== undefined) done.resolve({ kind: 'lost' })
    else this.#flow(true)
    return done.promise
  }

  send(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    if (this.#sendEnded || this.#sendBroken || this.#inbox.closed !== undefined) return false
    try {
      this.#stream.send(bytes instanceof Uint8Array ? bytes : new Uint8ArrayList(...bytes))
    } catch {
      // libp2p is closing the link; without this a sender would find the stream drained, and try again for ever.
      this.#sendBroken = true
      return false
    }
    return this.#ready()
  }

  get unsentBytes(): number {
    return this.#stream.writeBufferLength + (this.#channel?.unsentBytes ?? Number.POSITIVE_INFINITY)
  }

  drained(): Promise<void> {
    const { closed } = this.#inbox
    if (closed !== undefined || this.#sendEnded || this.#sendBroken) return Promise.reject(this.#over(closed))
    if (this.#ready()) return Promise.resolve()
    this.#drain ??= Promise.withResolvers()
    return this.#drain.promise
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    this.#inbox.onData(listener)
  }

  onEnd(listener: () => void): void {
    this.#inbox.onEnd(listener)
  }

  onClose(listener: (reason: StreamClose) => void): void {
    this.#inbox.onClose(listener)
  }

  pause(): void {
    this.#inbox.pause()
  }

  resume(): void {
    this.#inbox.resume()
  }

  async close(): Promise<void> {
    if (this.#sendEnded || this.#inbox.closed !== undefined) return
    if (this.#sendBroken) throw this.#over(undefined)
    this.#sendEnded = true
    try {
      await this.#stream.close()
    } catch (cause) {
      throw this.#over(this.#inbox.closed, cause)
    }
  }

  abort(reason: string): void {
    this.#abortReason ??= reason
    this.#stream.abort(new Error(reason))
    this.#onClose(undefined) // when libp2p had closed it while bytes still waited here
  }

  #receive(chunks: Iterable<Uint8Array>): void {
    const admission = this.#admission
    if (admission === undefined) {
      this.#inbox.push(chunks)
      return
    }
    admission.head = concatBytes([admission.head, ...chunks])
    const decoded = decodeAdmission(admission.head)
    if (decoded.kind === 'incomplete') return
    this.#admission = undefined
    this.#flow(false)
    if (decoded.kind === 'admitted') this.#inbox.push([decoded.rest])
    admission.done.resolve(decoded)
  }

  #flow(flowing: boolean): void {
    const { readStatus } = this.#stream
    if (readStatus === 'closed' || readStatus === 'closing') return
    if (flowing) this.#stream.resume()
    else this.#stream.pause()
  }

  #ready(): boolean {
    return this.#stream.writeBufferLength <= QUEUE_BYTES_MAX
  }

  #checkDrained(): void {
    if (this.#drain === undefined || !this.#ready()) return
    this.#drain.resolve()
    this.#drain = undefined
  }

  /** libp2p has handed out its last byte. */
  #onEnd(): void {
    if (!this.#receiveEnded || this.#stream.status === 'aborted' || this.#stream.status === 'reset') return
    this.#inbox.end()
    if (this.#stream.status === 'closed') this.#onClose(undefined)
  }

  #onClose(error: Error | undefined): void {
    const wellEnded = error === undefined && this.#abortReason === undefined && this.#receiveEnded
    if (wellEnded && this.#stream.readBufferLength > 0) return // 'end' follows when they were taken
    this.#inbox.close(this.#closeReason(wellEnded, error))
    this.#drain?.reject(this.#over(this.#inbox.closed))
    this.#drain = undefined
    this.#admission?.done.resolve({ kind: 'lost' })
    this.#admission = undefined
  }

  #closeReason(wellEnded: boolean, error: Error | undefined): StreamClose {
    if (this.#abortReason !== undefined) return { kind: 'aborted', detail: this.#abortReason }
    if (wellEnded) return { kind: 'ended', detail: 'both sides closed' }
    return { kind: 'reset', detail: error === undefined ? 'the link was lost' : messageOf(error) }
  }

  #over(closed: StreamClose | undefined, cause?: unknown): AppError {
    const detail =
      closed === undefined
        ? 'this side closed it, or the link is closing'
        : `${closed.kind}, ${closed.detail}`
    const message = `Can not send to ${shortId(this.peer)} on ${this.protocol}: the stream is over (${detail}). Open another.`
    return new AppError('PEER_UNREACHABLE', message, { details: { device: this.peer }, cause })
  }
}
