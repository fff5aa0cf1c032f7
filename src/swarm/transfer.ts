/**
 * The transfer of one version: everything between the streams of its peers and the store, without I/O.
 * See transfer-types.ts for what goes in and out, and who owns which buffer.
 *
 * Phases: metadata (only the version id is known) -> downloading, idle (data is not wanted), or complete. A piece
 * that is lost leads from complete back to downloading.
 *
 * This file decides what a message or event concerns, and gives it to the part that decides the rest: session.ts has
 * the protocol of a peer, version-parts.ts names the others. A piece is announced only once it is durable.
 */

import { assert, defined, unreachable } from '../base/assert.ts'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import type { Version } from '../content/version.ts'
import { Bitfield } from './bitfield.ts'
import { takeDemand } from './demand.ts'
import {
  EXTENSION_HANDSHAKE_ID,
  isViolation,
  METADATA_EXTENSION_ID,
  PEERAGE_EXTENSION_ID,
  readExtendedHandshake
} from './extension-messages.ts'
import { greet, sendExtendedHandshake } from './greeting.ts'
import { HashRequests } from './hash-requests.ts'
import { MetadataExchange } from './metadata-exchange.ts'
import { OriginDescription } from './origin/origin-description.ts'
import { onLimits, tellPace } from './pacing.ts'
import { ownHandshake, Session } from './session.ts'
import { TransferContext } from './transfer-context.ts'
import { transferLimits } from './transfer-limits.ts'
import { transferStatus } from './transfer-status.ts'
import type {
  EventOf,
  PeerFacts,
  PeerKey,
  StoreEvent,
  TransferEffect,
  TransferEvent,
  TransferInit,
  TransferStatus
} from './transfer-types.ts'
import { type VersionParts, versionParts } from './version-parts.ts'
import { waits } from './waiting.ts'
import type { MessageOf, Violation, WireMessage } from './wire-messages.ts'

export class Transfer {
  readonly #context: TransferContext
  readonly #init: TransferInit
  readonly #metadata: MetadataExchange
  readonly #description: OriginDescription
  readonly #hashRequests: HashRequests
  #version: Version | undefined
  #parts: VersionParts | undefined
  /** A session ended in this event: others may take over. */
  #hasLeft = false
  #tickedMs = 0
  #wasComplete = false

  constructor(init: TransferInit) {
    this.#init = init
    const { versionId, self, site, bringers, sha256, seed, version } = init
    const limits = transferLimits(init.limits)
    this.#context = new TransferContext({ versionId, self, site, bringers, sha256, seed, limits })
    this.#context.wantsData = init.wantsData
    this.#context.asking = init.asking
    this.#context.onLeave = session => this.#close(session)
    this.#metadata = new MetadataExchange(this.#context, version?.infoBytes)
    this.#description = new OriginDescription(this.#context, this.#metadata)
    this.#hashRequests = new HashRequests(this.#context)
    if (version !== undefined) this.#useVersion({ ...init, version })
    this.#wasComplete = this.#parts?.picker.isDone ?? false
  }

  /** Whether a piece is stored. */
  has(piece: PieceIndex): boolean {
    return this.#parts?.picker.have.has(piece) ?? false
  }

  /** When a `tick` is due; undefined while time alone changes nothing. */
  nextWakeMs(): number | undefined {
    const { limits } = this.#context
    const isBusy = !this.#hashRequests.isEmpty || waits(this.#context, this.#metadata, this.#parts)
    return isBusy ? this.#tickedMs + limits.tickMs : undefined
  }

