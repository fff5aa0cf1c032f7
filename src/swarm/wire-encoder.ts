/**
 * Messages of the BitTorrent peer wire protocol as bytes: a handshake of fixed length, then messages, each with a
 * big-endian length prefix. What they mean is decided elsewhere (wire-messages.ts).
 */

import { assert, defined } from '../base/assert.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { PIECE_HEADER_BYTES, PREFIX_BYTES, PROTOCOL, RESERVED, RESERVED_BYTES } from './wire-layout.ts'
import {
  HANDSHAKE_BYTES,
  HASH_RANGE_BYTES,
  type HandshakeMessage,
  type HashRange,
  INFO_HASH_BYTES,
  MESSAGE_ID,
  PEER_ID_BYTES,
  type WireMessage
} from './wire-messages.ts'

const INTEGER_MAX = 2 ** 32 - 1

/** Length on the wire, prefix included, without the payload of a `piece`. */
function smallBytes(message: WireMessage): number {
  switch (message.type) {
    case 'handshake':
      return HANDSHAKE_BYTES
    case 'keep-alive':
      return PREFIX_BYTES
    case 'have':
    case 'suggest':
    case 'allowed-fast':
      return PREFIX_BYTES + 5
    case 'bitfield':
      return PREFIX_BYTES + 1 + message.bits.length
    case 'request':
    case 'cancel':
    case 'reject':
      return PREFIX_BYTES + 13
    case 'piece':
      return PIECE_HEADER_BYTES
    case 'extended':
      return PREFIX_BYTES + 2 + message.payload.length
    case 'hash-request':
    case 'hash-reject':
      return PREFIX_BYTES + 1 + HASH_RANGE_BYTES
    case 'hashes':
      return PREFIX_BYTES + 1 + HASH_RANGE_BYTES + message.hashes.length
    default:
      return PREFIX_BYTES + 1
  }
}

/** Writes fields one after another into a buffer that is known to be long enough. */
class Writer {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
    this.#view = new DataView(this.bytes.buffer)
  }

  byte(value: number): void {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xff, `${value} fits a byte`)
    this.bytes[this.#offset++] = value
  }

  integer(value: number): void {
    assert(Number.isInteger(value) && value >= 0 && value <= INTEGER_MAX, `${value} fits four bytes`)
    this.#view.setUint32(this.#offset, value)
    this.#offset += 4
  }

  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#offset)
    this.#offset += bytes.length
  }
}

function writeHandshake(writer: Writer, message: HandshakeMessage): void {
  assert(message.infoHash.length === INFO_HASH_BYTES, 'an info hash on the wire is truncated')
  assert(message.peerId.length === PEER_ID_BYTES, 'a peer id has its length')
  const reserved = new Uint8Array(RESERVED_BYTES)
  for (const flag of ['extended', 'fast', 'v2'] as const) {
    const { byte, mask } = RESERVED[flag]
    if (message[flag]) reserved[byte] = (reserved[byte] ?? 0) | mask
  }
  writer.raw(PROTOCOL)
  writer.raw(reserved)
  writer.raw(message.infoHash)
  writer.raw(message.peerId)
}

function writeHashRange(writer: Writer, range: HashRange): void {
  assert(range.root.length === HASH_BYTES, 'a pieces root has its length')
  writer.raw(range.root)
  writer.integer(range.baseLayer)
  writer.integer(range.index)
  writer.integer(range.length)
  writer.integer(range.proofLayers)
}

function writeMessage(writer: Writer, message: WireMessage): void {
  if (message.type === 'handshake') {
    writeHandshake(writer, message)
    return
  }
  const payload = message.type === 'piece' ? message.block.length : 0
  writer.integer(smallBytes(message) - PREFIX_BYTES + payload)
  if (message.type === 'keep-alive') return
  writer.byte(MESSAGE_ID[message.type])
  switch (message.type) {
    case 'have':
    case 'suggest':
    case 'allowed-fast':
      writer.integer(message.piece)
      break
    case 'bitfield':
      writer.raw(message.bits)
      break
    case 'request':
    case 'cancel':
    case 'reject':
      writer.integer(message.piece)
      writer.integer(message.begin)
      writer.integer(message.length)
      break
    case 'piece':
      writer.integer(message.piece)
      writer.integer(message.begin)
      break
    case 'extended':
      writer.byte(message.extensionId)
      writer.raw(message.payload)
      break
    case 'hash-request':
    case 'hash-reject':
      writeHashRange(writer, message)
      break
    case 'hashes':
      writeHashRange(writer, message)
      writer.raw(message.hashes)
      break
  }
}

/**
 * The bytes of messages in order. Runs of small messages are joined into one array; the payload of a `piece`
 * appears as it is, not copied.
 */
export function encodeMessages(messages: readonly WireMessage[]): Uint8Array[] {
  const parts: Uint8Array[] = []
  let start = 0
  while (start < messages.length) {
    let end = start
    let length = 0
    let payload: Uint8Array | undefined
    while (end < messages.length && payload === undefined) {
      const message = defined(messages[end++], 'message')
      length += smallBytes(message)
      if (message.type === 'piece') payload = message.block
    }
    const writer = new Writer(length)
    for (; start < end; start++) writeMessage(writer, defined(messages[start], 'message'))
    parts.push(writer.bytes)
    if (payload !== undefined && payload.length > 0) parts.push(payload)
  }
  return parts
}

/** Makes a `piece` message of a buffer that holds the block behind room for the header. */
export function writePieceHeader(
  frame: Uint8Array,
  at: { readonly piece: number; readonly begin: number }
): void {
  const view = new DataView(frame.buffer, frame.byteOffset, PIECE_HEADER_BYTES)
  view.setUint32(0, frame.length - PREFIX_BYTES)
  view.setUint8(PREFIX_BYTES, MESSAGE_ID.piece)
  view.setUint32(PREFIX_BYTES + 1, at.piece)
  view.setUint32(PREFIX_BYTES + 5, at.begin)
}
