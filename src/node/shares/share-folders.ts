/**
 * Where shares lie that this device has for a while and does not owe: those that it cut of a version, until others keep
 * them, and those that it fetched to read the version or to make a lost share anew.
 *
 *     shares/<version id>/share-NN          a share, held by the store and served to peers
 *     shares/<version id>/making/share-NN   one that is being made anew
 */

import { readdir, rm } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { parseVersionId, type VersionId } from '../../base/ids.ts'
import { shareName } from '../../content/erasure/shared-version.ts'
import type { ShareSet } from '../../ledger/fold/state.ts'
import { type Holding, isWhole, type Store } from '../../store/store.ts'
import { isWithin } from '../folder-path.ts'
import { onDisk } from '../follow/disk-steps.ts'
import type { LettingGo } from '../swarm/letting-go.ts'

export class ShareFolders {
  readonly root: string
  readonly #init: LettingGo

  constructor(home: string, init: LettingGo) {
    this.root = join(home, 'shares')
    this.#init = init
  }

  of(version: VersionId): string {
    return join(this.root, version)
  }

  share(version: VersionId, share: number): string {
    return join(this.of(version), shareName(share))
  }

  /** With a separator at its end: a folder that a transfer puts its version into. */
  destination(version: VersionId, share: number): string {
    return this.share(version, share) + sep
  }

  making(version: VersionId, share: number): string {
    return join(this.of(version), 'making', shareName(share))
  }

  has(path: string): boolean {
    return isWithin(path, this.root)
  }

  /** Versions that have something here. */
  async versions(): Promise<VersionId[]> {
    const names = await readdir(this.root).catch(() => [])
    return names.flatMap(name => parseVersionId(name) ?? [])
  }

  /** Lets go of all shares of a version that lie here, and removes them. */
  async remove(version: VersionId): Promise<void> {
    const { store, transfers, reset, onForgotten } = this.#init
    const path = this.of(version)
    await transfers.placed()
    for (const view of transfers.views())
      if (isWithin(view.destination, path)) transfers.stop(view.id, { discard: true })
    await transfers.placed()
    for (const holding of store.holdings()) {
      if (!isWithin(holding.root, path)) continue
      reset(holding.version.id)
      await store.forget(holding)
      onForgotten(holding.version.id)
    }
    await onDisk('remove', path, () => rm(path, { recursive: true, force: true }))
  }
}

/** The shares of a set of which everything is on this device, wherever, by their numbers. */
export function sharesHere(store: Pick<Store, 'holdings'>, { shares }: ShareSet): Map<number, Holding> {
  const numbers = new Map(shares.map((version, share) => [version, share]))
  const here = new Map<number, Holding>()
  for (const holding of store.holdings()) {
    const share = numbers.get(holding.version.id)
    if (share !== undefined && isWhole(holding.state)) here.set(share, holding)
  }
  return here
}
