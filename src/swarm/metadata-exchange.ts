/**
 * The info dictionary, over BEP 9 `ut_metadata`: fetched when only the version id is known, and given to others.
 *
 * The pieces are asked of all peers that offer them. Only the whole can be verified; when it does not hash to the
 * version id and several peers had a part in it, it is fetched again from one peer after the other, so that the
 * next failure has one culprit.
 */

import { assert } from '../base/assert.ts'
import { concatBytes, toHex } from '../base/bytes.ts'
import { encodeMetadata, isViolation, type MetadataMessage, readMetadata } from './extension-messages.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import type { PeerKey } from './transfer-types.ts'
import { METADATA_PIECE_BYTES, type Violation } from './wire-messages.ts'

interface Outstanding {
  readonly session: Session
  readonly sentAtMs: number
}

/** An attempt at the dictionary, of the size that the peers in it announced. */
interface Attempt {
  readonly totalBytes: number
  readonly parts: (Uint8Array | undefined)[]
  readonly outstanding: Map<number, Outstanding>
  readonly senders: Set<PeerKey>
  /** The one peer that is asked, after an attempt with several failed. */
  readonly only: Session | undefined
  missing: number
}

export class MetadataExchange {
  readonly #context: TransferContext
  #info: Uint8Array | undefined
  #attempt: Attempt | undefined
  /** Whether only one peer is to be asked at a time. */
  #solo = false
  /** Until when a peer that refused is not asked again. */
  readonly #refusals = new Map<Session, number>()
  /** Requests that may still be answered, though we do not wait for them: peer and piece. */
  readonly #late = new Map<Session, Set<number>>()

  constructor(context: TransferContext, info: Uint8Array | undefined) {
    this.#context = context
    this.#info = info
  }

  get isKnown(): boolean {
    return this.#info !== undefined
  }

  get totalBytes(): number | undefined {
    return this.#info?.length
  }

