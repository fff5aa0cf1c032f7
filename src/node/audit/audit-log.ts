/**
 * This device's audit log at work: events become entries, entries become durable, and the tree over them is signed.
 *
 * Invariants
 * - `record` resolves only once the entry is fsynced; what was acknowledged is there after any crash.
 * - Positions are given out batch by batch: events that come while one batch is being written form the next, and a
 *   batch that fails leaves the log as it was. So there is never a gap, and never a tree ahead of the disk.
 * - A checkpoint is signed only over what is durable, so no two of one size can differ.
 *
 * A log can not be gone on with when some of what was signed of it is lost: the next entry would stand where another
 * one does that the device signed for, which is what a device does that rewrites its history. The log then ends at what
 * is signed of it here, and another begins, a *renewal*, with an entry that says so. What was recorded since and never
 * signed moves over. A renewal is due when
 * - the database is a copy of the file that was written to, as a restored backup is;
 * - a peer shows a checkpoint of ours that the log does not bear out (`confront`).
 * So that a restored log is noticed before it signs anything that contradicts what it signed before, one that was not
 * begun in this run signs nothing until peers were asked what they have of it (`confirm`).
 *
 * Refusals and violations are caused by others, and could be caused a thousand times a second: of each device and
 * reason at most one entry a minute is written, which says how many there were. Uses of an override and of the API
 * are counted alike, apart from those: of the API by what they are about, and beyond a bound without that.
 */

import { addCosignatures, type LogId, type SignedCheckpoint, signCheckpoint } from '../../audit/checkpoint.ts'
import {
  type AuditEvent,
  datasetOf,
  decodeEntry,
  encodeEntry,
  reasonOf,
  versionOf
} from '../../audit/entry.ts'
import type { NoteSignature } from '../../audit/signed-note.ts'
import { CompactRange, hashLeaf, type NodePosition, proveConsistency, rootOf } from '../../audit/tree.ts'
import { assert, defined } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { messageOf } from '../../base/errors.ts'
import type { DeviceId, OrgId, VersionId } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { EntryRow, LogEdge, LogItem, NodeRow } from '../../store/audit-rows.ts'
import type { AuditStore } from '../../store/audit-store.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import type { Log } from '../log.ts'
import { CheckpointReader } from './checkpoint-reader.ts'
import { EventCounts } from './event-counts.ts'

const BATCH_ENTRIES_MAX = 1024
const COALESCE_MS = MINUTE_MS
const FLUSH_MS = 5 * SECOND_MS
/** Pairs of device and reason that are told apart at once; what goes beyond is one count. */
const REFUSALS_MAX = 256
const FLOOD = 'flood'
/** Objects that are told apart of one caller, route and outcome. */
const OBJECTS_MAX = 64
/** Checkpoints that are looked through for one of a given size, and entries for the earlier logs that they tell of. */
const CHECKPOINTS_LOOK_MAX = 256
const RENEWALS_LOOK_MAX = 1000

export interface AuditLogInit {
  readonly store: AuditStore
  readonly org: OrgId
  readonly key: DeviceKey
  readonly log: Log
  readonly notes?: CheckpointReader
  readonly nowMs?: () => number
}

/** Where an entry is: its position alone says it only while the log is the same. */
export interface EntryPlace {
  readonly incarnation: number
  readonly seq: number
}

export interface Refusal {
  readonly action: 'denied' | 'violation'
  readonly peer: DeviceId
  /** In words; it is kept as a slug. */
  readonly reason: string
  readonly version: VersionId | null
}

/** A use of the API. */
export type Called = Omit<Extract<AuditEvent, { action: 'called' }>, 'count'>

/** An access that only an override of freshness opened, to a peer or to this device. */
export type Overridden = Omit<Extract<AuditEvent, { action: 'overridden' }>, 'count'>

interface Waiting {
  readonly event: AuditEvent
  readonly timeMs: number
  readonly resolve: (seq: number) => void
  readonly reject: (error: unknown) => void
}

