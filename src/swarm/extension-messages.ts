/**
 * The payloads of BEP 10 extended messages: the extended handshake, the exchange of the info dictionary
 * (BEP 9 `ut_metadata`), and our own extension `peerage`.
 *
 * Our handshake says, beside what BEP 9 and 10 define, under the key `pg`: {maxreq: the longest request that we
 * accept, v: version of this extension}. Toward a peer that says so, requests may be that long instead of one
 * block, and it may be sent `peerage` messages, dictionaries with at least one of these keys:
 * - assign, 0 or 1: a source sends 1 while it hands out distinct pieces by BEP 6 suggestions and would rather not be
 *   asked for others, and 0 when it is free again.
 * - claim, drop: indexes of pieces, 4 bytes each, most significant first, in a byte string. The sender is bringing the
 *   pieces that it claims into its site, until it announces or drops them; see crossing.ts.
 * - sent: what time it is for the sender, in milliseconds since whenever; and in answer echo, the same again, with
 *   came, what time it was for the other when that came; see own-delay.ts.
 * - pace: a number of bytes per second. The sender's own limits let no more than about that go to the receiver, until it
 *   says another; 0 is that they set none.
 * - want: runs of pieces, each an index and a count of 4 bytes, ascending and apart from each other. The sender wants
 *   these pieces and no others, from now on; see wants.ts. Who never says it wants all of them.
 */

import { assert } from '../base/assert.ts'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import {
  type BencodeDictionary,
  type BencodeValue,
  encodeBencode,
  isBencodeDictionary,
  parseBencode
} from '../content/bencode.ts'
import {
  BLOCK_BYTES,
  EXTENDED_BYTES_MAX,
  INFO_BYTES_MAX,
  METADATA_PIECE_BYTES,
  PIECE_COUNT_MAX,
  REQUEST_BYTES_MAX,
  type Violation
} from './wire-messages.ts'

export const EXTENSION_HANDSHAKE_ID = 0
/** The ids that we give our extensions; peers use them toward us. */
export const METADATA_EXTENSION_ID = 1
export const PEERAGE_EXTENSION_ID = 2
const PEERAGE_VERSION = 1
const CLIENT_NAME = 'peerage'
const CLIENT_NAME_BYTES_MAX = 256
const EXTENSION_ID_MAX = 255
/** What a peer that announces nothing accepts outstanding, by custom. */
const REQUEST_COUNT_DEFAULT = 250
const INDEX_BYTES = 4
const RUN_BYTES = 2 * INDEX_BYTES
const PACE_MAX = 2 ** 40
/** As many runs as fit a message beside what else it may say. */
export const WANT_RUNS_MAX = 4096

/** What a peer can do beyond the base protocol; ids are the peer's own. */
export interface RemoteExtensions {
  readonly metadataId: number | undefined
  readonly peerageId: number | undefined
  readonly metadataBytes: number | undefined
  readonly requestCountMax: number
  readonly requestBytesMax: number
  readonly clientName: string | undefined
}

export const NO_EXTENSIONS: RemoteExtensions = {
  metadataId: undefined,
  peerageId: undefined,
  metadataBytes: undefined,
  requestCountMax: REQUEST_COUNT_DEFAULT,
  requestBytesMax: BLOCK_BYTES,
  clientName: undefined
}

export type MetadataMessage =
  | { readonly kind: 'request' | 'reject'; readonly piece: number }
  | { readonly kind: 'data'; readonly piece: number; readonly totalBytes: number; readonly data: Uint8Array }
  /** BEP 9: an unrecognized message type must be ignored. */
  | { readonly kind: 'unknown' }

function bad(detail: string): Violation {
  return { reason: 'bad-extension', detail }
}

export function isViolation<T extends object>(value: T | Violation): value is Violation {
  return 'reason' in value
}

export function encodeExtendedHandshake(options: {
  readonly metadataBytes: number | undefined
  readonly requestCountMax: number
}): Uint8Array {
  const dictionary = new Map<string, BencodeValue>([
    [
      'm',
      new Map([
        ['peerage', PEERAGE_EXTENSION_ID],
        ['ut_metadata', METADATA_EXTENSION_ID]
      ])
    ],
    [
      'pg',
      new Map([
        ['maxreq', REQUEST_BYTES_MAX],
        ['v', PEERAGE_VERSION]
      ])
    ],
    ['reqq', options.requestCountMax],
    ['v', utf8(CLIENT_NAME)]
  ])
  if (options.metadataBytes !== undefined) dictionary.set('metadata_size', options.metadataBytes)
  return encodeBencode(dictionary)
}

function integerIn(
  dictionary: BencodeDictionary,
  key: string,
  range: { readonly min: number; readonly max: number }
): number | undefined {
  const value = dictionary.get(key)
  return typeof value === 'number' && value >= range.min && value <= range.max ? value : undefined
}