  get receivedBytes(): number {
    if (this.#info !== undefined) return this.#info.length
    let bytes = 0
    for (const part of this.#attempt?.parts ?? []) bytes += part?.length ?? 0
    return bytes
  }

  /** The driver has it, from us or from elsewhere. */
  setInfo(info: Uint8Array): void {
    this.#info = info
    this.#attempt = undefined
  }

  onMessage(session: Session, payload: Uint8Array): Violation | undefined {
    const message = readMetadata(payload)
    if (isViolation(message)) return message
    switch (message.kind) {
      case 'request':
        return this.#serve(session, message.piece)
      case 'data':
        return this.#take(session, message)
      case 'reject':
        return this.#refused(session, message.piece)
      case 'unknown':
        return session.spendIdle(this.#context.nowMs)
    }
  }

  #serve(session: Session, piece: number): Violation | undefined {
    const { metadataId } = session.extensions
    if (metadataId === undefined)
      return { reason: 'bad-extension', detail: 'a ut_metadata request from a peer without ut_metadata' }
    const info = this.#info
    const start = piece * METADATA_PIECE_BYTES
    const answer =
      info === undefined || start >= info.length
        ? encodeMetadata({ kind: 'reject', piece })
        : encodeMetadata({
            kind: 'data',
            piece,
            totalBytes: info.length,
            data: info.subarray(start, start + METADATA_PIECE_BYTES)
          })
    this.#context.send(session, { type: 'extended', extensionId: metadataId, payload: answer })
    // It is small beside the content, and a peer needs it once.
    return session.spendIdle(this.#context.nowMs)
  }

  fillAll(): void {
    if (this.isKnown) return
    for (const session of this.#context.sessions.values()) this.fill(session)
  }

  /** Asks a peer for pieces of the dictionary, as many as it may owe us. */
  fill(session: Session): void {
    const { metadataId, metadataBytes } = session.extensions
    if (this.isKnown || metadataId === undefined || metadataBytes === undefined) return
    if ((this.#refusals.get(session) ?? 0) > this.#context.nowMs) return
    this.#attempt ??= {
      totalBytes: metadataBytes,
      parts: new Array(Math.ceil(metadataBytes / METADATA_PIECE_BYTES)),
      outstanding: new Map(),
      senders: new Set(),
      only: this.#solo ? session : undefined,
      missing: Math.ceil(metadataBytes / METADATA_PIECE_BYTES)
    }
    const attempt = this.#attempt
    if (attempt.totalBytes !== metadataBytes || (attempt.only ?? session) !== session) return
    let owed = this.#late.get(session)?.size ?? 0
    for (const outstanding of attempt.outstanding.values()) if (outstanding.session === session) owed++
    for (let piece = 0; piece < attempt.parts.length; piece++) {
      if (owed >= this.#context.limits.metadataRequestsPerPeer) return
      if (attempt.parts[piece] !== undefined || attempt.outstanding.has(piece)) continue
      attempt.outstanding.set(piece, { session, sentAtMs: this.#context.nowMs })
      const payload = encodeMetadata({ kind: 'request', piece })
      this.#context.send(session, { type: 'extended', extensionId: metadataId, payload })
      owed++
    }
  }

  #take(session: Session, message: Extract<MetadataMessage, { kind: 'data' }>): Violation | undefined {
    const { piece, data, totalBytes } = message
    const attempt = this.#attempt
    if (attempt?.outstanding.get(piece)?.session !== session) {
      if (this.#late.get(session)?.delete(piece)) return undefined
      return { reason: 'bad-metadata', detail: `metadata piece ${piece} was not asked for` }
    }
    attempt.outstanding.delete(piece)
    const bytes = Math.min(METADATA_PIECE_BYTES, attempt.totalBytes - piece * METADATA_PIECE_BYTES)
    if (totalBytes !== attempt.totalBytes || data.length !== bytes)
      return { reason: 'bad-metadata', detail: `${data.length} bytes as metadata piece ${piece}` }
    attempt.parts[piece] = data
    attempt.senders.add(session.key)
    attempt.missing--
    if (attempt.missing > 0) {
      this.fill(session)
      return undefined
    }
    this.#finish(attempt)
    return undefined
  }

  #finish(attempt: Attempt): void {
    this.#drop(attempt)
    const info = concatBytes(attempt.parts.map(part => part ?? new Uint8Array(0)))
    assert(info.length === attempt.totalBytes, 'the parts make the whole')
    if (toHex(this.#context.sha256(info)) === this.#context.versionId) {
      this.#info = info
      this.#context.emit({ type: 'infoReceived', infoBytes: info })
      return
    }
    const [culprit] = attempt.senders
    if (attempt.senders.size === 1 && culprit !== undefined) {
      const detail = `${info.length} bytes that do not hash to the version id`
      this.#context.punishKey(culprit, { reason: 'bad-metadata', detail })
    } else this.#solo = true
    this.fillAll()
  }

  /** Ends an attempt; what is outstanding may still be answered. */
  #drop(attempt: Attempt): void {
    for (const [piece, { session }] of attempt.outstanding) this.#expectLate(session, piece)
    if (this.#attempt === attempt) this.#attempt = undefined
  }

  #expectLate(session: Session, piece: number): void {
    const late = this.#late.get(session)
    if (late === undefined) this.#late.set(session, new Set([piece]))
    else late.add(piece)
  }

  #refused(session: Session, piece: number): Violation | undefined {
    const attempt = this.#attempt
    if (attempt?.outstanding.get(piece)?.session !== session) {
      if (this.#late.get(session)?.delete(piece)) return undefined
      return session.spendIdle(this.#context.nowMs)
    }
    attempt.outstanding.delete(piece)
    this.#leave(session, attempt)
    this.fillAll()
    return undefined
  }

  /** A peer will not go on with an attempt: leave it alone for a while, and begin anew if it was the only one. */
  #leave(session: Session, attempt: Attempt): void {
    this.#refusals.set(session, this.#context.nowMs + this.#context.limits.controlTimeoutMs)
    if (attempt.only === session) this.#drop(attempt)
  }

  tick(): void {
    const attempt = this.#attempt
    if (this.isKnown) return
    const { nowMs, limits } = this.#context
    for (const [piece, { session, sentAtMs }] of attempt?.outstanding ?? []) {
      if (attempt === undefined || nowMs - sentAtMs < limits.controlTimeoutMs) continue
      attempt.outstanding.delete(piece)
      this.#expectLate(session, piece)
      this.#leave(session, attempt)
    }
    this.#dropOrphan()
    this.fillAll()
  }

  /** An attempt of a size that no peer here announces would wait for ever. */
  #dropOrphan(): void {
    const attempt = this.#attempt
    if (attempt === undefined) return
    for (const { extensions } of this.#context.sessions.values())
      if (extensions.metadataBytes === attempt.totalBytes) return
    this.#drop(attempt)
  }

  close(session: Session): void {
    this.#refusals.delete(session)
    this.#late.delete(session)
    const attempt = this.#attempt
    if (attempt === undefined) return
    for (const [piece, outstanding] of attempt.outstanding)
      if (outstanding.session === session) attempt.outstanding.delete(piece)
    if (attempt.only === session) this.#drop(attempt)
    this.#dropOrphan()
  }
}
