/**
 * Reads again, piece by piece and slowly, all that this device vouches for: copies in the vault, and what is published
 * or was fetched in place and is served. So rot of a disk is found while others still have what it took.
 *
 * A pass goes over all holdings of the store in the order in which they came, and begins again a while after it began.
 * Where it is is on disk (scrub-record.ts): after a restart, or a crash, it goes on where that was last saved. It reads
 * one piece at a time, at a rate at which a pass takes as long as it may; while much goes over the line it keeps to a
 * rate that disturbs nobody, and makes up for that later.
 *
 * A piece that does not match is read once more when the store has looked at its file anew. It is served no more then,
 * is noted in the audit log, and
 * - of a copy in the vault what is good stays and is served, and the rest is fetched again (storage-keeper.ts);
 * - of a source, or what somebody fetched into a folder of theirs, nothing is written: it is told, and theirs to mend.
 *
 * It reads through the cache of the system: what was read a moment ago may come from there and not from the disk.
 */

import { AppError } from '../../base/errors.ts'
import { type PieceIndex, pieceIndex } from '../../base/ids.ts'
import { DAY_MS, HOUR_MS, KIB, MIB, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { pieceLength, pieceSpan } from '../../content/version.ts'
import { type Holding, isWhole, type Store } from '../../store/store.ts'
import type { Log } from '../log.ts'
import { matchesHash } from './piece-check.ts'
import {
  AILING_MAX,
  decodeScrub,
  encodeScrub,
  NEW_RECORD,
  type ScrubPass,
  type ScrubRecord
} from './scrub-record.ts'
import type { ScrubReport } from './scrub-terms.ts'

const KEY = 'storage/scrub'
/** A piece costs as much as so many bytes at the least: a file is looked for and opened. */
const READ_BYTES_MIN = 4 * KIB
/** How far it may fall behind its rate and make up for at once. */
const BURST_MS = 100
const LINE_CHECK_MS = 5 * SECOND_MS
/** More than that on the line, in a second, and others are not to be disturbed. */
const BUSY_BYTES_PER_SECOND = 256 * KIB
const DAMAGED_TOLD_MAX = 100

export interface ScrubSettings {
  /** How long a pass takes at most where that can be, and how long after its beginning the next begins. */
  readonly passMs: number
  /** After the start of the node. */
  readonly delayMs: number
  readonly slowestBytesPerSecond: number
  /** While others use the line, and when nobody does. */
  readonly busyBytesPerSecond: number
  readonly idleBytesPerSecond: number
  /** How often it notes where it is. */
  readonly saveMs: number
  /** After a piece did not match, until it is read again: the store looks at a file anew each second. */
  readonly againMs: number
}

export const DEFAULT_SCRUB: ScrubSettings = {
  ...{ passMs: 30 * DAY_MS, delayMs: 10 * MINUTE_MS },
  ...{ slowestBytesPerSecond: 64 * KIB, busyBytesPerSecond: 2 * MIB, idleBytesPerSecond: 64 * MIB },
  ...{ saveMs: 30 * SECOND_MS, againMs: 1.1 * SECOND_MS }
}

export interface ScrubInit {
  readonly store: Pick<Store, 'holdings' | 'onChange' | 'records'>
  readonly settings: ScrubSettings
  /** Bytes that go over the line now, in a second. */
  readonly lineRate: () => number
  /** Whether it is a copy that this device keeps for the org, in a place of its own. */
  readonly isOwn: (holding: Holding) => boolean
  /** What is good of it stays; what peers are told of it does not hold any more. */
  readonly onDamaged: (holding: Holding, found: { readonly pieces: number }) => void
  readonly onHealed: (holding: Holding, healed: { readonly pieces: number }) => void
  readonly log: Log
}

export class Scrub {
  readonly #init: ScrubInit
  #state: ScrubRecord
  #working: Promise<void> = Promise.resolve()
  #isOpen = false
  /** Since the start, until it begins by itself. */
  #isWaiting = true
  #wake: (() => void) | undefined
  /** Holdings that are still to be read, the next one last. */
  #queue: Holding[] = []
  #totalBytes = 0
  #dueMs = 0
  #savedMs = 0
  #line = { rate: 0, lookedMs: Number.NEGATIVE_INFINITY }
  #endListening: (() => void) | undefined

  constructor(init: ScrubInit) {
    this.#init = init
    const stored = init.store.records.getBlob(KEY)
    const read = stored === undefined ? undefined : decodeScrub(stored)
    this.#state = read?.ok === true ? read.value : NEW_RECORD
    if (read?.ok === false) init.log.warn({ key: KEY }, `where the scrub was can not be read: ${read.detail}`)
  }

  start(): void {
    this.#isOpen = true
    this.#endListening = this.#init.store.onChange(holding => this.#changed(holding))
    this.#working = this.#work().catch(thrown => this.#failed(thrown))
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#endListening?.()
    this.#wake?.()
    await this.#working
    this.#save()
  }

  /** Goes on at once, and begins a pass if none is under way. */
  resume(): void {
    this.#isWaiting = false
    this.#put({ isPaused: false, pass: this.#state.pass ?? newPass() })
  }

  pause(): void {
    this.#put({ isPaused: true })
  }

  /** Null for as many as it takes. */
  setRate(rate: number | null): void {
    this.#put({ rate })
  }

  report(): ScrubReport {
    const { isPaused, rate, pass, last, readBytes, badPieces, healedPieces, ailing } = this.#state
    this.#totalBytes = this.#bytesHeld()
    const isDue = pass !== null && !this.#isWaiting
    const held = this.#init.store
      .holdings()
      .filter(({ id, state }) => ailing.has(Number(id)) && !isWhole(state))
    return {
      state: isPaused ? 'paused' : isDue ? 'running' : 'waiting',
      ...{ setBytesPerSecond: rate, bytesPerSecond: this.#rate(), heldBytes: this.#totalBytes },
      pass: pass && { beganAtMs: pass.beganMs, readBytes: pass.readBytes, badPieces: pass.badPieces },
      last: last && {
        ...{ beganAtMs: last.beganMs, endedAtMs: last.endedMs },
        ...{ readBytes: last.readBytes, badPieces: last.badPieces }
      },
      nextAtMs: pass === null && last !== null ? last.beganMs + this.#init.settings.passMs : null,
      ...{ readBytes, badPieces, healedPieces },
      damaged: held.slice(0, DAMAGED_TOLD_MAX).map(({ id, version, root, kind }) => ({
        ...{ version: version.id, path: root, kind, pieces: ailing.get(Number(id)) ?? 0 }
      })),
      damagedCount: held.length
    }
  }

  async #work(): Promise<void> {
    await this.#sleep(this.#init.settings.delayMs, () => this.#isWaiting)
    this.#isWaiting = false
    while (this.#isOpen) {
      const { isPaused, pass } = this.#state
      if (isPaused) await this.#sleep(HOUR_MS)
      else if (pass === null) await this.#await()
      else await this.#step(pass)
    }
  }

  #failed(thrown: unknown): void {
    if (!(thrown instanceof AppError)) throw thrown
    // Of the records: a disk that takes nothing is told of by whoever writes what matters.
    this.#init.log.warn({ code: thrown.code }, `the scrub ends until the next start: ${thrown.message}`)
  }

  /** Until the next pass is due. */
  async #await(): Promise<void> {
    const { last } = this.#state
    const dueMs = (last?.beganMs ?? Number.NEGATIVE_INFINITY) + this.#init.settings.passMs - Date.now()
    // A clock that was set back does not put it off for longer than a pass takes.
    if (dueMs > 0 && dueMs <= this.#init.settings.passMs) await this.#sleep(Math.min(dueMs, HOUR_MS))
    else this.#put({ pass: newPass() })
  }

  async #step(pass: ScrubPass): Promise<void> {
    const holding = this.#current(pass)
    if (holding === undefined) {
      this.#end(pass)
      return
    }
    const piece = nextPiece(holding, pass.holding === Number(holding.id) ? pass.piece : 0)
    if (piece === undefined) {
      this.#move({ holding: Number(holding.id) + 1, piece: 0 }, 0)
      this.#queue.pop()
      return
    }
    const bytes = pieceLength(holding.version, piece)
    await this.#check(holding, piece)
    this.#move({ holding: Number(holding.id), piece: piece + 1 }, bytes)
    await this.#pace(Math.max(bytes, READ_BYTES_MIN))
  }

  /** The holding that is read now. */
  #current(pass: ScrubPass): Holding | undefined {
    const next = this.#queue.at(-1)
    if (next !== undefined && Number(next.id) >= pass.holding) return next
    this.#totalBytes = this.#bytesHeld()
    this.#queue = this.#init.store
      .holdings()
      .filter(({ id }) => Number(id) >= pass.holding)
      .sort((one, other) => Number(other.id) - Number(one.id))
    return this.#queue.at(-1)
  }

  #move(to: { readonly holding: number; readonly piece: number }, bytes: number): void {
    const { pass } = this.#state
    if (pass === null) return
    this.#state = {
      ...this.#state,
      readBytes: this.#state.readBytes + bytes,
      pass: { ...pass, ...to, readBytes: pass.readBytes + bytes }
    }
    if (performance.now() - this.#savedMs >= this.#init.settings.saveMs) this.#save()
  }

  #end({ holding: _, piece: __, ...pass }: ScrubPass): void {
    this.#queue = []
    const held = new Set(this.#init.store.holdings().map(({ id }) => Number(id)))
    const ailing = new Map([...this.#state.ailing].filter(([id]) => held.has(id)))
    this.#put({ pass: null, last: { ...pass, endedMs: Date.now() }, ailing })
    this.#init.log.info(
      { readBytes: pass.readBytes, badPieces: pass.badPieces },
      'all that is held here was read again'
    )
  }

  async #check(holding: Holding, piece: PieceIndex): Promise<void> {
    if (await matchesHash(holding, piece)) return
    if (holding.have.has(piece)) {
      await this.#sleep(this.#init.settings.againMs)
      if (!this.#isOpen || (await matchesHash(holding, piece))) return
      await holding.disclaim(piece, { mend: this.#init.isOwn(holding) })
    }
    // It may have been let go of while it was read.
    if (this.#init.store.holdings().includes(holding)) this.#found(holding, piece)
  }

  #found(holding: Holding, piece: PieceIndex): void {
    const { log, isOwn, onDamaged } = this.#init
    const path = pieceSpan(holding.version, piece).file.path.join('/')
    const whose = isOwn(holding) ? 'it is fetched again' : `restore ${holding.root}, and verify it`
    log.error({ version: holding.version.id, path, piece }, `a piece rotted, or was changed: ${whose}`)
    onDamaged(holding, { pieces: 1 })
    const { ailing, pass, badPieces } = this.#state
    const id = Number(holding.id)
    const isKnown = ailing.has(id) || ailing.size < AILING_MAX
    this.#put({
      badPieces: badPieces + 1,
      ...(pass === null ? {} : { pass: { ...pass, badPieces: pass.badPieces + 1 } }),
      ...(isKnown ? { ailing: new Map(ailing).set(id, (ailing.get(id) ?? 0) + 1) } : {})
    })
  }

  #changed(holding: Holding): void {
    const { ailing, healedPieces } = this.#state
    const pieces = ailing.get(Number(holding.id))
    if (pieces === undefined || !isWhole(holding.state)) return
    const left = new Map(ailing)
    left.delete(Number(holding.id))
    this.#put({ ailing: left, healedPieces: healedPieces + pieces })
    this.#init.log.info({ version: holding.version.id, pieces }, 'what had rotted is whole again')
    this.#init.onHealed(holding, { pieces })
  }

  async #pace(bytes: number): Promise<void> {
    const nowMs = performance.now()
    this.#dueMs = Math.max(this.#dueMs, nowMs - BURST_MS) + (bytes / this.#rate()) * SECOND_MS
    if (this.#dueMs > nowMs) await this.#sleep(this.#dueMs - nowMs)
  }

  /** Bytes in a second. */
  #rate(): number {
    const { rate, pass } = this.#state
    if (rate !== null) return rate
    const { passMs, slowestBytesPerSecond, busyBytesPerSecond, idleBytesPerSecond } = this.#init.settings
    const leftMs = Math.max(passMs / 30, (pass?.beganMs ?? Date.now()) + passMs - Date.now())
    const leftBytes = Math.max(0, this.#totalBytes - (pass?.readBytes ?? 0))
    const fastest = this.#lineRate() > BUSY_BYTES_PER_SECOND ? busyBytesPerSecond : idleBytesPerSecond
    return Math.min(fastest, Math.max(slowestBytesPerSecond, (leftBytes / leftMs) * SECOND_MS))
  }

  #lineRate(): number {
    const nowMs = performance.now()
    if (nowMs - this.#line.lookedMs >= LINE_CHECK_MS)
      this.#line = { rate: this.#init.lineRate(), lookedMs: nowMs }
    return this.#line.rate
  }

  #bytesHeld(): number {
    return this.#init.store
      .holdings()
      .reduce((sum, { version, state }) => sum + (state === 'fetching' ? 0 : version.totalBytes), 0)
  }

  /** What is changed is durable when it returns. */
  #put(changes: Partial<ScrubRecord>): void {
    this.#state = { ...this.#state, ...changes }
    this.#save()
    this.#wake?.()
  }

  #save(): void {
    this.#savedMs = performance.now()
    this.#init.store.records.putBlob(KEY, encodeScrub(this.#state))
  }

  /** Until something is changed by whoever uses it, at the longest. */
  async #sleep(ms: number, holds: () => boolean = () => true): Promise<void> {
    if (!this.#isOpen || !holds() || ms <= 0) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms)
      timer.unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }
}

function newPass(): ScrubPass {
  return { beganMs: Date.now(), holding: 0, piece: 0, readBytes: 0, badPieces: 0 }
}

/**
 * What is on its way was just written, and is verified as it comes; but for what a pass is in the midst of, of which
 * pieces that it found bad are being fetched again: the rest of that is as old as it was.
 */
function nextPiece({ state, have, version }: Holding, from: number): PieceIndex | undefined {
  if (state === 'fetching' && from === 0) return undefined
  for (let piece = from; piece < version.pieceCount; piece++) if (have.has(piece)) return pieceIndex(piece)
  return undefined
}
