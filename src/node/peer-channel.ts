/**
 * One swarm stream from the driver's side: control messages leave at once, blocks leave in the order in which they
 * were asked for, read from the store a few ahead and held back while the stream is full. So what a slow reader can
 * make us hold is bounded by the blocks read ahead, whatever it has requested.
 */

import { encodeMessages } from '../swarm/wire-codec.ts'
import type { BlockRange, WireMessage } from '../swarm/wire-messages.ts'
import type { PeerStream } from './transport.ts'

/** Blocks that are read from the store while an earlier one is being sent. */
const READ_AHEAD = 3

interface ServeJob extends BlockRange {
  block: Promise<Uint8Array | undefined> | undefined
}

export interface PeerChannelInit {
  readonly stream: PeerStream
  /** Resolves to undefined when the block can not be had. */
  readonly read: (range: BlockRange) => Promise<Uint8Array | undefined>
  readonly onServed: (range: BlockRange, sent: boolean) => void
}

export class PeerChannel {
  readonly stream: PeerStream
  readonly #read: PeerChannelInit['read']
  readonly #onServed: PeerChannelInit['onServed']
  readonly #jobs: ServeJob[] = []
  #pumping = false
  #closed = false

  constructor(init: PeerChannelInit) {
    this.stream = init.stream
    this.#read = init.read
    this.#onServed = init.onServed
  }

  send(messages: readonly WireMessage[]): void {
    if (!this.#closed) this.stream.send(encodeMessages(messages))
  }

  serve(range: BlockRange): void {
    this.#jobs.push({ piece: range.piece, begin: range.begin, length: range.length, block: undefined })
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

  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      for (let job = this.#jobs[0]; job !== undefined && !this.#closed; job = this.#jobs[0]) {
        for (const next of this.#jobs.slice(0, 1 + READ_AHEAD)) next.block ??= this.#read(next)
        const block = await job.block
        if (this.#jobs[0] !== job) continue // cancelled meanwhile
        this.#jobs.shift()
        const hasRoom =
          block === undefined ||
          this.stream.send(encodeMessages([{ type: 'piece', piece: job.piece, begin: job.begin, block }]))
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
