/**
 * One peer of a transfer: where its stream stands in the protocol, what it may send next, and the books of both
 * directions. Specifications: BEP 3, 6, 9, 10, 52.
 *
 * States of the stream:
 *
 *     greeting --handshake--> opening --bitfield, have all, have none, or have--> open
 *
 * - greeting: nothing but a handshake for this version is accepted.
 * - opening: the set of pieces may be announced as a whole, once. Extended messages may come before it.
 * - open: everything else.
 *
 * There is no choking for reward: we unchoke every peer at once and never choke, and honour a peer that chokes us.
 *
 * `check` decides whether a message is allowed here and now, and updates what concerns only this stream; what a
 * message means for the transfer is decided by transfer.ts and its parts.
 */

import { assert, unreachable } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { type DeviceId, idBytes, pieceIndex, type VersionId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import { pieceLength, type Version } from '../content/version.ts'
import { Bitfield } from './bitfield.ts'
import {
  isViolation,
  NO_EXTENSIONS,
  type PeerageMessage,
  type PieceRun,
  type RemoteExtensions,
  readPeerage
} from './extension-messages.ts'
import { GivenUp } from './given-up.ts'
import type { BlockRequest, OpenPiece } from './open-piece.ts'
import type { PeerPieces } from './peer-pieces.ts'
import { readWants } from './piece-runs.ts'
import { Pipeline } from './pipeline.ts'
import { Budget, RateWindow } from './rates.ts'
import { PIPELINE_MIN_BYTES, type TransferLimits } from './transfer-limits.ts'
import type { PeerFacts, PeerKey } from './transfer-types.ts'
import {
  BLOCK_BYTES,
  type BlockRange,
  type HandshakeFlags,
  type HandshakeMessage,
  INFO_HASH_BYTES,
  PEER_ID_BYTES,
  PIECE_BLOCKS_MAX,
  PIECE_COUNT_MAX,
  REQUEST_BYTES_MAX,
  type Violation,
  type WireMessage
} from './wire-messages.ts'

/** How long a request is toward a peer whose rate is not known yet. */
const REQUEST_START_BYTES = 2 * BLOCK_BYTES

/** Names a request by where it begins. */
export function requestKey(piece: number, begin: number): number {
  return piece * PIECE_BLOCKS_MAX + begin / BLOCK_BYTES
}

/** What a peer announced before we knew how many pieces there are. */
interface EarlyPieces {
  whole: Uint8Array | 'all' | undefined
  haves: Bitfield | undefined
}

export interface SessionInit {
  readonly key: PeerKey
  readonly facts: PeerFacts
  readonly limits: TransferLimits
  readonly nowMs: number
}

export class Session {
  readonly key: PeerKey
  readonly facts: PeerFacts
  readonly connectedMs: number
  readonly limits: TransferLimits

  // ---- protocol
  flags: HandshakeFlags | undefined
  announcedPieces = false
  extensions: RemoteExtensions = NO_EXTENSIONS
  chokesUs = true
  weAreInterested = false
  theyAreInterested = false
  /** The peer would rather suggest pieces than be asked for them; see extension-messages.ts. */
  assigns = false
  readonly #idleMessages: Budget
  readonly hashAnswers: Budget

  // ---- what it has
  pieces: PeerPieces | undefined
  /** Pieces that it fetches, or has chosen and has; undefined while that is all of them. See wants.ts. */
  wants: Bitfield | undefined
  #earlyWants: readonly PieceRun[] | undefined
  /** What it was found to have all of. */
  #satisfied: Bitfield | undefined
  #early: EarlyPieces | undefined

  // ---- what we ask of it
  readonly requests = new Map<number, BlockRequest>()
  /** Requests that we gave up or cancelled, and that it may still answer. */
  readonly givenUp = new GivenUp()
  #inFlightBytes = 0
  #askedSinceMs: number | undefined
  #askedMs = 0
  /** The piece that it is filling. */
  current: OpenPiece | undefined
  /** Pieces that it suggested, oldest first. */
  readonly suggested = new Set<number>()
  readonly pipeline: Pipeline
  /** When a block last came, or the pipeline last began. */
  progressMs = 0
  /** How often in a row it stalled; zero when it is well. */
  stalls = 0
  retryAtMs = 0
  /** What its own limits let it send us, as it says, in bytes per second; undefined when they set none. */
  pace: number | undefined
  /** What our own limits let the next request be. */
  askBytesMax = Number.POSITIVE_INFINITY

  // ---- what it asks of us
  readonly serving = new Map<number, BlockRange>()
  servingBytes = 0
  /** What our limits let us send it; undefined when they set none, zero while they let nothing: then we choke it. */
  givenPace: number | undefined

  // ---- sums
  readonly downloaded: RateWindow
  readonly uploaded: RateWindow
  verifiedBytes = 0
  wastedBytes = 0

  constructor(init: SessionInit) {
    this.key = init.key
    this.facts = init.facts
    this.limits = init.limits
    this.connectedMs = init.nowMs
    this.downloaded = new RateWindow(init.nowMs)
    this.uploaded = new RateWindow(init.nowMs)
    const { limits, nowMs } = init
    const startBytes = init.facts.sameSite ? limits.pipelineStartBytes : limits.crossingStartBytes
    this.pipeline = new Pipeline({ startBytes, queueMs: limits.pipelineMs })
    this.#idleMessages = new Budget(limits.idleMessagesBurst, limits.idleMessagesPerSecond, nowMs)
    this.hashAnswers = new Budget(limits.hashAnswersBurst, limits.hashAnswersPerSecond, nowMs)
  }

  get snubbed(): boolean {
    return this.stalls > 0
  }

  get isComplete(): boolean {
    return this.pieces?.bits.isFull ?? false
  }

  /** Whether it has every piece that it wants. Who wants none now may want some in a moment. */
  get isSatisfied(): boolean {
    const { pieces, wants } = this
    if (wants === undefined || pieces === undefined) return this.isComplete
    if (this.#satisfied === wants) return true
    if (wants.count === 0 || pieces.bits.count < wants.count) return false
    let isSatisfied = true
    wants.each(piece => {
      isSatisfied &&= pieces.bits.has(piece)
    })
    if (isSatisfied) this.#satisfied = wants
    return isSatisfied
  }

  /** Whether it speaks our extension. */
  get isCooperative(): boolean {
    return this.extensions.peerageId !== undefined
  }

  // ---- pipeline

  get inFlightBytes(): number {
    return this.#inFlightBytes
  }

  /** A request for so much leaves. */
  owe(bytes: number, nowMs: number): void {
    if (this.#inFlightBytes === 0) {
      this.pipeline.begin(nowMs)
      this.progressMs = nowMs
      this.#askedSinceMs = nowMs
    }
    this.#inFlightBytes += bytes
  }

  /** It was answered, or given up. */
  settle(bytes: number, nowMs: number): void {
    this.#inFlightBytes -= bytes
    if (this.#inFlightBytes > 0) return
    this.#askedMs = this.askedMs(nowMs)
    this.#askedSinceMs = undefined
  }

  /** For how long it has owed us something, all together. */
  askedMs(nowMs: number): number {
    return this.#askedMs + (this.#askedSinceMs === undefined ? 0 : nowMs - this.#askedSinceMs)
  }

  /** How much to have in flight toward this peer. */
  pipelineBytes(): number {
    if (this.snubbed) return PIPELINE_MIN_BYTES
    return Math.max(PIPELINE_MIN_BYTES, this.pipeline.bytes)
  }

  /** The length of the next request: short toward slow peers, so that each answer shows a sign of life. */
  requestBytes(): number {
    const rate = this.#rate
    const fitting = rate === undefined ? REQUEST_START_BYTES : (rate * this.limits.requestMs) / SECOND_MS
    const longest = this.snubbed ? BLOCK_BYTES : Math.min(this.extensions.requestBytesMax, this.askBytesMax)
    let bytes = BLOCK_BYTES
    while (2 * bytes <= Math.min(fitting, longest)) bytes *= 2
    return bytes
  }

  get requestCountMax(): number {
    return Math.min(this.extensions.requestCountMax, this.limits.requestCountMax)
  }

  /** When the last byte that is in flight should be here, as far as can be known. */
  drainMs(extraBytes = 0): number {
    if (this.snubbed) return Number.POSITIVE_INFINITY
    const rate = this.#rate
    if (rate === undefined) return this.limits.pipelineMs
    return ((this.inFlightBytes + extraBytes) * SECOND_MS) / Math.max(rate, 1)
  }

  /** How long it may owe us something without sending any of it. */
  stallWaitMs(): number {
    const { rate } = this.pipeline
    const oneMs = rate === undefined ? 0 : (this.requestBytes() * SECOND_MS) / Math.max(rate, 1)
    const leastMs = this.facts.sameSite ? this.limits.stallMs : this.limits.claimMinMs
    // What was asked for before it said how slow it is may be longer than what is asked for now.
    let longestBytes = this.requestBytes()
    if (this.pace !== undefined)
      for (const { length } of this.requests.values()) longestBytes = Math.max(longestBytes, length)
    return Math.max(leastMs, this.limits.slowFactor * oneMs, this.pacedMs(longestBytes))
  }

  /** As fast as it answered, or as its limits let it. */
  get #rate(): number | undefined {
    const { rate } = this.pipeline
    return this.pace === undefined ? rate : Math.min(rate ?? this.pace, this.pace)
  }

  /** How long to wait for so many bytes because of the limits of the peer; zero when it set none. */
  pacedMs(bytes: number): number {
    return this.#waitMs(bytes, this.pace)
  }

  /** How long it may wait for so many bytes because of ours; zero when they set none. */
  givenPacedMs(bytes: number): number {
    return this.#waitMs(bytes, this.givenPace)
  }

  #waitMs(bytes: number, pace: number | undefined): number {
    if (pace === undefined) return 0
    const { slowFactor, pacedWaitMsMax } = this.limits
    return Math.min(pacedWaitMsMax, (slowFactor * bytes * SECOND_MS) / Math.max(1, pace))
  }

  // ---- what may come

  /** Takes one from the budget for messages that say nothing new. */
  spendIdle(nowMs: number): Violation | undefined {
    if (this.#idleMessages.spend(nowMs)) return undefined
    const detail = `more than ${this.limits.idleMessagesPerSecond} messages per second that say nothing new`
    return { reason: 'message-flood', detail }
  }

  check(message: WireMessage, versionId: VersionId, version: Version | undefined): Violation | undefined {
    if (message.type === 'handshake') return this.#checkHandshake(message, versionId)
    if (this.flags === undefined)
      return { reason: 'out-of-order', detail: `${message.type} before the handshake` }
    switch (message.type) {
      case 'have-all':
      case 'have-none':
      case 'bitfield':
        return this.#checkAnnouncement(message, version)
      case 'have':
        this.announcedPieces = true
        return checkPiece(message.piece, version)
      case 'suggest':
      case 'allowed-fast':
        return this.#needsFast(message.type) ?? checkPiece(message.piece, version)
      case 'reject':
        return this.#needsFast(message.type) ?? checkRange(message, version)
      case 'request':
      case 'cancel':
        return checkRange(message, version)
      case 'extended':
        return this.flags.extended
          ? undefined
          : { reason: 'out-of-order', detail: 'an extended message without the extension' }
      case 'keep-alive':
      case 'choke':
      case 'unchoke':
      case 'interested':
      case 'not-interested':
      case 'piece':
      case 'hash-request':
      case 'hashes':
      case 'hash-reject':
        return undefined
      default:
        return unreachable(message)
    }
  }

  #checkHandshake(message: HandshakeMessage, versionId: VersionId): Violation | undefined {
    if (this.flags !== undefined) return { reason: 'out-of-order', detail: 'a second handshake' }
    if (!equalBytes(message.infoHash, infoHashOf(versionId)))
      return { reason: 'wrong-info-hash', detail: 'the handshake is for another version' }
    this.flags = { extended: message.extended, fast: message.fast, v2: message.v2 }
    return undefined
  }

  #needsFast(type: string): Violation | undefined {
    if (this.flags?.fast === true) return undefined
    return { reason: 'out-of-order', detail: `${type} without the fast extension` }
  }

  #checkAnnouncement(message: WireMessage, version: Version | undefined): Violation | undefined {
    if (this.announcedPieces)
      return { reason: 'out-of-order', detail: `${message.type} after pieces were announced` }
    this.announcedPieces = true
    if (message.type !== 'bitfield') return this.#needsFast(message.type)
    if (version !== undefined && Bitfield.fromBytes(message.bits, version.pieceCount) === undefined)
      return badBitfield(message.bits.length, version.pieceCount)
    return undefined
  }

  /** Takes in what it says in our extension that is for this stream alone. */
  heard(payload: Uint8Array, version: Version | undefined, nowMs: number): PeerageMessage | Violation {
    const said = readPeerage(payload)
    if (isViolation(said)) return said
    const { assigns, pace, wants, arrival } = said
    if (arrival !== undefined) this.pipeline.ownDelay.answered(arrival, nowMs)
    this.assigns = assigns ?? this.assigns
    if (pace !== undefined) this.pace = pace === 0 ? undefined : pace
    if (wants === undefined) return said
    if (version === undefined) {
      this.#earlyWants = wants
      return said
    }
    const read = readWants(wants, version)
    if (read !== undefined && isViolation(read)) return read
    this.wants = read
    return said
  }

  // ---- pieces announced before the version is known

  keepEarly(message: WireMessage): void {
    this.#early ??= { whole: undefined, haves: undefined }
    if (message.type === 'bitfield') this.#early.whole = message.bits
    else if (message.type === 'have-all') this.#early.whole = 'all'
    else if (message.type === 'have') {
      this.#early.haves ??= new Bitfield(PIECE_COUNT_MAX)
      this.#early.haves.add(message.piece)
    }
  }

  /** What it has, from all that was announced so far. */
  takeEarly(pieceCount: number): Bitfield | Violation {
    const early = this.#early
    this.#early = undefined
    if (this.#earlyWants !== undefined) {
      const wants = readWants(this.#earlyWants, { pieceCount })
      if (wants !== undefined && isViolation(wants)) return wants
      this.wants = wants
      this.#earlyWants = undefined
    }
    const whole = early?.whole
    if (whole === 'all') return Bitfield.full(pieceCount)
    const bits = whole === undefined ? new Bitfield(pieceCount) : Bitfield.fromBytes(whole, pieceCount)
    if (bits === undefined) return badBitfield(whole?.length ?? 0, pieceCount)
    let outside: number | undefined
    early?.haves?.each(piece => {
      if (piece < pieceCount) bits.add(piece)
      else outside = piece
    })
    return outside === undefined ? bits : outOfRange(outside, pieceCount)
  }
}

