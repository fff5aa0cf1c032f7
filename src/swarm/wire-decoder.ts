/**
 * The strict streaming decoder of the BitTorrent peer wire protocol.
 *
 * It takes chunks split anywhere. Payload of `piece` messages is copied at most once, from the chunk into a buffer that
 * the caller allocates, and not at all where it was read into that buffer; other messages are small and copied whole.
 * Nothing is allocated for a length before it was held against the limit of its message. A violation poisons the
 * decoder: it decodes nothing more.
 *
 * Specifications: BEP 3, 6, 10, 52; see wire-messages.ts for what is decided elsewhere.
 */

import { assert, defined } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { PIECE_HEADER_BYTES, PREFIX_BYTES, PROTOCOL, RESERVED, RESERVED_BYTES } from './wire-layout.ts'
import {
  CONTROL_BYTES_MAX,
  EXTENDED_BYTES_MAX,
  HANDSHAKE_BYTES,
  HASH_RANGE_BYTES,
  HASHES_PER_REQUEST_MAX,
  type HandshakeMessage,
  type HashRange,
  INFO_HASH_BYTES,
  MESSAGE_ID,
  type MessageOf,
  PIECE_COUNT_MAX,
  PROOF_LAYERS_MAX,
  REQUEST_BYTES_MAX,
  type Violation,
  type WireMessage
} from './wire-messages.ts'

type PieceMessage = MessageOf<'piece'>
type SmallMessage = Exclude<WireMessage, PieceMessage>

const NAME_BY_ID: ReadonlyMap<number, string> = new Map(
  Object.entries(MESSAGE_ID).map(([name, id]) => [id, name] as const)
)

/** Bounds on the length of a message (id included), by its id. */
const LENGTH_BY_ID: ReadonlyMap<number, { readonly min: number; readonly max: number }> = new Map<
  number,
  { readonly min: number; readonly max: number }
>([
  ...[
    MESSAGE_ID.choke,
    MESSAGE_ID.unchoke,
    MESSAGE_ID.interested,
    MESSAGE_ID['not-interested'],
    MESSAGE_ID['have-all'],
    MESSAGE_ID['have-none']
  ].map(id => [id, { min: 1, max: 1 }] as const),
  ...[MESSAGE_ID.have, MESSAGE_ID.suggest, MESSAGE_ID['allowed-fast']].map(
    id => [id, { min: 5, max: 5 }] as const
  ),
  ...[MESSAGE_ID.request, MESSAGE_ID.cancel, MESSAGE_ID.reject].map(
    id => [id, { min: 13, max: 13 }] as const
  ),
  [MESSAGE_ID.bitfield, { min: 1, max: 1 + PIECE_COUNT_MAX / 8 }],
  [MESSAGE_ID.piece, { min: 10, max: 9 + REQUEST_BYTES_MAX }],
  [MESSAGE_ID.extended, { min: 2, max: 2 + EXTENDED_BYTES_MAX }],
  [MESSAGE_ID['hash-request'], { min: 1 + HASH_RANGE_BYTES, max: 1 + HASH_RANGE_BYTES }],
  [MESSAGE_ID['hash-reject'], { min: 1 + HASH_RANGE_BYTES, max: 1 + HASH_RANGE_BYTES }],
  [
    MESSAGE_ID.hashes,
    {
      min: 1 + HASH_RANGE_BYTES,
      max: 1 + HASH_RANGE_BYTES + (HASHES_PER_REQUEST_MAX + PROOF_LAYERS_MAX) * HASH_BYTES
    }
  ]
])

for (const [id, { min, max }] of LENGTH_BY_ID) {
  assert(min >= 1 && min <= max, `message ${id} has a range of lengths`)
  assert(id === MESSAGE_ID.piece || max <= CONTROL_BYTES_MAX, `message ${id} fits the buffer for small ones`)
}
assert(LENGTH_BY_ID.size === NAME_BY_ID.size, 'every message has its bounds')

function malformed(detail: string): Violation {
  return { reason: 'malformed-message', detail }
}

function readHandshake(bytes: Uint8Array): HandshakeMessage {
  const reserved = bytes.subarray(PROTOCOL.length, PROTOCOL.length + RESERVED_BYTES)
  const isSet = (flag: keyof typeof RESERVED) =>
    ((reserved[RESERVED[flag].byte] ?? 0) & RESERVED[flag].mask) !== 0
  const hashAt = PROTOCOL.length + RESERVED_BYTES
  return {
    type: 'handshake',
    extended: isSet('extended'),
    fast: isSet('fast'),
    v2: isSet('v2'),
    infoHash: bytes.slice(hashAt, hashAt + INFO_HASH_BYTES),
    peerId: bytes.slice(hashAt + INFO_HASH_BYTES, HANDSHAKE_BYTES)
  }
}

