/**
 * The audit log on disk, from the main thread: writes go to the audit worker and resolve once they are durable; reads
 * are small, by key, and happen here.
 *
 * It orders nothing: whoever appends to a log waits for one growth before it sends the next (node/audit-log.ts), which
 * is where many events become one transaction.
 */

import { join } from 'node:path'
import { assert } from '../base/assert.ts'
import type { DeviceId } from '../base/ids.ts'
import {
  AuditDatabase,
  type FindingRow,
  type LogGrowth,
  type SignedHead,
  type WitnessAdvance
} from './audit-database.ts'
import type { AuditAnswer, AuditJob } from './audit-jobs.ts'
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
  readonly #worker: WorkerThread<AuditJob, AuditAnswer>

  /** Throws AppError HOME_CORRUPT when the file can not be used. */
  constructor({ home, pagesMax }: AuditStoreOptions) {
    this.path = join(home, AUDIT_FILE)
    this.database = new AuditDatabase(this.path)
    this.#worker = new WorkerThread('audit-worker', { path: this.path, pagesMax })
  }

  /** Adds entries to a log, all or none. Rejects with AppError (DISK_FULL, STORAGE_FAILED). */
  async grow(growth: LogGrowth): Promise<void> {
    await this.#run({ kind: 'grow', growth })
  }

  async putCheckpoint(size: number, note: Uint8Array): Promise<void> {
    await this.#run({ kind: 'checkpoint', size, note })
  }

  /** Checks and remembers in one step; false when another checkpoint was cosigned meanwhile. */
  async advanceWitness(advance: WitnessAdvance): Promise<boolean> {
    const answer = await this.#run({ kind: 'witness', advance })
    assert(answer.kind === 'witnessed', 'a witness job is answered as one')
    return answer.advanced
  }

  async putSighting(device: DeviceId, head: SignedHead): Promise<void> {
    await this.#run({ kind: 'sighting', device, head })
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
