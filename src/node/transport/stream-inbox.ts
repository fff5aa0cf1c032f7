/**
 * The receiving half of a PeerStream: what came in and was not taken yet, and who takes it.
 *
 * States: open -> ended (the other side sent its last byte) -> closed. A stream that is aborted or reset goes to closed
 * at once and drops what waits; one that ended well is reported closed only after its last byte was taken.
 *
 * Invariants: bytes are delivered once and in order; nothing is delivered while paused or before there is a listener;
 * `onEnd` comes after the last byte and `onClose` after `onEnd`, each at most once.
 *
 * It bounds nothing itself: `onFlow` tells the link when to stop reading, and what had been read by then waits here.
 */

import { assert } from '../../base/assert.ts'
import type { StreamClose } from './transport.ts'

export class StreamInbox {
  readonly #onFlow: (flowing: boolean) => void
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #take: ((chunk: Uint8Array) => void) | undefined
  #onEnd: (() => void) | undefined
  #onClose: ((reason: StreamClose) => void) | undefined
  #paused = false
  #flowing = false
  #delivering = false
  #ended = false
  #closed: StreamClose | undefined

  /** `onFlow` is called at each change; a new inbox does not flow. */
  constructor(onFlow: (flowing: boolean) => void) {
    this.#onFlow = onFlow
  }

  /** Whether what is pushed now is taken before `push` returns. */
  get isFlowing(): boolean {
    return this.#flowing && this.#waiting.length === 0 && !this.#delivering
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** undefined while the stream is not over. */
  get closed(): StreamClose | undefined {
    return this.#closed
  }

  /** As `push` of one chunk, for the stream that gets very many. */
  pass(chunk: Uint8Array): void {
    if (this.#flowing && !this.#delivering && this.#waiting.length === 0 && this.#closed === undefined) {
      this.#delivering = true
      try {
        this.#take?.(chunk)
      } finally {
        this.#delivering = false
      }
      if (this.#waiting.length > 0 || this.#ended || this.#closed !== undefined) this.#deliver()
    } else this.push([chunk])
  }

  push(chunks: Iterable<Uint8Array>): void {
    if (this.#closed !== undefined) return
    for (const chunk of chunks) {
      if (chunk.length === 0) continue
      this.#waiting.push(chunk)
      this.#waitingBytes += chunk.length
    }
    this.#deliver()
  }

  end(): void {
    this.#ended = true
    this.#deliver()
  }

  close(reason: StreamClose): void {
    const settled =
      this.#closed !== undefined && (this.#closed.kind !== 'ended' || this.#waiting.length === 0)
    if (settled) return
    this.#closed = reason
    if (reason.kind !== 'ended') {
      this.#waiting = []
      this.#waitingBytes = 0
      this.#onEnd = undefined
    }
    this.#deliver()
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    assert(this.#take === undefined, 'a stream has one consumer')
    this.#take = listener
    this.#flowChanged()
  }

  onEnd(listener: () => void): void {
    assert(this.#onEnd === undefined, 'a stream has one end listener')
    this.#onEnd = listener
    this.#deliver()
  }

  onClose(listener: (reason: StreamClose) => void): void {
    assert(this.#onClose === undefined, 'a stream has one close listener')
    this.#onClose = listener
    this.#deliver()
  }

  pause(): void {
    this.#paused = true
    this.#flowChanged()
  }

  resume(): void {
    this.#paused = false
    this.#flowChanged()
  }

  #flowChanged(): void {
    const flowing = this.#take !== undefined && !this.#paused
    if (flowing !== this.#flowing) {
      this.#flowing = flowing
      if (this.#closed === undefined) this.#onFlow(flowing)
    }
    this.#deliver()
  }

  #deliver(): void {
    if (this.#delivering) return // a listener called back into us; the loop below goes on
    this.#delivering = true
    try {
      this.#deliverData()
      this.#deliverEnd()
    } finally {
      this.#delivering = false
    }
  }

  #deliverData(): void {
    let next = 0
    while (next < this.#waiting.length && this.#take !== undefined && !this.#paused) {
      const chunk = this.#waiting[next++] as Uint8Array
      this.#waitingBytes -= chunk.length
      this.#take(chunk)
      if (next >= this.#waiting.length) {
        this.#waiting = []
        next = 0
      }
    }
    if (next > 0) this.#waiting.splice(0, next)
  }

  #deliverEnd(): void {
    if (this.#waiting.length > 0) return
    if (this.#ended && this.#onEnd !== undefined) {
      const onEnd = this.#onEnd
      this.#onEnd = undefined
      onEnd()
    }
    if (this.#closed !== undefined && this.#onClose !== undefined) {
      const onClose = this.#onClose
      this.#onClose = undefined
      onClose(this.#closed)
    }
  }
}
