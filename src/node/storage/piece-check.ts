/** Whether a piece on this disk is what its hash says, as it is read now. */

import { equalBytes } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import type { PieceIndex } from '../../base/ids.ts'
import { leafHashes, pieceLeafWidth, pieceRootOfLeaves } from '../../content/merkle.ts'
import { pieceLength, pieceSpan } from '../../content/version.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Holding } from '../../store/store.ts'

/** The hashes of the blocks of a piece that is held, where they are what the hash of the piece says. */
export async function soundLeaves(holding: Holding, piece: PieceIndex): Promise<Uint8Array | undefined> {
  if (holding.pieceHash(piece) === undefined || !holding.have.has(piece)) return undefined
  try {
    const leaves = await holding.leafHashes(piece)
    return matches(holding, piece, leaves) ? leaves : undefined
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return undefined
  }
}

export async function matchesHash(holding: Holding, piece: PieceIndex): Promise<boolean> {
  return (await soundLeaves(holding, piece)) !== undefined
}

/**
 * The bytes of a piece; undefined where they are not what the hash of the piece says. Rejects with AppError where they
 * can not be read.
 */
export async function soundPiece(holding: Holding, piece: PieceIndex): Promise<Uint8Array | undefined> {
  const bytes = await holding.read({ piece, begin: 0, length: pieceLength(holding.version, piece) })
  return provenLeaves(holding, piece, bytes) === undefined ? undefined : bytes
}

/** The hashes of the blocks of what may be a piece; undefined where it is not what the hash of the piece says. */
export function provenLeaves(holding: Holding, piece: PieceIndex, bytes: Uint8Array): Uint8Array | undefined {
  const leaves = leafHashes(bytes, sha256)
  return matches(holding, piece, leaves) ? leaves : undefined
}

/** Of its own tree (content/merkle.ts). */
export function leafWidthOf({ version }: Holding, piece: PieceIndex): number {
  return pieceLeafWidth(pieceSpan(version, piece).file.bytes, version.pieceBytes)
}

function matches(holding: Holding, piece: PieceIndex, leaves: Uint8Array): boolean {
  const wanted = holding.pieceHash(piece)
  const root = pieceRootOfLeaves(leaves, leafWidthOf(holding, piece), sha256)
  return wanted !== undefined && equalBytes(root, wanted)
}
