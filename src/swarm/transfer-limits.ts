/** The limits of a transfer, named and held against each other in one place. Tests override some. */

import { assert } from '../base/assert.ts'
import { KIB, MIB, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { PIECE_BYTES_MAX } from '../content/piece-length.ts'

export interface TransferLimits {
  /** Requests that a peer may have outstanding with us; announced as BEP 10 `reqq`. */
  readonly requestCountMax: number
  /** Payload that a peer may have outstanding with us. */
  readonly serveBytesMax: number
  /** Payload that we have asked for and that has not come, over all peers. */
  readonly inFlightBytesMax: number
  /** Sum of the sizes of all pieces begun and not yet stored: bounds the memory for blocks. */
  readonly openBytesMax: number
  /** In flight toward a peer whose rate is not known yet. */
  readonly pipelineStartBytes: number
  /** How long what is in flight toward a peer may wait in its queue: see pipeline.ts. */
  readonly pipelineMs: number
  /** The same toward a peer of another site whose rate is not known yet. */
  readonly crossingStartBytes: number
  /** How far ahead pieces of other sites are asked for, as time at the rate at which they come. */
  readonly crossingAheadMs: number
  /** Pieces that are being brought from other sites: the rest of what may be open is for our own. */
  readonly crossingBytesMax: number
  /** How long who comes first for a piece has, before the next may bring it into the site. */
  readonly claimGraceMs: number
  /** A claim stands for this multiple of the time that we take ourselves, and for so long at the least. */
  readonly claimFactor: number
  readonly claimMinMs: number
  /** What we are taken to need before anything is known. */
  readonly claimStartMs: number
  /** How long nothing new has to be seen in the site before a member that is no bringer brings something itself. */
  readonly bringerPatienceMs: number
  /** How much longer it is for each that comes first. */
  readonly patienceStepMs: number
  /** How long to look for a peer that has a piece before it is taken from the HTTP origin; twice without any peer. */
  readonly originPatienceMs: number
  /** When no peer gave anything for so long, what they have is taken from there too. */
  readonly originStallMs: number
  /** Pieces that are on their way from there at a time. */
  readonly originRequestsMax: number
  /** Time at the measured rate that a single request should take, so that slow links see short ones. */
  readonly requestMs: number
  /** A peer that owes us blocks is stalled after this long without any, at the least. */
  readonly stallMs: number
  /** Requests with an expected time of arrival are given this multiple of it. */
  readonly slowFactor: number
  /** What a peer says of its own limits makes us wait for a block at most this long. */
  readonly pacedWaitMsMax: number
  /** How long a downloader stays idle before it takes an unsuggested piece from a cooperative seed. */
  readonly seedPatienceMs: number
  /** How far ahead a source suggests, as time at the rate toward the peer. */
  readonly suggestAheadMs: number
  /** How far ahead a source suggests at the least. */
  readonly suggestStartBytes: number
  /** A suggested piece that was not asked for in this time is suggested to others. */
  readonly reassignMs: number
  /** Peers asked for one block at the same time, in the endgame. */
  readonly endgameCopiesMax: number
  readonly handshakeTimeoutMs: number
  /** An unanswered hash or metadata request is given to another peer after this. */
  readonly controlTimeoutMs: number
  readonly hashRequestsPerPeer: number
  readonly metadataRequestsPerPeer: number
  /** Messages that say nothing new: how many at once, and how many per second on the long run. */
  readonly idleMessagesBurst: number
  readonly idleMessagesPerSecond: number
  /** Hash requests of a peer that are answered: how many at once, and per second on the long run. */
  readonly hashAnswersBurst: number
  readonly hashAnswersPerSecond: number
  /** After our own storage failed, and after a rejected piece without a culprit. */
  readonly pieceRetryMs: number
  readonly banMs: number
  readonly banCountMax: number
  readonly tickMs: number
}

export const TRANSFER_LIMITS: TransferLimits = {
  requestCountMax: 512,
  serveBytesMax: 64 * MIB,
  inFlightBytesMax: 16 * MIB,
  openBytesMax: 32 * MIB,
  pipelineStartBytes: 128 * KIB,
  pipelineMs: 250,
  crossingStartBytes: 128 * KIB,
  crossingAheadMs: SECOND_MS,
  crossingBytesMax: 16 * MIB,
  claimGraceMs: 500,
  claimFactor: 4,
  claimMinMs: 4 * SECOND_MS,
  claimStartMs: 2 * SECOND_MS,
  bringerPatienceMs: 8 * SECOND_MS,
  patienceStepMs: 2 * SECOND_MS,
  originPatienceMs: 2 * SECOND_MS,
  originStallMs: 10 * SECOND_MS,
  originRequestsMax: 8,
  requestMs: 100,
  stallMs: 2 * SECOND_MS,
  slowFactor: 3,
  pacedWaitMsMax: 60 * SECOND_MS,
  seedPatienceMs: SECOND_MS,
  suggestAheadMs: 500,
  suggestStartBytes: 256 * KIB,
  reassignMs: 5 * SECOND_MS,
  endgameCopiesMax: 2,
  handshakeTimeoutMs: 20 * SECOND_MS,
  controlTimeoutMs: 5 * SECOND_MS,
  hashRequestsPerPeer: 16,
  metadataRequestsPerPeer: 8,
  idleMessagesBurst: 4096,
  idleMessagesPerSecond: 512,
  hashAnswersBurst: 8192,
  hashAnswersPerSecond: 4096,
  pieceRetryMs: 2 * SECOND_MS,
  banMs: 10 * MINUTE_MS,
  banCountMax: 1024,
  tickMs: 250
}

export function transferLimits(overrides: Partial<TransferLimits> = {}): TransferLimits {
  const limits = { ...TRANSFER_LIMITS, ...overrides }
  assert(limits.serveBytesMax >= limits.inFlightBytesMax, 'a peer of ours never has too much outstanding')
  assert(limits.openBytesMax >= 2 * PIECE_BYTES_MAX, 'two pieces of any size may be open')
  assert(limits.openBytesMax >= limits.inFlightBytesMax, 'what is in flight belongs to open pieces')
  assert(limits.pipelineStartBytes >= PIPELINE_MIN_BYTES, 'a pipeline holds a request')
  assert(limits.stallMs > limits.tickMs, 'a stall is seen by a tick')
  assert(limits.pacedWaitMsMax > limits.stallMs, 'who says that it is slow is given more time')
  assert(limits.endgameCopiesMax >= 2, 'an endgame needs a second copy')
  assert(limits.reassignMs > limits.suggestAheadMs, 'a suggestion has its time')
  assert(limits.requestMs < limits.pipelineMs, 'a pipeline holds several requests')
  return limits
}

/** The smallest pipeline: a snubbed or very slow peer is asked for this much. */
export const PIPELINE_MIN_BYTES = 32 * KIB
