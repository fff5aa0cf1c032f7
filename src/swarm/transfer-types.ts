/**
 * What goes into a Transfer and what comes out. The driver in node/ is a loop: it turns what streams, store and
 * clock do into events, hands each to `Transfer.handle`, and performs the effects that come back, in order.
 *
 * Who owns a block's buffer: one that the decoder allocated belongs to the Transfer from the `message` event on,
 * until it leaves in `release` (reuse it) or in `storePiece` (the driver's, until it reports). After
 * `pieceWritten`, `pieceStored` and `pieceFailed` the driver keeps it and may reuse it; after `pieceRejected` it is
 * the Transfer's again. `release` names a buffer as it was allocated. The blocks of a `storePiece` may be views of
 * parts of allocated buffers, and two of them views of the same one: tell buffers apart by what they are views of.
 */

import { assert } from '../base/assert.ts'
import type { DeviceId, PieceIndex, VersionId } from '../base/ids.ts'
import type { Sha256 } from '../content/hash.ts'
import type { Version } from '../content/version.ts'
import type { Bitfield } from './bitfield.ts'
import type { BringersOfSite } from './neighbours.ts'
import type { OriginNeed } from './origin/origin-need.ts'
import type { TransferLimits } from './transfer-limits.ts'
import type { BlockRange, HashRange, MisbehaviourReason, Violation, WireMessage } from './wire-messages.ts'

declare const brand: unique symbol

/** Names one stream to one peer; the driver counts them up and never uses one twice in a Transfer. */
export type PeerKey = number & { readonly [brand]: 'PeerKey' }

export function peerKey(value: number): PeerKey {
  assert(Number.isSafeInteger(value) && value >= 0, `a peer key is a non-negative integer, not ${value}`)
  return value as PeerKey
}

/**
 * What the limits of this device let be asked for, over all of its transfers. It keeps account; the Transfer asks it
 * before each request. The HTTP origin is asked like a peer, with the key ORIGIN_PEER (open-piece.ts).
 */
export interface AskGate {
  /** How long the next request to a peer may be; zero: none now, and `askTurn` says when. */
  mayAsk(peer: PeerKey): number
  /** So many bytes were asked of a peer or, with less than none, will not come after all. */
  asked(peer: PeerKey, bytes: number): void
  /** At most about what can come from a peer, in bytes per second; undefined when the limits do not say. */
  pace(peer: PeerKey): number | undefined
}

/** What is known of the pieces of a version when it is given. */
export interface ChosenPieces {
  /** Durably stored and verified; the Transfer makes its own copy. */
  readonly have?: Bitfield
  /** To be fetched, those in `have` included; absent when that is all of them. */
  readonly wanted?: Bitfield
  /** Nothing is wanted but what `demand` says; then `wanted` is empty. */
  readonly onDemand?: boolean
  /**
   * Blocks that other files of this device may hold, by piece times blocks per piece, plus block: local-blocks.ts.
   */
  readonly local?: Bitfield
}

/** The pieces only with `version`. */
export interface TransferInit extends ChosenPieces {
  readonly versionId: VersionId
  /** Absent until the info dictionary is here. */
  readonly version?: Version
  readonly wantsData: boolean
  readonly self: DeviceId
  /** Of this device. */
  readonly site: string
  /** Absent where every member of the site brings. */
  readonly bringers?: BringersOfSite | undefined
  readonly sha256: Sha256
  /** The piece layer of a file longer than one piece, if it is known here already. */
  readonly knownLayer?: (fileIndex: number) => Uint8Array | undefined
  readonly limits?: Partial<TransferLimits>
  /** Absent where nothing limits what is asked for. */
  readonly asking?: AskGate | undefined
  /** Breaks ties between equally rare pieces; different on each device. */
  readonly seed: number
}

export interface PeerFacts {
  readonly device: DeviceId
  readonly site: string
  readonly sameSite: boolean
  readonly outbound: boolean
}

