/**
 * The scanning part of the admin API: sets a scanner up, has it scan, and joins what the ledger, the notes of this
 * device and the audit logs say of malware.
 */

import { AppError } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import { contentFault } from '../../ledger/fold/access.ts'
import type { DatasetVersion } from '../../ledger/fold/state.ts'
import type { AuditService, AuditWho } from '../audit/audit-report.ts'
import { byName } from '../keys/device-name.ts'
import { findPublication } from '../ledger/publication-reference.ts'
import type { Node } from '../node.ts'
import type { Task } from '../task.ts'
import { formatClamdAddress, isLocal, readClamdAddress } from './clamd-address.ts'
import { type Candidate, waitingVersions } from './scan-queue.ts'
import { SCAN_RATE_MAX, SCAN_RATE_MIN, type ScanNote } from './scan-record.ts'
import {
  type FoundMalware,
  type MalwareHolder,
  type MalwareReader,
  type OwnScan,
  type RunningScan,
  type SaidScan,
  SCANS_LISTED_MAX,
  type ScannedReference,
  type ScannedVersionReport,
  type ScanReport,
  type ScanResult,
  type ScanService,
  type ScanSetup,
  type ScanStatus
} from './scan-terms.ts'

/** About what clamd gets through with one thread, and little of what a disk reads. */
export const SCAN_RATE_DEFAULT = 64 * MIB
/** What the audit log calls it. */
const SCANNER = 'scanner'

/** What of a node scanning goes through. */
export interface ScanningNode extends Pick<Node, 'scans' | 'identity' | 'store' | 'readFault'> {
  readonly audit: { readonly log: Pick<Node['audit']['log'], 'record'> }
  readonly keeper: Pick<Node['keeper'], 'state'>
  readonly catalogue: Pick<Node['catalogue'], 'nameOf' | 'entry' | 'dataset'>
}

export class LocalScanService implements ScanService {
  readonly #node: ScanningNode
  readonly #audit: Pick<AuditService, 'auditWho'>

  constructor(node: ScanningNode, audit: Pick<AuditService, 'auditWho'>) {
    this.#node = node
    this.#audit = audit
  }

  async scanStatus(): Promise<ScanStatus> {
    const { scans, keeper, catalogue } = this.#node
    const { settings } = scans.notes
    const queue = scans.due()
    const waiting = waitingVersions(keeper.state(), Date.now())
    const last = scans.notes.all().sort((a, b) => b.atMs - a.atMs)
    return {
      scanner:
        settings === undefined
          ? null
          : {
              ...{ clamd: formatClamdAddress(settings.clamd), local: isLocal(settings.clamd) },
              bytesPerSecond: settings.bytesPerSecond,
              engine: scans.known?.words.engine ?? null,
              database: scans.known?.words.database ?? null,
              databaseMadeAtMs: scans.known?.databaseMadeAtMs ?? null,
              checkedAtMs: scans.known?.checkedAtMs ?? null
            },
      authorised: scans.isAuthorised,
      running: scans.running(),
      queue: queue
        .slice(0, SCANS_LISTED_MAX)
        .map(due => ({ ...referenceOf(due), held: due.isHeld, why: due.why })),
      queueCount: queue.length,
      last: last.slice(0, SCANS_LISTED_MAX).map(ownScan),
      waiting: waiting.slice(0, SCANS_LISTED_MAX).map(candidate => ({
        ...referenceOf(candidate),
        dataClass: candidate.published.class,
        publisher: catalogue.nameOf(candidate.published.publisher),
        publishedAtMs: candidate.published.timeMs
      })),
      waitingCount: waiting.length,
      problems: scans.problems()
    }
  }

  async setUpScan({ clamd: text, bytesPerSecond }: ScanSetup, by: string): Promise<ScanStatus> {
    const { scans, audit } = this.#node
    const clamd = readClamdAddress(text)
    if (clamd === undefined)
      throw new AppError(
        'USAGE',
        `${JSON.stringify(text)} is no address of clamd: write the path of its socket, or HOST:PORT`
      )
    const rate = bytesPerSecond ?? scans.notes.settings?.bytesPerSecond ?? SCAN_RATE_DEFAULT
    if (!Number.isSafeInteger(rate) || rate < SCAN_RATE_MIN || rate > SCAN_RATE_MAX)
      throw new AppError('USAGE', `${rate} bytes per second can not be how fast a scanner reads`)
    const state = scans.notes.settings === undefined ? 'on' : 'changed'
    await scans.setUp({ clamd, bytesPerSecond: rate }, () =>
      audit.log.record({ action: 'switched', by, what: SCANNER, state })
    )
    return await this.scanStatus()
  }

  async endScan(by: string): Promise<ScanStatus> {
    const { scans, audit } = this.#node
    if (scans.notes.settings !== undefined)
      await audit.log.record({ action: 'switched', by, what: SCANNER, state: 'off' })
    await scans.end()
    return await this.scanStatus()
  }

  async scan(
    { name, version }: { readonly name: string; readonly version: string | null },
    task: Task<RunningScan>
  ): Promise<ScanResult> {
    const { scans, catalogue } = this.#node
    const published = findPublication(catalogue.entry(name), version, Date.now())
    if (!scans.isAuthorised)
      throw new AppError(
        'NOT_AUTHORISED',
        'this device may not say what a scan finds: an admin gives it the role with peerage role grant DEVICE scanner'
      )
    // Who holds it sealed need not be one who may read it.
    if (published.sealed || !scans.isHeld(published.version)) this.#checkRead(name, published.version)
    const { note, isTold } = await scans.scanNow({ name, published }, task)
    return { ...ownScan(note), name, ordinal: published.ordinal, told: isTold }
  }