/** `body` begins at the id; its length was checked. It is a view that does not outlive the call. */
function readSmall(body: Uint8Array): SmallMessage | Violation {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const id = defined(body[0], 'message id')
  switch (id) {
    case MESSAGE_ID.choke:
      return { type: 'choke' }
    case MESSAGE_ID.unchoke:
      return { type: 'unchoke' }
    case MESSAGE_ID.interested:
      return { type: 'interested' }
    case MESSAGE_ID['not-interested']:
      return { type: 'not-interested' }
    case MESSAGE_ID['have-all']:
      return { type: 'have-all' }
    case MESSAGE_ID['have-none']:
      return { type: 'have-none' }
    case MESSAGE_ID.have:
      return { type: 'have', piece: view.getUint32(1) }
    case MESSAGE_ID.suggest:
      return { type: 'suggest', piece: view.getUint32(1) }
    case MESSAGE_ID['allowed-fast']:
      return { type: 'allowed-fast', piece: view.getUint32(1) }
    case MESSAGE_ID.bitfield:
      return { type: 'bitfield', bits: body.slice(1) }
    case MESSAGE_ID.request:
    case MESSAGE_ID.cancel:
    case MESSAGE_ID.reject: {
      const type = id === MESSAGE_ID.request ? 'request' : id === MESSAGE_ID.cancel ? 'cancel' : 'reject'
      return { type, piece: view.getUint32(1), begin: view.getUint32(5), length: view.getUint32(9) }
    }
    case MESSAGE_ID.extended:
      return { type: 'extended', extensionId: view.getUint8(1), payload: body.slice(2) }
    default:
      return readHashMessage(id, body, view)
  }
}

function readHashMessage(id: number, body: Uint8Array, view: DataView): SmallMessage | Violation {
  const at = 1 + HASH_BYTES
  const range: HashRange = {
    root: body.slice(1, at),
    baseLayer: view.getUint32(at),
    index: view.getUint32(at + 4),
    length: view.getUint32(at + 8),
    proofLayers: view.getUint32(at + 12)
  }
  if (id === MESSAGE_ID['hash-request']) return { type: 'hash-request', ...range }
  if (id === MESSAGE_ID['hash-reject']) return { type: 'hash-reject', ...range }
  assert(id === MESSAGE_ID.hashes, `message ${id} is known`)
  const hashes = body.slice(1 + HASH_RANGE_BYTES)
  if (hashes.length % HASH_BYTES !== 0)
    return malformed(`hashes of ${hashes.length} bytes are not a whole number of hashes`)
  return { type: 'hashes', ...range, hashes }
}

export interface WireDecoderInit {
  /** A buffer of exactly this many bytes for the payload of a `piece`. */
  readonly allocate: (length: number) => Uint8Array
  /** Copies `bytes` to where `target` begins at `offset`; Uint8Array.set unless there is something faster. */
  readonly copy?: (target: Uint8Array, offset: number, bytes: Uint8Array) => void
  /** False for a stream whose handshake was read elsewhere. */
  readonly expectHandshake?: boolean
}

export interface DecodedChunk {
  readonly messages: readonly WireMessage[]
  /** What was wrong after these messages; the decoder takes nothing more. */
  readonly violation?: Violation
}

const NOTHING: DecodedChunk = { messages: [] }

/** A payload that is being filled. */
interface Filling {
  readonly piece: number
  readonly begin: number
  readonly length: number
  /** Allocated with the first byte, or when it is asked where that belongs. */
  block: Uint8Array | undefined
  filled: number
}

/**
 * States: handshake -> header -> (payload -> header)*, and poisoned. `#head` collects what a message needs before
 * it can be read: the prefix first, then the whole body of a small message or the header of a `piece`.
 */
export class WireDecoder {
  readonly #allocate: WireDecoderInit['allocate']
  readonly #copy: NonNullable<WireDecoderInit['copy']>
  #head = new Uint8Array(256)
  #headBytes = 0
  #headTarget: number
  #handshakeDone: boolean
  #filling: Filling | undefined
  #violation: Violation | undefined

  constructor(init: WireDecoderInit) {
    this.#allocate = init.allocate
    this.#copy = init.copy ?? ((target, offset, bytes) => target.set(bytes, offset))
    this.#handshakeDone = init.expectHandshake === false
    this.#headTarget = this.#handshakeDone ? PREFIX_BYTES : HANDSHAKE_BYTES
  }

  /** Whether the stream may end here: between two messages. */
  get atBoundary(): boolean {
    return this.#filling === undefined && this.#headBytes === 0
  }

  /** The buffer of a payload that will not be completed, for reuse when the stream ends. */
  takePartialBlock(): Uint8Array | undefined {
    const block = this.#filling?.block
    this.#filling = undefined
    this.#violation ??= malformed('the stream ended')
    return block
  }

