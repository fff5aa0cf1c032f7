/**
 * The audit worker: the one thread that writes `audit.db`, so that the main thread never waits for its disk. Jobs run
 * one after the other in the order they were sent, each one durable transaction.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { AssertionFailure, defined, unreachable } from '../base/assert.ts'
import { AuditDatabase } from './audit-database.ts'
import type { AuditAnswer, AuditJob } from './audit-jobs.ts'
import { failureOf } from './failure.ts'

const { path, pagesMax } = workerData as { readonly path: string; readonly pagesMax: number | undefined }
const database = new AuditDatabase(path, { pagesMax })

const DONE: AuditAnswer = { kind: 'done' }

function run(job: AuditJob): AuditAnswer {
  switch (job.kind) {
    case 'grow':
      database.grow(job.growth)
      return DONE
    case 'renew':
      database.renew(job.renewal)
      return DONE
    case 'file':
      database.putFileId(job.fileId)
      return DONE
    case 'expire':
      database.expire(job.expiry)
      return DONE
    case 'checkpoint':
      database.putCheckpoint(job.log, job.size, job.note)
      return DONE
    case 'witness':
      return { kind: 'witnessed', advanced: database.advanceWitness(job.advance) }
    case 'sighting':
      database.putSighting(job.head)
      return DONE
    case 'finding':
      database.putFinding(job.finding)
      return DONE
    case 'close':
      database.close()
      return DONE
    default:
      return unreachable(job)
  }
}

function answer(job: AuditJob): AuditAnswer {
  try {
    return run(job)
  } catch (error) {
    if (error instanceof AssertionFailure) throw error
    return { kind: 'failed', failure: failureOf('write the audit log', path, error) }
  }
}

const port = defined(parentPort, 'the port of a worker thread')
port.on('message', (job: AuditJob) => port.postMessage(answer(job)))
