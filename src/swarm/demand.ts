/** Readers wait for other pieces than before: what of that concerns the parts of a transfer. */

import type { PieceIndex } from '../base/ids.ts'
import type { Downloads } from './downloads.ts'
import type { LayerFetch } from './layer-fetch.ts'
import type { OriginFetch } from './origin/origin-fetch.ts'
import type { PiecePicker } from './piece-picker.ts'
import type { Wants } from './wants.ts'

interface ConcernedParts {
  readonly picker: PiecePicker
  readonly layers: Pick<LayerFetch, 'need'>
  readonly downloads: Pick<Downloads, 'letGo'>
  readonly wants: Pick<Wants, 'changed' | 'tell'>
  readonly origin: Pick<OriginFetch, 'tick'>
}

/** The most urgent first. */
export function takeDemand(parts: ConcernedParts | undefined, pieces: readonly PieceIndex[]): void {
  if (parts === undefined) return
  const { picker, layers, downloads, wants, origin } = parts
  for (const open of picker.demand(pieces)) downloads.letGo(open)
  for (const piece of pieces.toReversed()) layers.need(piece)
  if (picker.isOnDemand) wants.changed()
  // Before anybody hears that we are interested.
  wants.tell()
  origin.tick()
}
