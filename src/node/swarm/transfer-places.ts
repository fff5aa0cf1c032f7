/** Where transfers put what they fetch, and what of it is on this device already. */

import type { VersionId } from '../../base/ids.ts'
import { chooseFiles } from '../../content/file-globs.ts'
import type { Version } from '../../content/version.ts'
import type { Holding, PieceLayers, Store } from '../../store/store.ts'
import { copyPieces, type PieceSource } from './local-copy.ts'
import type { SealedTransfers } from './sealed-transfers.ts'
import { checkedGroups, nothingSelected } from './transfer-orders.ts'
import type { TransferRecord } from './transfer-record.ts'

export class TransferPlaces {
  readonly #store: Store
  readonly #sealed: SealedTransfers | undefined
  /** Copies between folders are made one after the other: each takes memory for several pieces. */
  #copying: Promise<void> = Promise.resolve()

  constructor(store: Store, sealed: SealedTransfers | undefined) {
    this.#store = store
    this.#sealed = sealed
  }

  /** What this device has of a version already, wherever that is, the most first. */
  known(version: VersionId): Holding[] {
    const cached = this.#store.cache?.find(version) ?? []
    const holdings = this.#store
      .holdings()
      .filter(holding => holding.version.id === version)
      .concat(cached)
    return holdings.sort((a, b) => b.have.size - a.have.size)
  }

  /** That of a transfer. */
  holdingOf(record: TransferRecord): Holding | undefined {
    const mine = this.#store.holdings().filter(holding => holding.version.id === record.version)
    return (
      mine.find(holding => holding.root === record.destination.replace(/[/\\]+$/, '')) ??
      mine.find(holding => holding.kind === 'fetched')
    )
  }

  /** Makes the place of a transfer ready; of what is sealed its objects go into the home. */
  async create(
    record: TransferRecord,
    { version, layers }: { readonly version: Version; readonly layers: PieceLayers },
    signal: AbortSignal
  ): Promise<Holding> {
    if (this.#sealed !== undefined && record.isOpened) {
      const complete = this.known(version.id).find(({ state }) => state === 'complete')
      if (complete !== undefined) return complete
      const selected = await this.#sealed.select(record, version)
      const destination = await this.#sealed.placeOf(version)
      const isAll = selected.size === version.files.length
      const some = isAll ? undefined : selected
      return await this.#store.create({ version, destination, layers, signal, selected: some })
    }
    const selected = chooseFiles(version, checkedGroups(record.only))
    if (selected?.size === 0) throw nothingSelected(record, version)
    return await this.#store.create({ version, destination: record.destination, layers, selected, signal })
  }

  /** From every other folder of this device. */
  async copy(to: Holding, signal: AbortSignal): Promise<void> {
    for (const from of this.known(to.version.id)) {
      if (from === to) continue
      await this.copyFrom(from, to, signal)
    }
  }

  /** From what this device can make of the version; false when that is not all good. */
  async fill(
    to: Holding,
    { layers, from }: { readonly layers: PieceLayers; readonly from: PieceSource },
    signal: AbortSignal
  ): Promise<boolean> {
    for (const [file, layer] of layers) if (to.layer(file) === undefined) await to.setLayer(file, layer)
    return await this.copyFrom(from, to, signal)
  }

  /** False when what it has is not all good. */
  async copyFrom(from: PieceSource, to: Holding, signal: AbortSignal): Promise<boolean> {
    const copied = this.#copying.then(() => copyPieces(from, to, signal))
    this.#copying = copied.then(
      () => undefined,
      () => undefined
    )
    return await copied
  }
}
