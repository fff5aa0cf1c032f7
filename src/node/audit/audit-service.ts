/** The audit part of the admin API: asks every peer that can be reached, and answers from what is then here. */

import { writeFileSync } from 'node:fs'
import { contradicts, openCheckpoint, type SignedCheckpoint } from '../../audit/checkpoint.ts'
import { datasetOf, decodeEntry, peerOf, versionOf } from '../../audit/entry.ts'
import { heldVersions, type LoggedEntry, pairReads } from '../../audit/evidence.ts'
import { plainEvent, toOcsf } from '../../audit/ocsf.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { isMember } from '../../ledger/fold/state.ts'
import type { EntrySearch, FoundEntry } from '../../store/audit-database.ts'
import { appErrorOf, failureOf } from '../../store/failure.ts'
import { sha256 } from '../../store/sha256.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import type { Node } from '../node.ts'
import type { DeviceName, Task } from '../service.ts'
import { CopiesCheck, statusOf } from './audit-copy.ts'
import { AuditFolderWriter, isComplete } from './audit-folder.ts'
import type {
  AuditExported,
  AuditExportRequest,
  AuditFinding,
  AuditLogStatus,
  AuditMissing,
  AuditProgress,
  AuditRecord,
  AuditReport,
  AuditRequest,
  AuditService,
  AuditSurvey,
  AuditVerification,
  AuditWho
} from './audit-report.ts'

const COLLECTS_AT_ONCE = 8
const PAGE_ENTRIES = 1000
/** Entries of one dataset that `who` looks at, the newest first. */
const WHO_ENTRIES_MAX = 200_000
const CHECKPOINTS_MAX = 256

export class LocalAuditService implements AuditService {
  readonly #node: Node

  constructor(node: Node) {
    this.#node = node
  }

