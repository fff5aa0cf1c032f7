/**
 * One connection to clamd: we say something, it answers once. Knows sockets and time limits, and nothing of what is
 * said.
 *
 * Settles once, in exactly one way: an answer, a fault, or called off. Whatever can happen afterwards changes
 * nothing.
 *
 * clamd may answer and close while we are still sending, when a stream is longer than it takes. Then our next write
 * fails, with its answer still unread on our side: what it said counts for more than that we could not finish.
 */

import { Socket } from 'node:net'
import { messageOf, systemCodeOf } from '../../base/errors.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { ClamdAddress } from './clamd-address.ts'
import { REPLY_BYTES_MAX, ReplyDecoder } from './clamd-codec.ts'

export interface ClamdTimeouts {
  readonly connectMs: number
  /** Without a byte in either direction. clamd is silent while it scans: longer than its MaxScanTime. */
  readonly idleMs: number
  /** From the beginning to the answer. */
  readonly totalMs: number
  /** After a write has failed, for what was said before to be read. */
  readonly lastWordsMs: number
}

export const CLAMD_TIMEOUTS: ClamdTimeouts = {
  connectMs: 10 * SECOND_MS,
  idleMs: 4 * MINUTE_MS,
  totalMs: 30 * MINUTE_MS,
  lastWordsMs: SECOND_MS
}

export type Heard =
  | { readonly kind: 'reply'; readonly text: string }
  | {
      readonly kind: 'fault'
      readonly fault: 'unreachable' | 'timeout' | 'broken' | 'malformed'
      readonly detail: string
    }
  | { readonly kind: 'aborted' }

/**
 * Goes on reading when a write fails, where a socket of Node.js is destroyed together with what it has yet to read.
 * The stream drops what comes after a failure, so it is read around it.
 */
class HearingSocket extends Socket {
  onWriteFailed: (thrown: Error) => void = () => {}

  constructor(onBytes: (bytes: Uint8Array) => void) {
    const buffer = new Uint8Array(REPLY_BYTES_MAX)
    const callback = (length: number): boolean => {
      onBytes(buffer.subarray(0, length))
      return true
    }
    super({ allowHalfOpen: true, onread: { buffer, callback } })
    this.resume()
  }

  override destroy(thrown?: Error): this {
    if (thrown === undefined || !isOfWriting(thrown)) return super.destroy(thrown)
    this.onWriteFailed(thrown)
    return this
  }
}

function isOfWriting(thrown: Error): boolean {
  return 'syscall' in thrown && (thrown.syscall === 'write' || thrown.syscall === 'writev')
}

export class ClamdConnection {
  /** Never rejects. */
  readonly heard: Promise<Heard>
  readonly #decoder = new ReplyDecoder()
  readonly #socket = new HearingSocket(bytes => this.#hear(bytes))
  readonly #timers: NodeJS.Timeout[] = []
  readonly #timeouts: ClamdTimeouts
  readonly #signal: AbortSignal
  readonly #onAbort = (): void => this.#settle({ kind: 'aborted' })
  #resolve: (heard: Heard) => void
  #isConnected = false
  #isSettled = false
  #failedWrite: Error | undefined

  constructor(
    address: ClamdAddress,
    { timeouts, signal }: { readonly timeouts: ClamdTimeouts; readonly signal: AbortSignal }
  ) {
    const { promise, resolve } = Promise.withResolvers<Heard>()
    this.heard = promise
    this.#resolve = resolve
    this.#timeouts = timeouts
    this.#signal = signal
    this.#listen()
    if (signal.aborted) {
      this.#onAbort()
      return
    }
    signal.addEventListener('abort', this.#onAbort, { once: true })
    const connecting = this.#after(timeouts.connectMs, 'timeout', 'no connection')
    this.#after(timeouts.totalMs, 'timeout', 'no answer')
    if ('path' in address) this.#socket.connect(address.path)
    else this.#socket.setNoDelay().connect(address.port, address.host)
    this.#socket.on('connect', () => {
      this.#isConnected = true
      clearTimeout(connecting)
      this.#socket.setTimeout(timeouts.idleMs)
    })
  }

  /**
   * Resolves when the bytes are out of our hands, and may be changed: true when they were taken, false when this
   * connection takes no more.
   */
  write(...parts: readonly Uint8Array[]): Promise<boolean> {
    if (this.#isSettled || this.#failedWrite !== undefined) return Promise.resolve(false)
    return new Promise(resolve => {
      this.#socket.cork()
      for (const [index, part] of parts.entries()) {
        const isLast = index === parts.length - 1
        this.#socket.write(
          part,
          isLast ? failure => resolve(failure === null || failure === undefined) : undefined
        )
      }
      this.#socket.uncork()
    })
  }

  /** Nothing more is wanted of it. */
  close(): void {
    this.#settle({ kind: 'aborted' })
  }

  #hear(bytes: Uint8Array): void {
    const reply = this.#decoder.take(bytes)
    if (reply === undefined) return
    if (reply.ok) this.#settle({ kind: 'reply', text: reply.value })
    else this.#fail('malformed', reply.detail)
  }

  #listen(): void {
    const socket = this.#socket
    socket.on('end', () => this.#fail('broken', 'it closed the connection without an answer'))
    socket.on('timeout', () => this.#fail('timeout', `nothing moved for ${this.#timeouts.idleMs} ms`))
    socket.on('error', thrown => this.#fail(this.#isConnected ? 'broken' : 'unreachable', wordsOf(thrown)))
    socket.on('close', () => this.#fail('broken', 'the connection was closed'))
    socket.onWriteFailed = thrown => {
      this.#failedWrite = thrown
      this.#after(this.#timeouts.lastWordsMs, 'broken', wordsOf(thrown))
    }
  }

  #after(ms: number, fault: 'timeout' | 'broken', what: string): NodeJS.Timeout {
    const timer = setTimeout(
      () => this.#fail(fault, fault === 'timeout' ? `${what} within ${ms} ms` : what),
      ms
    )
    this.#timers.push(timer)
    return timer
  }

  #fail(fault: 'unreachable' | 'timeout' | 'broken' | 'malformed', detail: string): void {
    this.#settle({ kind: 'fault', fault: this.#isConnected ? fault : 'unreachable', detail })
  }

  #settle(heard: Heard): void {
    if (this.#isSettled) return
    this.#isSettled = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#socket.destroy()
    this.#resolve(heard)
  }
}

function wordsOf(thrown: Error): string {
  // With several addresses for a name, Node.js throws one error for all.
  const first = thrown instanceof AggregateError ? (thrown.errors[0] ?? thrown) : thrown
  return messageOf(first) || (systemCodeOf(first) ?? 'unknown')
}
