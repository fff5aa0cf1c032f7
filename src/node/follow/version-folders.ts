/**
 * The folders that hold one version each: what is in them, and how they go. A folder goes in an order that a crash can
 * cut anywhere: what it holds is noted, the store lets go of it, its files are removed, the note is removed.
 */

import { readFile, rm } from 'node:fs/promises'
import { decodeInfo } from '../../content/info.ts'
import type { Version } from '../../content/version.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Holding } from '../../store/store.ts'
import { fetchedWithin, type LettingGo, letGo } from '../swarm/letting-go.ts'
import { onDisk, renameDurably, statOf, writeDurably } from './disk-steps.ts'
import type { FollowPlace } from './follow-place.ts'
import type { FollowedVersion } from './follow-terms.ts'
import { removeTree } from './version-tree.ts'

export class VersionFolders {
  readonly #init: LettingGo

  constructor(init: LettingGo) {
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
    await letGo(this.#init, { version: own.version, path })
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

  #holdingIn(path: string): Holding | undefined {
    return fetchedWithin(this.#init.store, path)[0]
  }
}

async function noted(note: string): Promise<Version | undefined> {
  if ((await statOf(note)) === undefined) return undefined
  return decodeInfo(await onDisk('read', note, () => readFile(note)), sha256)
}
