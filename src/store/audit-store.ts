/**
 * The audit log on disk, from the main thread: writes go to the audit worker and resolve once they are durable; reads
 * are small, by key, and happen here.
 *
 * It orders nothing: whoever appends to a log waits for one growth before it sends the next (node/audit-log.ts), which
 * is where many events become one transaction.
 */

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '../base/assert.ts'
import { AuditDatabase } from './audit-database.ts'
import type { AuditAnswer, AuditJob } from './audit-jobs.ts'
import type {
  FindingRow,
  KnownHead,
  LogExpiry,
  LogGrowth,
  LogKey,
  LogRenewal,
  WitnessAdvance
} from './audit-rows.ts'
import { appErrorOf } from './failure.ts'
import { WorkerThread } from './worker-thread.ts'

export const AUDIT_FILE = 'audit.db'

export interface AuditStoreOptions {
  readonly home: string
  /** Bounds the file, in pages of the database: as if the disk were full. */
  readonly pagesMax?: number
}

export class AuditStore {
  /** For reading; what it returns is durable. */
  readonly database: AuditDatabase
  readonly path: string
  /** Whether the file is a copy of the one that was written to: restored from a backup, or moved to another disk. */
  readonly isCopied: boolean
  readonly #fileId: string
  #isFileKnown: boolean
  readonly #worker: WorkerThread<AuditJob, AuditAnswer>

  /** Throws AppError HOME_CORRUPT when the file can not be used. */
  constructor({ home, pagesMax }: AuditStoreOptions) {
    this.path = join(home, AUDIT_FILE)
    this.database = new AuditDatabase(this.path)
    this.#fileId = statSync(this.path, { bigint: true }).ino.toString()
    const known = this.database.fileId()
    this.isCopied = known !== undefined && known !== this.#fileId
    this.#worker = new WorkerThread('audit-worker', { path: this.path, pagesMax })
    this.#isFileKnown = known !== undefined
  }

  /** Adds entries to a log, all or none. Rejects with AppError (DISK_FULL, STORAGE_FAILED). */
  async grow(growth: LogGrowth): Promise<void> {
    if (!this.#isFileKnown) await this.adoptFile()
    await this.#run({ kind: 'grow', growth })
  }

  /** From now on this file is the one that the log is in. */
  async adoptFile(): Promise<void> {
    await this.#run({ kind: 'file', fileId: this.#fileId })
    this.#isFileKnown = true
  }

  /** Ends a log and begins another in one step. Rejects with AppError, and then nothing has changed. */
  async renew(renewal: Omit<LogRenewal, 'fileId'>): Promise<void> {
    await this.#run({ kind: 'renew', renewal: { ...renewal, fileId: this.#fileId } })
  }

  /** Leaves only the hashes of the first entries of a log. */
  async expire(expiry: LogExpiry): Promise<void> {
    await this.#run({ kind: 'expire', expiry })
  }

  async putCheckpoint(log: LogKey, size: number, note: Uint8Array): Promise<void> {
    await this.#run({ kind: 'checkpoint', log, size, note })
  }

  /** Checks and remembers in one step; false when another checkpoint was cosigned meanwhile. */
  async advanceWitness(advance: WitnessAdvance): Promise<boolean> {
    const answer = await this.#run({ kind: 'witness', advance })
    assert(answer.kind === 'witnessed', 'a witness job is answered as one')
    return answer.advanced
  }

  async putSighting(head: KnownHead): Promise<void> {
    await this.#run({ kind: 'sighting', head })
  }

  async putFinding(finding: FindingRow): Promise<void> {
    await this.#run({ kind: 'finding', finding })
  }

  /** After what was sent before. */
  async close(): Promise<void> {
    await this.#run({ kind: 'close' })
    await this.#worker.terminate()
    this.database.close()
  }

  async #run(job: AuditJob): Promise<Exclude<AuditAnswer, { kind: 'failed' }>> {
    const answer = await this.#worker.call(job)
    if (answer.kind === 'failed') throw appErrorOf(answer.failure)
    return answer
  }
}
