/** Pieces that another folder of this device has already, copied from there instead of fetched. */

import { AppError } from '../../base/errors.ts'
import { type PieceIndex, pieceIndex } from '../../base/ids.ts'
import { pieceLength } from '../../content/version.ts'
import type { Holding, PieceLayers, ReadRange } from '../../store/store.ts'
import { piecesOfFiles } from './selection.ts'

/** Pieces under way at once. */
const COPIES_AT_ONCE = 4

export function layersOf(holding: Holding): PieceLayers {
  const layers = new Map<number, Uint8Array>()
  for (const fileIndex of holding.version.files.keys()) {
    const layer = holding.layer(fileIndex)
    if (layer !== undefined) layers.set(fileIndex, layer)
  }
  return layers
}

/** What pieces of a version can be read from: a folder of this device, or shares of it. */
export interface PieceSource {
  readonly have: Pick<Holding['have'], 'has'>
  read(range: ReadRange): Promise<Uint8Array>
}

/**
 * Copies what `to` wants and misses and `from` has; each piece is verified before it is written. What turns out to be
 * damaged or gone there is left to come from peers; false when there was any.
 */
export async function copyPieces(from: PieceSource, to: Holding, signal: AbortSignal): Promise<boolean> {
  const wanted = piecesOfFiles(to.version, to.selected)
  const missing = [...Array(to.version.pieceCount).keys()]
    .filter(piece => wanted?.has(piece) !== false && !to.have.has(piece) && from.have.has(piece))
    .map(pieceIndex)
    .reverse()
  let isGood = true
  const worker = async (): Promise<void> => {
    for (let piece = missing.pop(); piece !== undefined && isGood; piece = missing.pop()) {
      signal.throwIfAborted()
      // Without its layer a piece could not be verified.
      if (to.pieceHash(piece) === undefined) continue
      const bytes = await readPiece(from, to, piece)
      if (bytes === undefined || (await to.writePiece(piece, [bytes])).outcome === 'mismatch') isGood = false
    }
  }
  await Promise.all(Array.from({ length: COPIES_AT_ONCE }, worker))
  return isGood
}

async function readPiece(
  from: PieceSource,
  { version }: Holding,
  piece: PieceIndex
): Promise<Uint8Array | undefined> {
  if (!from.have.has(piece)) return undefined
  try {
    return await from.read({ piece, begin: 0, length: pieceLength(version, piece) })
  } catch (thrown) {
    if (thrown instanceof AppError) return undefined
    throw thrown
  }
}
