/**
 * What peers ask of us: every request is answered by exactly one block or, toward peers with the fast extension,
 * one reject. Requests that are out are bounded in number and bytes by what we announce.
 * As a source it also tells each peer what to fetch here: see schedule.ts.
 */

import { pieceIndex } from '../base/ids.ts'
import type { PiecePicker } from './piece-picker.ts'
import { RateWindow } from './rates.ts'
import type { Schedule } from './schedule.ts'
import { requestKey, type Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import type { BlockRange, Violation } from './wire-messages.ts'

export class Uploads {
  readonly #context: TransferContext
  readonly #picker: PiecePicker
  readonly #schedule: Schedule
  /** What each cooperative peer was last told about whether we assign. */
  readonly #told = new Map<Session, boolean>()
  readonly rate: RateWindow

  constructor(init: {
    readonly context: TransferContext
    readonly picker: PiecePicker
    readonly schedule: Schedule
  }) {
    this.#context = init.context
    this.#picker = init.picker
    this.#schedule = init.schedule
    this.rate = new RateWindow(init.context.nowMs)
  }

  /** `range` fits the version. */
  onRequest(session: Session, range: BlockRange): Violation | undefined {
    const { limits, nowMs } = this.#context
    const { piece, begin, length } = range
    const key = requestKey(piece, begin)
    if (session.serving.has(key)) return session.spendIdle(nowMs)
    if (!this.#picker.have.has(piece) || session.givenPace === 0) {
      this.#reject(session, range)
      return session.spendIdle(nowMs)
    }
    if (
      session.serving.size >= limits.requestCountMax ||
      session.servingBytes + length > limits.serveBytesMax
    ) {
      const detail = `${session.serving.size + 1} requests, ${session.servingBytes + length} bytes outstanding`
      return { reason: 'too-many-requests', detail }
    }
    session.serving.set(key, { piece, begin, length })
    session.servingBytes += length
    this.#context.emit({ type: 'serve', peer: session.key, piece, begin, length })
    this.#schedule.requested(session, pieceIndex(piece))
    this.suggest(session)
    return undefined
  }

  onCancel(session: Session, range: BlockRange): Violation | undefined {
    if (this.#close(session, range)) {
      const { piece, begin, length } = range
      this.#context.emit({ type: 'cancelServe', peer: session.key, piece, begin, length })
      this.#reject(session, range)
      this.#schedule.cancelled(session, pieceIndex(piece))
    }
    return session.spendIdle(this.#context.nowMs)
  }

  onServed(session: Session | undefined, range: BlockRange, sent: boolean): void {
    if (session === undefined) return
    if (sent) {
      session.uploaded.add(range.length, this.#context.nowMs)
      this.#context.blockLeftMs = this.#context.nowMs
      this.rate.add(range.length, this.#context.nowMs)
    }
    if (this.#close(session, range) && !sent) this.#reject(session, range)
  }

  /** Stops serving a piece that is not here any more. */
  onLost(piece: number): void {
    for (const session of this.#context.sessions.values())
      for (const range of [...session.serving.values()]) {
        if (range.piece !== piece || !this.#close(session, range)) continue
        this.#context.emit({ type: 'cancelServe', peer: session.key, ...range })
        this.#reject(session, range)
      }
  }

  #close(session: Session, range: BlockRange): boolean {
    const key = requestKey(range.piece, range.begin)
    const outstanding = session.serving.get(key)
    if (outstanding?.length !== range.length) return false
    session.serving.delete(key)
    session.servingBytes -= range.length
    return true
  }

  #reject(session: Session, { piece, begin, length }: BlockRange): void {
    if (session.flags?.fast === true) this.#context.send(session, { type: 'reject', piece, begin, length })
  }

  // ---- assigning

  /** Decides anew whether to assign, and tells those concerned. */
  review(): void {
    this.#schedule.review(this.#context.sessions.values(), this.rate.totalBytes, this.#context.nowMs)
    for (const session of this.#context.sessions.values()) {
      this.#tell(session)
      this.suggest(session)
    }
  }

  #tell(session: Session): void {
    const { assigns } = this.#schedule
    const isConcerned = session.isCooperative && session.facts.sameSite
    if (!isConcerned || (this.#told.get(session) ?? false) === assigns) return
    this.#told.set(session, assigns)
    this.#context.tell(session, { assigns })
  }

  suggest(session: Session): void {
    for (const piece of this.#schedule.suggestions(session, this.#context.nowMs))
      this.#context.send(session, { type: 'suggest', piece })
  }

  close(session: Session): void {
    this.#schedule.gone(session)
    this.#told.delete(session)
  }
}
