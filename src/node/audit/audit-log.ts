/**
 * This device's audit log at work: events become entries, entries become durable, and the tree over them is signed.
 *
 * Invariants
 * - `record` resolves only once the entry is fsynced; what was acknowledged is there after any crash.
 * - Positions are given out batch by batch: events that come while one batch is being written form the next, and a
 *   batch that fails leaves the log as it was. So there is never a gap, and never a tree ahead of the disk.
 * - A checkpoint is signed only over what is durable, so no two of one size can differ.
 *
 * Refusals and violations are caused by others, and could be caused a thousand times a second: of each device and
 * reason at most one entry a minute is written, which says how many there were. Uses of an override are counted alike.
 */

import {
  addCosignatures,
  openCheckpoint,
  type SignedCheckpoint,
  signCheckpoint
} from '../../audit/checkpoint.ts'
import { type AuditEvent, datasetOf, encodeEntry, reasonOf, versionOf } from '../../audit/entry.ts'
import type { NoteSignature } from '../../audit/signed-note.ts'
import { CompactRange, hashLeaf, type NodePosition, proveConsistency, rootOf } from '../../audit/tree.ts'
import { assert, defined } from '../../base/assert.ts'
import { messageOf } from '../../base/errors.ts'
import type { DeviceId, OrgId, VersionId } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { EntryRow, NodeRow } from '../../store/audit-database.ts'
import type { AuditStore } from '../../store/audit-store.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'

const BATCH_ENTRIES_MAX = 1024
const COALESCE_MS = MINUTE_MS
const FLUSH_MS = 5 * SECOND_MS
/** Pairs of device and reason that are told apart at once; what goes beyond is one count. */
const REFUSALS_MAX = 256
const FLOOD = 'flood'

export interface AuditLogInit {
  readonly store: AuditStore
  readonly org: OrgId
  readonly key: DeviceKey
  readonly log: Log
  readonly nowMs?: () => number
}

export interface Refusal {
  readonly action: 'denied' | 'violation'
  readonly peer: DeviceId
  /** In words; it is kept as a slug. */
  readonly reason: string
  readonly version: VersionId | null
}

/** An access that only an override of freshness opened, to a peer or to this device. */
export type Overridden = Omit<Extract<AuditEvent, { action: 'overridden' }>, 'count'>

interface Waiting {
  readonly event: AuditEvent
  readonly timeMs: number
  readonly resolve: (seq: number) => void
  readonly reject: (error: unknown) => void
}

interface Counted {
  readonly refusal: Refusal | Overridden
  /** Since the entry before. */
  count: number
  /** When the next entry may be written. */
  dueMs: number
}

export class AuditLog {
  readonly device: DeviceId
  readonly org: OrgId
  readonly store: AuditStore
  readonly #key: DeviceKey
  readonly #log: Log
  readonly #nowMs: () => number
  readonly #counted = new Map<string, Counted>()
  readonly #timer: NodeJS.Timeout
  /** Over what is durable. */
  #range: CompactRange
  #waiting: Waiting[] = []
  #drained: Promise<void> | undefined
  #signing: Promise<SignedCheckpoint> | undefined

  constructor({ store, org, key, log, nowMs = Date.now }: AuditLogInit) {
    this.store = store
    this.org = org
    this.device = key.id
    this.#key = key
    this.#log = log
    this.#nowMs = nowMs
    const stored = store.database.log(key.id)
    this.#range = stored === undefined ? CompactRange.empty(sha256) : new CompactRange(sha256, stored)
    this.#timer = setInterval(() => this.#flushCounts(this.#nowMs()), FLUSH_MS)
    this.#timer.unref()
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
    const known = this.#counted.get(key)
    if (known !== undefined) {
      known.count++
      return
    }
    if (this.#counted.size >= REFUSALS_MAX) {
      const flood = this.#counted.get(FLOOD)
      if (flood !== undefined) flood.count++
      else this.#count(FLOOD, { ...refusal, reason: FLOOD, version: null }, { count: 1, nowMs })
      return
    }
    this.#count(key, refusal, { count: 0, nowMs })
    this.note({ ...refusal, count: 1 })
  }

  /** Notes a use of an override, or counts it. Who uses one is a member; none is lost in a flood. */
  overridden(use: Overridden): void {
    const key = `overridden ${use.override} ${use.class} ${use.peer} ${use.version}`
    const known = this.#counted.get(key)
    if (known !== undefined) known.count++
    else {
      this.#count(key, use, { count: 0, nowMs: this.#nowMs() })
      this.note({ ...use, count: 1 })
    }
  }