/** An id of zero switches an extension off; what is not mentioned stays as it was (BEP 10). */
function extensionId(ids: BencodeDictionary, name: string, before: number | undefined): number | undefined {
  if (!ids.has(name)) return before
  return integerIn(ids, name, { min: 1, max: EXTENSION_ID_MAX })
}

/** Reads an extended handshake on top of the ones before it. Values that can not be are taken as absent. */
export function readExtendedHandshake(
  payload: Uint8Array,
  before: RemoteExtensions
): RemoteExtensions | Violation {
  const parsed = parseBencode(payload, { bytesMax: EXTENDED_BYTES_MAX })
  if (parsed.fault !== undefined) return bad(`extended handshake: ${parsed.fault.reason}`)
  if (!isBencodeDictionary(parsed.value)) return bad('an extended handshake is a dictionary')
  const dictionary = parsed.value
  const m = dictionary.get('m')
  const ids: BencodeDictionary = isBencodeDictionary(m) ? m : new Map()
  const pg = dictionary.get('pg')
  const name = dictionary.get('v')
  let requestBytesMax = before.requestBytesMax
  if (isBencodeDictionary(pg) && pg.get('v') === PEERAGE_VERSION) {
    const announced = integerIn(pg, 'maxreq', { min: BLOCK_BYTES, max: Number.MAX_SAFE_INTEGER })
    const bytes = Math.min(announced ?? BLOCK_BYTES, REQUEST_BYTES_MAX)
    requestBytesMax = bytes - (bytes % BLOCK_BYTES)
  }
  return {
    metadataId: extensionId(ids, 'ut_metadata', before.metadataId),
    peerageId: extensionId(ids, 'peerage', before.peerageId),
    metadataBytes:
      integerIn(dictionary, 'metadata_size', { min: 1, max: INFO_BYTES_MAX }) ?? before.metadataBytes,
    requestCountMax: integerIn(dictionary, 'reqq', { min: 1, max: 2 ** 31 }) ?? before.requestCountMax,
    requestBytesMax,
    clientName:
      name instanceof Uint8Array ? fromUtf8(name.subarray(0, CLIENT_NAME_BYTES_MAX)) : before.clientName
  }
}

const METADATA_TYPE = { request: 0, data: 1, reject: 2 } as const

export function encodeMetadata(message: Exclude<MetadataMessage, { kind: 'unknown' }>): Uint8Array {
  const dictionary = new Map<string, BencodeValue>([
    ['msg_type', METADATA_TYPE[message.kind]],
    ['piece', message.piece]
  ])
  if (message.kind !== 'data') return encodeBencode(dictionary)
  dictionary.set('total_size', message.totalBytes)
  const head = encodeBencode(dictionary)
  const payload = new Uint8Array(head.length + message.data.length)
  payload.set(head)
  payload.set(message.data, head.length)
  return payload
}

export function readMetadata(payload: Uint8Array): MetadataMessage | Violation {
  const parsed = parseBencode(payload, { bytesMax: EXTENDED_BYTES_MAX, trailing: 'allow' })
  if (parsed.fault !== undefined) return bad(`ut_metadata: ${parsed.fault.reason}`)
  if (!isBencodeDictionary(parsed.value)) return bad('a ut_metadata message is a dictionary')
  const type = parsed.value.get('msg_type')
  const piece = integerIn(parsed.value, 'piece', { min: 0, max: INFO_BYTES_MAX / METADATA_PIECE_BYTES })
  if (typeof type !== 'number') return bad('a ut_metadata message has a msg_type')
  if (type !== METADATA_TYPE.request && type !== METADATA_TYPE.data && type !== METADATA_TYPE.reject)
    return { kind: 'unknown' }
  if (piece === undefined) return bad('a ut_metadata message names a piece that can be')
  const data = payload.subarray(parsed.endOffset)
  if (type === METADATA_TYPE.data) {
    const totalBytes = integerIn(parsed.value, 'total_size', { min: 1, max: INFO_BYTES_MAX })
    if (totalBytes === undefined) return bad('metadata of a size that can not be')
    if (data.length > METADATA_PIECE_BYTES) return bad(`a metadata piece of ${data.length} bytes`)
    return { kind: 'data', piece, totalBytes, data }
  }
  if (data.length > 0) return bad('bytes after a ut_metadata request or reject')
  return { kind: type === METADATA_TYPE.request ? 'request' : 'reject', piece }
}

/** When something left by the clock of who sent it, and when it came by the receiver's, in milliseconds. */
export interface Arrival {
  readonly sentMs: number
  readonly heardMs: number
}

/** Pieces `first` to `first + count - 1`. */
export interface PieceRun {
  readonly first: number
  readonly count: number
}

export interface PeerageMessage {
  /** Absent: as before. */
  readonly assigns?: boolean
  readonly claims?: readonly number[]
  readonly drops?: readonly number[]
  /** What the sender's limits let go to the receiver, in bytes per second; zero for no limit. Absent: as before. */
  readonly pace?: number
  /** Absent: as before. */
  readonly wants?: readonly PieceRun[]
  readonly sentMs?: number
  readonly arrival?: Arrival
}

