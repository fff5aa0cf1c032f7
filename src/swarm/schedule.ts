/**
 * Who sends which piece to whom: the one place that decides it, for both roles of a device.
 *
 * As a downloader, `next` chooses what to ask of a peer: what readers wait for (urgent-choice.ts), else
 * 1. the rest of the piece that this peer is filling, then of any open piece that it has;
 * 2. a piece that it suggested;
 * 3. the rarest piece that it has, ties broken differently on each device.
 * A source that is assigning is asked only for what it suggested, and for what nobody else could finish. When
 * nothing else fed us for a bounded while, it is asked for anything: its assignments may have gone wrong.
 *
 * As a source (a device with every piece), `suggestions` hands out distinct pieces. It assigns while at least two
 * cooperative peers want pieces and some piece is with none of them. Each peer is kept supplied a bounded while
 * ahead with pieces that no incomplete peer has and that nobody was given yet; so each piece leaves the source
 * once before any leaves it twice, and the peers get the rest from each other. Who is behind with giving on what it
 * was given is given no more for a while: so load goes by uplink. What a peer was given comes back when the peer goes,
 * or does not ask for it in time. A peer that says which pieces it wants (wants.ts) is given no others. Once every
 * piece has been among the peers, the source is free for as long as anybody takes; and for a while when its uplink lies
 * idle, since then there are more sources than takers (idle-watch.ts).
 *
 * In the endgame, when every block is asked for, `duplicate` finds a block that another peer would deliver clearly
 * sooner than the one that was asked.
 *
 * All of this is among the peers of one site. What is asked of peers of other sites says crossing.ts.
 */

import { defined } from '../base/assert.ts'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import { pieceLength } from '../content/version.ts'
import type { Bitfield } from './bitfield.ts'
import type { Choice } from './choice.ts'
import type { Crossing } from './crossing.ts'
import { IdleWatch, type Progress } from './idle-watch.ts'
import type { BlockRequest, OpenPiece } from './open-piece.ts'
import type { PeerPieces } from './peer-pieces.ts'
import type { PiecePicker } from './piece-picker.ts'
import { TieBreaker } from './rarity-order.ts'
import type { Session } from './session.ts'
import type { TransferLimits } from './transfer-limits.ts'
import { urgentChoice } from './urgent-choice.ts'
import { BLOCK_BYTES } from './wire-messages.ts'

/** A peer is worth waiting for when it delivers within this fraction of another's time. */
const CLEARLY_SOONER = 0.5
const SUGGESTIONS_MIN = 2
const ASSIGNING_PEERS_MIN = 2
/**
 * How far a peer may be behind with giving on what it was given, as a multiple of how far ahead it is supplied. Where
 * the uplink of one is thin, what only it has would wait there, and everybody for it.
 */
const UNSPREAD_AHEADS = 2
/** How long a source that was idle while it assigned is free. */
const FREE_MS = 5 * SECOND_MS

/** What a source has given one peer to fetch. */
interface Assignment {
  /** Suggested and not yet asked for, oldest first, with the time of the suggestion. */
  readonly pending: Map<number, number>
  pendingBytes: number
  /** Suggested or asked for, and not yet announced by the peer. */
  readonly given: Set<number>
  /** What it was given and nobody else of the site has. */
  readonly unspread: Set<number>
  unspreadBytes: number
  /** It let suggestions lie: it is given nothing before this. */
  restsUntilMs: number
  /** How far it is in the order, if it wants only some pieces. */
  cursor: number
}

export class Schedule {
  readonly #picker: PiecePicker
  readonly #limits: TransferLimits
  readonly #crossing: Crossing
  readonly #sessions: ReadonlyMap<unknown, Session>
  #fedMs: number

  readonly #assignments = new Map<Session, Assignment>()
  /** How many peers each piece was given to. */
  readonly #givenTo: Uint16Array
  /** The order in which this source hands out pieces. */
  readonly #order: Uint32Array
  #cursor = 0
  readonly #returned: number[] = []
  #assigns = false
  readonly #idleWatch = new IdleWatch()
  #freeUntilMs = 0
  /** Pieces that were announced by whom they were given to. */
  #arrivedBytes = 0
  /** It is a source that somebody needs to assign: time alone may change whether it does. */
  #mayAssign = false
  /** Every piece was among the peers that want it. */
  #hasDelivered = false

