/**
 * Letting go of what lies in a folder that this node made for a version: its transfers end, nobody is served from it,
 * and the store knows of it no more. Whole files stay for the caller to remove; part files go.
 */

import type { VersionId } from '../../base/ids.ts'
import type { Holding, Store } from '../../store/store.ts'
import { isWithin } from '../folder-path.ts'
import type { TransferDesk } from './transfer-desk.ts'

export interface LettingGo {
  readonly store: Store
  readonly transfers: Pick<TransferDesk, 'placed' | 'stop' | 'views'>
  /** Nobody is served from what is held of the version now; it may be held elsewhere too. */
  readonly reset: (version: VersionId) => void
  readonly onForgotten: (version: VersionId) => void
}

export async function letGo(
  { store, transfers, reset, onForgotten }: LettingGo,
  { version, path }: { readonly version: VersionId; readonly path: string }
): Promise<void> {
  // What is just being made is the folder's too, though no holding says so yet.
  await transfers.placed()
  for (const view of transfers.views())
    if (view.version === version && isWithin(view.destination, path))
      transfers.stop(view.id, { discard: true })
  reset(version)
  // The desk lets go by itself of what was unfinished.
  await transfers.placed()
  for (const holding of fetchedWithin(store, path)) {
    await store.forget(holding)
    onForgotten(version)
  }
}

export function fetchedWithin(store: Store, path: string): Holding[] {
  return store.holdings().filter(({ root, kind }) => kind === 'fetched' && isWithin(root, path))
}
