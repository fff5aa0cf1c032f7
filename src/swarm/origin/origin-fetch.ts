/**
 * The HTTP origin of a version as one more source: which pieces this device takes from it, and when.
 *
 * It is fetched once per org, not once per device: origin-turns.ts says whose a piece is, and who fetches it
 * *claims* it toward all peers as it does with what it brings over a link between sites, so that nobody else does.
 * The others get it from peers. When it is used at all says origin-need.ts.
 *
 * Where the limits of this device let nothing more come now, nothing is begun: a piece that only waited for them would
 * be claimed meanwhile, and others, that may have it, would leave it alone.
 *
 * A piece that is begun here is asked of nobody else: its blocks are set aside, like those that are read from files
 * of this device. If that takes long and a peer has it, peers are asked for the rest. What does not come is given up,
 * and the piece is again as if nobody had begun it. The origin is no peer: nobody is cut off for what it sends, but a
 * bad piece means that it has something else than the version, and then nothing more is taken from it. How it is asked,
 * and when again after it failed, is the driver's.
 */

import { type PieceIndex, pieceIndex } from '../../base/ids.ts'
import { pieceLength } from '../../content/version.ts'
import { type Crossing, ORIGIN_SITE } from '../crossing.ts'
import type { Downloads } from '../downloads.ts'
import { type OpenPiece, ORIGIN_PEER } from '../open-piece.ts'
import type { PiecePicker } from '../piece-picker.ts'
import { RateWindow } from '../rates.ts'
import type { TransferContext } from '../transfer-context.ts'
import type { EventOf, OriginStatus } from '../transfer-types.ts'
import { BLOCK_BYTES } from '../wire-messages.ts'
import { type OriginNeed, OriginNeedJudge } from './origin-need.ts'
import { OriginTurns } from './origin-turns.ts'

/** Pieces of others that are taken on at a time. */
const TAKES_MAX = 256

interface Begun {
  readonly open: OpenPiece
  readonly sinceMs: number
}

export class OriginFetch {
  readonly #context: TransferContext
  readonly #picker: PiecePicker
  readonly #crossing: Crossing
  readonly #downloads: Downloads
  readonly #judge = new OriginNeedJudge()
  readonly #turns: OriginTurns
  /** Pieces that are on their way. */
  readonly #begun = new Map<PieceIndex, Begun>()
  readonly #rate: RateWindow
  /** Pieces that fall to this device first. */
  #share: number[] = []
  /** How many turns come before ours, for each piece: all of them are looked through again and again. */
  readonly #before: Uint8Array
  /** When somebody was last seen to claim a piece: who comes next takes its turn from then on. */
  #claimedMs: Float64Array | undefined
  #need: OriginNeed | undefined
  #needMs = 0
  /** When a peer was last here that has everything. */
  #sourceMs = Number.NEGATIVE_INFINITY
  /** When this device last came to the end of its own share, or took on a piece of another's. */
  #freeMs: number | undefined
  /** How many pieces of others it takes on before it waits again whether they do, and how many are left of them. */
  #takesMax = 1
  #takes = 1
  #isDue = false
  /** Pieces that were left to peers. */
  readonly #left = new Set<number>()

  constructor(init: {
    readonly context: TransferContext
    readonly picker: PiecePicker
    readonly crossing: Crossing
    readonly downloads: Downloads
  }) {
    this.#context = init.context
    this.#picker = init.picker
    this.#crossing = init.crossing
    this.#downloads = init.downloads
    this.#turns = new OriginTurns(init.context)
    this.#before = new Uint8Array(init.picker.version.pieceCount)
    this.#rate = new RateWindow(init.context.nowMs)
  }

  get status(): OriginStatus {
    const { nowMs, origin } = this.#context
    return {
      isReady: origin.isReady,
      need: this.#begun.size > 0 ? (this.#need ?? 'unheld') : null,
      bytes: this.#downloads.originBytes,
      wastedBytes: this.#downloads.originWastedBytes,
      rate: this.#rate.rate(nowMs)
    }
  }

  get arrivedBytes(): number {
    return this.#rate.totalBytes
  }

  onEvent(event: EventOf<'originBlock'> | EventOf<'originEnded'>): void {
    if (event.type === 'originBlock') this.#onBlock(event)
    else this.#onEnded(event)
  }

  /** Time has passed, or what may be fetched has changed. */
  tick(): void {
    this.#isDue = true
  }

