/**
 * The privacy part of the admin API: what the org notes of itself and its data, and the registers that follow from that
 * and from the ledger. Notes are on this device alone (store/privacy-store.ts); a device that is no steward any more
 * forgets them.
 */

import { AppError } from '../../base/errors.ts'
import { isLabel } from '../../ledger/encoding/names.ts'
import type { PrivacyStore } from '../../store/privacy-store.ts'
import type { LocalAuditService } from '../audit/audit-service.ts'
import { freshnessStatus } from '../ledger/freshness-status.ts'
import { LedgerNames } from '../ledger/ledger-names.ts'
import type { Node } from '../node.ts'
import type { StorageService } from '../storage/storage-terms.ts'
import { measuresInForce } from './measures-in-force.ts'
import { NotesBook } from './notes-book.ts'
import type { PrivacyService } from './privacy-calls.ts'
import type { DatasetNoteChanges, PlaceNote, PrivacyNotes, ProcessingRecord } from './privacy-terms.ts'
import { activitiesOf, type RegisterView } from './processing-record.ts'
import { personsByDataset, type RegisteringNode, registerHead, registerView } from './register-view.ts'
import { transferRegister } from './transfer-register.ts'
import type { TransferRegister } from './transfer-terms.ts'

export type PrivateNode = RegisteringNode & Pick<Node, 'beacons'>

export interface PrivacyParts {
  readonly store: PrivacyStore
  readonly audit: Pick<LocalAuditService, 'auditCheckpoints' | 'readsWithin'>
  readonly storage: Pick<StorageService, 'storage'>
  readonly now?: () => number
}

const PLACE = /^(site|region|device):(.+)$/su

const LIMITS = [
  'A dataset is shown as one activity; what else people do with data, and data outside this network, is not known here.',
  'Recipients are devices. Which people use them, and whom people hand data to, is not known here.',
  'Who may read is shown as the ledger says now; who has read is in the audit logs.',
  'Countries, legal bases, and categories of persons and data are what somebody noted on this device.'
]

export class LocalPrivacyService implements PrivacyService {
  readonly #node: PrivateNode
  readonly #parts: PrivacyParts
  readonly #book: NotesBook
  readonly #names: LedgerNames

  constructor(node: PrivateNode, parts: PrivacyParts) {
    this.#node = node
    this.#parts = parts
    this.#book = new NotesBook(parts.store)
    this.#names = new LedgerNames(node.keeper, device => node.catalogue.nameOf(device))
    node.subjects.directory.onCleared(() => parts.store.clear())
  }

  async notes(): Promise<PrivacyNotes> {
    this.#checkSteward()
    return this.#book.all()
  }

  async setNote({ field, value }: Parameters<PrivacyService['setNote']>[0]): Promise<PrivacyNotes> {
    this.#checkSteward()
    if (field === 'territory') this.#book.setTerritory(value)
    else this.#book.setController(field, value)
    return this.#book.all()
  }

  async setPlace(note: Omit<PlaceNote, 'sinceAtMs'>): Promise<PrivacyNotes> {
    this.#checkSteward()
    this.#book.setPlace({ ...note, place: this.#placeNamed(note.place) }, this.#now())
    return this.#book.all()
  }

  async describeDataset(changes: DatasetNoteChanges): Promise<PrivacyNotes> {
    this.#checkSteward()
    this.#node.catalogue.entry(changes.name)
    this.#book.describeDataset(changes)
    return this.#book.all()
  }

  async processing(): Promise<ProcessingRecord> {
    this.#checkSteward()
    const view = this.#view()
    const persons = personsByDataset(
      this.#node,
      ({ version }) => (view.state.content.get(version)?.erasures.length ?? 0) === 0
    )
    const all = activitiesOf({ ...view, personsOf: name => persons.get(name)?.size ?? 0 })
    const activities = all.filter(({ personal }) => personal !== false)
    const unsaid = Object.entries(view.notes.controller).flatMap(([field, value]) =>
      value === null ? [field] : []
    )
    const freshness = freshnessStatus(this.#node.beacons)
    const measures = measuresInForce({
      ...{ state: view.state, nowMs: view.nowMs, activities, freshness },
      storage: await this.#had(() => this.#parts.storage.storage()),
      audit: await this.#had(() => this.#parts.audit.auditCheckpoints({ device: null }))
    })
    return {
      ...registerHead(this.#node, view),
      ...{ activities, measures },
      without: all.filter(({ personal }) => personal === false).map(({ name }) => name),
      toFillIn: unsaid,
      limits: LIMITS
    }
  }

  async transfers(): Promise<TransferRegister> {
    this.#checkSteward()
    const names = [...this.#node.keeper.state().datasets.keys()]
    const { of, missing } = await this.#parts.audit.readsWithin(names)
    const view = this.#view()
    return transferRegister({ ...view, head: registerHead(this.#node, view), who: of, missing })
  }

  #view(): RegisterView {
    return registerView(this.#node, this.#parts.store, this.#now())
  }

  /** A place as it is noted: devices by their ids, which outlive their names. */
  #placeNamed(text: string): string {
    const [, kind, name] = PLACE.exec(text) ?? []
    if (kind === undefined || name === undefined || !isLabel(name))
      throw new AppError(
        'USAGE',
        `${JSON.stringify(text)} is no place: write site:NAME, region:NAME or device:NAME`
      )
    if (kind === 'device') return `device:${this.#names.findDevice(name)}`
    const { state } = this.#view()
    const known =
      kind === 'region'
        ? new Set([...state.sites.values()].map(({ region }) => region))
        : this.#view().places.sites(state.devices.keys())
    if (known.has(name)) return text
    const names = [...known.keys()].sort().join(', ')
    throw new AppError(
      'USAGE',
      `no device and no word of the ledger says that there is a ${kind} ${JSON.stringify(name)}; there are: ${names || 'none'}`
    )
  }

  /** Undefined for what can not be had now, such as of a network that is out of reach. */
  async #had<T>(question: () => Promise<T>): Promise<T | undefined> {
    try {
      return await question()
    } catch (thrown) {
      if (thrown instanceof AppError) return undefined
      throw thrown
    }
  }

  #checkSteward(): void {
    this.#node.subjects.exchange.checkSteward()
  }

  #now(): number {
    return (this.#parts.now ?? Date.now)()
  }
}