/** Why a log was not gone on with. */
type RenewalReason = 'restored' | 'copied'

const RENEWED_IN_WORDS: { readonly [R in RenewalReason]: string } = {
  restored: 'a peer has a later checkpoint of it, so some of its entries are lost here',
  copied: 'its file was copied or restored from a backup, so some of its entries may be lost here'
}

export class AuditLog {
  readonly device: DeviceId
  readonly org: OrgId
  readonly store: AuditStore
  readonly #key: DeviceKey
  readonly #log: Log
  readonly #nowMs: () => number
  /** Apart from each other, so that who uses the API much hides no refusal. */
  readonly #refusals: EventCounts
  readonly #uses: EventCounts
  readonly #timer: NodeJS.Timeout
  /** Over what is durable. */
  #range: CompactRange
  #incarnation: number
  #isConfirmed: boolean
  /** One change of the log at a time: a batch, a signature, a renewal. */
  #last: Promise<unknown> = Promise.resolve()
  /** Earlier logs of this device that the log tells of, with their sizes. */
  readonly #told = new Map<number, number>()
  /** Where entries are now that moved over in a renewal of this run. */
  readonly #moved = new Map<string, EntryPlace>()
  #waiting: Waiting[] = []
  #drained: Promise<void> | undefined
  #signing: Promise<SignedCheckpoint | undefined> | undefined

  /** Reads checkpoints, and remembers those that it has read. */
  readonly notes: CheckpointReader

  constructor({ store, org, key, log, notes, nowMs = Date.now }: AuditLogInit) {
    this.store = store
    this.org = org
    this.device = key.id
    this.#key = key
    this.#log = log
    this.#nowMs = nowMs
    const counts = { note: (event: AuditEvent) => this.note(event), intervalMs: COALESCE_MS }
    this.#refusals = new EventCounts({ ...counts, kindsMax: REFUSALS_MAX })
    this.#uses = new EventCounts(counts)
    this.notes = notes ?? new CheckpointReader()
    const stored = store.database.logsOf(key.id).at(-1)
    this.#range = stored === undefined ? CompactRange.empty(sha256) : new CompactRange(sha256, stored)
    this.#incarnation = stored?.incarnation ?? nowMs()
    this.#isConfirmed = stored === undefined
    this.#readTold()
    if (store.isCopied) void this.#alone(() => this.#onCopied()).catch(thrown => this.#failed(thrown))
    this.#timer = setInterval(() => this.#flushCounts(this.#nowMs()), FLUSH_MS)
    this.#timer.unref()
  }

