/**
 * The network between simulated hosts: links with a rate and a delay, and pipes over them. A pipe is one direction of
 * a TCP connection: ordered, reliable, and with a bound on what is under way.
 *
 * - A link serves the pipes that wait for it in turns, a segment each. With windows that keep the narrowest link busy
 *   that gives each pipe its max-min fair share, which is what congestion control strives for.
 * - What a pipe took into its buffer can not be recalled, only dropped together with the connection.
 * - A segment that is lost (by chance, or since the way is cut) is sent again after a while, and what came after it
 *   waits for it at the far end: loss costs time, and the links before the place of the loss.
 */

import { TCP } from './constants.ts'
import type { Engine } from './engine.ts'
import type { Random } from './random.ts'

export interface Part {
  readonly bytes: Uint8Array
  /** Messages that end in it. */
  readonly messages: number
  /** A block, or a part of one. */
  readonly isBlock: boolean
}

interface Segment {
  readonly pipe: Pipe
  readonly sequence: number
  readonly parts: readonly Part[]
  readonly wireBytes: number
  readonly payloadBytes: number
  tries: number
}

/** A segment on its way over one link. */
interface Passage {
  readonly segment: Segment
  readonly random: Random
  readonly onward: (isLost: boolean) => void
}

/** One direction of the link of a host, or of a site. */
export class Link {
  readonly #engine: Engine
  readonly bytesPerMs: number
  readonly delayMs: number
  readonly #turns: Pipe[] = []
  readonly #waiting = new Map<Pipe, Passage[]>()
  #isBusy = false
  /** Share of the segments that are lost here. */
  lossShare = 0
  passedBytes = 0

  constructor(engine: Engine, init: { readonly bytesPerMs: number; readonly delayMs: number }) {
    this.#engine = engine
    this.bytesPerMs = init.bytesPerMs
    this.delayMs = init.delayMs
  }

  take(passage: Passage): void {
    const { pipe } = passage.segment
    const waiting = this.#waiting.get(pipe)
    if (waiting === undefined) {
      this.#waiting.set(pipe, [passage])
      this.#turns.push(pipe)
    } else waiting.push(passage)
    this.#serve()
  }

  #serve(): void {
    if (this.#isBusy) return
    const pipe = this.#turns.shift()
    if (pipe === undefined) return
    const waiting = this.#waiting.get(pipe) ?? []
    const passage = waiting.shift()
    if (waiting.length > 0) this.#turns.push(pipe)
    else this.#waiting.delete(pipe)
    if (passage === undefined) return
    const { segment, onward, random } = passage
    this.#isBusy = true
    this.#engine.after(segment.wireBytes / this.bytesPerMs, () => {
      this.#isBusy = false
      this.passedBytes += segment.wireBytes
      const isLost = this.lossShare > 0 && random.chance(this.lossShare)
      if (this.delayMs === 0) onward(isLost)
      else this.#engine.after(this.delayMs, () => onward(isLost))
      this.#serve()
    })
  }
}

export interface PipeInit {
  readonly engine: Engine
  readonly random: Random
  /** In the order in which they are passed. */
  readonly links: readonly Link[]
  /** Whether nothing comes through now; and whether no acknowledgement comes back. */
  readonly isCut: () => boolean
  readonly isBackCut: () => boolean
  /** A segment arrived in order. */
  readonly onArrival: (parts: readonly Part[]) => void
  /** Bytes are about to leave the buffer. */
  readonly onLeaving: (parts: readonly Part[]) => void
  /** There is room in the buffer again. */
  readonly onRoom: () => void
}

export class Pipe {
  readonly #init: PipeInit
  readonly #queue: Part[] = []
  #offset = 0
  #queuedBytes = 0
  #flightBytes = 0
  #sentSequence = 0
  #arrivedSequence = 0
  readonly #early = new Map<number, Segment>()
  readonly #windowBytes: number
  readonly #roundTripMs: number
  #wasFull = false
  isOpen = true

