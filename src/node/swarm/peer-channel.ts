/**
 * One swarm stream from the driver's side: blocks leave in the order in which they were asked for, read from the
 * store a few ahead and held back while the stream is full. So what a slow reader can make us hold is bounded by the
 * blocks read ahead, whatever it has requested. Control messages of one turn of the event loop leave together, and
 * before any block that is sent later, because a TLS record and a system call for each would cost more than they
 * carry. What can wait leaves with the next message that can not, or with others of its kind: else each pair of peers
 * would exchange a packet for each piece. Messages are not held back by blocks: a peer that asks and asks, for hashes
 * above all, and does not read the answers is cut off.
 *
 * A block that a limit holds up waits for its turn with its buffer, and can be cancelled. Where traffic yields it
 * leaves in parts, each on a turn of its own, and messages wait for its end.
 */

import { KIB, MIB } from '../../base/units.ts'
import { encodeMessages, writePieceHeader } from '../../swarm/wire-encoder.ts'
import { PIECE_HEADER_BYTES } from '../../swarm/wire-layout.ts'
import { type BlockRange, REQUEST_BYTES_MAX, type WireMessage } from '../../swarm/wire-messages.ts'
import type { Flow } from '../bandwidth/flow.ts'
import { type CancelTimer, type Clock, MACHINE_CLOCK } from '../clock.ts'
import type { PeerStream } from '../transport/transport.ts'

/** Blocks that are read from the store while an earlier one is being sent. */
const READ_AHEAD = 3
/** Control messages that wait for the end of the turn. */
const OUTBOX_MAX = 256
/** Time between two packets that carry nothing but messages that may wait. */
const PATIENT_MS = 100
/** Above what a version of very many pieces has to say at once, and what other streams of a link may have waiting. */
export const UNREAD_BYTES_MAX = 32 * MIB

/**
 * Blocks at least this long are read into buffers that are used again. A fresh one for each would have the garbage
 * collector mark the whole heap for every few dozen megabytes sent (docs/BENCHMARKS.md).
 */
const REUSED_BYTES_MIN = 16 * KIB
const FRAME_BYTES_MAX = PIECE_HEADER_BYTES + REQUEST_BYTES_MAX

interface ServeJob extends BlockRange {
  /** The message as it will be sent; its block is there once `ready` says so. */
  frame: Uint8Array<ArrayBuffer> | undefined
  /** Resolves to false when the block can not be had. */
  ready: Promise<boolean> | undefined
}

/** A buffer whose bytes are on their way. */
interface LentBuffer {
  readonly buffer: Uint8Array<ArrayBuffer>
  /** Bytes of the stream after which it has left. */
  readonly leftAt: number
}

export interface PeerChannelInit {
  readonly stream: PeerStream
  /** Reads a block; resolves to false when it can not be had. */
  readonly read: (range: BlockRange, into: Uint8Array) => Promise<boolean>
  readonly onServed: (range: BlockRange, sent: boolean) => void
  /** What blocks have to pass; absent where nothing limits them. */
  readonly flow?: Flow | undefined
  readonly clock?: Clock
}

export class PeerChannel {
  readonly stream: PeerStream
  readonly #read: PeerChannelInit['read']
  readonly #onServed: PeerChannelInit['onServed']
  readonly #clock: Clock
  readonly #flow: Flow | undefined
  readonly #jobs: ServeJob[] = []
  readonly #free: Uint8Array<ArrayBuffer>[] = []
  readonly #lent: LentBuffer[] = []
  readonly #outbox: WireMessage[] = []
  #flushes = false
  #cancelPatient: CancelTimer | undefined
  #flushedAtMs = Number.NEGATIVE_INFINITY
  #sentBytes = 0
  #pumping = false
  /** A block is on its way in parts. */
  #isBetweenParts = false
  #closed = false

  constructor(init: PeerChannelInit) {
    this.stream = init.stream
    this.#read = init.read
    this.#onServed = init.onServed
    this.#clock = init.clock ?? MACHINE_CLOCK
    this.#flow = init.flow
  }

