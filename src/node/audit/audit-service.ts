/** The audit part of the admin API: asks every peer that can be reached, and answers from what is then here. */

import { writeFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { contradicts, isSameLog, type LogId, type SignedCheckpoint } from '../../audit/checkpoint.ts'
import { datasetOf, decodeEntry, peerOf, versionOf } from '../../audit/entry.ts'
import type { LoggedEntry } from '../../audit/evidence.ts'
import { witnessesOf } from '../../audit/log-verification.ts'
import { plainEvent, toOcsf } from '../../audit/ocsf.ts'
import type { Span } from '../../audit/read-span.ts'
import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { isoTime } from '../../base/words.ts'
import { isMember } from '../../ledger/fold/state.ts'
import type { EntrySearch, LogItem, StoredLog } from '../../store/audit-rows.ts'
import { appErrorOf, failureOf } from '../../store/failure.ts'
import type { Node } from '../node.ts'
import type { DeviceName, Task } from '../service.ts'
import { CopiesCheck, type DroppedHere, gapOf, type LogCopy, statusOf } from './audit-copy.ts'
import { AuditFolderWriter } from './audit-folder.ts'
import type {
  AuditAccepted,
  AuditAsked,
  AuditCheckpoints,
  AuditExported,
  AuditExportRequest,
  AuditFinding,
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
import { loggedOf } from './audit-tail.ts'
import { searchLogs } from './log-search.ts'
import { OutsideDesk } from './outside-desk.ts'
import { type WhoReadInit, type WhoWithin, whoRead } from './who-read.ts'

const COLLECTS_AT_ONCE = 8
const PAGE_ENTRIES = 1000
/** Entries that are looked through for what a log says of its retention. */
const EXPIRED_LOOK_MAX = 256
const NOTHING_STORED = {
  size: 0,
  hashes: [],
  note: undefined,
  dropped: 0,
  droppedMs: null,
  droppedBeforeMs: null
}

export class LocalAuditService implements AuditService {
  readonly #node: Node
  readonly #outside: OutsideDesk

  constructor(node: Node) {
    this.#node = node
    this.#outside = new OutsideDesk({ audit: node.audit.log, exchange: node.audit.exchange })
  }

  async audit(request: AuditRequest): Promise<AuditReport> {
    const device = request.device === null ? undefined : this.#resolve(request.device)
    const missing = await this.#collectAll(device, request.isUnattended)
    const search: EntrySearch = {
      limit: request.limit,
      ...(device && { device }),
      ...(request.dataset !== null && { dataset: request.dataset }),
      ...(request.version !== undefined && { version: request.version }),
      ...(request.action !== null && { action: request.action }),
      ...(request.sinceMs !== null && { sinceMs: request.sinceMs })
    }
    const { isLeftOut = () => false } = request
    // Another node may call a caller of its own by the same name.
    const { found, leftOut } = await searchLogs(this.#database, search, each => {
      return (
        each.event.action === 'called' && each.device === this.#node.identity.device && isLeftOut(each.event)
      )
    })
    return { entries: found.map(each => this.#record(each)), leftOut, ...this.#survey(missing, device) }
  }

  async auditWho(name: string): Promise<AuditWho> {
    this.#node.catalogue.entry(name)
    const { of, ...survey } = await this.readsWithin([name])
    return { name, ...(of.get(name) ?? { holders: [], reads: [] }), ...survey }
  }

  /** Of several datasets, each log being asked for once; with a span, reads that fall into it. */
  async readsWithin(names: readonly string[], span?: Span): Promise<WhoWithin> {
    const missing = await this.#collectAll(undefined)
    const init: WhoReadInit = {
      ...{ org: this.#node.identity.org, database: this.#database, missing },
      expiredBefore: device =>
        Math.max(0, ...this.#database.logsOf(device).map(log => this.#droppedOf(log)?.beforeMs ?? 0)),
      nameOf: device => this.#name(device)
    }
    const of = new Map(names.map(name => [name, whoRead(name, init, span)]))
    return { of, ...this.#survey(missing, undefined) }
  }

  async auditVerify(task: Task<AuditProgress>): Promise<AuditVerification> {
    const missing = await this.#collectAll(undefined)
    const { identity } = this.#node
    const check = new CopiesCheck({
      org: identity.org,
      isMember: device => this.#node.keeper.state().devices.has(device),
      nameOf: device => this.#name(device),
      onProgress: task.onProgress
    })
    missing.push(...(await this.#signOwn()))
    for (const copy of this.#copies())
      await check.add({ ...copy, pages: this.#pages(copy, copy.size, task.signal) })
    const known = this.#findings()
    const fresh = check.findings
      .map(finding => this.#finding(finding))
      .filter(finding => !known.some(each => each.detail === finding.detail))
    return {
      ...{ org: identity.org, logs: check.logs, missing: [...missing, ...check.gaps] },
      ...{ findings: [...known, ...fresh], ...check.readCounts() }
    }
  }

  async auditCheckpoints({ device }: { readonly device: string | null }): Promise<AuditCheckpoints> {
    const only = device === null ? undefined : this.#resolve(device)
    const missing = await this.#collectAll(only)
    missing.push(...(await this.#signOwn()))
    const newest = this.#knownLogs().flatMap(log => {
      if (only !== undefined && log.device !== only) return []
      const [best] = this.#knownOf(log).toSorted((a, b) => b.size - a.size)
      return best === undefined ? [] : [{ ended: log.endedAt !== undefined, checkpoint: best }]
    })
    return {
      checkpoints: newest.map(({ ended, checkpoint }) => ({
        ...{ device: this.#name(checkpoint.device), incarnation: checkpoint.incarnation, ended },
        ...{ size: checkpoint.size, note: new TextDecoder().decode(checkpoint.note) },
        witnesses: witnessesOf([checkpoint]).map(each => this.#name(each)),
        outside: checkpoint.outsiders.map(({ name }) => name)
      })),
      ...this.#survey(missing, only)
    }
  }

  async auditAsk({
    path,
    witness
  }: {
    readonly path: string
    readonly witness: string
  }): Promise<AuditAsked> {
    const missing = await this.#collectAll(undefined)
    missing.push(...(await this.#signOwn()))
    const logs = this.#copies().flatMap(({ device, incarnation, size, endedAt, checkpoint }) =>
      checkpoint === undefined || checkpoint.size > size || endedAt !== undefined
        ? []
        : [{ device, incarnation, checkpoint }]
    )
    const asked = this.#outside.ask(path, witness, logs)
    return {
      ...{ path, witness, missing },
      asked: asked.map(({ device, ...question }) => ({ ...question, device: this.#name(device) }))
    }
  }

  async auditAccept({ path }: { readonly path: string }): Promise<AuditAccepted> {
    const answers = await this.#outside.accept(path)
    return {
      accepted: answers.flatMap(answer => {
        if (!('checkpoint' in answer)) return []
        const { device, incarnation, size, outsiders } = answer.checkpoint
        const outside = outsiders.map(({ name }) => name)
        return [{ file: answer.file, device: this.#name(device), incarnation, size, outside }]
      }),
      refused: answers.flatMap(answer => ('reason' in answer ? [answer] : [])),
      findings: this.#findings()
    }
  }

  async auditExport(request: AuditExportRequest, task: Task<AuditProgress>): Promise<AuditExported> {
    const missing = await this.#collectAll(undefined)
    missing.push(...(await this.#signOwn()))
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
      operations: recordsOf(keeper.ledger.operations())
    })
    let entries = 0
    const logs = this.#copies()
    for (const { device, incarnation, size, checkpoint, seen, droppedHere } of logs) {
      task.signal.throwIfAborted()
      entries += await writer.add({
        ...{ device, incarnation, droppedHere },
        pages: this.#syncPages({ device, incarnation }, size),
        checkpoint: checkpoint?.note,
        seen: seen.map(({ note }) => note)
      })
      task.onProgress({ entriesDone: entries })
    }
    writer.finish({
      ...{ org: identity.org, exportedBy: identity.device, atMs: Date.now() },
      missing: missing.map(({ device, reason }) => ({ device, reason }))
    })
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
    for (const log of logs) {
      for await (const page of this.#pages(log, log.size, task.signal)) {
        const lines = page.flatMap(({ seq, bytes }) => {
          const entry = bytes === null ? undefined : loggedOf({ ...log, seq, bytes })
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
      if (systemCodeOf(thrown) === 'EEXIST')
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
  async #collectAll(only: DeviceId | undefined, isUnattended = false): Promise<AuditMissing[]> {
    const { keeper, identity, transport, audit } = this.#node
    const linked = new Set(transport.peers().map(({ device }) => device))
    const wanted = [...keeper.state().devices.keys()].filter(
      device =>
        device !== identity.device &&
        isMember(keeper.state(), device, Date.now()) &&
        (only === undefined || device === only)
    )
    if (isUnattended && !audit.mayAudit(identity.device))
      return wanted.map(device => ({
        device: this.#name(device),
        ...{ lostEntries: 0, reason: 'not asked: this device is neither admin nor auditor' }
      }))
    const missing: AuditMissing[] = []
    const queue = wanted.filter(device => linked.has(device))
    for (const device of wanted)
      if (!linked.has(device))
        missing.push({ device: this.#name(device), lostEntries: 0, reason: 'not connected' })
    const worker = async (): Promise<void> => {
      for (let device = queue.pop(); device !== undefined; device = queue.pop()) {
        try {
          await audit.exchange.collect(device)
        } catch (thrown) {
          if (!(thrown instanceof AppError)) throw thrown
          missing.push({ device: this.#name(device), lostEntries: 0, reason: messageOf(thrown) })
        }
      }
    }
    await Promise.all(Array.from({ length: COLLECTS_AT_ONCE }, worker))
    return missing
  }

  /**
   * Signs what is new in our own log. One that was never signed, and may not be before a peer has said what it knows of
   * it, can not be vouched for yet: it is missing, and nothing is wrong with it.
   */
  async #signOwn(): Promise<AuditMissing[]> {
    const { audit, identity } = this.#node
    await audit.exchange.witness.confirm()
    const checkpoint = await audit.log.checkpoint()
    if (checkpoint !== undefined || audit.log.size === 0) return []
    const reason =
      'nothing of it is signed yet: first a peer must say what it knows of it, and none is connected'
    return [{ device: this.#name(identity.device), lostEntries: 0, reason }]
  }

  #survey(missing: readonly AuditMissing[], only: DeviceId | undefined): AuditSurvey {
    const isWanted = (device: DeviceId): boolean => only === undefined || device === only
    const { keeper } = this.#node
    const nameOf = (device: DeviceId): DeviceName => this.#name(device)
    const known = this.#knownLogs()
      .filter(({ device }) => isWanted(device))
      .map(log => ({ ...log, entries: log.size, checkpoints: this.#knownOf(log) }))
    return {
      logs: known
        .filter(({ size }) => size > 0)
        .map(log =>
          statusOf(
            { ...log, dropped: { entries: log.dropped, here: this.#droppedOf(log) } },
            { nameOf, isMember: each => keeper.state().devices.has(each) }
          )
        ),
      missing: [...missing, ...known.flatMap(log => gapOf(log, nameOf) ?? [])],
      findings: this.#findings().filter(({ device }) => isWanted(device.device))
    }
  }

  #knownOf(log: LogId): SignedCheckpoint[] {
    return this.#node.audit.exchange.sightings.known(log)
  }

  /**
   * Logs of which entries are here, and those that their device has ended of which there are only checkpoints: what
   * they had is lost, and shows as that. Of a newest log without entries the collection says why it is not here.
   */
  #knownLogs(): (StoredLog & { readonly endedAt: number | undefined })[] {
    const logs = this.#database.knownLogs()
    return logs.flatMap(log => {
      const endedAt = logs.find(
        ({ device, incarnation }) => device === log.device && incarnation > log.incarnation
      )?.incarnation
      const stored = this.#database.log(log)
      if (stored === undefined && endedAt === undefined) return []
      return [{ ...NOTHING_STORED, ...stored, ...log, endedAt }]
    })
  }

  /** What retention has dropped of a log: as the log itself says, or else as it was dropped here. */
  #droppedOf(log: StoredLog): DroppedHere | undefined {
    if (log.dropped === 0) return undefined
    const { device, incarnation, droppedMs, droppedBeforeMs } = log
    for (const found of this.#database.eachFound({ device, action: 'expired', limit: EXPIRED_LOOK_MAX })) {
      if (found.incarnation !== incarnation) continue
      const entry = decodeEntry(found.bytes)
      if (entry.ok && entry.value.event.action === 'expired')
        return latest({ beforeMs: entry.value.event.before, atMs: entry.value.timeMs }, here())
    }
    return here()

    function here(): DroppedHere | undefined {
      if (droppedMs === null || droppedBeforeMs === null) return undefined
      return { beforeMs: droppedBeforeMs, atMs: droppedMs }
    }
  }

  /**
   * Each log as it is at this moment, with what its device signed up to there. A larger checkpoint says only that the
   * log went on, unless it is one of two that contradict each other, or the log is ended.
   */
  #copies(): (Omit<LogCopy, 'pages'> & { readonly size: number })[] {
    return this.#knownLogs().flatMap(log => {
      const { device, incarnation, size, endedAt } = log
      const known = this.#knownOf(log)
      const seen = known.filter(
        each => endedAt !== undefined || each.size <= size || known.some(other => contradicts(each, other))
      )
      const checkpoint = this.#checkpointOf(log)
      if (checkpoint === undefined && isSameLog(log, this.#node.audit.log.id)) return [] // see #signOwn
      return [{ device, incarnation, size, endedAt, checkpoint, seen, droppedHere: this.#droppedOf(log) }]
    })
  }

  /** The newest that the copy must bear out. */
  #checkpointOf(log: StoredLog): SignedCheckpoint | undefined {
    const { audit, identity } = this.#node
    if (log.device === identity.device) return audit.log.latest(log)
    const noted = log.note === undefined ? [] : audit.log.notes.valid([log.note])
    return (
      noted[0] ??
      this.#knownOf(log).reduce<SignedCheckpoint | undefined>(
        (best, each) => (each.size <= log.size && each.size > (best?.size ?? 0) ? each : best),
        undefined
      )
    )
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
    readonly incarnation: number
    readonly position: number | null
    readonly witnesses: readonly DeviceId[]
    readonly detail: string
  }): AuditFinding {
    const { kind, device, incarnation, position, witnesses, detail } = finding
    return {
      ...{ kind, incarnation, position, detail, device: this.#name(device) },
      witnesses: witnesses.map(each => this.#name(each))
    }
  }

  #record({ device, incarnation, seq, timeMs, event }: LoggedEntry): AuditRecord {
    const peer = peerOf(event)
    return {
      ...{ device: this.#name(device), incarnation, seq, atMs: timeMs, action: event.action },
      peer: peer === undefined ? null : this.#name(peer),
      dataset: datasetOf(event) ?? null,
      version: versionOf(event) ?? null,
      event: plainEvent(event)
    }
  }

  *#syncPages(log: LogId, size: number): Generator<LogItem[]> {
    for (let from = 0; from < size; from += PAGE_ENTRIES)
      yield this.#database.items(log, { from, limit: Math.min(PAGE_ENTRIES, size - from) })
  }

  /** Leaves the thread to others between pages. */
  async *#pages(log: LogId, size: number, signal: AbortSignal): AsyncGenerator<LogItem[]> {
    for (const page of this.#syncPages(log, size)) {
      signal.throwIfAborted()
      yield page
      await nextTurn()
    }
  }
}

function* recordsOf(operations: Iterable<{ readonly record: Uint8Array }>): Generator<Uint8Array> {
  for (const { record } of operations) yield record
}

function latest(a: DroppedHere, b: DroppedHere | undefined): DroppedHere {
  return b !== undefined && b.beforeMs > a.beforeMs ? b : a
}

function plainLine({ device, incarnation, seq, timeMs, event }: LoggedEntry): object {
  return { device, incarnation, seq, time: isoTime(timeMs), ...plainEvent(event) }
}
