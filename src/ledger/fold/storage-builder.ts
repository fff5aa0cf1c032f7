/** Renders the books of storage and erasure as parts of the state, those alone that an operation touched. */

import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { DatasetClass } from '../encoding/names.ts'
import type { OperationContent } from '../operation/operation-content.ts'
import { takings } from './content-entry.ts'
import { getOr } from './fold-books.ts'
import { levelOf, priceOf } from './performance-entry.ts'
import {
  type AcceptanceEntry,
  type ClassPolicyEntry,
  type CopyEntry,
  type CopyRenewalEntry,
  caseOfRecall,
  type DeviceStorageEntry,
  type EraseConfirmation,
  type ErasureEntry,
  type GroupEpochEntry,
  type MutableState,
  type SealingEntry,
  type SiteEntry
} from './state.ts'

import { registerOf, type StorageBooks } from './storage-books.ts'

const newVersions = (): Set<VersionId> => new Set()

export class StorageBuilder {
  readonly #books: StorageBooks
  readonly #state: MutableState
  readonly #classes = new Set<DatasetClass>()
  readonly #sites = new Set<string>()
  readonly #levels = new Set<string>()
  readonly #prices = new Set<string>()
  readonly #erasures = new Set<OperationId>()
  readonly #copies = new Map<DeviceId, Set<VersionId>>()
  readonly #renewals = new Set<DeviceId>()
  #holdsChanged = false
  #acceptancesChanged = false

  constructor(books: StorageBooks, state: MutableState) {
    this.#books = books
    this.#state = state
  }