  get id(): LogId {
    return { device: this.device, incarnation: this.#incarnation }
  }

  /** Whether it is known, as far as it can be, that nothing which was signed of this log is lost here. */
  get isConfirmed(): boolean {
    return this.#isConfirmed
  }

  /** Peers were asked, and what they had was given to `confront`. */
  confirm(): void {
    this.#isConfirmed = true
  }

  /** Durable entries. */
  get size(): number {
    return this.#range.size
  }

  /** Resolves to the entry's position once it is durable. Rejects with AppError (DISK_FULL, STORAGE_FAILED). */
  record(event: AuditEvent): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, timeMs: this.#nowMs(), resolve, reject })
      this.#drained ??= this.#drain()
    })
  }

  /** For what has happened already and can not wait: a failure is logged, and the event is lost. */
  note(event: AuditEvent): void {
    this.record(event).catch(thrown => {
      this.#log.error({ action: event.action }, `an event is missing in the audit log: ${messageOf(thrown)}`)
    })
  }

  /** Notes a refusal or violation, or counts it. */
  refused(given: Refusal): void {
    const refusal = { ...given, reason: reasonOf(given.reason) }
    const nowMs = this.#nowMs()
    const key = `${refusal.action} ${refusal.peer} ${refusal.reason}`
    if (this.#refusals.take(key, refusal, nowMs)) return
    this.#refusals.count(FLOOD, { ...refusal, reason: FLOOD, version: null }, nowMs)
  }

  /** Notes a use of an override, or counts it. Who uses one is a member; none is lost in a flood. */
  overridden(use: Overridden): void {
    const key = `overridden ${use.override} ${use.class} ${use.peer} ${use.version}`
    this.#uses.take(key, use, this.#nowMs())
  }

  /** Notes a use of the API, or counts it. Who calls was let in, or is told from others by nothing but a name. */
  called(call: Called): void {
    const name = `called ${call.by} ${call.route} ${call.outcome}`
    const nowMs = this.#nowMs()
    const group = { name, kindsMax: OBJECTS_MAX }
    if (call.object !== null && this.#uses.take(`${name} ${call.kind} ${call.object}`, call, nowMs, group))
      return
    this.#uses.take(name, { ...call, kind: null, object: null }, nowMs)
  }

  /** What a stored position of this log hashes to, or of an earlier one of this device. */
  nodeOf(log: LogId): (position: NodePosition) => Uint8Array {
    const { database } = this.store
    return ({ level, index }) => {
      if (level > 0) return defined(database.node(log, level, index), `node ${level}/${index} of the log`)
      const [item] = database.items(log, { from: index, limit: 1 })
      return leafOf(defined(item, `entry ${index} of the log`))
    }
  }

  rootAt(size: number, log: LogId = this.id): Uint8Array {
    return rootOf(size, this.nodeOf(log), sha256)
  }

  prove(oldSize: number, size: number, log: LogId = this.id): Uint8Array[] {
    return proveConsistency({ oldSize, size }, this.nodeOf(log), sha256)
  }

  /** The newest checkpoint that was signed of a log of this device, with the cosignatures that it has by now. */
  latest(log: LogId = this.id): SignedCheckpoint | undefined {
    const note = this.store.database.latestCheckpoint(log)
    return note === undefined ? undefined : this.#opened(note)
  }

  /**
   * Signs what is durable now, unless that was signed already; what is not confirmed is left as it was signed before.
   * Undefined when nothing was signed yet.
   */
  checkpoint(): Promise<SignedCheckpoint | undefined> {
    this.#signing ??= this.#alone(() => this.#sign()).finally(() => {
      this.#signing = undefined
    })
    return this.#signing
  }

  async addCosignatures(checkpoint: SignedCheckpoint, lines: readonly NoteSignature[]): Promise<void> {
    const { device, incarnation, size } = checkpoint
    const known = this.store.database
      .checkpoints({ device, incarnation }, { limit: CHECKPOINTS_LOOK_MAX })
      .map(note => this.#opened(note))
      .find(each => each.size === size)
    const note = addCosignatures((known ?? checkpoint).note, lines)
    await this.store.putCheckpoint({ device, incarnation }, size, note)
  }

  /** Where an entry of this run is now; a renewal may have moved it. */
  placeOf(place: EntryPlace): EntryPlace {
    return this.#moved.get(`${place.incarnation}/${place.seq}`) ?? place
  }

  /**
   * Holds a checkpoint of ours that somebody else has against what is here. If the log does not bear it out, entries
   * were lost: the log ends, and another begins. If it is of an earlier log, ours says so once.
   */
  async confront(seen: SignedCheckpoint): Promise<void> {
    assert(seen.device === this.device, 'what is confronted is of this device')
    await this.#alone(async () => {
      if (this.#bearsOut(seen)) return
      if (seen.incarnation >= this.#incarnation) await this.#renew('restored', seen)
      else this.#tell(seen)
    })
  }

  /** Writes what was counted, and waits for what is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#flushCounts(Number.POSITIVE_INFINITY)
    await this.#drained
    await this.#last
  }

  /** Runs one change of the log after the other. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work)
    this.#last = run.catch(() => undefined)
    return run
  }

  #failed(thrown: unknown): void {
    this.#log.error({}, `the audit log could not be begun anew: ${messageOf(thrown)}`)
  }

  #opened(note: Uint8Array): SignedCheckpoint {
    const opened = this.notes.open(note)
    assert(opened.ok, `a checkpoint of ours is valid: ${opened.ok ? '' : opened.detail}`)
    return opened.value
  }

  async #sign(): Promise<SignedCheckpoint | undefined> {
    const latest = this.latest()
    const { size } = this.#range
    if (latest?.size === size || size === 0 || !this.#isConfirmed) return latest
    const { org } = this
    const sign = (message: Uint8Array): Uint8Array => this.#key.sign(message)
    const note = signCheckpoint({ org, ...this.id, size, root: this.#range.root() }, { sign, sha256 })
    await this.store.putCheckpoint(this.id, size, note)
    return this.#opened(note)
  }

  #bearsOut({ incarnation, size, root }: SignedCheckpoint): boolean {
    const log = { device: this.device, incarnation }
    const here = incarnation === this.#incarnation ? this.size : (this.store.database.log(log)?.size ?? 0)
    if (size === 0) return true
    if (size <= here && equalBytes(this.rootAt(size, log), root)) return true
    return incarnation < this.#incarnation && size <= (this.#told.get(incarnation) ?? 0)
  }

  /** Of an earlier log some entries are not here, or it is not here at all: the database was lost. */
  #tell({ incarnation, size }: SignedCheckpoint): void {
    const held = Math.min(size, this.store.database.log({ device: this.device, incarnation })?.size ?? 0)
    this.#told.set(incarnation, size)
    this.#log.warn(
      { incarnation, entries: size, held },
      `this device had an audit log before, of ${size} entries as a peer knows; ${held} of them are here`
    )
    this.note({ action: 'renewed', reason: 'lost', earlier: incarnation, entries: size, held })
  }

  #readTold(): void {
    const search = { device: this.device, action: 'renewed', limit: RENEWALS_LOOK_MAX }
    for (const { bytes } of this.store.database.search(search)) {
      const entry = decodeEntry(bytes)
      if (!entry.ok || entry.value.event.action !== 'renewed') continue
      const { earlier, entries } = entry.value.event
      this.#told.set(earlier, Math.max(entries, this.#told.get(earlier) ?? 0))
    }
  }

  async #onCopied(): Promise<void> {
    if (this.#range.size > 0) await this.#renew('copied', undefined)
    else await this.store.adoptFile()
  }

  /** Ends the log at what is signed of it here, and begins another with what was recorded since. */
  async #renew(reason: RenewalReason, seen: SignedCheckpoint | undefined): Promise<void> {
    const ended = this.id
    const signedSize = this.latest()?.size ?? 0
    const entries = seen?.incarnation === ended.incarnation ? Math.max(seen.size, signedSize) : signedSize
    const latestKnown = Math.max(ended.incarnation, seen?.incarnation ?? 0)
    const begun = { device: this.device, incarnation: Math.max(this.#nowMs(), latestKnown + 1) }
    const told: AuditEvent[] = []
    if (this.size > 0)
      told.push({ action: 'renewed', reason, earlier: ended.incarnation, entries, held: signedSize })
    if (seen !== undefined && seen.incarnation !== ended.incarnation)
      told.push({ action: 'renewed', reason, earlier: seen.incarnation, entries: seen.size, held: 0 })
    const events = told.map(event => ({ timeMs: this.#nowMs(), event }))
    const first = events.length
    const unsigned = this.store.database.entries(ended, { from: signedSize, limit: this.size - signedSize })
    for (const bytes of unsigned) {
      const entry = decodeEntry(bytes)
      assert(entry.ok, 'an entry of ours can be read')
      const { timeMs, event } = entry.value
      events.push({ timeMs, event: withSince(event, since => since - signedSize + first, signedSize) })
    }
    const growth = grown(CompactRange.empty(sha256), events)
    const edge = CompactRange.read(sha256, signedSize, this.nodeOf(ended))
    await this.store.renew({
      ended: this.size === 0 ? undefined : { ...ended, edge: edgeOf(edge) },
      begun: { ...begun, ...growth.rows, from: 0, note: null, edge: edgeOf(growth.range) }
    })
    for (let index = 0; index < unsigned.length; index++)
      this.#moved.set(`${ended.incarnation}/${signedSize + index}`, {
        incarnation: begun.incarnation,
        seq: first + index
      })
    this.#range = growth.range
    this.#incarnation = begun.incarnation
    this.#isConfirmed = true
    this.#readTold()
    this.#log.warn(
      { ended: ended.incarnation, entries, held: signedSize, begun: begun.incarnation },
      `this device has begun a new audit log after the one of ${entries} entries: ${RENEWED_IN_WORDS[reason]}`
    )
  }

  #flushCounts(nowMs: number): void {
    this.#refusals.flush(nowMs)
    this.#uses.flush(nowMs)
  }

  async #drain(): Promise<void> {
    // Events of the same turn of the event loop belong to one batch.
    await Promise.resolve()
    while (this.#waiting.length > 0) await this.#write(this.#waiting.splice(0, BATCH_ENTRIES_MAX))
    this.#drained = undefined
  }

  #write(batch: readonly Waiting[]): Promise<void> {
    return this.#alone(async () => {
      const from = this.#range.size
      const { range, rows } = grown(this.#range.copy(), batch)
      try {
        await this.store.grow({ ...this.id, from, ...rows, edge: edgeOf(range), note: null })
        this.#range = range
        for (const [index, { resolve }] of batch.entries()) resolve(from + index)
      } catch (thrown) {
        for (const { reject } of batch) reject(thrown)
      }
    })
  }
}