  /** `canWait`: they are of use whenever they are heard, and nobody waits for them. */
  send(messages: readonly WireMessage[], canWait = false): void {
    if (this.#closed) return
    this.#outbox.push(...messages)
    if (this.#outbox.length >= OUTBOX_MAX) this.#flush()
    else if (!canWait) this.#flushSoon()
    else if (!this.#flushes && this.#cancelPatient === undefined) {
      const waitMs = this.#flushedAtMs + PATIENT_MS - this.#clock.nowMs()
      if (waitMs <= 0) this.#flushSoon()
      else this.#cancelPatient = this.#clock.after(waitMs, () => this.#flush())
    }
  }

  #flushSoon(): void {
    if (this.#flushes) return
    this.#flushes = true
    this.#clock.soon(() => this.#flush())
  }

  serve(range: BlockRange): void {
    const { piece, begin, length } = range
    this.#jobs.push({ piece, begin, length, frame: undefined, ready: undefined })
    if (!this.#pumping) void this.#pump()
  }

  /** A block that is being read is not sent either; one that was sent is no longer here. */
  cancelServe(range: BlockRange): void {
    const at = this.#jobs.findIndex(
      job => job.piece === range.piece && job.begin === range.begin && job.length === range.length
    )
    if (at < 0) return
    this.#jobs.splice(at, 1)
    if (at === 0 && !this.#isBetweenParts) this.#flow?.leave()
  }

  /** No callback follows. */
  close(): void {
    this.#closed = true
    this.#jobs.length = 0
    this.#outbox.length = 0
    this.#cancelPatient?.()
    this.#flow?.leave()
  }

  #begin(job: ServeJob): void {
    const { length } = job
    const isReused = length >= REUSED_BYTES_MIN && length <= REQUEST_BYTES_MAX
    const buffer = isReused ? this.#takeBuffer() : new Uint8Array(PIECE_HEADER_BYTES + length)
    job.frame = buffer.subarray(0, PIECE_HEADER_BYTES + length)
    job.ready = this.#read(job, job.frame.subarray(PIECE_HEADER_BYTES))
  }

  #takeBuffer(): Uint8Array<ArrayBuffer> {
    const leftBytes = this.#sentBytes - this.stream.unsentBytes
    for (
      let oldest = this.#lent[0];
      oldest !== undefined && oldest.leftAt <= leftBytes;
      oldest = this.#lent[0]
    ) {
      this.#lent.shift()
      this.#free.push(oldest.buffer)
    }
    return this.#free.pop() ?? new Uint8Array(FRAME_BYTES_MAX)
  }

  #partBytes({ length }: ServeJob): number {
    return this.#flow?.partBytes(length) ?? length
  }

  /** Whether a block, or its first part, may pass: at once, or when its turn comes. */
  #turn(bytes: number): true | Promise<boolean> {
    return this.#flow?.acquire(bytes) ?? true
  }

  /** `partBytes`: of the block, and let through already. */
  #send(job: ServeJob, partBytes: number): boolean | Promise<boolean> {
    const { frame } = job
    if (frame === undefined) return true
    return partBytes < job.length ? this.#sendInParts(job, frame, partBytes) : this.#sendBlock(job, frame)
  }

  #sendBlock(job: ServeJob, frame: Uint8Array<ArrayBuffer>): boolean {
    this.#flush()
    writePieceHeader(frame, job)
    return this.#sent(frame, this.#write([frame]))
  }

  /** The same, after whose first part each waits for a turn of its own. */
  async #sendInParts(job: ServeJob, frame: Uint8Array<ArrayBuffer>, partBytes: number): Promise<boolean> {
    this.#flush()
    writePieceHeader(frame, job)
    let hasRoom = true
    this.#isBetweenParts = true
    for (
      let [from, to] = [0, PIECE_HEADER_BYTES + partBytes];
      from < frame.length;
      from = to, to += partBytes
    ) {
      const part = frame.subarray(from, to)
      if (!hasRoom) await this.stream.drained()
      if (from > 0 && (await this.#flow?.acquire(part.length)) === false) break // the channel was closed
      hasRoom = this.#write([part])
    }
    this.#isBetweenParts = false
    if (this.#outbox.length > 0) this.#flushSoon()
    return this.#sent(frame, hasRoom)
  }

  #sent(frame: Uint8Array<ArrayBuffer>, hasRoom: boolean): boolean {
    if (frame.buffer.byteLength === FRAME_BYTES_MAX)
      this.#lent.push({ buffer: new Uint8Array(frame.buffer), leftAt: this.#sentBytes })
    return hasRoom
  }

  #flush(): void {
    this.#flushes = false
    this.#cancelPatient?.()
    this.#cancelPatient = undefined
    if (this.#outbox.length === 0 || this.#isBetweenParts) return
    this.#flushedAtMs = this.#clock.nowMs()
    this.#write(encodeMessages(this.#outbox.splice(0)))
    const { unsentBytes } = this.stream
    // A stream that hands its bytes over as they are tells nothing about them.
    if (Number.isFinite(unsentBytes) && unsentBytes > UNREAD_BYTES_MAX)
      this.stream.abort('it does not read what it asks for')
  }

  #write(parts: readonly Uint8Array[]): boolean {
    for (const part of parts) this.#sentBytes += part.length
    return this.stream.send(parts)
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      for (let job = this.#jobs[0]; job !== undefined && !this.#closed; job = this.#jobs[0]) {
        for (const next of this.#jobs.slice(0, 1 + READ_AHEAD))
          if (next.ready === undefined) this.#begin(next)
        const isReady = (await job.ready) === true
        if (this.#jobs[0] !== job) continue // cancelled meanwhile; its buffer goes with it
        const partBytes = this.#partBytes(job)
        const turn = isReady ? this.#turn(partBytes) : true
        if (turn !== true && (!(await turn) || this.#jobs[0] !== job)) continue // the same
        this.#jobs.shift()
        const sending = isReady ? this.#send(job, partBytes) : true
        const hasRoom = typeof sending === 'boolean' ? sending : await sending
        if (this.#closed) return
        this.#onServed(job, isReady)
        if (!hasRoom) await this.stream.drained()
      }
    } catch {
      this.close() // the stream is over, and its own close event says so
    } finally {
      this.#pumping = false
    }
  }
}
