/**
 * Where a scanner puts what it has to look at and does not hold: a folder of its home for each version, fetched like
 * any other transfer, and removed when it was looked at. What a crash leaves is removed at the next start.
 */

import { readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ERROR_CODES, type ErrorCode } from '../../base/error-codes.ts'
import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { formatBytes, GIB, MINUTE_MS } from '../../base/units.ts'
import { makeFolder } from '../../files/make-folder.ts'
import type { DatasetVersion } from '../../ledger/fold/state.ts'
import type { Holding, Store } from '../../store/store.ts'
import { isWithin } from '../folder-path.ts'
import { onDisk } from '../follow/disk-steps.ts'
import { letGo } from '../swarm/letting-go.ts'
import type { TransferDesk, TransferView } from '../swarm/transfer-desk.ts'

/** What is left free on the disk of the home: the node has to go on. */
const RESERVE_BYTES = GIB
/** Without a further byte; then others have their turn. */
const STALLED_MS = 2 * MINUTE_MS
const LOOK_MS = 50
const PURPOSE = 'malware scan'

export interface ScanScratchInit {
  readonly home: string
  readonly store: Store
  readonly transfers: Pick<TransferDesk, 'start' | 'stop' | 'view' | 'views' | 'placed'>
  readonly reset: (version: VersionId) => void
  readonly onForgotten: (version: VersionId) => void
}

export interface ScratchFetch {
  readonly name: string
  readonly published: DatasetVersion
  readonly signal: AbortSignal
  readonly onProgress: (haveBytes: number) => void
}

export class ScanScratch {
  readonly folder: string
  readonly #init: ScanScratchInit

  constructor(init: ScanScratchInit) {
    this.#init = init
    this.folder = join(init.home, 'scan')
  }

  /** Whether a holding lies here only to be scanned. */
  has(holding: Holding): boolean {
    return isWithin(holding.root, this.folder)
  }

  /** Removes everything. */
  async clear(): Promise<void> {
    for (const version of await this.#left()) await this.remove(version)
  }

  /** Rejects with DISK_FULL, NO_SOURCES, what the transfer failed of, or the reason of the signal. */
  async fetch({ name, published, signal, onProgress }: ScratchFetch): Promise<Holding> {
    const { version, ordinal, files, bytes } = published
    const destination = join(this.folder, version)
    await this.#makeRoom(destination, bytes)
    const id = this.#init.transfers.start({
      ...{ name, version, ordinal, files, totalBytes: bytes, destination, purpose: PURPOSE },
      ...{ priority: 'low', deadlineAtMs: null, only: [] }
    })
    let haveBytes = 0
    let movedAtMs = performance.now()
    for (;;) {
      signal.throwIfAborted()
      const view = this.#init.transfers.view(id)
      if (view === undefined || view.state === 'stopped' || view.state === 'failed')
        throw transferFailure(view)
      if (view.state === 'complete' && view.holding !== undefined) return view.holding
      // Behind other transfers it waits for its turn, not for a source.
      if (view.haveBytes !== haveBytes || view.state === 'queued') movedAtMs = performance.now()
      haveBytes = view.haveBytes
      onProgress(haveBytes)
      if (performance.now() - movedAtMs > STALLED_MS)
        throw new AppError('NO_SOURCES', `nobody gave anything of ${name} for ${STALLED_MS / MINUTE_MS} min`)
      await delay(LOOK_MS, undefined, { signal })
    }
  }

  async remove(version: VersionId): Promise<void> {
    const path = join(this.folder, version)
    await letGo(this.#init, { version, path })
    await onDisk('remove', path, () => rm(path, { recursive: true, force: true }))
  }

  async #makeRoom(path: string, bytes: number): Promise<void> {
    await onDisk('make', path, () => makeFolder(path, { mode: 0o700 }))
    const { bavail, bsize } = await onDisk('look at', path, () => statfs(path))
    const freeBytes = bavail * bsize
    if (freeBytes >= bytes + RESERVE_BYTES) return
    throw new AppError(
      'DISK_FULL',
      `to scan it ${formatBytes(bytes)} have to be fetched, and ${formatBytes(freeBytes)} are free in ${this.folder}, ` +
        `of which ${formatBytes(RESERVE_BYTES)} are kept; free space there`,
      { details: { path: this.folder } }
    )
  }

  /** Versions that have something here. */
  async #left(): Promise<VersionId[]> {
    const { store, transfers } = this.#init
    await transfers.placed()
    const known = [
      ...store.holdings().filter(holding => this.has(holding)),
      ...transfers.views().filter(({ destination }) => isWithin(destination, this.folder))
    ]
    const left = new Set(
      known.map(each => (typeof each.version === 'string' ? each.version : each.version.id))
    )
    const folders = await readdir(this.folder).catch(() => [])
    for (const folder of folders)
      if (!left.has(folder as VersionId))
        await onDisk('remove', folder, () => rm(join(this.folder, folder), { recursive: true, force: true }))
    return [...left]
  }
}

function transferFailure(view: TransferView | undefined): AppError {
  const { code, message } = view?.problem ?? { code: 'TRANSFER_STOPPED', message: 'it was stopped' }
  return new AppError(code in ERROR_CODES ? (code as ErrorCode) : 'TRANSFER_STOPPED', message)
}