  /** What a stored position of this log hashes to. */
  readonly node = ({ level, index }: NodePosition): Uint8Array => {
    if (level > 0) return defined(this.store.database.node(level, index), `node ${level}/${index} of the log`)
    const [entry] = this.store.database.entries(this.device, { from: index, limit: 1 })
    return hashLeaf(defined(entry, `entry ${index} of the log`), sha256)
  }

  rootAt(size: number): Uint8Array {
    return rootOf(size, this.node, sha256)
  }

  prove(oldSize: number, size: number): Uint8Array[] {
    return proveConsistency({ oldSize, size }, this.node, sha256)
  }

  /** The newest checkpoint that was signed, with the cosignatures that it has by now. */
  latest(): SignedCheckpoint | undefined {
    const note = this.store.database.latestCheckpoint()
    if (note === undefined) return undefined
    const opened = openCheckpoint(note, { verify, sha256 })
    assert(opened.ok, `a checkpoint of ours is valid: ${opened.ok ? '' : opened.detail}`)
    return opened.value
  }

  /** Signs what is durable now, unless that was signed already. */
  checkpoint(): Promise<SignedCheckpoint> {
    this.#signing ??= this.#sign().finally(() => {
      this.#signing = undefined
    })
    return this.#signing
  }

  async addCosignatures(checkpoint: SignedCheckpoint, lines: readonly NoteSignature[]): Promise<void> {
    const latest = this.latest()
    const note = latest?.size === checkpoint.size ? latest.note : checkpoint.note
    await this.store.putCheckpoint(checkpoint.size, addCosignatures(note, lines))
  }

  /** Writes what was counted, and waits for what is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#flushCounts(Number.POSITIVE_INFINITY)
    await this.#drained
  }

  async #sign(): Promise<SignedCheckpoint> {
    const latest = this.latest()
    const { size } = this.#range
    if (latest?.size === size) return latest
    const { org, device } = this
    const sign = (message: Uint8Array): Uint8Array => this.#key.sign(message)
    const note = signCheckpoint({ org, device, size, root: this.#range.root() }, { sign, sha256 })
    await this.store.putCheckpoint(size, note)
    const opened = openCheckpoint(note, { verify, sha256 })
    assert(opened.ok, 'a checkpoint that we sign is valid')
    return opened.value
  }

  #count(
    key: string,
    refusal: Refusal | Overridden,
    { count, nowMs }: { count: number; nowMs: number }
  ): void {
    this.#counted.set(key, { refusal, count, dueMs: nowMs + COALESCE_MS })
  }

  #flushCounts(nowMs: number): void {
    for (const [key, counted] of this.#counted) {
      if (counted.dueMs > nowMs) continue
      if (counted.count === 0) this.#counted.delete(key)
      else this.note({ ...counted.refusal, count: counted.count })
      counted.count = 0
      counted.dueMs = nowMs + COALESCE_MS
    }
  }

  async #drain(): Promise<void> {
    // Events of the same turn of the event loop belong to one batch.
    await Promise.resolve()
    while (this.#waiting.length > 0) await this.#write(this.#waiting.splice(0, BATCH_ENTRIES_MAX))
    this.#drained = undefined
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const from = this.#range.size
    const range = this.#range.copy()
    const entries: EntryRow[] = []
    const nodes: NodeRow[] = []
    for (const { event, timeMs } of batch) {
      const seq = range.size
      const bytes = encodeEntry({ seq, timeMs, event })
      for (const { level, index, hash } of range.append(hashLeaf(bytes, sha256)))
        if (level > 0) nodes.push({ level, position: index, hash })
      entries.push(entryRow(seq, bytes, { timeMs, event }))
    }
    const edge = { size: range.size, hashes: range.hashes }
    try {
      await this.store.grow({ device: this.device, from, entries, nodes, edge, note: null })
      this.#range = range
      for (const [index, { resolve }] of batch.entries()) resolve(from + index)
    } catch (thrown) {
      for (const { reject } of batch) reject(thrown)
    }
  }
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
    timeMs: said?.timeMs ?? null,
    action: said?.event.action ?? null,
    dataset: (said && datasetOf(said.event)) ?? null,
    version: (said && versionOf(said.event)) ?? null
  }
}