export function encodePeerage(message: PeerageMessage): Uint8Array {
  const { assigns, claims = [], drops = [], pace, wants, sentMs, arrival } = message
  const dictionary = new Map<string, BencodeValue>()
  if (assigns !== undefined) dictionary.set('assign', assigns ? 1 : 0)
  if (claims.length > 0) dictionary.set('claim', indexBytes(claims))
  if (drops.length > 0) dictionary.set('drop', indexBytes(drops))
  if (pace !== undefined) dictionary.set('pace', pace)
  if (wants !== undefined) {
    assert(wants.length <= WANT_RUNS_MAX, 'what is wanted fits a message')
    dictionary.set('want', indexBytes(wants.flatMap(({ first, count }) => [first, count])))
  }
  if (sentMs !== undefined) dictionary.set('sent', sentMs)
  if (arrival !== undefined) {
    dictionary.set('echo', arrival.sentMs)
    dictionary.set('came', arrival.heardMs)
  }
  return encodeBencode(dictionary)
}

/** What is not known is ignored, so that later versions can say more. */
export function readPeerage(payload: Uint8Array): PeerageMessage | Violation {
  const parsed = parseBencode(payload, { bytesMax: EXTENDED_BYTES_MAX })
  if (parsed.fault !== undefined) return bad(`peerage: ${parsed.fault.reason}`)
  if (!isBencodeDictionary(parsed.value)) return bad('a peerage message is a dictionary')
  const assign = parsed.value.get('assign')
  if (assign !== undefined && assign !== 0 && assign !== 1) return bad('a peerage message says assign 0 or 1')
  const [claims, drops] = ['claim', 'drop'].map(key => readIndexes(parsed.value as BencodeDictionary, key))
  if (claims === undefined || drops === undefined) return bad('pieces in a peerage message are 4 bytes each')
  const pace = parsed.value.get('pace')
  if (pace !== undefined && (typeof pace !== 'number' || pace < 0 || pace > PACE_MAX))
    return bad(`a pace is a number of bytes per second, at most ${PACE_MAX}`)
  const wants = readRuns(parsed.value)
  if (wants === null) return bad('pieces that are wanted are at most so many runs, ascending and apart')
  const [sentMs, echo, came] = ['sent', 'echo', 'came'].map(key =>
    readTime(parsed.value as BencodeDictionary, key)
  )
  if (sentMs === null || echo === null || came === null || (echo === undefined) !== (came === undefined))
    return bad('a peerage message says times in whole milliseconds, and what came when it was sent')
  return {
    ...(assign === undefined ? {} : { assigns: assign === 1 }),
    ...(pace === undefined ? {} : { pace }),
    ...(wants === undefined ? {} : { wants }),
    ...(sentMs === undefined ? {} : { sentMs }),
    ...(echo === undefined || came === undefined ? {} : { arrival: { sentMs: echo, heardMs: came } }),
    claims,
    drops
  }
}

/** Undefined when it is not said, null when what is said can not be. */
function readTime(dictionary: BencodeDictionary, key: string): number | undefined | null {
  if (!dictionary.has(key)) return undefined
  return integerIn(dictionary, key, { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? null
}

/** Undefined when nothing is said of what is wanted, null when what is said can not be. */
function readRuns(dictionary: BencodeDictionary): PieceRun[] | undefined | null {
  const value = dictionary.get('want')
  if (value === undefined) return undefined
  if (!(value instanceof Uint8Array) || value.length % RUN_BYTES !== 0) return null
  if (value.length > WANT_RUNS_MAX * RUN_BYTES) return null
  const indexes = readIndexes(dictionary, 'want') ?? []
  const runs: PieceRun[] = []
  let end = -1
  for (let at = 0; at < indexes.length; at += 2) {
    const [first = 0, count = 0] = [indexes[at], indexes[at + 1]]
    if (first <= end || count === 0 || first + count > PIECE_COUNT_MAX) return null
    runs.push({ first, count })
    end = first + count
  }
  return runs
}

function indexBytes(pieces: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(pieces.length * INDEX_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [at, piece] of pieces.entries()) view.setUint32(at * INDEX_BYTES, piece)
  return bytes
}

function readIndexes(dictionary: BencodeDictionary, key: string): number[] | undefined {
  const value = dictionary.get(key)
  if (value === undefined) return []
  if (!(value instanceof Uint8Array) || value.length % INDEX_BYTES !== 0) return undefined
  const view = new DataView(value.buffer, value.byteOffset, value.length)
  return Array.from({ length: value.length / INDEX_BYTES }, (_, at) => view.getUint32(at * INDEX_BYTES))
}

assert(2 * WANT_RUNS_MAX * RUN_BYTES <= EXTENDED_BYTES_MAX, 'what is wanted leaves room in a message')