/** An event that moves over with the `serving` entry it speaks of; that of an entry which stays names it as before. */
function withSince(event: AuditEvent, moved: (since: number) => number, movedFrom: number): AuditEvent {
  return event.action === 'served' && event.since >= movedFrom
    ? { ...event, since: moved(event.since) }
    : event
}

/** A log with more events, as rows. */
function grown(
  range: CompactRange,
  events: readonly { readonly timeMs: number; readonly event: AuditEvent }[]
): { range: CompactRange; rows: { entries: EntryRow[]; nodes: NodeRow[] } } {
  const entries: EntryRow[] = []
  const nodes: NodeRow[] = []
  for (const { event, timeMs } of events) {
    const seq = range.size
    const bytes = encodeEntry({ seq, timeMs, event })
    for (const { level, index, hash } of range.append(hashLeaf(bytes, sha256)))
      if (level > 0) nodes.push({ level, position: index, hash })
    entries.push(entryRow(seq, bytes, { timeMs, event }))
  }
  return { range, rows: { entries, nodes } }
}

/** Plain data, to cross threads. */
function edgeOf({ size, hashes }: CompactRange): LogEdge {
  return { size, hashes }
}

export function leafOf({ bytes, leaf }: LogItem): Uint8Array {
  return leaf ?? hashLeaf(defined(bytes ?? undefined, 'the bytes of an entry that was not dropped'), sha256)
}

export function droppedRow(seq: number, leaf: Uint8Array): EntryRow {
  return { seq, bytes: null, leaf, timeMs: null, action: null, dataset: null, version: null }
}

/** An entry with what it can be searched by; `said` is undefined where it can not be read. */
export function entryRow(
  seq: number,
  bytes: Uint8Array,
  said: { readonly timeMs: number; readonly event: AuditEvent } | undefined
): EntryRow {
  return {
    seq,
    bytes,
    leaf: null,
    timeMs: said?.timeMs ?? null,
    action: said?.event.action ?? null,
    dataset: (said && datasetOf(said.event)) ?? null,
    version: (said && versionOf(said.event)) ?? null
  }
}
