/** Fixed parts of the BitTorrent peer wire protocol that its encoder and its decoder share: BEP 3, 6, 10, 52. */

import { assert } from '../base/assert.ts'
import { utf8 } from '../base/bytes.ts'
import { HANDSHAKE_BYTES, INFO_HASH_BYTES, PEER_ID_BYTES } from './wire-messages.ts'

export const PROTOCOL = utf8('\x13BitTorrent protocol')
export const RESERVED_BYTES = 8
export const PREFIX_BYTES = 4
/** Length prefix, id, piece, begin. */
export const PIECE_HEADER_BYTES = PREFIX_BYTES + 1 + 8

assert(
  PROTOCOL.length + RESERVED_BYTES + INFO_HASH_BYTES + PEER_ID_BYTES === HANDSHAKE_BYTES,
  'the handshake is the sum of its parts'
)

/** Reserved bits: byte and mask. BEP 10, BEP 6, and BEP 52's upgrade bit. */
export const RESERVED = {
  extended: { byte: 5, mask: 0x10 },
  fast: { byte: 7, mask: 0x04 },
  v2: { byte: 7, mask: 0x10 }
} as const