  /** An operation came into force, left it, or acts in another role. */
  changed(id: OperationId, content: OperationContent): void {
    switch (content.type) {
      case 'class.policy':
        this.#classes.add(content.class)
        return
      case 'site.region':
        this.#sites.add(content.site)
        return
      case 'level.set':
        this.#levels.add(content.name)
        return
      case 'price.set':
        this.#prices.add(content.site)
        return
      case 'copy.renew':
        this.#renewals.add(content.device)
        return
      case 'copy.state':
      case 'copy.dispute':
        for (const { version } of content.copies)
          getOr(this.#copies, content.device, newVersions).add(version)
        return
      case 'content.erase':
      case 'content.recall':
        this.#erasures.add(id)
        return
      case 'erase.confirm':
        this.#erasures.add(content.erase)
        return
      case 'hold.place':
      case 'hold.lift':
        this.#holdsChanged = true
        return
      case 'risk.accept':
      case 'risk.withdraw':
        this.#acceptancesChanged = true
        return
      default:
    }
  }

  render(): void {
    const { classes, sites, renewals, levels, prices } = this.#state
    for (const name of this.#classes) set(classes, name, classPolicyOf(this.#books, name))
    for (const site of this.#sites) set(sites, site, siteOf(this.#books, site))
    for (const name of this.#levels)
      set(levels, name, levelOf(this.#books.last(registerOf.level(name))?.operation))
    for (const site of this.#prices)
      set(prices, site, priceOf(this.#books.last(registerOf.price(site))?.operation))
    for (const device of this.#renewals) set(renewals, device, renewalOf(this.#books, device))
    for (const id of this.#erasures) this.#renderErasure(id)
    for (const [device, versions] of this.#copies) this.#renderCopies(device, versions)
    if (this.#holdsChanged) this.#renderHolds()
    if (this.#acceptancesChanged) this.#renderAcceptances()
    const dirty = [
      this.#classes,
      this.#sites,
      this.#levels,
      this.#prices,
      this.#renewals,
      this.#erasures,
      this.#copies
    ]
    for (const each of dirty) each.clear()
    this.#holdsChanged = false
    this.#acceptancesChanged = false
  }

  #renderErasure(id: OperationId): void {
    const { erasures, erasureCases } = this.#state
    const before = erasures.get(id)
    const after = erasureOf(this.#books, id)
    set(erasures, id, after)
    if (before !== undefined) {
      const others = erasureCases.get(before.case)
      others?.delete(id)
      if (others?.size === 0) erasureCases.delete(before.case)
    }
    if (after === undefined) return
    const ofCase = erasureCases.get(after.case) ?? new Set()
    erasureCases.set(after.case, ofCase.add(id))
  }

  #renderCopies(device: DeviceId, versions: ReadonlySet<VersionId>): void {
    const { copies, keptBy } = this.#state
    const ofDevice = copies.get(device) ?? new Map<VersionId, CopyEntry>()
    for (const version of versions) {
      const entry = this.#books.copies.entry(device, version)
      const holders = keptBy.get(version) ?? new Set()
      set(ofDevice, version, entry)
      if (entry === undefined) holders.delete(device)
      else holders.add(device)
      set(keptBy, version, holders.size === 0 ? undefined : holders)
    }
    set(copies, device, ofDevice.size === 0 ? undefined : ofDevice)
  }

  #renderHolds(): void {
    const { holds } = this.#state
    holds.clear()
    const nameOf = ({ content }: { readonly content: OperationContent | undefined }) =>
      content?.type === 'hold.place' ? content.name : ''
    const standing = this.#books.holds().map(({ placed }) => placed)
    for (const [name, ofName] of Map.groupBy(standing, ({ operation }) => nameOf(operation)))
      holds.set(name, takings(ofName))
  }

  #renderAcceptances(): void {
    const { acceptances } = this.#state
    acceptances.clear()
    for (const { placed } of this.#books.acceptances()) {
      const { id, author, content, timeMs } = placed.operation
      if (content?.type !== 'risk.accept') continue
      const { type: _, ...said } = content
      acceptances.set(id, { operation: id, by: author, ...said, timeMs } satisfies AcceptanceEntry)
    }
  }
}

export function sealingOf(books: StorageBooks, device: DeviceId): SealingEntry | undefined {
  const { id, content } = books.last(registerOf.sealing(device))?.operation ?? {}
  if (id === undefined || content?.type !== 'device.sealing') return undefined
  return { operation: id, recipient: content.recipient }
}

export function deviceStorageOf(books: StorageBooks, device: DeviceId): DeviceStorageEntry | undefined {
  const own = books.last(registerOf.ownStorage(device))?.operation.content
  const ruled = books.last(registerOf.ruledStorage(device))?.operation.content
  const said = [ruled, own].filter(content => content?.type === 'device.storage')
  const [first] = said
  return (
    first && { site: first.site, capacityBytes: Math.min(...said.map(({ capacityBytes }) => capacityBytes)) }
  )
}

export function epochsOf(books: StorageBooks, group: OperationId): GroupEpochEntry[] {
  const epochs = [...books.epochs(group)].flatMap(({ operation: { id, content } }) =>
    content?.type === 'group.epoch'
      ? [{ operation: id, epoch: content.epoch, recipient: content.recipient }]
      : []
  )
  return epochs.sort((a, b) => a.epoch - b.epoch || (a.operation > b.operation ? -1 : 1))
}

function classPolicyOf(books: StorageBooks, name: DatasetClass): ClassPolicyEntry | undefined {
  const { id, author, content, timeMs } = books.last(registerOf.classPolicy(name))?.operation ?? {}
  if (id === undefined || author === undefined || timeMs === undefined || content?.type !== 'class.policy')
    return undefined
  const { type: _, ...rules } = content
  return { ...rules, operation: id, by: author, timeMs }
}

function siteOf(books: StorageBooks, site: string): SiteEntry | undefined {
  const { id, content } = books.last(registerOf.region(site))?.operation ?? {}
  if (id === undefined || content?.type !== 'site.region') return undefined
  return { site, region: content.region, operation: id }
}

function renewalOf(books: StorageBooks, device: DeviceId): CopyRenewalEntry | undefined {
  const { id, content, timeMs } = books.last(registerOf.renewal(device))?.operation ?? {}
  if (id === undefined || timeMs === undefined || content?.type !== 'copy.renew') return undefined
  return { device, operation: id, untilMs: content.untilMs, timeMs }
}

function erasureOf(books: StorageBooks, erase: OperationId): ErasureEntry | undefined {
  const { author, content, timeMs } = books.erasures.get(erase)?.operation ?? {}
  if (author === undefined || timeMs === undefined) return undefined
  const said = takingSaid(erase, content)
  if (said === undefined) return undefined
  const confirmations = new Map<DeviceId, EraseConfirmation>()
  for (const device of books.confirmedBy(erase)) {
    const last = books.last(registerOf.confirmation(erase, device))?.operation
    if (last?.content?.type !== 'erase.confirm') continue
    const { outcome, bytes, keys } = last.content
    confirmations.set(device, { operation: last.id, outcome, bytes, keys, timeMs: last.timeMs })
  }
  return { operation: erase, by: author, ...said, timeMs, confirmations }
}

function takingSaid(
  id: OperationId,
  content: OperationContent | undefined
): Omit<ErasureEntry, 'operation' | 'by' | 'timeMs' | 'confirmations'> | undefined {
  if (content?.type === 'content.recall') {
    const { version, reason } = content
    return { kind: 'recall', version, case: caseOfRecall(id), reason, basis: 'recall', subject: null }
  }
  if (content?.type !== 'content.erase') return undefined
  const { type: _, ...said } = content
  return { kind: 'erasure', ...said }
}

function set<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
