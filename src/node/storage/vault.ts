/**
 * Where this device keeps the copies that it owes: `vault/<version>` in its home, a folder for each. They are its own:
 * nobody else writes there, and what is kept no more is removed with its folder. Copies in passing (node/boost) are
 * kept in the same way, in a folder of another name.
 *
 * A copy is fetched like anything else, by a transfer of low priority into that folder, whose record is on disk: so it
 * goes on after a restart, and is repaired by another transfer into the same place.
 */

import { readdirSync } from 'node:fs'
import { rm, rmdir } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { parseVersionId, type VersionId } from '../../base/ids.ts'
import { makeFolderSync } from '../../files/make-folder.ts'
import type { Holding } from '../../store/store.ts'
import { isWithin } from '../folder-path.ts'
import { syncFolder } from '../follow/disk-steps.ts'
import { type LettingGo, letGo } from '../swarm/letting-go.ts'
import type { TransferDesk, TransferView } from '../swarm/transfer-desk.ts'
import type { StoredVersion } from './storage-units.ts'

export interface VaultInit extends LettingGo {
  readonly home: string
  /** In the home. */
  readonly folder: string
  readonly transfers: LettingGo['transfers'] & Pick<TransferDesk, 'start'>
}

export interface VaultCopy {
  readonly holding: Holding | undefined
  readonly transfer: TransferView | undefined
}

export class Vault {
  readonly root: string
  readonly #init: VaultInit
  readonly #removing = new Map<VersionId, Promise<void>>()

  constructor(init: VaultInit) {
    this.#init = init
    this.root = join(init.home, init.folder)
  }

  /** Whether something lies in the vault. */
  has(path: string): boolean {
    return isWithin(path, this.root)
  }

  /** What the copies take that are here or on their way. */
  bytes(): number {
    const views = this.#init.transfers.views().filter(({ destination }) => this.has(destination))
    return views.reduce((sum, { haveBytes }) => sum + haveBytes, 0)
  }

  holding(version: VersionId): Holding | undefined {
    const folder = this.#folder(version)
    return this.#init.store
      .holdings()
      .find(each => each.version.id === version && isWithin(each.root, folder))
  }

  /** All that is here or on its way, looked at once. */
  copies(): Map<VersionId, VaultCopy> {
    const copies = new Map<VersionId, VaultCopy>()
    for (const holding of this.#init.store.holdings())
      if (this.has(holding.root)) copies.set(holding.version.id, { holding, transfer: undefined })
    for (const transfer of this.#init.transfers.views())
      if (this.has(transfer.destination))
        copies.set(transfer.version, { holding: copies.get(transfer.version)?.holding, transfer })
    return copies
  }

  /** A copy was read again: peers that ask for it are served what was found. */
  checked(version: VersionId): void {
    this.#init.reset(version)
  }

  /** Begins to fetch a copy, or begins again. */
  fetch({ name, published }: StoredVersion, deadlineAtMs: number | null = null): void {
    if (this.#removing.has(published.version)) return
    const folder = this.#folder(published.version)
    try {
      makeFolderSync(folder, { mode: 0o700 })
    } catch (cause) {
      throw new AppError('STORAGE_FAILED', `can not make the folder ${folder}`, {
        details: { path: folder },
        cause
      })
    }
    this.#init.transfers.start({
      ...{ name, version: published.version, ordinal: published.ordinal },
      ...{ files: published.files, totalBytes: published.bytes },
      destination: folder + sep,
      ...{ purpose: null, priority: 'low', deadlineAtMs, only: [] }
    })
  }

  /**
   * Makes a damaged copy ready to be fetched again where it lies: its pieces that are good stay, and are served. What
   * stands in the way of the others goes.
   */
  async clean(holding: Holding, signal: AbortSignal): Promise<void> {
    const { stuckFiles } = await holding.salvage(signal)
    for (const path of stuckFiles) await rm(path, { recursive: true, force: true })
    this.#init.reset(holding.version.id)
  }

  /** Lets go of a copy and removes it; what a crash leaves of it `sweep` finds. */
  async remove(version: VersionId): Promise<void> {
    if (this.#removing.has(version)) return
    const removing = this.#remove(version)
    this.#removing.set(version, removing)
    try {
      await removing
    } finally {
      this.#removing.delete(version)
    }
  }

  /** Resolves when no copy is being removed any more; rejects with STORAGE_FAILED when one could not be. */
  async settled(): Promise<void> {
    const removed = await Promise.allSettled(this.#removing.values())
    const failed = removed.find(each => each.status === 'rejected')
    if (failed !== undefined) throw this.#notRemoved(failed.reason)
  }

  #notRemoved(cause: unknown): AppError {
    const details = { path: this.root }
    const message = `can not remove a copy in ${this.root}: ${messageOf(cause)}`
    return new AppError('STORAGE_FAILED', message, { details, cause })
  }

  /**
   * The files of a version went by another way: its folder goes too, if nothing is in it. Rejects with STORAGE_FAILED
   * when it can not.
   */
  async removeEmpty(version: VersionId): Promise<void> {
    try {
      await rmdir(this.#folder(version))
      await syncFolder(this.root)
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(systemCodeOf(error) ?? ''))
        throw this.#notRemoved(error)
    }
  }

  async #remove(version: VersionId): Promise<void> {
    await letGo(this.#init, { version, path: this.#folder(version) })
    await rm(this.#folder(version), { recursive: true, force: true })
    await syncFolder(this.root)
  }

  /** Folders of which neither the store nor a transfer knows: what was being removed when the process ended. */
  async sweep(): Promise<void> {
    const known = this.copies()
    for (const name of this.#folders()) {
      const version = parseVersionId(name)
      if (version !== undefined && !known.has(version))
        await rm(this.#folder(version), { recursive: true, force: true })
    }
  }

  #folders(): string[] {
    try {
      return readdirSync(this.root)
    } catch {
      return []
    }
  }

  /** Where a copy belongs that is made here. The folder that it goes into is there. */
  placeOf(version: VersionId): string {
    return this.#folder(version)
  }

  #folder(version: VersionId): string {
    return join(this.root, version)
  }
}
