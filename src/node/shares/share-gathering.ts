/**
 * Brings together as many shares of a version as give it back: those that are on this device, and transfers of others
 * into the folders of shares. Data shares come first, as they are read without decoding. Shares of which nobody present
 * says that it has them are asked for when there are too few others: who cut them may have them still.
 *
 * A transfer that brings nothing for a while is left as it is, and another share is asked for beside it.
 */

import type { DeviceId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { copiesOf } from '../../ledger/fold/copies.ts'
import type { DatasetVersion, ShareSet, State } from '../../ledger/fold/state.ts'
import type { Holding, Store } from '../../store/store.ts'
import type { TransferDesk, TransferView } from '../swarm/transfer-desk.ts'
import { isActive } from '../swarm/transfer-orders.ts'
import type { Priority } from '../swarm/transfer-slots.ts'
import { makeShareFolder } from './share-files.ts'
import { type ShareFolders, sharesHere } from './share-folders.ts'

const STALLED_MS = 10 * SECOND_MS

export interface ShareGatheringInit {
  readonly store: Pick<Store, 'holdings'>
  readonly transfers: Pick<TransferDesk, 'start' | 'views'>
  readonly folders: ShareFolders
  readonly state: () => State
  readonly present: () => ReadonlySet<DeviceId>
}

export interface Gathered {
  readonly name: string
  readonly published: DatasetVersion
  readonly set: ShareSet
  readonly priority: Priority
  /** The share that is to be made of the others. */
  readonly without?: number
}

export class ShareGathering {
  readonly #init: ShareGatheringInit
  /** How far each transfer was when it last moved, and when that was. */
  readonly #moved = new Map<string, { bytes: number; atMs: number }>()

  constructor(init: ShareGatheringInit) {
    this.#init = init
  }

  /** As many shares as it takes, once they are here; until then what is missing is on its way. */
  async step(wanted: Gathered, nowMs: number): Promise<ReadonlyMap<number, Holding> | undefined> {
    const { set, without } = wanted
    const here = [...sharesHere(this.#init.store, set)].filter(([share]) => share !== without)
    if (here.length >= set.data) return new Map(here.sort(([a], [b]) => a - b).slice(0, set.data))
    const has = new Set(here.map(([share]) => share))
    const running = this.#running(wanted.published, set)
    let coming = [...running].filter(([share, view]) => !has.has(share) && this.#moves(view, nowMs)).length
    for (const share of this.#candidates(set)) {
      if (here.length + coming >= set.data) break
      if (share === without || has.has(share) || running.has(share)) continue
      coming++
      await this.#fetch(wanted, share)
    }
    return undefined
  }

  /** Those that somebody present keeps, then the others. */
  #candidates({ shares }: ShareSet): number[] {
    const state = this.#init.state()
    const present = this.#init.present()
    const isKept = (share: number): boolean => {
      const version = shares[share]
      return version !== undefined && copiesOf(state, version).some(({ device }) => present.has(device))
    }
    const all = [...shares.keys()]
    return [...all.filter(isKept), ...all.filter(share => !isKept(share))]
  }

  #running({ version }: DatasetVersion, { shares }: ShareSet): Map<number, TransferView> {
    const running = new Map<number, TransferView>()
    for (const view of this.#init.transfers.views()) {
      const share = shares.indexOf(view.version)
      if (share >= 0 && view.destination === this.#init.folders.destination(version, share))
        running.set(share, view)
    }
    return running
  }

  #moves({ id, haveBytes, state }: TransferView, nowMs: number): boolean {
    if (!isActive(state)) return false
    const last = this.#moved.get(id)
    if (last === undefined || last.bytes !== haveBytes) this.#moved.set(id, { bytes: haveBytes, atMs: nowMs })
    return nowMs - (this.#moved.get(id)?.atMs ?? nowMs) < STALLED_MS
  }

  async #fetch({ name, published, set, priority }: Gathered, share: number): Promise<void> {
    const { transfers, folders } = this.#init
    const version = set.shares[share]
    if (version === undefined) return
    await makeShareFolder(folders.share(published.version, share))
    transfers.start({
      ...{ name, version, ordinal: published.ordinal, files: set.files, totalBytes: set.bytes },
      ...{ destination: folders.destination(published.version, share), purpose: null },
      ...{ priority, deadlineAtMs: null, only: [] }
    })
  }

  /** Forgets transfers that are gone. */
  tidy(): void {
    const known = new Set(this.#init.transfers.views().map(({ id }) => id))
    for (const id of this.#moved.keys()) if (!known.has(id)) this.#moved.delete(id)
  }
}