  #checkRead(name: string, version: VersionId): void {
    const fault = this.#node.readFault(this.#node.identity.device, version)
    if (fault !== undefined)
      throw new AppError('NOT_AUTHORISED', `${name} can not be scanned here: ${fault.detail}`, {
        details: { dataset: name, version }
      })
  }

  async malware(): Promise<readonly FoundMalware[]> {
    const { content, publishedAs } = this.#node.keeper.state()
    const found = [...content].flatMap(([version, { scans }]) => {
      if (!scans.some(({ verdict }) => verdict === 'infected')) return []
      return [...(publishedAs.get(version) ?? [])].flatMap(name => this.#foundIn(name, version) ?? [])
    })
    const lastMs = ({ words }: FoundMalware): number => Math.max(...words.map(({ atMs }) => atMs))
    return found.sort((a, b) => lastMs(b) - lastMs(a))
  }

  async scanReport(name: string): Promise<ScanReport> {
    const { catalogue, keeper, scans } = this.#node
    const entry = catalogue.entry(name)
    const who = await this.#audit.auditWho(name)
    const waiting = new Set(
      waitingVersions(keeper.state(), Date.now()).map(({ published }) => published.version)
    )
    const versions = new Map(entry.versions.map(published => [published.version, published]))
    const reports = [...versions.values()].flatMap(published => {
      const { version } = published
      const found = this.#describe(published)
      const note = scans.notes.of(version)
      if (found.words.length === 0 && note === undefined && !waiting.has(version)) return []
      const report: ScannedVersionReport = {
        ...found,
        own: note === undefined ? null : ownScan(note),
        holders: this.#holders(name, published, who),
        readers: readersOf(version, who)
      }
      return [report]
    })
    return {
      name,
      versions: reports.sort((a, b) => b.ordinal - a.ordinal),
      unheard: who.missing.map(({ device }) => device).sort(byName)
    }
  }

  #foundIn(name: string, version: VersionId): FoundMalware | undefined {
    const published = this.#node.keeper
      .state()
      .datasets.get(name)
      ?.versions.findLast(each => each.version === version)
    return published === undefined ? undefined : { name, ...this.#describe(published) }
  }

  #describe({ version, ordinal }: DatasetVersion): Omit<FoundMalware, 'name'> {
    const { keeper, catalogue, scans, store } = this.#node
    const content = keeper.state().content.get(version)
    const words = (content?.scans ?? []).map(
      ({ operation, by, engine, database, verdict, found, timeMs }): SaidScan => ({
        ...{ operation, by: catalogue.nameOf(by), engine, database, verdict, found, atMs: timeMs }
      })
    )
    return {
      ...{ version, ordinal, words: words.reverse() },
      quarantined: contentFault(content) !== undefined,
      held: store.holdings().some(holding => holding.version.id === version),
      findings: scans.notes.of(version)?.findings ?? []
    }
  }

  /** Whoever is known to have it, by the best that is known of each. */
  #holders(name: string, { version, publisher, timeMs }: DatasetVersion, who: AuditWho): MalwareHolder[] {
    const { catalogue, store, identity } = this.#node
    const holders = new Map<DeviceId, MalwareHolder>()
    const add = (device: DeviceId, known: MalwareHolder['known'], sinceAtMs: number | null): void => {
      const before = holders.get(device)
      if (before === undefined) holders.set(device, { device: catalogue.nameOf(device), known, sinceAtMs })
      else if (before.sinceAtMs === null) holders.set(device, { ...before, sinceAtMs })
    }
    if (store.holdings().some(holding => holding.version.id === version)) add(identity.device, 'here', null)
    for (const { version: id, holders: connected } of catalogue.dataset(name).versions)
      if (id === version) for (const { device } of connected) add(device, 'connected', null)
    for (const held of who.holders)
      if (held.version === version && held.endedAtMs === null)
        add(held.device.device, 'audit', held.sinceAtMs)
    // What its log says of a device counts for more than that it published it once.
    const hasLetGo = who.holders.some(held => held.version === version && held.device.device === publisher)
    if (!hasLetGo) add(publisher, 'publisher', timeMs)
    return [...holders.values()].sort((a, b) => byName(a.device, b.device))
  }
}

function readersOf(version: VersionId, who: AuditWho): MalwareReader[] {
  const readers = new Map<DeviceId, MalwareReader>()
  for (const read of who.reads) {
    if (read.version !== version) continue
    const { device } = read.reader
    const before = readers.get(device)
    readers.set(device, {
      device: read.reader,
      firstAtMs: Math.min(read.firstAtMs, before?.firstAtMs ?? read.firstAtMs),
      lastAtMs: Math.max(read.lastAtMs, before?.lastAtMs ?? read.lastAtMs),
      bytes: (read.receivedBytes ?? read.servedBytes ?? 0) + (before?.bytes ?? 0)
    })
  }
  return [...readers.values()].sort((a, b) => byName(a.device, b.device))
}

function referenceOf({ name, published: { version, ordinal, bytes } }: Candidate): ScannedReference {
  return { name, version, ordinal, bytes }
}

function ownScan({ failures: _, ...note }: ScanNote): OwnScan {
  return note
}