/** How a device greets every peer. */
export function ownHandshake({
  versionId,
  self
}: {
  versionId: VersionId
  self: DeviceId
}): HandshakeMessage {
  const peerId = idBytes(self).subarray(0, PEER_ID_BYTES)
  return { type: 'handshake', extended: true, fast: true, v2: true, infoHash: infoHashOf(versionId), peerId }
}

export function infoHashOf(versionId: VersionId): Uint8Array {
  const bytes = new Uint8Array(INFO_HASH_BYTES)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(versionId.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

function badBitfield(bytes: number, pieceCount: number): Violation {
  return { reason: 'bad-bitfield', detail: `a bitfield of ${bytes} bytes for ${pieceCount} pieces` }
}

function outOfRange(piece: number, pieceCount: number): Violation {
  return { reason: 'piece-out-of-range', detail: `piece ${piece} of ${pieceCount}` }
}

function checkPiece(piece: number, version: Version | undefined): Violation | undefined {
  const pieceCount = version?.pieceCount ?? PIECE_COUNT_MAX
  return piece < pieceCount ? undefined : outOfRange(piece, pieceCount)
}

/** Holds a request, or the answer to one, against the version and the limits that we announce. */
function checkRange(range: BlockRange, version: Version | undefined): Violation | undefined {
  const { piece, begin, length } = range
  const wrongPiece = checkPiece(piece, version)
  if (wrongPiece !== undefined) return wrongPiece
  const fits = begin % BLOCK_BYTES === 0 && length > 0 && length <= REQUEST_BYTES_MAX
  const bytes = version === undefined ? Number.POSITIVE_INFINITY : pieceLength(version, pieceIndex(piece))
  if (fits && begin + length <= bytes) return undefined
  return {
    reason: 'invalid-range',
    detail: `${length} bytes at ${begin} of piece ${piece}, ${bytes} bytes long`
  }
}

assert(REQUEST_START_BYTES <= PIPELINE_MIN_BYTES, 'even the smallest pipeline holds a request')
