/**
 * Turns what the node does into events of its audit log.
 *
 * Serving: before the first block of a version goes to a peer, the `serving` entry is durable; a log that can not be
 * written serves nobody. While the stream lasts, and when it ends, `served` says how much went.
 * Receiving: when a stream ends, when the version is whole, and now and then in between, `received` says what came
 * from that peer, and the peer gets our signed receipt for it. A receipt that it does not take now is offered again
 * while the node runs; if it never takes it, its log lacks that half, and ours shows ours.
 */

import { createReceipt } from '../../audit/receipt.ts'
import { defined } from '../../base/assert.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import { MINUTE_MS } from '../../base/units.ts'
import type { Override } from '../../ledger/freshness/override.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceKey } from '../keys/device-key.ts'
import type { OverrideUse } from '../ledger/beacon-board.ts'
import type { Log } from '../log.ts'
import type { AuditLog, EntryPlace } from './audit-log.ts'

/** How often a stream that lasts is accounted for, and receipts are offered again. */
export const ACCOUNT_MS = 3 * MINUTE_MS
/** Receipts that wait for their server; the oldest go first. */
const RECEIPTS_WAITING_MAX = 1024

/** What went over one stream so far, in bytes of payload. */
export interface StreamTotals {
  readonly device: DeviceId
  readonly version: VersionId
  readonly sentBytes: number
  readonly receivedBytes: number
}

export interface AuditRecorderInit {
  readonly audit: AuditLog
  readonly key: DeviceKey
  readonly log: Log
  readonly datasetOf: (version: VersionId) => string | null
  /** What a peer's grant for a version is for, if it names a purpose. */
  readonly grantedFor: (device: DeviceId, version: VersionId) => string | null
  /** Whether a copy of it that was noted as stored is here, in whichever place. */
  readonly isHeld: (version: VersionId) => boolean
  /** What this device says that it reads a version for. */
  readonly purposeOf: (version: VersionId) => string | null
  /** Hands a receipt to a server; false when it refuses. */
  readonly giveReceipt: (server: DeviceId, receipt: Uint8Array) => Promise<boolean>
  /** Streams that are open now. */
  readonly streams: () => readonly StreamTotals[]
  readonly nowMs?: () => number
}

interface Session {
  readonly device: DeviceId
  readonly version: VersionId
  readonly begunMs: number
  /** Where its `serving` entry is. */
  since: EntryPlace | undefined
  dataset: string | null | undefined
  servedBytes: number
  receivedBytes: number
}

interface WaitingReceipt {
  readonly server: DeviceId
  readonly receipt: Uint8Array
}

export class AuditRecorder {
  readonly #init: AuditRecorderInit
  readonly #nowMs: () => number
  readonly #sessions = new Map<string, Session>()
  readonly #timer: NodeJS.Timeout
  #receipts: WaitingReceipt[] = []
  #giving = false

  constructor(init: AuditRecorderInit) {
    this.#init = init
    this.#nowMs = init.nowMs ?? Date.now
    this.#timer = setInterval(() => this.account(), ACCOUNT_MS)
    this.#timer.unref()
  }