export type TransferEvent =
  /** A stream is open. Each side sends its handshake at once. */
  | ({ readonly type: 'peerConnected'; readonly peer: PeerKey } & PeerFacts)
  | { readonly type: 'peerDisconnected'; readonly peer: PeerKey }
  | { readonly type: 'message'; readonly peer: PeerKey; readonly message: WireMessage }
  /** The decoder of this peer's stream refused what came. */
  | { readonly type: 'wireViolation'; readonly peer: PeerKey; readonly violation: Violation }
  /** Verified and on its way to the disk: its blocks are the driver's again, and others may take their room. */
  | { readonly type: 'pieceWritten'; readonly piece: PieceIndex }
  /** Verified and durable. */
  | { readonly type: 'pieceStored'; readonly piece: PieceIndex }
  /** The bytes of `storePiece` do not match; `leafHashes` of what came, if they are at hand. */
  | { readonly type: 'pieceRejected'; readonly piece: PieceIndex; readonly leafHashes?: Uint8Array }
  /** Our own storage failed; the piece is fetched again after a while. */
  | { readonly type: 'pieceFailed'; readonly piece: PieceIndex }
  /** A stored piece was found damaged or gone, or was let go of on purpose, as a cache does: that is no failure. */
  | { readonly type: 'pieceLost'; readonly piece: PieceIndex; readonly wasLetGo?: boolean }
  /** A `serve` was carried out (`sent`), or could not be. */
  | ({ readonly type: 'served'; readonly peer: PeerKey; readonly sent: boolean } & BlockRange)
  /** The answer to `readLocal`: a buffer as for a block that came, or none if it can not be read. */
  | ({ readonly type: 'localRead'; readonly block: Uint8Array | undefined } & BlockRange)
  /** The answer to `readLeaves`: leaf hashes of the asked range, or none if they could not be had. */
  | {
      readonly type: 'leavesRead'
      readonly peer: PeerKey
      readonly request: HashRange
      readonly leaves: Uint8Array | undefined
    }
  /** The info dictionary is parsed. */
  | ({ readonly type: 'infoReady'; readonly version: Version } & ChosenPieces)
  /**
   * Fetch, or leave off fetching; and how much may be in flight, at most what the limits say, which is the default.
   */
  | {
      readonly type: 'wantData'
      readonly wantsData: boolean
      readonly inFlightBytesMax?: number
      /** By when everything should be here. */
      readonly deadlineMs?: number
    }
  /**
   * What readers wait for, the most urgent first: it goes before everything else, and on demand it is all that is
   * wanted. Nothing is said of it before the version is known.
   */
  | { readonly type: 'demand'; readonly pieces: readonly PieceIndex[] }
  /** The HTTP origin can be asked now, or not for a while; it can not before this says so. */
  | { readonly type: 'originReady'; readonly isReady: boolean }
  /** A part of what `fetchOrigin` asked for: whole blocks, in order, in a buffer as for a block that came. */
  | {
      readonly type: 'originBlock'
      readonly piece: number
      readonly begin: number
      readonly block: Uint8Array
    }
  /** The rest of what `fetchOrigin` asked for of a piece does not come. */
  | { readonly type: 'originEnded'; readonly piece: number }
  /** The answer to `fetchDescription`: piece layers that lead to their files' roots; none if it can not be had. */
  | { readonly type: 'originDescribed'; readonly layers: ReadonlyMap<number, Uint8Array> }
  /** What our limits let go to a peer: nothing, with zero, and undefined when they set no limit. */
  | { readonly type: 'paced'; readonly peer: PeerKey; readonly bytesPerSecond: number | undefined }
  /** More may be asked of a peer, after `mayAsk` said no. */
  | { readonly type: 'askTurn'; readonly peer: PeerKey }
  | { readonly type: 'tick' }

export type EventOf<T extends TransferEvent['type']> = Extract<TransferEvent, { type: T }>

/** What comes of an effect that the store has a part in, or of the store itself. */
export type StoreEvent = Exclude<
  TransferEvent,
  {
    type:
      | 'peerConnected'
      | 'peerDisconnected'
      | 'message'
      | 'wireViolation'
      | 'infoReady'
      | 'wantData'
      | 'demand'
      | 'originReady'
      | 'originDescribed'
      | 'paced'
      | 'askTurn'
      | 'tick'
  }
>

export type DisconnectReason = MisbehaviourReason | 'banned' | 'handshake-timeout' | 'self'

