/**
 * The piece length of a version: the smallest power of two within the limits that cuts the total size into at
 * most the wanted number of pieces. Small pieces spread early through a swarm: a few hundred are enough for that,
 * since each way from peer to peer adds the time of one piece. Few pieces keep bitfields and piece layers small, and
 * spare the processor: in a swarm of n devices each is told of each piece n times. Long pieces take up the memory for
 * what is under way, so beyond a length there may be more of them. The rule counts the total size, not the pieces:
 * every non-empty file has a piece of its own, which no piece length can change.
 *
 * BEP 52 demands a power of two of at least one leaf and sets no upper limit. The limit here bounds the memory
 * that one piece can take, and holds for versions that others made, too.
 */

import { assert } from '../base/assert.ts'
import { MIB } from '../base/units.ts'
import { LEAF_BYTES } from './merkle.ts'

export const PIECE_BYTES_MIN = LEAF_BYTES
export const PIECE_BYTES_MAX = 16 * MIB
/** Pieces that a version is cut into at most, while they are shorter than what is long. */
export const PIECES_WANTED_MAX = 512
const LONG_BYTES = 4 * MIB
/** The same of long ones, unless the longest still give more. */
export const LONG_PIECES_WANTED_MAX = 2048

export function pieceBytesFor(totalBytes: number): number {
  assert(Number.isSafeInteger(totalBytes) && totalBytes >= 0, `${totalBytes} is a size`)
  const wantedMax = (length: number) => (length < LONG_BYTES ? PIECES_WANTED_MAX : LONG_PIECES_WANTED_MAX)
  let pieceBytes = PIECE_BYTES_MIN
  while (pieceBytes < PIECE_BYTES_MAX && totalBytes > pieceBytes * wantedMax(pieceBytes)) pieceBytes *= 2
  return pieceBytes
}

export function isPieceBytes(value: number): boolean {
  return value >= PIECE_BYTES_MIN && value <= PIECE_BYTES_MAX && Number.isInteger(Math.log2(value))
}