  streamOpened(device: DeviceId, version: VersionId): void {
    this.#sessions.set(keyOf(device, version), {
      ...{ device, version, begunMs: this.#nowMs() },
      ...{ since: undefined, dataset: undefined, servedBytes: 0, receivedBytes: 0 }
    })
  }

  /** Resolves once it is durable that the peer reads here. Rejects with AppError: then nothing may be sent. */
  async serving(device: DeviceId, version: VersionId): Promise<void> {
    const { audit, datasetOf, grantedFor } = this.#init
    const session = this.#sessions.get(keyOf(device, version))
    if (session?.since !== undefined) return
    const of = { peer: device, version, dataset: datasetOf(version) }
    const seq = await audit.record({ action: 'serving', ...of, granted: grantedFor(device, version) })
    if (session !== undefined) session.since = { incarnation: audit.id.incarnation, seq }
  }

  streamEnded(totals: StreamTotals): void {
    const session = this.#sessions.get(keyOf(totals.device, totals.version))
    if (session === undefined) return
    this.#sessions.delete(keyOf(totals.device, totals.version))
    this.#account(session, totals, { done: true })
    void this.#giveReceipts()
  }

  /** A version was fetched in full: what each peer gave is noted now, while its streams go on. */
  read({
    version,
    bytes,
    purpose
  }: {
    readonly version: VersionId
    readonly bytes: number
    readonly purpose: string | null
  }): void {
    const { audit, datasetOf } = this.#init
    const dataset = datasetOf(version)
    this.account(version)
    audit.note({ action: 'stored', version, dataset, bytes, kind: 'fetched' })
    audit.note({ action: 'read', version, dataset, bytes, purpose })
  }

  /** A part of a version came from its HTTP origin. */
  obtained({
    version,
    host,
    bytes
  }: {
    readonly version: VersionId
    readonly host: string
    readonly bytes: number
  }): void {
    const { audit, datasetOf } = this.#init
    audit.note({ action: 'obtained', host, bytes, version, dataset: datasetOf(version) })
  }

  published({ version, bytes }: { readonly version: VersionId; readonly bytes: number }): void {
    const { audit, datasetOf } = this.#init
    audit.note({ action: 'stored', version, dataset: datasetOf(version), bytes, kind: 'source' })
  }

  damaged(version: VersionId, found: { readonly kind: 'source' | 'fetched'; readonly pieces: number }): void {
    const { audit, datasetOf } = this.#init
    audit.note({ action: 'damaged', version, dataset: datasetOf(version), ...found })
  }

  healed(version: VersionId, { pieces }: { readonly pieces: number }): void {
    const { audit, datasetOf } = this.#init
    audit.note({ action: 'healed', version, dataset: datasetOf(version), pieces })
  }

  /** A copy is kept here for the org. */
  kept({ version, bytes }: { readonly version: VersionId; readonly bytes: number }): void {
    const { audit, datasetOf } = this.#init
    this.account(version)
    audit.note({ action: 'stored', version, dataset: datasetOf(version), bytes, kind: 'fetched' })
  }

  /** A copy is here no more. The log says so once there is none: entries are of the device, not of a place. */
  deleted(version: VersionId, reason: string): void {
    const { audit, datasetOf, isHeld } = this.#init
    if (isHeld(version)) return
    audit.note({ action: 'deleted', version, dataset: datasetOf(version), reason })
  }

  authored({ id, type }: { readonly id: OperationId; readonly type: string }): void {
    this.#init.audit.note({ action: 'administered', operation: id, type })
  }

  /** An override of freshness came to hold here; `admins` are those of the newest root. */
  override(
    { id, signers, classes, reason, devices, expiresMs }: Override,
    admins: readonly DeviceId[]
  ): void {
    const signer = defined(
      signers.find(key => admins.includes(key)),
      'an override holds by an admin'
    )
    this.#init.audit.note({
      ...{ action: 'override', override: id, signer, classes: classes.join(' '), reason },
      ...{ devices: devices?.length ?? null, endsMs: expiresMs }
    })
  }

  /** An access that it alone opened. */
  overridden({ override, class: name, device, version }: OverrideUse): void {
    this.#init.audit.overridden({
      ...{ action: 'overridden', override: override.id, class: name, peer: device, version }
    })
  }

  /** Notes what went over open streams since it was noted last; of one version, or of all. */
  account(version?: VersionId): void {
    for (const totals of this.#init.streams()) {
      if (version !== undefined && totals.version !== version) continue
      const session = this.#sessions.get(keyOf(totals.device, totals.version))
      if (session !== undefined) this.#account(session, totals, { done: false })
    }
    void this.#giveReceipts()
  }

  /** Call before the log is closed. */
  close(): void {
    clearInterval(this.#timer)
  }

  #account(session: Session, totals: StreamTotals, { done }: { done: boolean }): void {
    const { audit, datasetOf } = this.#init
    const { device, version, since, begunMs } = session
    // A name does not change while a stream lasts, unless it had none yet.
    session.dataset ??= datasetOf(version)
    const of = { peer: device, version, dataset: session.dataset }
    if (since !== undefined && (done || totals.sentBytes > session.servedBytes)) {
      session.servedBytes = totals.sentBytes
      audit.note({ action: 'served', ...of, since: audit.placeOf(since).seq, bytes: totals.sentBytes, done })
    }
    const bytes = totals.receivedBytes - session.receivedBytes
    if (bytes <= 0) return
    session.receivedBytes = totals.receivedBytes
    audit.note({ action: 'received', ...of, begunMs, bytes })
    this.#receipts.push({ server: device, receipt: this.#receipt(session, bytes) })
    this.#receipts = this.#receipts.slice(-RECEIPTS_WAITING_MAX)
  }

  #receipt({ device, version, begunMs }: Session, bytes: number): Uint8Array {
    const { audit, key, purposeOf } = this.#init
    const purpose = purposeOf(version)
    const sign = (message: Uint8Array): Uint8Array => key.sign(message)
    const terms = { org: audit.org, reader: audit.device, server: device, version, purpose, bytes, begunMs }
    return createReceipt({ ...terms, timeMs: this.#nowMs() }, { sign, sha256 })
  }

  async #giveReceipts(): Promise<void> {
    if (this.#giving) return
    this.#giving = true
    const kept: WaitingReceipt[] = []
    try {
      for (let next = this.#receipts.shift(); next !== undefined; next = this.#receipts.shift())
        if (!(await this.#give(next))) kept.push(next)
    } finally {
      this.#receipts.unshift(...kept)
      this.#giving = false
    }
  }

  /** False when it should be offered again. */
  async #give({ server, receipt }: WaitingReceipt): Promise<boolean> {
    try {
      const isTaken = await this.#init.giveReceipt(server, receipt)
      if (!isTaken) this.#init.log.warn({ device: server }, 'a server refuses our receipt for what it served')
      return true
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      this.#init.log.debug({ device: server }, `a receipt waits: ${messageOf(thrown)}`)
      return false
    }
  }
}

function keyOf(device: DeviceId, version: VersionId): string {
  return `${device} ${version}`
}