export type TransferEffect =
  | {
      readonly type: 'send'
      readonly peer: PeerKey
      readonly messages: readonly WireMessage[]
      /** Nobody waits for them: a fraction of a second later, in company, does as well. */
      readonly canWait: boolean
    }
  /** Read from the store, send a `piece` message, report `served`. Keep the order per peer. */
  | ({ readonly type: 'serve'; readonly peer: PeerKey } & BlockRange)
  /** Forget a `serve` that has not begun; the Transfer has answered the peer. No `served` for it. */
  | ({ readonly type: 'cancelServe'; readonly peer: PeerKey } & BlockRange)
  /** Read blocks of a piece from where this device has them in other files; report `localRead`. */
  | ({ readonly type: 'readLocal' } & BlockRange)
  /**
   * Ask the HTTP origin for blocks of a piece; report `originBlock` for what comes, and `originEnded` if not all
   * does.
   */
  | ({ readonly type: 'fetchOrigin' } & BlockRange)
  /** What was asked for of a piece need not come any more. */
  | { readonly type: 'cancelOrigin'; readonly piece: PieceIndex }
  /** What came from the HTTP origin is not of the version. */
  | { readonly type: 'badOrigin'; readonly piece: PieceIndex }
  /**
   * Ask the HTTP origin for the .torrent: `infoReady` follows if the version was not known, and `originDescribed`.
   */
  | { readonly type: 'fetchDescription' }
  /** Hash these leaves of a stored piece; `firstLeaf` counts from its start. Report `leavesRead`. */
  | {
      readonly type: 'readLeaves'
      readonly peer: PeerKey
      readonly request: HashRange
      readonly piece: PieceIndex
      readonly firstLeaf: number
      readonly leafCount: number
    }
  /** Check the piece against `hash` (its Merkle root, `leafWidth` leaves wide) and store it durably. */
  | {
      readonly type: 'storePiece'
      readonly piece: PieceIndex
      /** In order and without gaps; each begins on a block boundary. */
      readonly blocks: readonly Uint8Array[]
      readonly hash: Uint8Array
      readonly leafWidth: number
    }
  /** A received block is not needed (any more). */
  | { readonly type: 'release'; readonly block: Uint8Array }
  | {
      readonly type: 'disconnect'
      readonly peer: PeerKey
      readonly reason: DisconnectReason
      /** How long not to dial or accept this device for this version. */
      readonly banMs?: number
    }
  /** The info dictionary, whose hash is the version id. Parse it and send `infoReady`. */
  | { readonly type: 'infoReceived'; readonly infoBytes: Uint8Array }
  /** A piece layer that leads to its file's root: keep it beside the version. */
  | { readonly type: 'layerReceived'; readonly fileIndex: number; readonly layer: Uint8Array }
  /** Every piece that is wanted is stored. */
  | { readonly type: 'complete' }
  | {
      readonly type: 'misbehaviour'
      readonly peer: PeerKey
      readonly device: DeviceId
      readonly reason: MisbehaviourReason
      readonly detail: string
    }

export interface PeerStatus {
  readonly peer: PeerKey
  readonly device: DeviceId
  readonly site: string
  /** Payload that passed verification and was stored, from this peer. */
  readonly verifiedBytes: number
  /** Payload that came, verified or not. */
  readonly downloadedBytes: number
  readonly uploadedBytes: number
  /** Payload that came and was of no use: duplicates and bad blocks. */
  readonly wastedBytes: number
  readonly downloadRate: number
  readonly uploadRate: number
  readonly haveCount: number
  readonly isComplete: boolean
  /** It has all that it says it wants. */
  readonly isSatisfied: boolean
  /** Pieces that it has, and that we want and do not have. */
  readonly lackingCount: number
  readonly inFlightBytes: number
  /** For how long it has owed us something, all together. */
  readonly askedMs: number
  readonly snubbed: boolean
  /** What its limits let it send us, as it says, in bytes per second; null when they set none. */
  readonly pace: number | null
  readonly chokesUs: boolean
}

/** The HTTP origin of a version. */
export interface OriginStatus {
  /** It can be asked now. */
  readonly isReady: boolean
  /** Why something is on its way from it; null while nothing is. */
  readonly need: OriginNeed | null
  /** Payload that came from it and was verified. */
  readonly bytes: number
  /** Payload that came from it and was of no use. */
  readonly wastedBytes: number
  readonly rate: number
}

/** Pieces that did not match their hash, that storage failed to keep, and that were lost after they were kept. */
export interface PieceFailures {
  mismatch: number
  storage: number
  lost: number
}

export interface TransferStatus {
  readonly phase: 'metadata' | 'downloading' | 'idle' | 'complete'
  readonly peers: readonly PeerStatus[]
  readonly pieceCount: number
  readonly haveCount: number
  readonly haveBytes: number
  readonly totalBytes: number
  /** Of what is wanted: all of it, and what is not here yet. */
  readonly wantedBytes: number
  readonly lackingBytes: number
  /** Blocks in memory or asked for. */
  readonly openBytes: number
  readonly requestedCount: number
  readonly receivedCount: number
  readonly inFlightBytes: number
  readonly verifiedBytes: number
  /** Of `verifiedBytes`, what was read from other files of this device. */
  readonly reusedBytes: number
  readonly downloadedBytes: number
  readonly uploadedBytes: number
  readonly wastedBytes: number
  readonly downloadRate: number
  readonly uploadRate: number
  readonly endgame: boolean
  /** Bytes of the info dictionary that are here, while it is being fetched. */
  readonly metadataBytes: number
  /** Files whose piece layer is still to be fetched. */
  readonly layersMissing: number
  /** How often each kind of misbehaviour was met. */
  readonly misbehaviours: Readonly<Partial<Record<MisbehaviourReason, number>>>
  readonly pieceFailures: Readonly<PieceFailures>
  readonly origin: OriginStatus
}
