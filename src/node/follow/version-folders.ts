/**
 * The folders that hold one version each: what is in them, and how they go. A folder goes in an order that a crash can
 * cut anywhere: what it holds is noted, the store lets go of it, its files are removed, the note is removed.
 */

import { readFile, rm } from 'node:fs/promises'
import { sep } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { decodeInfo } from '../../content/info.ts'
import type { Version } from '../../content/version.ts'
import { sha256 } from '../../store/sha256.ts'
import { type Holding, isWhole, type Store } from '../../store/store.ts'
import type { TransferDesk } from '../swarm/transfer-desk.ts'
import { onDisk, renameDurably, statOf, writeDurably } from './disk-steps.ts'
import type { FollowPlace } from './follow-place.ts'
import type { FollowedVersion } from './follow-terms.ts'
import { removeTree } from './version-tree.ts'

/** The transfer desk lets go by itself of the unfinished holding of a transfer that is discarded. */
const LET_GO_MS = 30 * SECOND_MS
const LOOK_MS = 20

export interface VersionFoldersInit {
  readonly store: Store
  readonly transfers: Pick<TransferDesk, 'placed' | 'stop' | 'views'>
  /** Nobody is served from what is held of the version now; it may be held elsewhere too. */
  readonly reset: (version: VersionId) => void
  readonly onForgotten: (version: VersionId) => void
}

export class VersionFolders {
  readonly #init: VersionFoldersInit

  constructor(init: VersionFoldersInit) {
    this.#init = init
  }

  /** The version that the store holds in a folder. */
  versionIn(path: string): Version | undefined {
    return this.#holdingIn(path)?.version
  }

  /** Returns where files that are not of the version are kept, if there were any. */
  async remove(own: FollowedVersion, place: FollowPlace): Promise<string | undefined> {
    // Files that are just being made are the version's too, though no holding says so yet.
    await this.#init.transfers.placed()
    const path = place.path(own.folder)
    const note = place.path(`.removing-${own.folder}`)
    const holding = this.#holdingIn(path)
    if (holding !== undefined) await writeDurably(note, holding.version.infoBytes)
    await this.#letGo(own, { path, holding })
    const version = holding?.version ?? (await noted(note))
    let aside: string | undefined
    const isGone =
      version === undefined ? (await statOf(path)) === undefined : await removeTree(version, path)
    if (!isGone) {
      aside = place.path(`kept-${own.folder}-${Date.now()}`)
      await renameDurably(path, aside)
    }
    await onDisk('remove', note, () => rm(note, { force: true }))
    return aside
  }

  async #letGo(
    own: FollowedVersion,
    { path, holding }: { path: string; holding: Holding | undefined }
  ): Promise<void> {
    const { store, transfers, reset, onForgotten } = this.#init
    let isForgotten = false
    for (const view of transfers.views()) {
      if (view.version !== own.version || !isWithin(view.destination, path)) continue
      isForgotten ||= holding !== undefined && view.holding === holding && !isWhole(holding.state)
      transfers.stop(view.id, { discard: true })
    }
    reset(own.version)
    if (holding === undefined) return
    if (!isForgotten) {
      await store.forget(holding)
      onForgotten(own.version)
      return
    }
    const untilMs = performance.now() + LET_GO_MS
    while (store.holdings().includes(holding)) {
      if (performance.now() > untilMs)
        throw new AppError(
          'STORAGE_FAILED',
          `can not let go of ${path}: it is still being written; see the log`,
          {
            details: { path }
          }
        )
      await delay(LOOK_MS)
    }
  }

  #holdingIn(path: string): Holding | undefined {
    return this.#init.store.holdings().find(({ root, kind }) => kind === 'fetched' && isWithin(root, path))
  }
}

async function noted(note: string): Promise<Version | undefined> {
  if ((await statOf(note)) === undefined) return undefined
  return decodeInfo(await onDisk('read', note, () => readFile(note)), sha256)
}

/** Whether `inner` is `outer`, or lies below it. */
export function isWithin(inner: string, outer: string): boolean {
  const folder = outer.endsWith(sep) ? outer : outer + sep
  return inner === outer || inner.startsWith(folder)
}
