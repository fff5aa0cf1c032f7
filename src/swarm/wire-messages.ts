/**
 * The messages of the BitTorrent peer wire protocol and the limits within which they are accepted.
 * Specifications: BEP 3 (base), BEP 6 (fast extension), BEP 10 (extended), BEP 52 (hash exchange).
 *
 * A message here is well formed in itself. Whether it fits the version and the moment (index in range, asked for,
 * in order) is decided by session.ts.
 */

import { assert } from '../base/assert.ts'
import { KIB, MIB } from '../base/units.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { LEAF_BYTES } from '../content/merkle.ts'
import type { HashRange as TreeRange } from '../content/merkle-proof.ts'
import { PIECE_BYTES_MAX } from '../content/piece-length.ts'

/** The unit of BitTorrent requests, and what any client accepts. */
export const BLOCK_BYTES = LEAF_BYTES
/** The longest request between peers that announced it in their extended handshake. */
export const REQUEST_BYTES_MAX = 512 * KIB
/** Blocks of the longest piece. */
export const PIECE_BLOCKS_MAX = PIECE_BYTES_MAX / BLOCK_BYTES
/** The most pieces that a version may have here; bounds the bitfield. */
export const PIECE_COUNT_MAX = 2 ** 22
/** The most hashes of the base layer in one hash request (BEP 52 says that more should not be asked for). */
export const HASHES_PER_REQUEST_MAX = 512
/** The most proof layers; more than the tree of the longest possible file has. */
export const PROOF_LAYERS_MAX = 48
/** BEP 9 fixes the unit in which the info dictionary is exchanged. */
export const METADATA_PIECE_BYTES = 16 * KIB
/** The longest info dictionary that is fetched. */
export const INFO_BYTES_MAX = 32 * MIB
/** The longest payload of an extended message. */
export const EXTENDED_BYTES_MAX = 64 * KIB

assert(REQUEST_BYTES_MAX % BLOCK_BYTES === 0, 'a request is a whole number of blocks')
assert(PIECE_BYTES_MAX % REQUEST_BYTES_MAX === 0, 'the longest piece is a whole number of requests')
assert(EXTENDED_BYTES_MAX > METADATA_PIECE_BYTES + KIB, 'a metadata piece fits with its header')
assert(PIECE_COUNT_MAX * PIECE_BLOCKS_MAX < Number.MAX_SAFE_INTEGER, 'a block has a safe number')

export const HANDSHAKE_BYTES = 68
export const INFO_HASH_BYTES = 20
export const PEER_ID_BYTES = 20

/** Message ids on the wire. */
export const MESSAGE_ID = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  'not-interested': 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  suggest: 13,
  'have-all': 14,
  'have-none': 15,
  reject: 16,
  'allowed-fast': 17,
  extended: 20,
  'hash-request': 21,
  hashes: 22,
  'hash-reject': 23
} as const

/** A byte range of a piece, as request, cancel and reject carry it. */
export interface BlockRange {
  readonly piece: number
  readonly begin: number
  readonly length: number
}

/** A run of hashes of one layer of a file's Merkle tree, with its proof toward the root (BEP 52). */
export interface HashRange extends TreeRange {
  /** The file's pieces root, 32 bytes. */
  readonly root: Uint8Array
}

/** What a handshake's reserved bits say of its sender. */
export interface HandshakeFlags {
  readonly extended: boolean
  readonly fast: boolean
  readonly v2: boolean
}

export interface HandshakeMessage extends HandshakeFlags {
  readonly type: 'handshake'
  /** The first 20 bytes of the version id. */
  readonly infoHash: Uint8Array
  readonly peerId: Uint8Array
}

/** One member of a union per type, so that each can be told apart. */
type Each<Type extends string, Fields> = Type extends unknown ? { readonly type: Type } & Fields : never

type PlainType =
  | 'keep-alive'
  | 'choke'
  | 'unchoke'
  | 'interested'
  | 'not-interested'
  | 'have-all'
  | 'have-none'

export type WireMessage =
  | HandshakeMessage
  | Each<PlainType, unknown>
  | Each<'have' | 'suggest' | 'allowed-fast', { readonly piece: number }>
  | Each<'bitfield', { readonly bits: Uint8Array }>
  | Each<'request' | 'cancel' | 'reject', BlockRange>
  | Each<'piece', { readonly piece: number; readonly begin: number; readonly block: Uint8Array }>
  | Each<'extended', { readonly extensionId: number; readonly payload: Uint8Array }>
  | Each<'hash-request' | 'hash-reject', HashRange>
  | Each<'hashes', HashRange & { readonly hashes: Uint8Array }>

/** The messages of some types. */
export type MessageOf<Type extends WireMessage['type']> = Extract<WireMessage, { readonly type: Type }>

/** Every way in which a peer can break the protocol; each is counted apart. */
export type MisbehaviourReason =
  /** A block whose bytes do not match the version's tree. */
  | 'bad-block'
  /** A block that was never asked for. */
  | 'unrequested-block'
  /** A request, cancel or reject with an index, offset or length that can not be. */
  | 'invalid-range'
  /** More requests or bytes outstanding than we announced to accept. */
  | 'too-many-requests'
  /** A length prefix beyond the limit of its message. */
  | 'oversize-message'
  /** A message whose length or content can not be, or of an unknown id. */
  | 'malformed-message'
  /** Bytes before the handshake that are no handshake, or one without what we need. */
  | 'bad-handshake'
  /** The handshake names another version. */
  | 'wrong-info-hash'
  /** A message at a moment where the protocol forbids it. */
  | 'out-of-order'
  /** A bitfield of the wrong length or with spare bits set. */
  | 'bad-bitfield'
  /** A piece index that the version does not have. */
  | 'piece-out-of-range'
  /** Hashes that do not lead to the root of their file. */
  | 'bad-hashes'
  /** Hashes that were never asked for. */
  | 'unrequested-hashes'
  /** More messages that say nothing new than anyone needs to send. */
  | 'message-flood'
  /** An info dictionary that does not hash to the version id, or a piece of it that can not be. */
  | 'bad-metadata'
  /** An extended message that is not what its specification says. */
  | 'bad-extension'

export interface Violation {
  readonly reason: MisbehaviourReason
  readonly detail: string
}

export const HASH_RANGE_BYTES = HASH_BYTES + 4 * 4
/** Length of the longest message body apart from `piece`, its id included. */
export const CONTROL_BYTES_MAX = Math.max(
  1 + PIECE_COUNT_MAX / 8,
  2 + EXTENDED_BYTES_MAX,
  1 + HASH_RANGE_BYTES + (HASHES_PER_REQUEST_MAX + PROOF_LAYERS_MAX) * HASH_BYTES
)
