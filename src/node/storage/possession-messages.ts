/**
 * The messages of /peerage/possession/1, deterministic CBOR (docs/PROTOCOL.md): a question names a version and some of
 * its blocks, and the answer has their bytes, in the order asked for, or none when the copy is not there.
 */

import { idBytes, type PieceIndex, pieceIndex, type VersionId, versionIdFromBytes } from '../../base/ids.ts'
import { KIB } from '../../base/units.ts'
import { LEAF_BYTES } from '../../content/merkle.ts'
import { type CborFault, decodeCbor, encodeCbor } from '../../ledger/encoding/cbor.ts'
import { hash } from '../../ledger/encoding/names.ts'
import { accepted, type Outcome, rejected } from '../../ledger/encoding/outcome.ts'
import { bytesUpTo, exactly, integer, list, Misshape, nullable, tuple } from '../../ledger/encoding/shape.ts'

export const BLOCKS_MAX = 16
const PIECES_MAX = 2 ** 32
const BLOCKS_PER_PIECE_MAX = 2 ** 16
export const QUESTION_BYTES_MAX = 4 * KIB
export const ANSWER_BYTES_MAX = BLOCKS_MAX * (LEAF_BYTES + 8) + 64

export interface AskedBlock {
  readonly piece: PieceIndex
  /** Of the blocks of the piece. */
  readonly block: number
}

export interface PossessionQuestion {
  readonly version: VersionId
  readonly blocks: readonly AskedBlock[]
}

/** The bytes of each block; undefined when the copy, or one of them, is not there. */
export type PossessionAnswer = readonly Uint8Array[] | undefined

const question = tuple(
  exactly(1),
  hash,
  list(tuple(integer(0, PIECES_MAX), integer(0, BLOCKS_PER_PIECE_MAX)), BLOCKS_MAX)
)
const answer = tuple(exactly(1), nullable(list(bytesUpTo(LEAF_BYTES), BLOCKS_MAX)))

export function encodeQuestion({ version, blocks }: PossessionQuestion): Uint8Array {
  return encodeCbor([1, idBytes(version), blocks.map(({ piece, block }) => [piece, block])])
}

export function decodeQuestion(bytes: Uint8Array): Outcome<PossessionQuestion, CborFault | 'malformed'> {
  const decoded = decodeCbor(bytes, { bytesMax: QUESTION_BYTES_MAX, depthMax: 3 })
  if (!decoded.ok) return decoded
  const read = question(decoded.value)
  if (read instanceof Misshape) return rejected('malformed', String(read))
  const [, version, blocks] = read
  return accepted({
    version: versionIdFromBytes(version),
    blocks: blocks.map(([piece, block]) => ({ piece: pieceIndex(piece), block }))
  })
}

export function encodeAnswer(blocks: PossessionAnswer): Uint8Array {
  return encodeCbor([1, blocks === undefined ? null : [...blocks]])
}

export function decodeAnswer(bytes: Uint8Array): Outcome<PossessionAnswer, CborFault | 'malformed'> {
  const decoded = decodeCbor(bytes, { bytesMax: ANSWER_BYTES_MAX, depthMax: 2 })
  if (!decoded.ok) return decoded
  const read = answer(decoded.value)
  return read instanceof Misshape ? rejected('malformed', String(read)) : accepted(read[1] ?? undefined)
}