  async audit(request: AuditRequest): Promise<AuditReport> {
    const device = request.device === null ? undefined : this.#resolve(request.device)
    const missing = await this.#collectAll(device)
    const search: EntrySearch = {
      limit: request.limit,
      ...(device && { device }),
      ...(request.dataset !== null && { dataset: request.dataset }),
      ...(request.action !== null && { action: request.action }),
      ...(request.sinceMs !== null && { sinceMs: request.sinceMs })
    }
    const entries = this.#database.search(search).flatMap(found => this.#record(found) ?? [])
    return { entries, ...this.#survey(missing, device) }
  }

  async auditWho(name: string): Promise<AuditWho> {
    this.#node.catalogue.entry(name)
    const missing = await this.#collectAll(undefined)
    const found = this.#database.search({ dataset: name, limit: WHO_ENTRIES_MAX })
    const entries = found.flatMap(each => loggedOf(each) ?? []).reverse()
    const unavailable = new Set(missing.map(({ device }) => device.device))
    const collected = new Set(
      this.#database
        .logs()
        .map(({ device }) => device)
        .filter(device => !unavailable.has(device))
    )
    const { org } = this.#node.identity
    const reads = pairReads(entries, { org, collected, verify, sha256 })
    return {
      name,
      holders: heldVersions(entries).map(({ device, version, kind, sinceMs, endedMs }) => ({
        ...{ device: this.#name(device), version, kind, sinceAtMs: sinceMs, endedAtMs: endedMs }
      })),
      reads: reads.map(({ server, reader, firstMs, lastMs, dataset: _, ...read }) => ({
        ...read,
        server: this.#name(server),
        reader: this.#name(reader),
        firstAtMs: firstMs,
        lastAtMs: lastMs
      })),
      ...this.#survey(missing, undefined)
    }
  }

  async auditVerify(task: Task<AuditProgress>): Promise<AuditVerification> {
    const missing = await this.#collectAll(undefined)
    const { identity, audit } = this.#node
    const check = new CopiesCheck({
      org: identity.org,
      isMember: device => this.#node.keeper.state().devices.has(device),
      nameOf: device => this.#name(device),
      onProgress: task.onProgress
    })
    if (audit.log.size > 0) await audit.log.checkpoint()
    for (const { device, size, checkpoint, seen } of this.#copies())
      await check.add({ device, checkpoint, seen, pages: this.#pages(device, size, task.signal) })
    const reads = check.reads()
    const readsComplete = reads.filter(isComplete).length
    const known = this.#findings()
    const fresh = check.findings
      .map(finding => this.#finding(finding))
      .filter(finding => !known.some(each => each.detail === finding.detail))
    return {
      ...{ org: identity.org, logs: check.logs, missing, findings: [...known, ...fresh] },
      ...{ readsComplete, readsIncomplete: reads.length - readsComplete }
    }
  }

  async auditExport(request: AuditExportRequest, task: Task<AuditProgress>): Promise<AuditExported> {
    const missing = await this.#collectAll(undefined)
    if (this.#node.audit.log.size > 0) await this.#node.audit.log.checkpoint()
    const exported = request.format === 'folder' ? this.#exportFolder : this.#exportLines
    const counts = await exported.call(this, request, { missing, task })
    return { ...request, ...counts, missing }
  }

  async #exportFolder(
    { path }: AuditExportRequest,
    { missing, task }: { missing: readonly AuditMissing[]; task: Task<AuditProgress> }
  ): Promise<{ logs: number; entries: number }> {
    const { keeper, identity } = this.#node
    await keeper.whole()
    const writer = new AuditFolderWriter(path, {
      roots: keeper.chain.records().map(({ record }) => record),
      operations: [...keeper.ledger.operations()].map(({ record }) => record)
    })
    let entries = 0
    const logs = this.#copies()
    for (const { device, size, checkpoint, seen } of logs) {
      task.signal.throwIfAborted()
      entries += await writer.add({
        device,
        pages: this.#syncPages(device, size),
        checkpoint: checkpoint?.note,
        seen: seen.map(({ note }) => note)
      })
      task.onProgress({ entriesDone: entries })
    }
    writer.finish({ org: identity.org, exportedBy: identity.device, atMs: Date.now(), missing })
    return { logs: logs.length, entries }
  }

  async #exportLines(
    { path, format }: AuditExportRequest,
    { task }: { task: Task<AuditProgress> }
  ): Promise<{ logs: number; entries: number }> {
    const { org } = this.#node.identity
    const options = { org, productVersion: this.#node.software.split('/').at(-1) ?? '' }
    let entries = 0
    const logs = this.#database.logs()
    this.#write(path, '', 'wx')
    for (const { device, size } of logs) {
      for await (const page of this.#pages(device, size, task.signal)) {
        const lines = page.flatMap((bytes, index) => {
          const entry = loggedOf({ device, seq: index, bytes })
          if (entry === undefined) return []
          return [JSON.stringify(format === 'ocsf' ? toOcsf(entry, options) : plainLine(entry))]
        })
        if (lines.length > 0) this.#write(path, `${lines.join('\n')}\n`, 'a')
        entries += lines.length
        task.onProgress({ entriesDone: entries })
      }
    }
    return { logs: logs.length, entries }
  }

  #write(path: string, text: string, flag: 'wx' | 'a'): void {
    try {
      writeFileSync(path, text, { flag, mode: 0o600 })
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')
        throw new AppError('DEST_EXISTS', `can not export to ${path}: it exists already; name a new file`, {
          details: { path }
        })
      throw appErrorOf(failureOf('write', path, thrown), thrown)
    }
  }

  get #database() {
    return this.#node.audit.log.store.database
  }

  #name(device: DeviceId): DeviceName {
    return this.#node.catalogue.nameOf(device)
  }

  /** By the name that it shows, or the beginning of its id. */
  #resolve(text: string): DeviceId {
    const { keeper, identity } = this.#node
    const devices = new Set([
      identity.device,
      ...keeper.state().devices.keys(),
      ...this.#database.logs().map(log => log.device)
    ])
    const matches = [...devices].filter(
      device => this.#name(device).name === text || (/^[0-9a-f]{4,64}$/.test(text) && device.startsWith(text))
    )
    const [only, ...more] = matches
    if (only !== undefined && more.length === 0) return only
    const why = only === undefined ? 'no device of the org is' : 'several devices are'
    throw new AppError('USAGE', `${why} called ${text}; 'peerage peers' lists names and ids`, {
      details: { device: text }
    })
  }

  /** Brings the logs of peers up to date; says whose could not be. */
  async #collectAll(only: DeviceId | undefined): Promise<AuditMissing[]> {
    const { keeper, identity, transport, audit } = this.#node
    const linked = new Set(transport.peers().map(({ device }) => device))
    const wanted = [...keeper.state().devices.keys()].filter(
      device =>
        device !== identity.device &&
        isMember(keeper.state(), device, Date.now()) &&
        (only === undefined || device === only)
    )
    const missing: AuditMissing[] = []
    const queue = wanted.filter(device => linked.has(device))
    for (const device of wanted)
      if (!linked.has(device)) missing.push({ device: this.#name(device), reason: 'not connected' })
    const worker = async (): Promise<void> => {
      for (let device = queue.pop(); device !== undefined; device = queue.pop()) {
        try {
          await audit.exchange.collect(device)
        } catch (thrown) {
          if (!(thrown instanceof AppError)) throw thrown
          missing.push({ device: this.#name(device), reason: messageOf(thrown) })
        }
      }
    }
    await Promise.all(Array.from({ length: COLLECTS_AT_ONCE }, worker))
    return missing
  }

  #survey(missing: readonly AuditMissing[], only: DeviceId | undefined): AuditSurvey {
    const isWanted = (device: DeviceId): boolean => only === undefined || device === only
    return {
      logs: this.#database
        .logs()
        .filter(({ device }) => isWanted(device))
        .map(({ device, size }) => this.#status(device, size)),
      missing,
      findings: this.#findings().filter(({ device }) => isWanted(device.device))
    }
  }

  #status(device: DeviceId, entries: number): AuditLogStatus {
    const { keeper, identity, audit } = this.#node
    const checkpoints =
      device === identity.device
        ? this.#database.checkpoints({ limit: CHECKPOINTS_MAX }).flatMap(openedOf)
        : audit.exchange.sightings.known(device).filter(({ size }) => size <= entries)
    return statusOf({
      ...{ device: this.#name(device), entries, checkpoints },
      isMember: each => keeper.state().devices.has(each)
    })
  }

  /**
   * Each log as it is at this moment, with what its device signed up to there. A larger checkpoint says only that the
   * log went on, unless it is one of two that contradict each other.
   */
  #copies(): {
    readonly device: DeviceId
    readonly size: number
    readonly checkpoint: SignedCheckpoint | undefined
    readonly seen: readonly SignedCheckpoint[]
  }[] {
    const { sightings } = this.#node.audit.exchange
    return this.#database.logs().map(({ device, size }) => {
      const known = sightings.known(device)
      const seen = known.filter(each => each.size <= size || known.some(other => contradicts(each, other)))
      return { device, size, checkpoint: this.#checkpointOf(device), seen }
    })
  }

  #checkpointOf(device: DeviceId): SignedCheckpoint | undefined {
    if (device === this.#node.identity.device) return this.#node.audit.log.latest()
    const note = this.#database.log(device)?.note
    return note === undefined ? undefined : openedOf(note)[0]
  }

  #findings(): AuditFinding[] {
    return this.#database
      .findings()
      .map(({ timeMs: _, kind, ...finding }) =>
        this.#finding({ ...finding, kind: kind as AuditFinding['kind'] })
      )
  }

  #finding(finding: {
    readonly kind: AuditFinding['kind']
    readonly device: DeviceId
    readonly position: number | null
    readonly witnesses: readonly DeviceId[]
    readonly detail: string
  }): AuditFinding {
    const { kind, device, position, witnesses, detail } = finding
    return {
      ...{ kind, position, detail, device: this.#name(device) },
      witnesses: witnesses.map(each => this.#name(each))
    }
  }

  #record(found: FoundEntry): AuditRecord | undefined {
    const entry = loggedOf(found)
    if (entry === undefined) return undefined
    const { device, seq, timeMs, event } = entry
    const peer = peerOf(event)
    return {
      ...{ device: this.#name(device), seq, atMs: timeMs, action: event.action },
      peer: peer === undefined ? null : this.#name(peer),
      dataset: datasetOf(event) ?? null,
      version: versionOf(event) ?? null,
      event: plainEvent(event)
    }
  }

  *#syncPages(device: DeviceId, size: number): Generator<Uint8Array[]> {
    for (let from = 0; from < size; from += PAGE_ENTRIES)
      yield this.#database.entries(device, { from, limit: Math.min(PAGE_ENTRIES, size - from) })
  }

  /** Leaves the thread to others between pages. */
  async *#pages(device: DeviceId, size: number, signal: AbortSignal): AsyncGenerator<Uint8Array[]> {
    for (const page of this.#syncPages(device, size)) {
      signal.throwIfAborted()
      yield page
      await new Promise(resolve => setImmediate(resolve))
    }
  }
}

function openedOf(note: Uint8Array): SignedCheckpoint[] {
  const opened = openCheckpoint(note, { verify, sha256 })
  return opened.ok ? [opened.value] : []
}

function loggedOf({ device, bytes }: FoundEntry): LoggedEntry | undefined {
  const entry = decodeEntry(bytes)
  return entry.ok ? { ...entry.value, device } : undefined
}

function plainLine({ device, seq, timeMs, event }: LoggedEntry): object {
  return { device, seq, time: new Date(timeMs).toISOString(), ...plainEvent(event) }
}