  /** Gives up what is not to come any more, and begins what is. To be called after each event. */
  fill(): void {
    for (const [piece, { open }] of this.#begun)
      if (this.#picker.openPiece(piece) !== open) this.#forget(piece, { isCancelled: true })
    const { origin, wantsData } = this.#context
    if (!this.#isDue) return
    this.#isDue = false
    this.#leaveSlow()
    if (!wantsData || !origin.isReady || this.#picker.isSatisfied) return
    this.#look()
    while (this.#begun.size < this.#context.limits.originRequestsMax) {
      const piece = this.#next()
      if (piece === undefined || !this.#hasRoom(piece)) return
      if (!this.#mayBegin()) return
      this.#begin(piece)
    }
  }

  /** An origin that drips must not keep what a peer could give. */
  #leaveSlow(): void {
    const { nowMs, limits } = this.#context
    for (const [piece, { open, sinceMs }] of this.#begun) {
      if (nowMs < sinceMs + limits.originStallMs || !this.#isOffered(piece)) continue
      if (this.#picker.state(piece) !== 'requested') continue
      this.#forget(piece, { isCancelled: true })
      this.#left.add(piece)
      open.unreserve({ first: 0, count: open.blockCount })
      this.#picker.refresh(open)
      this.#downloads.fillAll()
    }
  }

  // ---- what to fetch

  #look(): void {
    const { nowMs, limits, sessions, origin } = this.#context
    const wantedMs = origin.wantedMs ?? nowMs
    let hasSource = false
    for (const { isComplete } of sessions.values()) hasSource ||= isComplete
    if (hasSource) this.#sourceMs = nowMs
    const need = this.#judge.judge({
      ...{ nowMs, wantedMs, deadlineMs: origin.deadlineMs, stallMs: limits.originStallMs },
      lackingBytes: this.#picker.lackingBytes,
      peerRate: this.#downloads.rate.rate(nowMs),
      fedMs: this.#downloads.fedMs,
      sourceFedMs: hasSource ? this.#downloads.sourceFedMs : undefined
    })
    if (need !== this.#need) this.#needMs = nowMs
    this.#need = need
    this.#claimedMs ??= new Float64Array(this.#picker.version.pieceCount)
  }

  #shareOut(): void {
    this.#share = []
    for (let piece = 0; piece < this.#before.length; piece++) {
      this.#before[piece] = this.#turns.before(piece)
      if (this.#before[piece] === 0 && this.#picker.isLacking(piece)) this.#share.push(piece)
    }
    this.#share.sort((a, b) => this.#turns.nearness(b) - this.#turns.nearness(a))
  }

  /** Since when pieces may be fetched, as far as that is the same for all; undefined while they may not. */
  #sinceMs(): number | undefined {
    const { nowMs, limits, sessions, origin } = this.#context
    if (this.#need !== 'unheld') return this.#needMs
    const patienceMs = sessions.size > 0 ? limits.originPatienceMs : 2 * limits.originPatienceMs
    const sinceMs = Math.max(origin.wantedMs ?? nowMs, this.#sourceMs) + patienceMs
    return nowMs >= sinceMs ? sinceMs : undefined
  }

  #next(): PieceIndex | undefined {
    const sinceMs = this.#sinceMs()
    if (sinceMs === undefined) return undefined
    for (const piece of this.#picker.demanded) if (this.#mayFetch(piece)) return piece
    if (this.#turns.look(this.#context.nowMs, this.#context.limits.claimGraceMs)) this.#shareOut()
    for (let at = this.#share.length - 1; at >= 0; at--) {
      const piece = this.#share[at] ?? 0
      if (this.#picker.have.has(piece)) this.#share.splice(at, 1)
      else if (this.#mayFetch(piece)) return pieceIndex(piece)
    }
    this.#freeMs ??= this.#context.nowMs
    return this.#leftByOthers(Math.max(sinceMs, this.#freeMs))
  }

  /**
   * Of what others leave one piece is taken at first, so that those who are done at the same moment do not all take the
   * same; then ever more, for what nobody takes meanwhile nobody else may be able to.
   */
  #took(piece: PieceIndex): void {
    if (this.#before[piece] === 0) {
      this.#freeMs = undefined
      this.#takesMax = 1
      this.#takes = 1
    } else if (--this.#takes === 0) {
      this.#freeMs = this.#context.nowMs
      this.#takesMax = Math.min(TAKES_MAX, 2 * this.#takesMax)
      this.#takes = this.#takesMax
    }
  }

  /** A piece whose turn has come to us because nobody before us took it. */
  #leftByOthers(sinceMs: number): PieceIndex | undefined {
    const { nowMs, limits } = this.#context
    let best: number | undefined
    // Somebody comes before us for each of them.
    if (nowMs < sinceMs + limits.claimGraceMs) return undefined
    for (let piece = 0; piece < this.#picker.version.pieceCount; piece++) {
      if (!this.#mayFetch(piece)) continue
      const fromMs = Math.max(sinceMs, this.#claimedMs?.[piece] ?? 0)
      if (nowMs < fromMs + (this.#before[piece] ?? 0) * limits.claimGraceMs) continue
      if (best === undefined || this.#turns.nearness(piece) < this.#turns.nearness(best)) best = piece
    }
    return best === undefined ? undefined : pieceIndex(best)
  }

  #mayFetch(piece: number): boolean {
    if (!this.#picker.isOpenable(piece) && !this.#isIdle(piece)) return false
    if (this.#left.has(piece) && this.#isOffered(piece)) return false
    const { nowMs } = this.#context
    if (this.#crossing.isClaimed(piece, nowMs)) {
      if (this.#claimedMs !== undefined) this.#claimedMs[piece] = nowMs
      return false
    }
    // What members brought they give each other.
    if (this.#need === 'stalled') return this.#picker.copies(piece) === 0 || !this.#isOffered(piece, false)
    return this.#need === 'late' ? this.#picker.copies(piece) === 0 : this.#picker.availability(piece) === 0
  }

  /** Whether a peer has the piece and may give it; one that has everything counts only `ofSources`. */
  #isOffered(piece: number, ofSources = true): boolean {
    for (const { pieces, isComplete, snubbed, chokesUs } of this.#context.sessions.values())
      if ((ofSources || !isComplete) && !snubbed && !chokesUs && pieces?.bits.has(piece) === true) return true
    return false
  }

  /** Whether blocks are missing of a piece that was begun with a peer which gives too slowly, or nothing. */
  #isIdle(piece: number): boolean {
    const open = this.#need === 'unheld' ? undefined : this.#picker.openPiece(pieceIndex(piece))
    if (open === undefined || !this.#picker.unfilled.has(open)) return false
    return this.#need === 'late' || open.requests.size === 0
  }

  /** A piece that limits slow down comes alone, in requests that each pass them: who carries them out sees to that. */
  #mayBegin(): boolean {
    const bytes = this.#context.asking?.mayAsk(ORIGIN_PEER) ?? Number.POSITIVE_INFINITY
    return bytes > 0 && (bytes === Number.POSITIVE_INFINITY || this.#begun.size === 0)
  }

  #hasRoom(piece: PieceIndex): boolean {
    const { nowMs, limits } = this.#context
    const bytes = pieceLength(this.#picker.version, piece)
    const { openBytes } = this.#picker
    if (this.#picker.isOpenable(piece) && openBytes > 0 && openBytes + bytes > limits.openBytesMax)
      return false
    return this.#crossing.hasRoom(ORIGIN_SITE, bytes, nowMs)
  }

  #begin(piece: PieceIndex): void {
    const open = this.#picker.openPiece(piece) ?? this.#picker.open(piece)
    if (open.missingCount === 0) return
    this.#took(piece)
    this.#crossing.begin(piece, ORIGIN_SITE, this.#context.nowMs)
    this.#begun.set(piece, { open, sinceMs: this.#context.nowMs })
    for (
      let run = open.missingRun(open.blockCount);
      run !== undefined;
      run = open.missingRun(open.blockCount)
    ) {
      open.reserve(run)
      const range = { piece, begin: run.first * BLOCK_BYTES, length: open.runBytes(run) }
      this.#context.emit({ type: 'fetchOrigin', ...range })
    }
    this.#picker.refresh(open)
  }

  // ---- what comes of it

  #onBlock({ piece, begin, block }: EventOf<'originBlock'>): void {
    const { nowMs } = this.#context
    this.#rate.add(block.length, nowMs)
    this.#crossing.arrived(ORIGIN_SITE, block.length, nowMs)
    const open = this.#begun.get(pieceIndex(piece))?.open
    const run = { first: begin / BLOCK_BYTES, count: Math.ceil(block.length / BLOCK_BYTES) }
    const isOpen = open !== undefined && this.#picker.openPiece(open.piece) === open
    const used = isOpen ? open.receive(run, block, ORIGIN_PEER) : 0
    if (!isOpen || used === 0) {
      this.#downloads.wastedBytes += block.length
      this.#downloads.originWastedBytes += block.length
      this.#context.emit({ type: 'release', block })
      return
    }
    if (open.isWhole) this.#forget(open.piece, { isCancelled: false })
    this.#downloads.arrived(open, run)
  }

  /** Nothing more of a piece comes. */
  #onEnded({ piece: number }: EventOf<'originEnded'>): void {
    const piece = pieceIndex(number)
    const open = this.#begun.get(piece)?.open
    if (open === undefined) return
    this.#forget(piece, { isCancelled: true })
    if (this.#picker.openPiece(piece) !== open || this.#picker.state(piece) !== 'requested') return
    this.#downloads.abandon(open)
  }

  #forget(piece: PieceIndex, { isCancelled }: { isCancelled: boolean }): void {
    this.#begun.delete(piece)
    this.#isDue = true
    if (isCancelled) this.#context.emit({ type: 'cancelOrigin', piece })
  }
}
