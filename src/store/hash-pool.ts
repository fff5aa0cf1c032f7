/**
 * Hashing on worker threads. Jobs wait in one queue; a worker that has room takes several small ones or one
 * large one per message, because a message between threads costs as much as hashing a leaf.
 *
 * Threads start with the first job and never keep the process alive by themselves. Callers bound what they
 * submit: the queue holds only references to their buffers.
 */

import { availableParallelism } from 'node:os'
import { assert, defined } from '../base/assert.ts'
import { MIB } from '../base/units.ts'
import type {
  HashJob,
  HashResult,
  LeavesJob,
  LeavesResult,
  ListJob,
  ListResult,
  RangesJob,
  RangesResult,
  WriteJob,
  WriteResult
} from './hash-jobs.ts'
import { WorkerThread } from './worker-thread.ts'

const WORKERS_MAX = 4
/** Messages that a worker holds: one in work, one waiting, so that it never idles between two. */
const MESSAGES_PER_WORKER = 2
const JOBS_PER_MESSAGE_MAX = 64
const BYTES_PER_MESSAGE = MIB

interface QueuedJob {
  readonly job: HashJob
  readonly bytes: number
  readonly resolve: (result: HashResult) => void
  readonly reject: (error: unknown) => void
}

type HashThread = WorkerThread<readonly HashJob[], readonly HashResult[]>

function bytesOf(job: HashJob): number {
  switch (job.kind) {
    case 'write':
      return job.blocks.reduce((sum, block) => sum + block.length, 0)
    case 'leaves':
      return job.bytes
    case 'ranges':
      return job.ranges.reduce((sum, range) => sum + range.bytes, 0)
    case 'list':
      return 0
  }
}

/** Blocks in private memory are copied once, tightly: posting a view would copy the whole buffer behind it. */
function withPostableBlocks(job: WriteJob): WriteJob {
  if (job.blocks.every(block => block.buffer instanceof SharedArrayBuffer)) return job
  return {
    ...job,
    blocks: job.blocks.map(block =>
      block.buffer instanceof SharedArrayBuffer ? block : Uint8Array.from(block)
    )
  }
}

export class HashPool {
  readonly size: number
  readonly #threads: HashThread[] = []
  readonly #queue: QueuedJob[] = []
  #hashedBytes = 0
  #closed = false

  constructor(options: { readonly size?: number } = {}) {
    this.size = options.size ?? Math.min(availableParallelism(), WORKERS_MAX)
  }

  /** Bytes of content that all jobs so far were to hash. */
  get hashedBytes(): number {
    return this.#hashedBytes
  }

  async write(job: WriteJob): Promise<WriteResult> {
    const result = await this.#run(withPostableBlocks(job))
    assert(result.kind === 'write', 'a write is answered as one')
    return result
  }

  async leaves(job: LeavesJob): Promise<LeavesResult> {
    const result = await this.#run(job)
    assert(result.kind === 'leaves', 'a leaves job is answered as one')
    return result
  }

  async ranges(job: RangesJob): Promise<RangesResult> {
    const result = await this.#run(job)
    assert(
      result.kind === 'ranges' && result.results.length === job.ranges.length,
      'a ranges job has one result per range'
    )
    return result
  }

  async list(job: ListJob): Promise<ListResult> {
    const result = await this.#run(job)
    assert(result.kind === 'list', 'a list job is answered as one')
    return result
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const queued of this.#queue.splice(0)) queued.reject(new Error('the hash pool is closed'))
    await Promise.all(this.#threads.splice(0).map(thread => thread.terminate()))
  }

  #run(job: HashJob): Promise<HashResult> {
    assert(!this.#closed, 'the hash pool is open')
    const bytes = bytesOf(job)
    this.#hashedBytes += bytes
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, bytes, resolve, reject })
      // Jobs of one turn of the event loop share messages.
      if (this.#queue.length === 1) setImmediate(() => this.#dispatch())
    })
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#idlest()
      if (thread === undefined) return
      void this.#post(thread, this.#take())
    }
  }

  #idlest(): HashThread | undefined {
    let idlest: HashThread | undefined
    for (const thread of this.#threads) if (thread.pending < (idlest?.pending ?? Infinity)) idlest = thread
    if (idlest?.pending === 0) return idlest
    if (this.#threads.length < this.size && !this.#closed) {
      const started: HashThread = new WorkerThread('hash-worker')
      this.#threads.push(started)
      return started
    }
    return idlest !== undefined && idlest.pending < MESSAGES_PER_WORKER ? idlest : undefined
  }

  #take(): QueuedJob[] {
    // A fair share, so that a burst of small jobs spreads over all workers.
    const countMax = Math.min(JOBS_PER_MESSAGE_MAX, Math.ceil(this.#queue.length / this.size))
    let count = 0
    for (let bytes = 0; count < countMax && bytes < BYTES_PER_MESSAGE; count++)
      bytes += defined(this.#queue[count], 'a queued job').bytes
    return this.#queue.splice(0, count)
  }

  async #post(thread: HashThread, batch: readonly QueuedJob[]): Promise<void> {
    try {
      const results = await thread.call(batch.map(queued => queued.job))
      batch.forEach((queued, index) => {
        queued.resolve(defined(results[index], 'a result per job'))
      })
    } catch (error) {
      for (const queued of batch) queued.reject(error)
    }
    this.#dispatch()
  }
}
