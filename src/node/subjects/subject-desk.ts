/** The part of a node that knows whom data is about: the directory, and the exchange with other devices. */

import { randomBytes } from 'node:crypto'
import { type AuditEvent, LOOKUP_SALT_BYTES, type Lookup } from '../../audit/entry.ts'
import { AppError } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { DatasetEntry, DatasetVersion } from '../../ledger/fold/state.ts'
import type { Store } from '../../store/store.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import { haveBytesOf } from '../swarm/selection.ts'
import type { TransferDesk } from '../swarm/transfer-desk.ts'
import type { Transport } from '../transport/transport.ts'
import { lookupMark, pseudonymOf } from './pseudonym.ts'
import { SubjectDirectory } from './subject-directory.ts'
import { SubjectExchange } from './subject-exchange.ts'
import type { PlaceOf } from './subject-messages.ts'

export interface SubjectDeskInit {
  readonly self: DeviceId
  readonly store: Store
  readonly keeper: Pick<LedgerKeeper, 'state' | 'isWhole' | 'onWhole'>
  readonly transport: Transport
  readonly transfers: Pick<TransferDesk, 'views'>
  /** Whether it is in the place of copies that this device keeps for the org. */
  readonly isStored: (root: string) => boolean
  /** Resolves once the event is durable in the audit log of this device. */
  readonly record: (event: AuditEvent) => Promise<unknown>
  readonly log: Log
}

export interface AboutSubject {
  readonly dataset: DatasetEntry
  readonly published: DatasetVersion
  /** What the ledger has for the person there. */
  readonly pseudonym: string
}

export class SubjectDesk {
  readonly #init: SubjectDeskInit
  readonly directory: SubjectDirectory
  readonly exchange: SubjectExchange

  constructor(init: SubjectDeskInit) {
    this.#init = init
    const { self, store, keeper, transport, log } = init
    this.directory = new SubjectDirectory(store.records)
    this.exchange = new SubjectExchange({
      ...{ self, transport, directory: this.directory, log },
      state: () => keeper.state(),
      isWhole: () => keeper.isWhole,
      places: versions => this.places(versions)
    })
    keeper.onWhole(() => this.exchange.look())
  }

  /** Publications that the ledger says are about a person, by any of these keys: all, or those that are meant. */
  about(
    keys: readonly Uint8Array[],
    isMeant: (published: DatasetVersion) => boolean = () => true
  ): AboutSubject[] {
    const found: AboutSubject[] = []
    for (const dataset of this.#init.keeper.state().datasets.values())
      for (const published of dataset.versions) {
        if (published.subjects.size === 0 || !isMeant(published)) continue
        const pseudonym = keys
          .map(key => pseudonymOf(key, published.version))
          .find(each => published.subjects.has(each))
        if (pseudonym !== undefined) found.push({ dataset, published, pseudonym })
      }
    return found
  }

  /**
   * Of a person by its id; rejects with NOT_AUTHORISED where that is not known, and with SUBJECT_UNKNOWN. That somebody
   * looked, in vain or not, is in the audit log before anything is said.
   */
  async lookUp(id: string, what: Lookup): Promise<AboutSubject[]> {
    this.exchange.checkSteward()
    const keys = this.directory.keysOf(id)
    const about = this.about(keys)
    await this.noteLookup(what, { keys, count: about.length })
    if (keys.length > 0) return about
    throw new AppError(
      'SUBJECT_UNKNOWN',
      'nothing is known here of a person of that id; peerage subject list lists those of whom something is'
    )
  }

  /** By one key of the person, as good as another; none where several persons are meant, or one that is not known. */
  async noteLookup(
    what: Lookup,
    { keys, count }: { readonly keys: readonly Uint8Array[]; readonly count: number }
  ): Promise<void> {
    const [key] = keys
    const salt = key === undefined ? null : new Uint8Array(randomBytes(LOOKUP_SALT_BYTES))
    const subject = key === undefined || salt === null ? null : lookupMark(key, salt)
    await this.#init.record({ action: 'looked-up', what, salt, subject, count })
  }

  /** What this device has of these versions, and how. */
  places(versions: readonly VersionId[]): PlaceOf[] {
    const { store, transfers, isStored } = this.#init
    const asked = new Set(versions)
    const held = store.holdings().flatMap((holding): PlaceOf[] => {
      const version = holding.version.id
      if (!asked.has(version)) return []
      const kind = isStored(holding.root) ? 'stored' : holding.kind
      return [{ version, kind, bytes: haveBytesOf(holding) }]
    })
    const opened = transfers
      .views()
      .filter(({ version, isOpened }) => isOpened && asked.has(version))
      .map(({ version, totalBytes }): PlaceOf => ({ version, kind: 'opened', bytes: totalBytes }))
    return [...held, ...opened]
  }

  look(): void {
    this.exchange.look()
  }

  close(): void {
    this.exchange.close()
  }
}