  constructor(init: PipeInit) {
    this.#init = init
    const slowest = Math.min(...init.links.map(link => link.bytesPerMs))
    this.#roundTripMs = 2 * init.links.reduce((sum, link) => sum + link.delayMs, 0)
    this.#windowBytes = Math.max(TCP.windowBytesMin, (this.#roundTripMs + TCP.windowMs) * slowest)
  }

  /** Of all that was given to it, what has not arrived. */
  get unsentBytes(): number {
    return this.#queuedBytes + this.#flightBytes
  }

  get hasRoom(): boolean {
    return this.#queuedBytes < TCP.bufferBytes
  }

  send(parts: readonly Part[]): boolean {
    if (!this.isOpen) return false
    for (const part of parts) {
      if (part.bytes.length === 0) continue
      this.#queue.push(part)
      this.#queuedBytes += part.bytes.length
    }
    this.#pump()
    this.#wasFull = !this.hasRoom
    return !this.#wasFull
  }

  close(): void {
    this.isOpen = false
    this.#queue.length = 0
    this.#queuedBytes = 0
    this.#early.clear()
  }

  #pump(): void {
    while (this.isOpen && this.#queuedBytes > 0 && this.#flightBytes < this.#windowBytes) {
      const segment = this.#nextSegment()
      this.#flightBytes += segment.payloadBytes
      this.#init.onLeaving(segment.parts)
      this.#carry(segment)
    }
    if (this.#wasFull && this.hasRoom) {
      this.#wasFull = false
      this.#init.onRoom()
    }
  }

  #nextSegment(): Segment {
    const parts: Part[] = []
    let payloadBytes = 0
    for (let part = this.#queue[0]; part !== undefined; part = this.#queue[0]) {
      const left = part.bytes.length - this.#offset
      const taken = Math.min(left, TCP.segmentBytes - payloadBytes)
      if (taken === 0) break
      const bytes = part.bytes.subarray(this.#offset, this.#offset + taken)
      const isEnd = taken === left
      parts.push({ bytes, messages: isEnd ? part.messages : 0, isBlock: part.isBlock })
      payloadBytes += taken
      if (isEnd) {
        this.#queue.shift()
        this.#offset = 0
      } else this.#offset += taken
    }
    this.#queuedBytes -= payloadBytes
    const packets = Math.ceil(payloadBytes / TCP.packetBytes)
    const wireBytes = payloadBytes * TCP.resentFactor + packets * TCP.headerBytes + TCP.recordBytes
    return { pipe: this, sequence: this.#sentSequence++, parts, payloadBytes, wireBytes, tries: 0 }
  }

  /** Over one link after another. */
  #carry(segment: Segment, hop = 0): void {
    if (!this.isOpen) return
    const link = this.#init.links[hop]
    if (link === undefined) this.#arrived(segment)
    else
      link.take({
        segment,
        random: this.#init.random,
        onward: isLost => {
          if (isLost || (hop === 0 && this.#init.isCut())) this.#resend(segment)
          else this.#carry(segment, hop + 1)
        }
      })
  }

  #resend(segment: Segment): void {
    const waitMs = Math.min(TCP.resendMs * 2 ** segment.tries, TCP.resendMsMax) + this.#roundTripMs
    segment.tries++
    this.#init.engine.after(waitMs, () => this.#carry(segment))
  }

  #arrived(segment: Segment): void {
    this.#early.set(segment.sequence, segment)
    for (
      let next = this.#early.get(this.#arrivedSequence);
      next !== undefined;
      next = this.#early.get(this.#arrivedSequence)
    ) {
      this.#early.delete(this.#arrivedSequence++)
      const { payloadBytes } = next
      this.#init.onArrival(next.parts)
      // The acknowledgement takes the way back.
      if (this.#roundTripMs === 0) this.#acknowledged(payloadBytes)
      else this.#init.engine.after(this.#roundTripMs / 2, () => this.#acknowledged(payloadBytes))
    }
  }

  #acknowledged(bytes: number): void {
    if (this.isOpen && this.#init.isBackCut()) {
      this.#init.engine.after(TCP.resendMs, () => this.#acknowledged(bytes))
      return
    }
    this.#flightBytes -= bytes
    this.#pump()
  }
}
