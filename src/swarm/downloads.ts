/**
 * The requests that are out, and the blocks that come: from a choice of the schedule to a stored piece.
 *
 * A request ends in exactly one way: its block comes; it is rejected; the peer goes or chokes us; or we give it up,
 * because another peer was quicker (endgame) or because the peer is stalled or slow. The answer to a request that
 * was given up may still come: it is used if it is of use, and never held against the peer.
 *
 * When a request moves on to another peer:
 * - stalled: the peer owes us blocks, and none came for `stallMs`, or for `slowFactor` times what a single request
 *   should take at its measured rate, whichever is longer. All its requests move on, and it is asked for little,
 *   after a wait that doubles with each stall in a row, until it answers anything.
 * - slow: its oldest request is `stallMs` past `slowFactor` times the time that it was expected to take, and
 *   another peer that has the piece is not stalled and would deliver sooner. That request moves on.
 */

import { assert, defined } from '../base/assert.ts'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import { pieceLeafWidth } from '../content/merkle.ts'
import { pieceSpan } from '../content/version.ts'
import type { Choice } from './choice.ts'
import type { Crossing } from './crossing.ts'
import { type BlockRequest, type BlockRun, LOCAL_PEER, type OpenPiece, ORIGIN_PEER } from './open-piece.ts'
import type { PiecePicker } from './piece-picker.ts'
import { RateWindow } from './rates.ts'
import type { Schedule } from './schedule.ts'
import { requestKey, type Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import { TRANSFER_LIMITS } from './transfer-limits.ts'
import { BLOCK_BYTES, type BlockRange, type MessageOf, REQUEST_BYTES_MAX } from './wire-messages.ts'

/** A pipeline is filled again once this part of it is empty, so that requests leave in batches. */
const REFILL_SHARE = 0.25
const STALL_DOUBLINGS_MAX = 4
/** Answers that a peer without the fast extension may or may not still send. */
const GIVEN_UP_MAX = 4 * TRANSFER_LIMITS.requestCountMax

export interface DownloadsInit {
  readonly context: TransferContext
  readonly picker: PiecePicker
  readonly schedule: Schedule
  readonly crossing: Crossing
  /** The hash of a piece whose hash is known. */
  readonly pieceHash: (piece: PieceIndex) => Uint8Array
}

export class Downloads {
  readonly #context: TransferContext
  readonly #picker: PiecePicker
  readonly #schedule: Schedule
  readonly #crossing: Crossing
  readonly #pieceHash: (piece: PieceIndex) => Uint8Array
  /** Sessions that a limit over all peers kept from asking for more. */
  readonly #waiting = new Set<Session>()
  /** Pieces that are not to be fetched again before a time. */
  readonly #held = new Map<PieceIndex, number>()
  readonly rate: RateWindow
  #inFlightBytes = 0
  #busySessions = 0
  wastedBytes = 0
  originWastedBytes = 0
  verifiedBytes = 0
  /** Of them, what was read from files of this device, and what came from the origin. */
  reusedBytes = 0
  originBytes = 0
  /** When a peer last gave something. */
  fedMs = Number.NEGATIVE_INFINITY
  /** When one did that has everything. */
  sourceFedMs = Number.NEGATIVE_INFINITY

  constructor(init: DownloadsInit) {
    this.#context = init.context
    this.#picker = init.picker
    this.#schedule = init.schedule
    this.#crossing = init.crossing
    this.#pieceHash = init.pieceHash
    this.rate = new RateWindow(init.context.nowMs)
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes
  }

  /** Whether time alone may make something to do. */
  get needsTicks(): boolean {
    return (
      this.#inFlightBytes > 0 || this.#held.size > 0 || (this.#context.wantsData && !this.#picker.isSatisfied)
    )
  }

  // ---- asking

  fillAll(): void {
    for (const session of this.#context.sessions.values()) this.fill(session)
  }

  /** Asks a peer for as much as it should owe us. */
  fill(session: Session): void {
    const { inFlightBytesMax, nowMs, wantsData } = this.#context
    const canAsk =
      wantsData && !session.chokesUs && session.pieces !== undefined && nowMs >= session.retryAtMs
    if (!canAsk || !this.#context.isHere(session)) return
    const share = inFlightBytesMax / Math.max(1, this.#busySessions)
    const targetBytes = Math.min(session.pipelineBytes(), Math.max(2 * REQUEST_BYTES_MAX, share))
    if (session.inFlightBytes > (1 - REFILL_SHARE) * targetBytes) return
    while (session.inFlightBytes < targetBytes && owedCount(session) < session.requestCountMax) {
      if (this.#inFlightBytes + session.requestBytes() > inFlightBytesMax) {
        this.#waiting.add(session)
        return
      }
      if (!this.#mayAsk(session)) return
      const choice = this.#schedule.next(session, nowMs)
      if (choice.kind === 'full') {
        this.#waiting.add(session)
        if (!this.#makeRoom()) return
      } else if (choice.kind === 'later') {
        this.#waiting.add(session)
        return
      } else if (choice.kind === 'nothing') break
      else if (choice.kind === 'local') continue
      else this.#ask(session, choice.open, choice)
    }
    if (session.requests.size === 0) this.#fillEndgame(session)
  }

  #fillEndgame(session: Session): void {
    const { sessions, nowMs } = this.#context
    while (session.inFlightBytes < session.requestBytes() && owedCount(session) < session.requestCountMax) {
      if (!this.#mayAsk(session)) return
      const request = this.#schedule.duplicate(session, sessions.values(), nowMs)
      if (request === undefined) return
      this.#ask(session, request.open, { run: request.run, impatient: session.assigns })
    }
  }

  /** Whether our limits let us ask more of a peer now; if not, its turn comes. */
  #mayAsk(session: Session): boolean {
    const { asking } = this.#context
    if (asking === undefined) return true
    session.askBytesMax = asking.mayAsk(session.key)
    return session.askBytesMax > 0
  }

  #ask(
    session: Session,
    open: OpenPiece,
    choice: Pick<Extract<Choice, { kind: 'blocks' }>, 'run' | 'impatient'>
  ): void {
    const { nowMs } = this.#context
    const begin = choice.run.first * BLOCK_BYTES
    const length = open.runBytes(choice.run)
    if (session.inFlightBytes === 0) this.#busySessions++
    const expectedMs = session.snubbed ? session.limits.pipelineMs : session.drainMs(length)
    const { run, impatient } = choice
    const request = { open, run, impatient, holder: session.key, begin, length, sentAtMs: nowMs, expectedMs }
    open.request(request)
    this.#picker.refresh(open)
    session.requests.set(requestKey(open.piece, begin), request)
    session.owe(length, nowMs)
    this.#inFlightBytes += length
    this.#context.asking?.asked(session.key, length)
    this.#context.send(session, { type: 'request', piece: open.piece, begin, length })
    const sentMs = session.pipeline.ownDelay.ask(nowMs, nowMs - this.#context.blockLeftMs < SECOND_MS)
    if (sentMs !== undefined) this.#context.tell(session, { sentMs })
  }

  /** Gives up an open piece that nobody is asked for, so that another can be opened. */
  #makeRoom(): boolean {
    for (const open of this.#picker.unfilled) {
      if (open.requests.size > 0) continue
      this.#closeAndRelease(open)
      return true
    }
    return false
  }

  /** Gives up an open piece that does not come from where it was fetched; nobody is asked for parts of it any more. */
  abandon(open: OpenPiece): void {
    for (const request of [...open.requests]) this.#giveUp(this.#holder(request), request)
    this.#closeAndRelease(open)
    this.fillAll()
  }

  #closeAndRelease(open: OpenPiece): void {
    this.#release(open.takeBuffers())
    this.#picker.close(open)
  }

  #release(buffers: readonly Uint8Array[]): void {
    for (const block of buffers) this.#context.emit({ type: 'release', block })
  }

  /** Those that a limit held back may go on. */
  #fillWaiting(): void {
    if (this.#waiting.size === 0) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const session of waiting) this.fill(session)
  }

  // ---- ends of a request

  /** Takes a request out of the books; what becomes of its blocks is the caller's. */
  #end(session: Session, request: BlockRequest): void {
    assert(session.requests.delete(requestKey(request.open.piece, request.begin)), 'the request is out')
    session.settle(request.length, this.#context.nowMs)
    this.#inFlightBytes -= request.length
    if (session.inFlightBytes === 0) this.#busySessions--
    request.open.unrequest(request)
    this.#picker.refresh(request.open)
  }

  /** It will not be answered, or not soon. */
  #endInVain(session: Session, request: BlockRequest): void {
    this.#end(session, request)
    this.#context.asking?.asked(session.key, -request.length)
  }

  #giveUp(session: Session, request: BlockRequest): void {
    this.#endInVain(session, request)
    const { piece } = request.open
    const { begin, length } = request
    session.givenUp.add(requestKey(piece, begin), length)
    if (session.givenUp.size > GIVEN_UP_MAX) session.givenUp.dropOldest()
    if (!session.chokesUs) this.#context.send(session, { type: 'cancel', piece, begin, length })
  }

  #giveUpAll(session: Session): void {
    for (const request of [...session.requests.values()]) this.#giveUp(session, request)
  }

  onBlock(session: Session, message: MessageOf<'piece'>): void {
    const context = this.#context
    const { block, begin } = message
    const key = begin % BLOCK_BYTES === 0 ? requestKey(message.piece, begin) : undefined
    const request = key === undefined ? undefined : session.requests.get(key)
    const isAnswer = request?.length === block.length
    if (key === undefined || !(isAnswer || session.givenUp.has(key, block.length))) {
      context.emit({ type: 'release', block })
      const detail = `${block.length} bytes at ${begin} of piece ${message.piece}`
      context.punish(session, { reason: 'unrequested-block', detail })
      return
    }
    const piece = pieceIndex(message.piece)
    session.downloaded.add(block.length, context.nowMs)
    this.rate.add(block.length, context.nowMs)
    this.fedMs = context.nowMs
    if (session.isComplete) this.sourceFedMs = context.nowMs
    session.pipeline.came(block.length, context.nowMs)
    if (!session.facts.sameSite) this.#crossing.arrived(session.facts.site, block.length, context.nowMs)
    if (isAnswer && request !== undefined) {
      const tookMs = context.nowMs - request.sentAtMs
      const { inFlightBytes } = session
      session.pipeline.answered({ bytes: block.length, tookMs, inFlightBytes }, context.nowMs)
    }
    this.#answered(session)
    const open = this.#picker.openPiece(piece)
    const run = { first: begin / BLOCK_BYTES, count: Math.ceil(block.length / BLOCK_BYTES) }
    const used = open === undefined ? 0 : open.receive(run, block, session.key)
    // Received before it is ended, so that its blocks do not pass through the missing state.
    if (isAnswer && request !== undefined) this.#end(session, request)
    else {
      session.givenUp.take(key, block.length)
      context.asking?.asked(session.key, block.length)
    }
    this.#waste(session, block.length - used)
    if (open === undefined || used === 0) context.emit({ type: 'release', block })
    else {
      if (request?.impatient !== true) this.#schedule.fed(context.nowMs)
      this.arrived(open, run)
    }
    this.fill(session)
    this.#fillWaiting()
  }

  /** Blocks of an open piece are here. */
  arrived(open: OpenPiece, run: BlockRun): void {
    this.#picker.refresh(open)
    this.#cancelOthers(open, run)
    if (open.isWhole) this.#hand(open)
  }

  #waste(session: Session | undefined, bytes: number): void {
    if (session !== undefined) session.wastedBytes += bytes
    this.wastedBytes += bytes
  }

  /** The peer showed a sign of life. */
  #answered(session: Session): void {
    session.progressMs = this.#context.nowMs
    session.stalls = 0
    session.retryAtMs = 0
  }

  /** Other peers that were asked for what has come need not send it. */
  #cancelOthers(open: OpenPiece, run: BlockRun): void {
    let isAsked = false
    for (let i = 0; i < run.count && !isAsked; i++) isAsked = open.requesters(run.first + i) > 0
    if (!isAsked) return
    const done = [...open.requests].filter(request => open.hasReceived(request.run))
    // All are given up before anybody is asked anew, for nobody is to be asked for what has come.
    for (const request of done) this.#giveUp(this.#holder(request), request)
    for (const request of done) {
      const holder = this.#context.sessions.get(request.holder)
      if (holder !== undefined) this.fill(holder)
    }
  }

  #holder(request: BlockRequest): Session {
    return defined(this.#context.sessions.get(request.holder), 'session of an unanswered request')
  }

  #hand(open: OpenPiece): void {
    assert(open.requests.size === 0, 'requests for a whole piece were cancelled')
    this.#picker.markReceived(open)
    const { version } = this.#picker
    const { file } = pieceSpan(version, open.piece)
    this.#context.emit({
      type: 'storePiece',
      piece: open.piece,
      blocks: open.wholeBlocks(),
      hash: this.#pieceHash(open.piece),
      leafWidth: pieceLeafWidth(file.bytes, version.pieceBytes)
    })
  }

  onReject(session: Session, range: BlockRange): void {
    const key = requestKey(range.piece, range.begin)
    const request = session.requests.get(key)
    // A peer answers in order: what was given up and then asked for again was rejected for the first time.
    if (session.givenUp.take(key, range.length)) {
      this.#answered(session)
      this.fill(session)
    } else if (request?.length === range.length) {
      this.#endInVain(session, request)
      // A peer that does not choke us and will not send a piece does not have it, whatever it announced.
      if (!session.chokesUs && session.pieces !== undefined)
        this.#picker.peerLacks(session.pieces, request.open.piece)
      this.#answered(session)
      this.fillAll()
    } else {
      const violation = session.spendIdle(this.#context.nowMs)
      if (violation !== undefined) this.#context.punish(session, violation)
    }
  }

  onChoke(session: Session): void {
    this.#giveUpAll(session)
    this.fillAll()
  }

  /** The session is over. Its requests move on when the others are filled. */
  close(session: Session): void {
    for (const request of [...session.requests.values()]) this.#endInVain(session, request)
    this.#waiting.delete(session)
  }

  /** We do not want the rest any more. */
  stop(): void {
    for (const session of this.#context.sessions.values()) this.#giveUpAll(session)
    for (const open of [...this.#picker.openPieces])
      if (this.#picker.state(open.piece) === 'requested') this.#closeAndRelease(open)
    this.#waiting.clear()
  }

  /**
   * A peer of our site has, or is bringing, a piece that we are bringing from another: we leave it, unless most of it
   * is here.
   */
  leave(piece: PieceIndex): void {
    const open = this.#picker.openPiece(piece)
    if (open !== undefined && this.#crossing.brings(piece)) this.letGo(open)
  }

  /** Gives an open piece up that need not come from where it is asked for, unless most of it is here. */
  letGo(open: OpenPiece): void {
    if (2 * open.receivedCount >= open.blockCount || this.#picker.state(open.piece) !== 'requested') return
    for (const request of [...open.requests]) this.#giveUp(this.#holder(request), request)
    this.#closeAndRelease(open)
  }

  // ---- ends of a piece

  /** Its blocks have left memory: what waited for room goes on. */
  onWritten(piece: PieceIndex): void {
    const open = this.#picker.openPiece(piece)
    if (open === undefined || this.#picker.state(piece) !== 'received') return
    if (this.#picker.markWritten(open)) this.#fillWaiting()
  }

  onStored(piece: PieceIndex): boolean {
    const open = this.#picker.openPiece(piece)
    if (open === undefined || this.#picker.state(piece) !== 'received') return false
    open.eachBlock((_, sender, bytes) => {
      const session = this.#context.sessions.get(sender)
      if (session !== undefined) session.verifiedBytes += bytes.length
      if (sender === LOCAL_PEER) this.reusedBytes += bytes.length
      else if (sender === ORIGIN_PEER) this.originBytes += bytes.length
    })
    this.verifiedBytes += open.bytes
    this.#picker.markStored(open)
    this.#fillWaiting()
    return true
  }

  /** Our own storage failed: the piece is fetched anew after a while, since its buffers are not ours any more. */
  onFailed(piece: PieceIndex): void {
    const open = this.#picker.openPiece(piece)
    if (open === undefined || this.#picker.state(piece) !== 'received') return
    this.#context.pieceFailures.storage++
    this.#picker.closeHeld(open)
    this.#held.set(piece, this.#context.nowMs + this.#context.limits.pieceRetryMs)
    this.#fillWaiting()
  }

  /** Bad blocks of a received piece were found, or all of it has to go: fetch the rest again. */
  discard(open: OpenPiece, isBad: (block: number) => boolean): void {
    open.eachBlock((block, sender, bytes) => {
      if (isBad(block) && sender !== LOCAL_PEER) this.#waste(this.#context.sessions.get(sender), bytes.length)
      if (isBad(block) && sender === ORIGIN_PEER) this.originWastedBytes += bytes.length
    })
    this.#release(open.discard(isBad))
    this.#picker.reopen(open)
    if (open.receivedCount === 0) this.#picker.close(open)
    else if (open.isWhole) this.#hand(open)
    if (!this.#context.wantsData && this.#picker.state(open.piece) === 'requested')
      this.#closeAndRelease(open)
    this.fillAll()
  }

  // ---- time

  tick(): void {
    const { nowMs, sessions } = this.#context
    for (const [piece, untilMs] of this.#held) {
      if (nowMs < untilMs) continue
      this.#held.delete(piece)
      this.#picker.offer(piece)
    }
    for (const session of sessions.values()) {
      if (session.inFlightBytes === 0) continue
      if (nowMs - session.progressMs >= session.stallWaitMs()) this.#stall(session)
      else this.#moveSlow(session)
    }
    this.fillAll()
  }

  #stall(session: Session): void {
    const { limits, nowMs } = this.#context
    const doublings = Math.min(session.stalls, STALL_DOUBLINGS_MAX)
    session.stalls++
    session.retryAtMs = nowMs + limits.stallMs * 2 ** doublings
    this.#giveUpAll(session)
  }

  #moveSlow(session: Session): void {
    const { limits, nowMs } = this.#context
    for (const request of session.requests.values()) {
      if (nowMs - request.sentAtMs < limits.stallMs + limits.slowFactor * request.expectedMs) return
      const other = this.#sooner(session, request)
      if (other === undefined) continue
      this.#giveUp(session, request)
      // Asked for at once: else the slow peer could be the first to be asked for it again.
      const { open, run } = request
      const countMax = other.extensions.requestBytesMax / BLOCK_BYTES
      if (open.requesters(run.first) > 0 || !open.isWanted(run)) continue
      this.#ask(other, open, {
        run: { first: run.first, count: Math.min(run.count, countMax) },
        impatient: false
      })
    }
  }

  /** The peer that would be soonest to deliver what another owes, if any is sooner. */
  #sooner(holder: Session, request: BlockRequest): Session | undefined {
    let best: Session | undefined
    let bestMs = holder.drainMs()
    for (const other of this.#context.sessions.values()) {
      const canServe = other !== holder && !other.chokesUs && !other.snubbed && !other.assigns
      const { piece } = request.open
      const isInReach = other.facts.sameSite || this.#crossing.brings(piece)
      if (!canServe || !isInReach || other.pieces?.bits.has(piece) !== true) continue
      if (owedCount(other) >= other.requestCountMax || other.drainMs(request.length) >= bestMs) continue
      best = other
      bestMs = other.drainMs(request.length)
    }
    return best
  }
}

/** Requests that a peer has still to answer, as it sees it. */
function owedCount(session: Session): number {
  return session.requests.size + (session.flags?.fast === true ? session.givenUp.size : 0)
}
