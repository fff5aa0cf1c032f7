/**
 * Retention: entries that are older than the org wants to know things are dropped, of this device's own logs and of the
 * copies that it collected. Of each its leaf hash stays, so that every root that was ever signed, every proof and the
 * verification of all other entries hold as before; what it said is gone.
 *
 * Only entries that a checkpoint covers go, since nothing else vouches for the hash that is left. What a log says of
 * itself stays: that it was begun anew, and that entries were dropped. The latter is an entry of its own, so whoever
 * collects the log reads in it how far back it can be asked.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LogId } from '../../audit/checkpoint.ts'
import { assert } from '../../base/assert.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import type { StoredLog } from '../../store/audit-rows.ts'
import type { Log } from '../log.ts'
import { type AuditLog, leafOf } from './audit-log.ts'

const LOOK_MS = HOUR_MS
const FIRST_LOOK_MS = 5 * MINUTE_MS
const BATCH_ENTRIES = 512

export interface AuditRetentionInit {
  readonly audit: AuditLog
  readonly log: Log
  readonly retentionMs: number
  readonly nowMs?: () => number
}

export class AuditRetention {
  readonly #init: AuditRetentionInit
  readonly #timers: readonly NodeJS.Timeout[]
  #running: Promise<number> | undefined
  #closed = false

  constructor(init: AuditRetentionInit) {
    assert(init.retentionMs > 0, 'entries are kept for some time')
    this.#init = init
    this.#timers = [
      setTimeout(() => void this.#look(), FIRST_LOOK_MS).unref(),
      setInterval(() => void this.#look(), LOOK_MS).unref()
    ]
  }

  /** Drops what is due, and resolves to how many entries that were. Rejects with AppError. */
  run(): Promise<number> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    this.#closed = true
    for (const timer of this.#timers) clearTimeout(timer)
    await this.#running?.catch(() => undefined)
  }

  async #look(): Promise<void> {
    try {
      await this.run()
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      this.#init.log.error({}, `entries of the audit log are kept for too long: ${messageOf(thrown)}`)
    }
  }

  async #run(): Promise<number> {
    const { audit, retentionMs, log, nowMs = Date.now } = this.#init
    const beforeMs = nowMs() - retentionMs
    if (beforeMs <= 0) return 0
    let ours = 0
    let all = 0
    for (const each of audit.store.database.logs()) {
      const dropped = await this.#drop(each, { beforeMs, signedSize: this.#signedSize(each) })
      all += dropped
      if (each.device === audit.device) ours += dropped
    }
    if (ours > 0) await audit.record({ action: 'expired', before: beforeMs, entries: ours })
    if (all > 0)
      log.info({ entries: all, own: ours, beforeMs }, 'entries of audit logs were dropped by retention')
    return all
  }

  async #drop(log: LogId, due: { readonly beforeMs: number; readonly signedSize: number }): Promise<number> {
    const { store } = this.#init.audit
    const { nowMs = Date.now } = this.#init
    const { device, incarnation } = log
    let dropped = 0
    while (!this.#closed) {
      const old = store.database.expiring(log, { ...due, limit: BATCH_ENTRIES })
      if (old.length === 0) break
      const leaves = old.map(({ seq, bytes }) => ({ seq, leaf: leafOf({ seq, bytes, leaf: null }) }))
      await store.expire({ device, incarnation, beforeMs: due.beforeMs, leaves, timeMs: nowMs() })
      dropped += old.length
      await nextTurn()
    }
    return dropped
  }

  /** What the newest checkpoint that the copy bears out covers. */
  #signedSize(log: StoredLog): number {
    const { audit } = this.#init
    if (log.device === audit.device) return audit.latest(log)?.size ?? 0
    const [noted] = log.note === undefined ? [] : audit.notes.valid([log.note])
    return noted?.size ?? 0
  }
}