  status(nowMs: number): TransferStatus {
    const now = { context: this.#context, metadata: this.#metadata, nowMs }
    return transferStatus({ ...now, parts: this.#parts, version: this.#version })
  }

  handle(event: TransferEvent, nowMs: number): TransferEffect[] {
    this.#context.nowMs = nowMs
    this.#dispatch(event)
    if (this.#hasLeft) {
      this.#hasLeft = false
      this.#takeOver()
    }
    const isComplete = this.#parts?.picker.isDone ?? false
    if (isComplete && !this.#wasComplete) this.#context.emit({ type: 'complete' })
    this.#wasComplete = isComplete
    this.#parts?.local.fill()
    this.#parts?.origin.fill()
    this.#parts?.claims.tell()
    return this.#context.takeEffects()
  }

  #dispatch(event: TransferEvent): void {
    switch (event.type) {
      case 'peerConnected':
        this.#connect(event.peer, event)
        return
      case 'peerDisconnected': {
        const session = this.#context.sessions.get(event.peer)
        if (session !== undefined) this.#context.forget(session)
        return
      }
      case 'message':
        this.#onMessage(event.peer, event.message)
        return
      case 'wireViolation': {
        const session = this.#context.sessions.get(event.peer)
        if (session !== undefined) this.#context.punish(session, event.violation)
        return
      }
      case 'tick':
        this.#tick()
        return
      case 'infoReady':
        this.#onInfo(event)
        return
      case 'wantData':
        this.#onWant(event)
        return
      case 'paced':
      case 'askTurn':
        onLimits(this.#context, this.#parts, event)
        return
      case 'originReady':
      case 'originDescribed':
        this.#description.onEvent(event, this.#parts)
        return
      case 'demand':
        takeDemand(this.#parts, event.pieces)
        this.#startAll()
        return
      default:
        this.#onStoreEvent(event)
        return
    }
  }

  #onStoreEvent(event: StoreEvent): void {
    const parts = defined(this.#parts, 'version of an event of the store')
    switch (event.type) {
      case 'pieceWritten':
        parts.downloads.onWritten(event.piece)
        return
      case 'pieceStored':
        if (parts.downloads.onStored(event.piece)) this.#announce(parts, event.piece)
        return
      case 'pieceRejected':
        parts.blame.onRejected(event.piece, event.leafHashes)
        return
      case 'pieceFailed':
        parts.downloads.onFailed(event.piece)
        return
      case 'pieceLost':
        this.#onLost(parts, event)
        return
      case 'localRead':
        parts.local.onRead(event)
        return
      case 'originBlock':
      case 'originEnded':
        parts.origin.onEvent(event)
        return
      case 'served':
        parts.uploads.onServed(this.#context.sessions.get(event.peer), event, event.sent)
        return
      case 'leavesRead':
        parts.hashService.onLeavesRead(this.#context.sessions.get(event.peer), event)
        return
      default:
        unreachable(event)
    }
  }

  // ---- the version

  #useVersion({ version, have, ...chosen }: Omit<EventOf<'infoReady'>, 'type'>): void {
    this.#version = version
    this.#parts = versionParts({
      context: this.#context,
      hashRequests: this.#hashRequests,
      version,
      have: have ?? new Bitfield(version.pieceCount),
      chosen,
      knownLayer: this.#init.knownLayer ?? (() => undefined)
    })
  }

  #onInfo(event: EventOf<'infoReady'>): void {
    const { version } = event
    assert(this.#version === undefined, 'the version is given once')
    assert(version.id === this.#context.versionId, 'the version is the one that was asked for')
    this.#metadata.setInfo(version.infoBytes)
    this.#useVersion(event)
    const parts = defined(this.#parts, 'parts')
    for (const session of [...this.#context.sessions.values()]) {
      if (session.flags === undefined) continue
      // We said that we had nothing; now we can say what we have.
      parts.picker.have.each(piece => this.#context.send(session, { type: 'have', piece }))
      if (session.flags.extended) sendExtendedHandshake(this.#context, session, this.#metadata.totalBytes)
      const early = session.takeEarly(version.pieceCount)
      if (isViolation(early)) this.#context.punish(session, early)
      else this.#setPieces(session, parts, early)
    }
    this.#startAll()
  }

  #onWant(event: EventOf<'wantData'>): void {
    this.#context.want(event)
    if (!event.wantsData) this.#parts?.downloads.stop()
    this.#startAll()
  }

  #startAll(): void {
    const parts = this.#parts
    if (parts === undefined) return
    parts.schedule.fed(this.#context.nowMs)
    for (const session of this.#context.sessions.values()) this.#updateInterest(session)
    parts.layers.fillAll()
    parts.downloads.fillAll()
    parts.uploads.review()
  }

  // ---- peers come and go

  #connect(peer: PeerKey, facts: PeerFacts): void {
    const { limits, nowMs } = this.#context
    assert(!this.#context.sessions.has(peer), `peer key ${peer} is new`)
    const { device, site, sameSite, outbound } = facts
    const session = new Session({ key: peer, facts: { device, site, sameSite, outbound }, limits, nowMs })
    // Nobody could have fed us before.
    if (this.#context.sessions.size === 0) this.#parts?.schedule.fed(nowMs)
    this.#context.sessions.set(peer, session)
    const banMs = this.#context.banLeftMs(device)
    if (device === this.#context.self) this.#context.disconnect(session, 'self')
    else if (banMs > 0) this.#context.disconnect(session, 'banned', banMs)
    else this.#context.send(session, ownHandshake(this.#context))
  }

  /** Both handshakes are through. */
  #greet(session: Session): void {
    const parts = this.#parts
    greet(this.#context, session, { have: parts?.picker.have, metadataBytes: this.#metadata.totalBytes })
    // A peer without the fast extension that has nothing may say nothing at all.
    if (session.flags?.fast !== true && parts !== undefined) this.#setPieces(session, parts, undefined)
  }

  #setPieces(session: Session, parts: VersionParts, bits: Bitfield | undefined): void {
    parts.crossing.gone(session, this.#context.nowMs)
    if (session.pieces !== undefined) parts.picker.removePeer(session.pieces)
    const known = bits ?? new Bitfield(parts.picker.version.pieceCount)
    session.pieces = parts.picker.addPeer(known, session.facts.sameSite)
    parts.crossing.joined(session, this.#context.nowMs)
    this.#updateInterest(session)
  }

  #close(session: Session): void {
    this.#hasLeft = true
    const parts = this.#parts
    parts?.downloads.close(session)
    parts?.crossing.gone(session, this.#context.nowMs)
    if (session.pieces !== undefined) parts?.picker.removePeer(session.pieces)
    session.pieces = undefined
    this.#hashRequests.close(session)
    this.#metadata.close(session)
    parts?.hashService.close(session)
    parts?.uploads.close(session)
  }

  /** Others do what a peer that has gone was to do. */
  #takeOver(): void {
    this.#metadata.fillAll()
    this.#parts?.blame.tick()
    this.#parts?.layers.fillAll()
    this.#parts?.downloads.fillAll()
    this.#parts?.uploads.review()
  }

  #updateInterest(session: Session): void {
    const pieces = session.pieces
    if (pieces === undefined) return
    const isInteresting = this.#context.wantsData && pieces.lackingCount > 0
    if (isInteresting === session.weAreInterested) return
    session.weAreInterested = isInteresting
    this.#context.send(session, { type: isInteresting ? 'interested' : 'not-interested' })
  }

  // ---- pieces

  #announce(parts: VersionParts, piece: PieceIndex): void {
    for (const session of this.#context.sessions.values()) {
      if (session.flags === undefined) continue
      this.#context.mention(session, { type: 'have', piece })
      this.#updateInterest(session)
    }
    if (parts.picker.isComplete) parts.uploads.review()
  }

  #onLost(parts: VersionParts, { piece, wasLetGo = false }: EventOf<'pieceLost'>): void {
    if (!parts.picker.markLost(piece)) return
    if (!wasLetGo) this.#context.pieceFailures.lost++
    parts.uploads.onLost(piece)
    for (const session of this.#context.sessions.values()) this.#updateInterest(session)
    parts.uploads.review()
    parts.layers.fillAll()
    parts.downloads.fillAll()
  }

  // ---- messages

  #onMessage(peer: PeerKey, message: WireMessage): void {
    const session = this.#context.sessions.get(peer)
    if (session === undefined) {
      if (message.type === 'piece') this.#context.emit({ type: 'release', block: message.block })
      return
    }
    let violation = session.check(message, this.#context.versionId, this.#version)
    if (violation === undefined) violation = this.#apply(session, message)
    else if (message.type === 'piece') this.#context.emit({ type: 'release', block: message.block })
    if (violation !== undefined) this.#context.punish(session, violation)
  }

  #apply(session: Session, message: WireMessage): Violation | undefined {
    switch (message.type) {
      case 'handshake':
        this.#greet(session)
        return undefined
      case 'piece':
        return this.#onBlock(session, message)
      case 'request':
        return this.#parts === undefined
          ? session.spendIdle(this.#context.nowMs)
          : this.#parts.uploads.onRequest(session, message)
      case 'cancel':
        return this.#parts?.uploads.onCancel(session, message)
      case 'reject':
        if (this.#parts === undefined) return session.spendIdle(this.#context.nowMs)
        this.#parts.downloads.onReject(session, message)
        return undefined
      case 'extended':
        return this.#onExtended(session, message.extensionId, message.payload)
      case 'hash-request':
        if (this.#parts !== undefined) return this.#parts.hashService.onRequest(session, message)
        this.#context.send(session, { ...message, type: 'hash-reject' })
        return session.spendIdle(this.#context.nowMs)
      case 'hashes':
        return this.#onHashes(session, message)
      case 'hash-reject':
        return this.#hashRequests.onReject(session, message)
      case 'have':
      case 'have-all':
      case 'have-none':
      case 'bitfield':
        return this.#onPieces(session, message)
      default:
        return this.#onState(session, message)
    }
  }

  #onBlock(session: Session, message: MessageOf<'piece'>): Violation | undefined {
    if (this.#parts !== undefined) {
      this.#parts.downloads.onBlock(session, message)
      return undefined
    }
    this.#context.emit({ type: 'release', block: message.block })
    return { reason: 'unrequested-block', detail: `a block of piece ${message.piece}` }
  }

  #onPieces(
    session: Session,
    message: MessageOf<'have' | 'have-all' | 'have-none' | 'bitfield'>
  ): Violation | undefined {
    const parts = this.#parts
    if (parts === undefined) {
      session.keepEarly(message)
      return message.type === 'have' ? session.spendIdle(this.#context.nowMs) : undefined
    }
    if (message.type === 'have') return this.#onHave(session, parts, pieceIndex(message.piece))
    session.keepEarly(message)
    const bits = session.takeEarly(parts.picker.version.pieceCount)
    if (isViolation(bits)) return bits
    this.#setPieces(session, parts, bits)
    parts.layers.fill(session)
    parts.downloads.fill(session)
    parts.uploads.review()
    return undefined
  }

  #onHave(session: Session, parts: VersionParts, piece: PieceIndex): Violation | undefined {
    if (session.pieces === undefined) this.#setPieces(session, parts, undefined)
    const pieces = defined(session.pieces, 'pieces of the peer')
    const { nowMs } = this.#context
    const isNew = !pieces.bits.has(piece)
    parts.crossing.announced(session, piece, { isNew, nowMs })
    if (!isNew) return session.spendIdle(nowMs)
    parts.picker.peerHas(pieces, piece)
    if (pieces.bits.isFull) parts.crossing.membersChanged()
    parts.schedule.delivered(session, piece)
    if (session.facts.sameSite) parts.downloads.leave(piece)
    this.#updateInterest(session)
    parts.layers.fill(session)
    parts.downloads.fill(session)
    if (pieces.bits.isFull || (parts.schedule.assigns && parts.picker.undeliveredCount === 0))
      parts.uploads.review()
    return undefined
  }

  /** Choking and interest, suggestions, and messages that only show life. */
  #onState(session: Session, message: WireMessage): Violation | undefined {
    switch (message.type) {
      case 'choke':
        if (session.chokesUs) break
        session.chokesUs = true
        this.#parts?.downloads.onChoke(session)
        return session.spendIdle(this.#context.nowMs)
      case 'unchoke':
        if (!session.chokesUs) break
        session.chokesUs = false
        this.#parts?.downloads.fill(session)
        return undefined
      case 'interested':
      case 'not-interested': {
        const isInterested = message.type === 'interested'
        if (session.theyAreInterested === isInterested) break
        session.theyAreInterested = isInterested
        this.#parts?.uploads.review()
        return isInterested ? undefined : session.spendIdle(this.#context.nowMs)
      }
      case 'suggest': {
        const isNew = this.#context.wantsData && this.#parts?.picker.isLacking(message.piece) === true
        if (!isNew || session.suggested.has(message.piece)) break
        session.suggested.add(message.piece)
        this.#parts?.downloads.fill(session)
        return undefined
      }
      default:
        break
    }
    return session.spendIdle(this.#context.nowMs)
  }

  #onExtended(session: Session, extensionId: number, payload: Uint8Array): Violation | undefined {
    if (extensionId === METADATA_EXTENSION_ID) return this.#metadata.onMessage(session, payload)
    const budget = session.spendIdle(this.#context.nowMs)
    if (budget !== undefined) return budget
    if (extensionId === EXTENSION_HANDSHAKE_ID) {
      const extensions = readExtendedHandshake(payload, session.extensions)
      if (isViolation(extensions)) return extensions
      session.extensions = extensions
      if (session.givenPace !== undefined) tellPace(this.#context, session)
      this.#parts?.claims.greet(session)
      this.#metadata.fill(session)
      this.#parts?.uploads.review()
    } else if (extensionId === PEERAGE_EXTENSION_ID) {
      const said = session.heard(payload, this.#version, this.#context.nowMs)
      if (isViolation(said)) return said
      this.#parts?.claims.heard(session, said)
      this.#parts?.downloads.fill(session)
    }
    return undefined
  }

  #onHashes(session: Session, message: MessageOf<'hashes'>): Violation | undefined {
    const missing = this.#parts?.layers.missingCount
    const violation = this.#hashRequests.onHashes(session, message, message.hashes)
    if (this.#parts?.layers.missingCount !== missing) this.#parts?.downloads.fillAll()
    return violation
  }

  #tick(): void {
    const { nowMs, limits } = this.#context
    this.#tickedMs = nowMs
    for (const session of [...this.#context.sessions.values()])
      if (session.flags === undefined && nowMs - session.connectedMs >= limits.handshakeTimeoutMs)
        this.#context.disconnect(session, 'handshake-timeout')
    this.#metadata.tick()
    this.#hashRequests.tick()
    this.#parts?.blame.tick()
    this.#parts?.layers.fillAll()
    this.#parts?.downloads.tick()
    this.#parts?.origin.tick()
    this.#description.tick(this.#parts)
    this.#parts?.uploads.review()
  }
}
