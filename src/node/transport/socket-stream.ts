/**
 * A PeerStream that has a TLS connection of its own: bytes pass between node:tls and their user with no multiplexer
 * between, which is what bulk payload is for (docs/adr/0005-direct-connections.md).
 *
 * What differs from a stream of a link: there is no half close. `close` ends both directions once everything queued
 * was sent, and the other side sees a reset, as it does when a process dies: TLS as node offers it can not tell a
 * connection that was ended from one that was lost, so nothing here claims that it was ended. And what `onData` gets is
 * lent for the call: whoever keeps it copies it.
 */

import type { TLSSocket } from 'node:tls'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, shortId } from '../../base/ids.ts'
import { KIB, MIB } from '../../base/units.ts'
import { lendReads } from './lent-reads.ts'
import { StreamInbox } from './stream-inbox.ts'
import type { PeerStream, StreamClose } from './transport.ts'

/** What may wait in the socket before a sender is told to stop: the socket's own high-water mark. */
const QUEUE_BYTES_MAX = MIB
/** What the kernel hands out at once. */
const READ_BYTES = 64 * KIB

export class SocketStream implements PeerStream {
  readonly peer: DeviceId
  readonly protocol: string
  bytesSent = 0
  bytesReceived = 0
  readonly #socket: TLSSocket
  readonly #inbox: StreamInbox
  #sendEnded = false
  #abortReason: string | undefined
  #drain: PromiseWithResolvers<void> | undefined
  readonly #onOver: (() => void)[] = []
  #target: (() => Uint8Array | undefined) | undefined

  /** `head`: what came after the opening and was read with it. The socket is paused and has no other consumer. */
  constructor(
    socket: TLSSocket,
    { peer, protocol, head }: { peer: DeviceId; protocol: string; head: Uint8Array }
  ) {
    this.peer = peer
    this.protocol = protocol
    this.#socket = socket
    this.#inbox = new StreamInbox(flowing => (flowing ? socket.resume() : socket.pause()))
    this.#take(head)
    for (let read = socket.read(); read !== null; read = socket.read()) this.#take(read)
    const own = new Uint8Array(READ_BYTES)
    // What waits to be taken belongs before the next bytes, so they do not go to their place yet.
    const next = (): Uint8Array => (this.#inbox.isFlowing ? this.#target?.() : undefined) ?? own
    if (!lendReads(socket, next, chunk => this.#takeLent(chunk)))
      socket.on('data', chunk => this.#take(chunk))
    socket.on('drain', () => this.#checkDrained())
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.#onClose())
    if (socket.destroyed) this.#onClose()
  }

  send(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    if (this.#sendEnded || this.#inbox.closed !== undefined) return false
    if (bytes instanceof Uint8Array) this.#write(bytes)
    else if (bytes.length === 1) for (const one of bytes) this.#write(one)
    else {
      this.#socket.cork()
      for (const one of bytes) this.#write(one)
      this.#socket.uncork()
    }
    return this.#ready()
  }

  get unsentBytes(): number {
    return this.#socket.writableLength
  }

  drained(): Promise<void> {
    if (this.#sendEnded || this.#inbox.closed !== undefined) return Promise.reject(this.#over())
    if (this.#ready()) return Promise.resolve()
    this.#drain ??= Promise.withResolvers()
    return this.#drain.promise
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    this.#inbox.onData(listener)
  }

  readInto(target: () => Uint8Array | undefined): void {
    this.#target = target
  }

  onEnd(listener: () => void): void {
    this.#inbox.onEnd(listener)
  }

  onClose(listener: (reason: StreamClose) => void): void {
    this.#inbox.onClose(listener)
  }

  /** For who keeps account of connections; called as soon as it is over, whatever still waits to be taken. */
  onOver(listener: () => void): void {
    if (this.#inbox.closed === undefined) this.#onOver.push(listener)
    else listener()
  }

  pause(): void {
    this.#inbox.pause()
  }

  resume(): void {
    this.#inbox.resume()
  }

  close(): Promise<void> {
    if (this.#sendEnded || this.#inbox.closed !== undefined) return Promise.resolve()
    this.#sendEnded = true
    this.#abortReason ??= 'this side closed'
    return new Promise(resolve => {
      this.#socket.once('close', () => resolve())
      this.#socket.destroySoon()
    })
  }

  abort(reason: string): void {
    this.#abortReason ??= reason
    this.#sendEnded = true
    this.#socket.destroy()
    this.#onClose()
  }

  #write(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.bytesSent += bytes.length
    this.#socket.write(bytes)
  }

  #take(chunk: Uint8Array): void {
    this.bytesReceived += chunk.length
    this.#inbox.pass(chunk)
  }

  /** What can not be delivered at once has to be kept. Whether to go on reading. */
  #takeLent(chunk: Uint8Array): boolean {
    this.#take(this.#inbox.isFlowing ? chunk : chunk.slice())
    return this.#inbox.isFlowing
  }

  #ready(): boolean {
    return this.#socket.writableLength <= QUEUE_BYTES_MAX
  }

  #checkDrained(): void {
    if (this.#drain === undefined || !this.#ready()) return
    this.#drain.resolve()
    this.#drain = undefined
  }

  #onClose(): void {
    if (this.#inbox.closed !== undefined) return
    const reason = this.#abortReason
    this.#inbox.close(
      reason === undefined
        ? { kind: 'reset', detail: 'the other side closed the connection, or it was lost' }
        : { kind: 'aborted', detail: reason }
    )
    this.#drain?.reject(this.#over())
    this.#drain = undefined
    for (const listener of this.#onOver.splice(0)) listener()
  }

  #over(): AppError {
    const detail = this.#inbox.closed?.detail ?? 'this side closed it'
    const message = `Can not send to ${shortId(this.peer)} on ${this.protocol}: the stream is over (${detail}). Open another.`
    return new AppError('PEER_UNREACHABLE', message, { details: { device: this.peer } })
  }
}
