/**
 * What must hold at every moment of a simulated run, seen from outside of the nodes: in what they hand to their
 * streams, in what leaves, and on their disks.
 *
 * - claims     what an honest host announces, serves or calls complete is durable on its disk, and true
 * - kept       what it announced it has after a crash
 * - authorised no block leaves for a device whose grant the sender knows to be gone
 * - memory     blocks in memory, and what is asked for, stay within the limits of a transfer
 * - once       a block is asked of two peers at once only in the endgame, or when it moves on from one that is late
 * - ends       every request ends: by its block, a reject, a cancel, or with the stream
 * - blame      nobody honest is accused
 *
 * A breach is kept with its time; the run goes on to its end or is ended by whoever looks.
 */

import { MINUTE_MS } from '../src/base/units.ts'
import { Bitfield } from '../src/swarm/bitfield.ts'
import { TRANSFER_LIMITS } from '../src/swarm/transfer-limits.ts'
import { WireDecoder } from '../src/swarm/wire-decoder.ts'
import { PIECE_HEADER_BYTES, PREFIX_BYTES } from '../src/swarm/wire-layout.ts'
import type { BlockRange, WireMessage } from '../src/swarm/wire-messages.ts'
import { REQUEST_BYTES_MAX } from '../src/swarm/wire-messages.ts'
import { sameBytes } from './content.ts'
import type { Part } from './network.ts'
import type { Observer, Party, StreamSide, StreamTap } from './parties.ts'

export const INVARIANTS = ['claims', 'kept', 'authorised', 'memory', 'once', 'ends', 'blame'] as const
export type Invariant = (typeof INVARIANTS)[number] | 'liveness'

export interface Breach {
  readonly invariant: Invariant
  readonly atMs: number
  readonly host: string
  readonly detail: string
}

/** No request is open for longer, whatever happens to the network. */
const REQUEST_AGE_MAX_MS = 2 * MINUTE_MS
/** Blocks that are open pieces, and those that are just coming in, a block for each stream. */
const BLOCK_BYTES_MAX = TRANSFER_LIMITS.openBytesMax
/** A pipeline is filled a request at a time. */
const ASKED_BYTES_MAX = TRANSFER_LIMITS.inFlightBytesMax + REQUEST_BYTES_MAX
const BREACHES_MAX = 20

interface Asked extends BlockRange {
  readonly sinceMs: number
}

interface HostBook {
  /** Pieces that it announced in any of its lives. */
  readonly announced: Set<number>
  /** What is asked for, by stream. */
  readonly asked: Map<StreamSide, Map<number, Asked>>
  askedBytes: number
}

export class Invariants implements Observer {
  readonly breaches: Breach[] = []
  /** How often each was looked at: one that never was proves nothing. */
  readonly checks = new Map<Invariant, number>()
  readonly onTrace: ((line: string) => void) | undefined
  readonly #books = new Map<Party, HostBook>()
  /** What is asked of two peers, and may be explained by what else is said at the same moment. */
  #suspects: { readonly atMs: number; readonly judge: () => void }[] = []

  constructor(onTrace?: (line: string) => void) {
    this.onTrace = onTrace
  }

  check(invariant: Invariant, host: Party, holds: boolean, detail: () => string): void {
    this.checks.set(invariant, (this.checks.get(invariant) ?? 0) + 1)
    if (holds || this.breaches.length >= BREACHES_MAX) return
    const breach = { invariant, atMs: host.world.engine.nowMs, host: host.name, detail: detail() }
    this.breaches.push(breach)
    this.trace(host, `BREACH of ${invariant}: ${breach.detail}`)
  }

  trace(host: Party, what: string): void {
    this.onTrace?.(`${host.world.engine.nowMs.toFixed(3)} ${host.name} ${what}`)
  }

  stream(stream: StreamSide): StreamTap {
    return new Tap(this, stream)
  }

  book(host: Party): HostBook {
    let book = this.#books.get(host)
    if (book === undefined) {
      book = { announced: new Set(), asked: new Map(), askedBytes: 0 }
      this.#books.set(host, book)
    }
    return book
  }