  /**
   * Where the next bytes of the stream belong, if they are payload: whoever reads them there saves the copy, and pushes
   * them from there.
   */
  target(): Uint8Array | undefined {
    const filling = this.#filling
    if (filling === undefined || this.#violation !== undefined) return undefined
    filling.block ??= this.#newBlock(filling.length)
    return filling.block.subarray(filling.filled)
  }

  push(chunk: Uint8Array): DecodedChunk {
    const filling = this.#filling
    if (filling !== undefined && filling.length - filling.filled > chunk.length) {
      this.#readPayload(filling, chunk, 0, [])
      return NOTHING
    }
    const messages: WireMessage[] = []
    let offset = 0
    while (offset < chunk.length && this.#violation === undefined) {
      offset =
        this.#filling === undefined
          ? this.#readHead(chunk, offset, messages)
          : this.#readPayload(this.#filling, chunk, offset, messages)
    }
    return this.#violation === undefined ? { messages } : { messages, violation: this.#violation }
  }

  #readPayload(filling: Filling, chunk: Uint8Array, offset: number, messages: WireMessage[]): number {
    const taken = Math.min(filling.length - filling.filled, chunk.length - offset)
    filling.block ??= this.#newBlock(filling.length)
    const { block } = filling
    const isInPlace =
      chunk.buffer === block.buffer && chunk.byteOffset + offset === block.byteOffset + filling.filled
    if (!isInPlace) this.#copy(block, filling.filled, chunk.subarray(offset, offset + taken))
    filling.filled += taken
    if (filling.filled === filling.length) {
      messages.push({ type: 'piece', piece: filling.piece, begin: filling.begin, block })
      this.#filling = undefined
    }
    return offset + taken
  }

  #newBlock(length: number): Uint8Array {
    const block = this.#allocate(length)
    assert(block.length === length, 'allocate gives the asked length')
    return block
  }

  #readHead(chunk: Uint8Array, offset: number, messages: WireMessage[]): number {
    const taken = Math.min(this.#headTarget - this.#headBytes, chunk.length - offset)
    if (this.#head.length < this.#headTarget) {
      const longer = new Uint8Array(this.#headTarget)
      longer.set(this.#head.subarray(0, this.#headBytes))
      this.#head = longer
    }
    this.#head.set(chunk.subarray(offset, offset + taken), this.#headBytes)
    this.#headBytes += taken
    if (!this.#handshakeDone) this.#advanceHandshake(messages)
    else if (this.#headBytes === this.#headTarget) this.#advance(messages)
    return offset + taken
  }

  #advanceHandshake(messages: WireMessage[]): void {
    const known = Math.min(this.#headBytes, PROTOCOL.length)
    if (!equalBytes(this.#head.subarray(0, known), PROTOCOL.subarray(0, known))) {
      this.#violation = {
        reason: 'bad-handshake',
        detail: 'the stream does not begin with BitTorrent protocol'
      }
    } else if (this.#headBytes === HANDSHAKE_BYTES) {
      messages.push(readHandshake(this.#head.subarray(0, HANDSHAKE_BYTES)))
      this.#handshakeDone = true
      this.#expectPrefix()
    }
  }

  #expectPrefix(): void {
    this.#headBytes = 0
    this.#headTarget = PREFIX_BYTES
  }

  /** The head is as long as was asked for: the prefix, then prefix and id, then the whole head. */
  #advance(messages: WireMessage[]): void {
    const view = new DataView(this.#head.buffer, this.#head.byteOffset, this.#head.byteLength)
    const length = view.getUint32(0)
    if (this.#headTarget === PREFIX_BYTES) {
      if (length === 0) {
        messages.push({ type: 'keep-alive' })
        this.#headBytes = 0
      } else this.#headTarget = PREFIX_BYTES + 1
      return
    }
    const id = this.#head[PREFIX_BYTES] ?? 0
    if (this.#headTarget === PREFIX_BYTES + 1) {
      this.#violation = this.#checkLength(id, length)
      if (this.#violation !== undefined) return
      this.#headTarget = id === MESSAGE_ID.piece ? PIECE_HEADER_BYTES : PREFIX_BYTES + length
      if (this.#headTarget > this.#headBytes) return
    }
    if (id === MESSAGE_ID.piece) {
      const blockBytes = length - (PIECE_HEADER_BYTES - PREFIX_BYTES)
      this.#filling = {
        piece: view.getUint32(5),
        begin: view.getUint32(9),
        length: blockBytes,
        block: undefined,
        filled: 0
      }
    } else {
      const message = readSmall(this.#head.subarray(PREFIX_BYTES, PREFIX_BYTES + length))
      if ('reason' in message) {
        this.#violation = message
        return
      }
      messages.push(message)
    }
    this.#expectPrefix()
  }

  #checkLength(id: number, length: number): Violation | undefined {
    const bounds = LENGTH_BY_ID.get(id)
    if (bounds === undefined) return malformed(`message id ${id} is unknown`)
    const name = NAME_BY_ID.get(id)
    if (length > bounds.max)
      return { reason: 'oversize-message', detail: `${name} of ${length} bytes, at most ${bounds.max}` }
    if (length < bounds.min) return malformed(`${name} of ${length} bytes, at least ${bounds.min}`)
    return undefined
  }
}