  constructor(init: {
    readonly picker: PiecePicker
    readonly limits: TransferLimits
    readonly crossing: Crossing
    readonly sessions: ReadonlyMap<unknown, Session>
    readonly seed: number
    readonly nowMs: number
  }) {
    this.#picker = init.picker
    this.#limits = init.limits
    this.#crossing = init.crossing
    this.#sessions = init.sessions
    this.#fedMs = init.nowMs
    this.#givenTo = new Uint16Array(init.picker.version.pieceCount)
    this.#order = Uint32Array.from(this.#givenTo.keys())
    new TieBreaker(init.seed).shuffle(this.#order)
  }

  // ---- downloader

  /** Something of use came, otherwise than by impatience. */
  fed(nowMs: number): void {
    this.#fedMs = nowMs
  }

  /** When an assigning source may be asked for anything. */
  patienceEndsMs(source: Session): number {
    // One whose limits make it slow has not forgotten us: what it gave to others takes the time of a piece at least.
    return (
      this.#fedMs + Math.max(this.#limits.seedPatienceMs, source.pacedMs(this.#picker.version.pieceBytes))
    )
  }

  next(session: Session, nowMs: number): Choice {
    const pieces = session.pieces
    if (pieces === undefined) return { kind: 'nothing' }
    const urgent = this.#urgent({ session, pieces, nowMs })
    if (urgent !== undefined) return urgent
    if (!session.facts.sameSite) return this.#nextAcross(session, pieces, nowMs)
    const impatient = session.assigns && nowMs >= this.patienceEndsMs(session)
    const restrained = session.assigns && !impatient
    let open = this.#unfilledFor(session, pieces, restrained)
    let wasSuggested = open !== undefined && open === session.current
    if (open === undefined) {
      const suggested = this.#suggestedBy(session)
      const piece = suggested ?? (restrained ? undefined : this.#rarest(pieces))
      if (piece === undefined) return { kind: 'nothing' }
      if (!this.#hasRoom(piece)) return { kind: 'full' }
      wasSuggested = suggested !== undefined
      open = this.#picker.open(piece)
      if (open.missingCount === 0) return { kind: 'local' }
    }
    session.current = open
    const run = defined(open.missingRun(session.requestBytes() / BLOCK_BYTES), 'run of an unfilled piece')
    return { kind: 'blocks', open, run, impatient: impatient && !wasSuggested }
  }

  #urgent(of: { session: Session; pieces: PeerPieces; nowMs: number }): Choice | undefined {
    const { demanded } = this.#picker
    if (demanded.size === 0) return undefined
    const terms = { picker: this.#picker, crossing: this.#crossing, sessions: this.#sessions.values() }
    return urgentChoice({ ...terms, hasRoom: piece => this.#hasRoom(piece) }, of)
  }

  /** What to ask of a peer of another site: the rest of what we are bringing, or one more piece. */
  #nextAcross(session: Session, pieces: PeerPieces, nowMs: number): Choice {
    const { unfilled } = this.#picker
    const has = (open: OpenPiece) =>
      unfilled.has(open) && pieces.bits.has(open.piece) && !this.#picker.isDemanded(open.piece)
    const brings = (open: OpenPiece) => has(open) && this.#crossing.brings(open.piece)
    let open = session.current !== undefined && brings(session.current) ? session.current : undefined
    open ??= [...unfilled].find(brings)
    // Those that began with a peer of our site which has gone, or does not give any more.
    open ??= [...unfilled].find(other => has(other) && this.#crossing.mayBring(other.piece, nowMs))
    if (open === undefined) {
      const piece = this.#crossing.next(session, nowMs)
      if (piece === undefined) return { kind: 'nothing' }
      const bytes = pieceLength(this.#picker.version, piece)
      if (!this.#crossing.hasRoom(session.facts.site, bytes, nowMs)) return { kind: 'later' }
      if (!this.#hasRoom(piece)) return { kind: 'full' }
      open = this.#picker.open(piece)
      if (open.missingCount === 0) return { kind: 'local' }
    }
    this.#crossing.begin(open.piece, session.facts.site, nowMs)
    session.current = open
    const run = defined(open.missingRun(session.requestBytes() / BLOCK_BYTES), 'run of an unfilled piece')
    return { kind: 'blocks', open, run, impatient: false }
  }

  #unfilledFor(session: Session, pieces: PeerPieces, restrained: boolean): OpenPiece | undefined {
    const { unfilled } = this.#picker
    const current = session.current
    const has = ({ piece }: OpenPiece) => pieces.bits.has(piece) && !this.#picker.isDemanded(piece)
    if (current !== undefined && unfilled.has(current) && has(current)) return current
    for (const open of unfilled) {
      if (!has(open)) continue
      if (!restrained || this.#picker.spread(open.piece) === 0) return open
    }
    return undefined
  }

  /** What readers wait for is chosen apart. */
  #rarest(pieces: PeerPieces): PieceIndex | undefined {
    return this.#picker.rarest(pieces, piece => !this.#picker.isDemanded(piece))
  }

  /** The oldest suggestion that is still of use. One that peers have meanwhile is better asked of them. */
  #suggestedBy(session: Session): PieceIndex | undefined {
    for (const piece of session.suggested) {
      // Nothing is fetched before its hash is known; the suggestion keeps until then.
      if (!this.#picker.isVerifiable(piece)) continue
      session.suggested.delete(piece)
      const isElsewhere = session.assigns && this.#picker.spread(piece) > 0
      if (this.#picker.isOpenable(piece) && !isElsewhere && session.pieces?.bits.has(piece) === true)
        return pieceIndex(piece)
    }
    return undefined
  }

  #hasRoom(piece: PieceIndex): boolean {
    const { openBytes, version } = this.#picker
    return openBytes === 0 || openBytes + pieceLength(version, piece) <= this.#limits.openBytesMax
  }

  get isEndgame(): boolean {
    const { openableCount, unfilled, requestedCount } = this.#picker
    return openableCount === 0 && unfilled.size === 0 && requestedCount > 0
  }

  /**
   * A request of another peer that `session` should be asked for as well. The holder is the one whose pipeline
   * takes longest to drain; its latest request would come last.
   */
  duplicate(session: Session, holders: Iterable<Session>, nowMs: number): BlockRequest | undefined {
    const pieces = session.pieces
    const restrained = session.assigns && nowMs < this.patienceEndsMs(session)
    // Over a link between sites a second copy costs more than it saves; what stalls there moves on by itself.
    const isAcross = !session.facts.sameSite
    if (!this.isEndgame || pieces === undefined || session.snubbed || restrained || isAcross) return undefined
    const ownMs = session.drainMs(session.requestBytes())
    let slowest: Session | undefined
    for (const holder of holders) {
      if (holder === session || holder.requests.size === 0) continue
      if (slowest === undefined || holder.drainMs() > slowest.drainMs()) slowest = holder
    }
    if (slowest === undefined || ownMs > CLEARLY_SOONER * slowest.drainMs()) return undefined
    let latest: BlockRequest | undefined
    for (const request of slowest.requests.values()) {
      const { open, run } = request
      const isFitting = run.count * BLOCK_BYTES <= session.extensions.requestBytesMax
      if (!pieces.bits.has(open.piece) || !isFitting || !open.isWanted(run)) continue
      if (open.requesters(run.first) < this.#limits.endgameCopiesMax && !asksFor(session, request))
        latest = request
    }
    return latest
  }

  // ---- source

  get assigns(): boolean {
    return this.#assigns
  }

  /** Whether it has to be reviewed now and then, whatever peers say. */
  get needsReview(): boolean {
    return this.#mayAssign
  }

  /** Whether to assign now; true when that has changed. */
  review(sessions: Iterable<Session>, sentBytes: number, nowMs: number): boolean {
    const takers = [...sessions].filter(takes)
    const isNeeded = this.#picker.isComplete && takers.length >= ASSIGNING_PEERS_MIN
    if (takers.length === 0) this.#hasDelivered = false
    else if (isNeeded && !this.#isUndelivered(takers)) this.#hasDelivered = true
    this.#mayAssign = isNeeded && !this.#hasDelivered
    const progress = { sentBytes, arrivedBytes: this.#arrivedBytes }
    const assigns = this.#mayAssign && !this.#isIdle(progress, nowMs)
    if (assigns === this.#assigns) return false
    this.#assigns = assigns
    if (assigns) this.#idleWatch.begin(progress, nowMs)
    if (!assigns) for (const session of [...this.#assignments.keys()]) this.gone(session)
    return true
  }

  /** Whether nobody that may be given pieces makes use of the uplink, now or a while ago. */
  #isIdle(progress: Progress, nowMs: number): boolean {
    if (this.#assigns && this.#idleWatch.isIdle(progress, nowMs)) this.#freeUntilMs = nowMs + FREE_MS
    return nowMs < this.#freeUntilMs
  }

  /** Whether a piece that one of them wants is with no peer of our site that came incomplete. */
  #isUndelivered(takers: readonly Session[]): boolean {
    if (this.#picker.undeliveredCount === 0) return false
    if (takers.some(({ wants }) => wants === undefined)) return true
    for (const { wants } of takers) {
      let isDelivered = true
      wants?.each(piece => {
        isDelivered &&= this.#picker.spread(piece) > 0
      })
      if (!isDelivered) return true
    }
    return false
  }

  /** Pieces to suggest to a peer now, so that it is supplied for a while. */
  suggestions(session: Session, nowMs: number): PieceIndex[] {
    if (!this.#assigns || !takes(session)) return []
    const assignment = this.#assignmentOf(session)
    this.#takeBackLate(session, assignment, nowMs)
    const aheadBytes = Math.max(
      this.#limits.suggestStartBytes,
      (session.uploaded.rate(nowMs) * this.#limits.suggestAheadMs) / SECOND_MS
    )
    const pieces: PieceIndex[] = []
    if (nowMs < assignment.restsUntilMs) return pieces
    this.#dropSpread(session, assignment)
    const unspreadMax = UNSPREAD_AHEADS * aheadBytes
    while (assignment.pendingBytes < aheadBytes || assignment.pending.size < SUGGESTIONS_MIN) {
      if (assignment.unspreadBytes > unspreadMax) break
      const piece = this.#nextFresh(session.wants, assignment)
      if (piece === undefined) break
      assignment.pending.set(piece, nowMs)
      assignment.pendingBytes += pieceLength(this.#picker.version, piece)
      this.#give(assignment, piece)
      pieces.push(piece)
    }
    return pieces
  }

  /** A peer asked us for blocks of a piece. */
  requested(session: Session, piece: PieceIndex): void {
    if (!this.#assigns) return
    const assignment = this.#assignmentOf(session)
    this.#unpend(assignment, piece)
    this.#give(assignment, piece)
    assignment.restsUntilMs = 0
  }

  /** A peer does not want blocks any more that it asked for: the piece may go to others. */
  cancelled(session: Session, piece: PieceIndex): void {
    const assignment = this.#assignments.get(session)
    if (assignment === undefined) return
    for (const range of session.serving.values()) if (range.piece === piece) return
    this.#takeBack(assignment, piece)
  }

  /** A peer announced a piece. */
  delivered(session: Session, piece: PieceIndex): void {
    const assignment = this.#assignments.get(session)
    if (assignment === undefined) return
    if (assignment.given.has(piece)) this.#arrivedBytes += pieceLength(this.#picker.version, piece)
    this.#takeBack(assignment, piece)
  }

  /** A peer said which pieces it wants: the others that it was given go to others at once. */
  narrowed(session: Session): void {
    const assignment = this.#assignments.get(session)
    if (assignment === undefined || session.wants === undefined) return
    for (const piece of [...assignment.pending.keys()])
      if (!session.wants.has(piece)) this.#takeBack(assignment, piece)
  }

  gone(session: Session): void {
    const assignment = this.#assignments.get(session)
    if (assignment === undefined) return
    for (const piece of [...assignment.given]) this.#takeBack(assignment, piece)
    this.#assignments.delete(session)
    // Pieces that only this peer had are to be handed out again, wherever in the order they are.
    this.#cursor = 0
    for (const other of this.#assignments.values()) other.cursor = 0
  }

  #assignmentOf(session: Session): Assignment {
    let assignment = this.#assignments.get(session)
    if (assignment === undefined) {
      assignment = {
        pending: new Map(),
        pendingBytes: 0,
        given: new Set(),
        unspread: new Set(),
        unspreadBytes: 0,
        restsUntilMs: 0,
        cursor: 0
      }
      this.#assignments.set(session, assignment)
    }
    return assignment
  }

  #nextFresh(wants: Bitfield | undefined, assignment: Assignment): PieceIndex | undefined {
    const isFresh = (piece: number) => this.#picker.spread(piece) === 0 && this.#givenTo[piece] === 0
    if (wants !== undefined) {
      // What it does not want stays for the others, so it goes through the order by itself.
      const returned = this.#returned.findLastIndex(piece => wants.has(piece) && isFresh(piece))
      if (returned >= 0) return pieceIndex(this.#returned.splice(returned, 1)[0] ?? 0)
      while (assignment.cursor < this.#order.length) {
        const piece = this.#order[assignment.cursor++] ?? 0
        if (wants.has(piece) && isFresh(piece)) return pieceIndex(piece)
      }
      return undefined
    }
    for (let piece = this.#returned.pop(); piece !== undefined; piece = this.#returned.pop())
      if (isFresh(piece)) return pieceIndex(piece)
    while (this.#cursor < this.#order.length) {
      const piece = this.#order[this.#cursor++] ?? 0
      if (isFresh(piece)) return pieceIndex(piece)
    }
    return undefined
  }

  #give(assignment: Assignment, piece: number): void {
    if (assignment.given.has(piece)) return
    assignment.given.add(piece)
    if (!assignment.unspread.has(piece)) {
      assignment.unspread.add(piece)
      assignment.unspreadBytes += pieceLength(this.#picker.version, pieceIndex(piece))
    }
    this.#givenTo[piece] = (this.#givenTo[piece] ?? 0) + 1
  }

  /** Forgets what has gone on to others, was never fetched, or is wanted by nobody else. */
  #dropSpread(session: Session, assignment: Assignment): void {
    const others = [...this.#sessions.values()].filter(other => other !== session && takes(other))
    for (const piece of assignment.unspread) {
      const isFetched = this.#picker.spread(piece) === 1 || assignment.given.has(piece)
      if (isFetched && others.some(other => lacks(other, piece))) continue
      assignment.unspread.delete(piece)
      assignment.unspreadBytes -= pieceLength(this.#picker.version, pieceIndex(piece))
    }
  }

  #unpend(assignment: Assignment, piece: number): void {
    if (assignment.pending.delete(piece))
      assignment.pendingBytes -= pieceLength(this.#picker.version, pieceIndex(piece))
  }

  #takeBack(assignment: Assignment, piece: number): void {
    this.#unpend(assignment, piece)
    if (!assignment.given.delete(piece)) return
    const left = (this.#givenTo[piece] ?? 0) - 1
    this.#givenTo[piece] = left
    if (left === 0 && this.#picker.spread(piece) === 0) this.#returned.push(piece)
  }

  #takeBackLate(session: Session, assignment: Assignment, nowMs: number): void {
    // What our own limits hold up it can not ask for yet.
    const heldMs = session.givenPacedMs(assignment.pendingBytes)
    for (const [piece, suggestedMs] of assignment.pending) {
      if (nowMs - suggestedMs < Math.max(this.#limits.reassignMs, heldMs)) return
      this.#takeBack(assignment, piece)
      assignment.restsUntilMs = nowMs + this.#limits.reassignMs
    }
  }
}

/** Whether a peer can be given pieces by suggestion: across sites the pieces are shared out otherwise. */
function takes(session: Session): boolean {
  return (
    session.facts.sameSite &&
    session.isCooperative &&
    session.flags?.fast === true &&
    session.theyAreInterested &&
    session.pieces !== undefined &&
    !session.pieces.bits.isFull &&
    session.wants?.count !== 0
  )
}

/** Whether it misses a piece and wants it. */
function lacks({ pieces, wants }: Session, piece: number): boolean {
  return pieces?.bits.has(piece) === false && wants?.has(piece) !== false
}

function asksFor(session: Session, request: BlockRequest): boolean {
  for (const other of request.open.requests)
    if (other.holder === session.key && other.run.first < request.run.first + request.run.count) {
      if (request.run.first < other.run.first + other.run.count) return true
    }
  return false
}