  began(host: Party, have: (piece: number) => boolean): void {
    this.trace(host, `begins life ${host.life}`)
    for (const piece of this.book(host).announced)
      this.check('kept', host, have(piece) && host.disk.isTrue(piece), () => `piece ${piece} is lost`)
  }

  holdsBlocks(host: Party, bytes: number): void {
    const most = BLOCK_BYTES_MAX + host.streams.size * REQUEST_BYTES_MAX
    this.check('memory', host, bytes <= most, () => `${bytes} bytes of blocks, at most ${most}`)
  }

  completed(host: Party): void {
    this.trace(host, 'is complete')
    for (let piece = 0; piece < host.world.content.version.pieceCount; piece++)
      this.check(
        'claims',
        host,
        host.disk.isTrue(piece),
        () => `calls itself complete without piece ${piece}`
      )
  }

  accused(host: Party, of: Party | undefined, reason: string): void {
    this.trace(host, `accuses ${of?.name} of ${reason}`)
    this.check('blame', host, of?.isHostile === true, () => `accuses ${of?.name} of ${reason}`)
  }

  /** After each event. */
  settle(nowMs: number): void {
    if (this.#suspects.length === 0) return
    const due = this.#suspects.filter(({ atMs }) => atMs < nowMs)
    if (due.length === 0) return
    this.#suspects = this.#suspects.filter(({ atMs }) => atMs >= nowMs)
    for (const { judge } of due) judge()
  }

  /** Looks at the age of what is asked for; a complete host has nothing to ask for. */
  reviewRequests(): void {
    for (const [host, book] of this.#books)
      for (const [stream, asked] of book.asked)
        for (const { piece, begin, sinceMs } of asked.values()) {
          const ageMs = host.world.engine.nowMs - sinceMs
          const holds = !host.isComplete && ageMs <= REQUEST_AGE_MAX_MS
          const detail = (): string =>
            `piece ${piece} at ${begin} was asked of ${stream.far.name} ${Math.round(ageMs)} ms ago`
          this.check('ends', host, holds, detail)
        }
  }

  announces(host: Party, piece: number): void {
    const { announced } = this.book(host)
    announced.add(piece)
    this.check(
      'claims',
      host,
      host.disk.isTrue(piece),
      () => `announces piece ${piece}, which it does not hold`
    )
  }

  asks(stream: StreamSide, range: BlockRange): void {
    const { host } = stream
    const book = this.book(host)
    const nowMs = host.world.engine.nowMs
    let isDoubled = false
    for (const [other, asked] of book.asked) {
      if (other === stream) continue
      for (const open of asked.values()) {
        if (open.piece !== range.piece || !overlap(open, range)) continue
        isDoubled = true
        const isLate = nowMs - open.sinceMs >= TRANSFER_LIMITS.stallMs
        const detail = (): string =>
          `piece ${range.piece} at ${range.begin} is asked of ${stream.far.name} and ${other.far.name}`
        if (isLate || host.status()?.endgame === true) this.check('once', host, true, detail)
        else {
          const judge = (): void => this.check('once', host, !asked.has(keyOf(open)) || !other.isOpen, detail)
          this.#suspects.push({ atMs: nowMs, judge })
        }
      }
    }
    if (!isDoubled) this.check('once', host, true, () => '')
    let asked = book.asked.get(stream)
    if (asked === undefined) {
      asked = new Map()
      book.asked.set(stream, asked)
    }
    const before = asked.get(keyOf(range))
    if (before !== undefined) this.ended(stream, { ...range, length: before.length })
    asked.set(keyOf(range), { ...range, sinceMs: nowMs })
    book.askedBytes += range.length
    const most = ASKED_BYTES_MAX
    this.check(
      'memory',
      host,
      book.askedBytes <= most,
      () => `${book.askedBytes} bytes asked for, at most ${most}`
    )
  }

  ended(stream: StreamSide, range: BlockRange): void {
    const book = this.book(stream.host)
    const asked = book.asked.get(stream)
    const open = asked?.get(keyOf(range))
    if (open?.length !== range.length) return
    asked?.delete(keyOf(range))
    book.askedBytes -= open.length
  }

  streamEnded(stream: StreamSide): void {
    const book = this.book(stream.host)
    for (const { length } of book.asked.get(stream)?.values() ?? []) book.askedBytes -= length
    book.asked.delete(stream)
  }
}

function keyOf({ piece, begin }: { readonly piece: number; readonly begin: number }): number {
  return piece * 2 ** 25 + begin
}

function overlap(a: BlockRange, b: BlockRange): boolean {
  return a.begin < b.begin + b.length && b.begin < a.begin + a.length
}

/** Reads what one side of a stream says and hears. */
class Tap implements StreamTap {
  readonly #invariants: Invariants
  readonly #stream: StreamSide
  /** What was said is read whole; what is heard comes in pieces, and of blocks only the place is of interest. */
  readonly #said = new WireDecoder({ allocate: length => new Uint8Array(length) })
  readonly #heard = new WireDecoder({ allocate: placeFor, copy: () => undefined })

  constructor(invariants: Invariants, stream: StreamSide) {
    this.#invariants = invariants
    this.#stream = stream
  }

  sent(parts: readonly Part[]): void {
    if (this.#stream.host.isHostile) return
    for (const part of parts) {
      if (part.isBlock) this.#serves(part.bytes)
      else for (const message of this.#said.push(part.bytes).messages) this.#says(message)
    }
  }

  #serves(frame: Uint8Array): void {
    const { host, far } = this.#stream
    const view = new DataView(frame.buffer, frame.byteOffset, PIECE_HEADER_BYTES)
    const [piece, begin] = [view.getUint32(PREFIX_BYTES + 1), view.getUint32(PREFIX_BYTES + 5)]
    const block = frame.subarray(PIECE_HEADER_BYTES)
    const truth = host.world.content.piece(piece).subarray(begin, begin + block.length)
    const isTrue = host.disk.isTrue(piece) && sameBytes(block, truth)
    this.#invariants.check('claims', host, isTrue, () => `serves piece ${piece}, which it does not hold`)
    this.#invariants.trace(host, `serves piece ${piece} at ${begin} to ${far.name}`)
  }

  #says(message: WireMessage): void {
    const { host, far } = this.#stream
    const { pieceCount } = host.world.content.version
    if (message.type === 'have') this.#invariants.announces(host, message.piece)
    else if (message.type === 'have-all')
      for (let piece = 0; piece < pieceCount; piece++) this.#invariants.announces(host, piece)
    else if (message.type === 'bitfield')
      Bitfield.fromBytes(message.bits, pieceCount)?.each(piece => this.#invariants.announces(host, piece))
    else if (message.type === 'request') {
      this.#invariants.asks(this.#stream, message)
      this.#invariants.trace(host, `asks ${far.name} for piece ${message.piece} at ${message.begin}`)
    } else if (message.type === 'cancel') this.#invariants.ended(this.#stream, message)
  }

  leaving(parts: readonly Part[]): void {
    const { host, far } = this.#stream
    if (host.isHostile || !parts.some(part => part.isBlock)) return
    this.#invariants.check('authorised', host, host.allows(far.device), () => `sends to ${far.name}`)
  }

  arrived(part: Part): void {
    if (this.#stream.host.isHostile) return
    for (const message of this.#heard.push(part.bytes).messages)
      if (message.type === 'piece')
        this.#invariants.ended(this.#stream, { ...message, length: message.block.length })
      else if (message.type === 'reject') this.#invariants.ended(this.#stream, message)
  }

  closed(): void {
    this.#invariants.trace(this.#stream.host, `has no stream to ${this.#stream.far.name} any more`)
    this.#invariants.streamEnded(this.#stream)
  }
}

let place = new Uint8Array(REQUEST_BYTES_MAX)

/** Blocks that are only looked at share one place. */
function placeFor(length: number): Uint8Array {
  if (place.length < length) place = new Uint8Array(length)
  return place.subarray(0, length)
}
