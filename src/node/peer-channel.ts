/**
 * One swarm stream from the driver's side: control messages leave at once, blocks leave in the order in which they
 * were asked for, read from the store a few ahead and held back while the stream is full. So what a slow reader can
 * make us hold is bounded by the blocks read ahead, whatever it has requested.
 */

import { KIB } from '../base/units.ts'
import { encodeMessages } from '../swarm/wire-codec.ts'
import { type BlockRange, REQUEST_BYTES_MAX, type WireMessage } from '../swarm/wire-messages.ts'
import type { PeerStream } from './transport.ts'

/** Blocks that are read from the store while an earlier one is being sent. */
const READ_AHEAD = 3

/**
 * Blocks at least this long are read into buffers that are used again. A fresh one for each would have the garbage
 * collector mark the whole heap for every few dozen megabytes sent (docs/BENCHMARKS.md).
 */
const REUSED_BYTES_MIN = 16 * KIB

interface ServeJob extends BlockRange {
  block: Promise<Uint8Array | undefined> | undefined
  buffer: Uint8Array | undefined
}

/** A buffer whose bytes are on their way. */
interface LentBuffer {
  readonly buffer: Uint8Array
  /** Bytes of the stream after which it has left. */
  readonly leftAt: number
}

export interface PeerChannelInit {
  readonly stream: PeerStream
  /** Resolves to undefined when the block can not be had. */
  readonly read: (range: BlockRange, into?: Uint8Array) => Promise<Uint8Array | undefined>
  readonly onServed: (range: BlockRange, sent: boolean) => void
}

export class PeerChannel {
  readonly stream: PeerStream
  readonly #read: PeerChannelInit['read']
  readonly #onServed: PeerChannelInit['onServed']
  readonly #jobs: ServeJob[] = []
  readonly #free: Uint8Array[] = []
  readonly #lent: LentBuffer[] = []
  #sentBytes = 0
  #pumping = false
  #closed = false

  constructor(init: PeerChannelInit) {
    this.stream = init.stream
    this.#read = init.read
    this.#onServed = init.onServed
  }

  send(messages: readonly WireMessage[]): void {
    if (!this.#closed) this.#write(messages)
  }

  serve(range: BlockRange): void {
    const { piece, begin, length } = range
    this.#jobs.push({ piece, begin, length, block: undefined, buffer: undefined })
    if (!this.#pumping) void this.#pump()
  }

  /** A block that is being read is not sent either; one that was sent is no longer here. */
  cancelServe(range: BlockRange): void {
    const at = this.#jobs.findIndex(
      job => job.piece === range.piece && job.begin === range.begin && job.length === range.length
    )
    if (at >= 0) this.#jobs.splice(at, 1)
  }

  /** No callback follows. */
  close(): void {
    this.#closed = true
    this.#jobs.length = 0
  }

  #begin(job: ServeJob): void {
    if (job.length >= REUSED_BYTES_MIN && job.length <= REQUEST_BYTES_MAX) job.buffer = this.#takeBuffer()
    job.block = this.#read(job, job.buffer?.subarray(0, job.length))
  }

  #takeBuffer(): Uint8Array {
    const leftBytes = this.#sentBytes - this.stream.unsentBytes
    for (
      let oldest = this.#lent[0];
      oldest !== undefined && oldest.leftAt <= leftBytes;
      oldest = this.#lent[0]
    ) {
      this.#lent.shift()
      this.#free.push(oldest.buffer)
    }
    return this.#free.pop() ?? new Uint8Array(REQUEST_BYTES_MAX)
  }

  #sendBlock({ piece, begin, buffer }: ServeJob, block: Uint8Array): boolean {
    const hasRoom = this.#write([{ type: 'piece', piece, begin, block }])
    if (buffer !== undefined) this.#lent.push({ buffer, leftAt: this.#sentBytes })
    return hasRoom
  }

  #write(messages: readonly WireMessage[]): boolean {
    const parts = encodeMessages(messages)
    for (const part of parts) this.#sentBytes += part.length
    return this.stream.send(parts)
  }

  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      for (let job = this.#jobs[0]; job !== undefined && !this.#closed; job = this.#jobs[0]) {
        for (const next of this.#jobs.slice(0, 1 + READ_AHEAD))
          if (next.block === undefined) this.#begin(next)
        const block = await job.block
        if (this.#jobs[0] !== job) continue // cancelled meanwhile; its buffer goes with it
        this.#jobs.shift()
        const hasRoom = block === undefined || this.#sendBlock(job, block)
        this.#onServed(job, block !== undefined)
        if (!hasRoom) await this.stream.drained()
      }
    } catch {
      this.close() // the stream is over, and its own close event says so
    } finally {
      this.#pumping = false
    }
  }
}
