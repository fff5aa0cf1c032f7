/**
 * Hashing on worker threads. Jobs wait in one queue; a worker that has room takes several small ones or one
 * large one per message, because a message between threads costs as much as hashing a leaf.
 *
 * All writes of one file go to one thread: two threads that write one file only wait for each other in the kernel,
 * which holds the inode for the length of a write.
 *
 * Threads start with the first job and never keep the process alive by themselves. Callers bound what they
 * submit: the queue holds only references to their buffers.
 */

import { availableParallelism } from 'node:os'
import { assert, defined } from '../base/assert.ts'
import { AppError } from '../base/errors.ts'
import { textHash32 } from '../base/hash32.ts'
import { MIB } from '../base/units.ts'
import type {
  BlocksJob,
  ChunksJob,
  ChunksResult,
  HashJob,
  HashResult,
  LeavesJob,
  LeavesResult,
  ListJob,
  ListResult,
  PieceJob,
  RangesJob,
  RangesResult,
  ReadJob,
  WriteJob,
  WriteResult
} from './hash-jobs.ts'
import { addReads, type ReadSums, SharedReads } from './read-clock.ts'
import { UnderWay } from './under-way.ts'
import { WorkerThread } from './worker-thread.ts'

const WORKERS_MAX = 4
/** Messages that a worker holds, one in work and the others waiting, so that it never idles between two. */
const MESSAGES_PER_WORKER = 8
const JOBS_PER_MESSAGE_MAX = 64
const BYTES_PER_MESSAGE = MIB

interface QueuedJob {
  readonly job: HashJob
  readonly bytes: number
  readonly resolve: (result: HashResult) => void
  readonly reject: (error: unknown) => void
}

type HashThread = WorkerThread<readonly HashJob[], readonly HashResult[]>

interface Lane {
  thread: HashThread | undefined
  /** How long its thread has read. */
  readonly reads: SharedReads
  /** Jobs that only this thread may do. */
  readonly queue: QueuedJob[]
}

function bytesOf(job: HashJob): number {
  switch (job.kind) {
    case 'write':
    case 'piece':
      return job.blocks.reduce((sum, block) => sum + block.length, 0)
    case 'leaves':
      return job.bytes
    case 'blocks':
      return job.bytes.length
    case 'read':
      return job.into.length
    case 'ranges':
      return job.ranges.reduce((sum, range) => sum + range.bytes, 0)
    case 'chunks':
      return Math.min(job.fileBytes - job.offset, BYTES_PER_MESSAGE)
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
  readonly #lanes: readonly Lane[]
  /** Jobs that any thread may do. */
  readonly #queue: QueuedJob[] = []
  readonly #posted = new UnderWay()
  #dispatching = false
  #hashedBytes = 0
  #closed = false

  constructor(options: { readonly size?: number } = {}) {
    this.size = options.size ?? Math.min(availableParallelism(), WORKERS_MAX)
    this.#lanes = Array.from({ length: this.size }, () => ({
      ...{ thread: undefined, reads: new SharedReads(), queue: [] }
    }))
  }

  /** Bytes of content that all jobs so far were to hash. */
  get hashedBytes(): number {
    return this.#hashedBytes
  }

  /** What all threads read, and how long that took each of them. */
  get reads(): ReadSums {
    return addReads(this.#lanes.map(({ reads }) => reads.sums()))
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

  async chunks(job: ChunksJob): Promise<ChunksResult> {
    const result = await this.#run(job)
    assert(result.kind === 'chunks', 'a chunks job is answered as one')
    return result
  }

  /** Hashes of the leaves of a piece; undefined where the bytes are not the piece. */
  async provenLeaves(job: PieceJob): Promise<Uint8Array | undefined> {
    assert(job.blocks.every(isShared), 'bytes to be verified are shared')
    const result = await this.#run(job)
    assert(result.kind === 'piece', 'a piece is answered as one')
    return result.leaves
  }

  async matches(job: BlocksJob): Promise<boolean> {
    assert(isShared(job.bytes), 'bytes to be verified are shared')
    const result = await this.#run(job)
    assert(result.kind === 'blocks', 'blocks are answered as such')
    return result.matches
  }

  /** How many bytes there were, and whether they are those of the leaves. Rejects as the system does. */
  async read(job: ReadJob): Promise<{ readonly bytes: number; readonly matches: boolean }> {
    assert(isShared(job.into), 'bytes to be verified are shared')
    const result = await this.#run(job)
    assert(result.kind === 'read', 'a read is answered as one')
    if (result.outcome === 'read') return result
    throw Object.assign(new Error(result.message), { code: result.code })
  }

  async list(job: ListJob): Promise<ListResult> {
    const result = await this.#run(job)
    assert(result.kind === 'list', 'a list job is answered as one')
    return result
  }

  /** Ends once the threads have done what they have; what still waits is refused. */
  async close(): Promise<void> {
    this.#closed = true
    const waiting = [this.#queue, ...this.#lanes.map(lane => lane.queue)].flatMap(queue => queue.splice(0))
    for (const queued of waiting) queued.reject(closedError())
    await this.#posted.over()
    await Promise.all(this.#lanes.map(lane => lane.thread?.terminate()))
  }

  #run(job: HashJob): Promise<HashResult> {
    if (this.#closed) return Promise.reject(closedError())
    const bytes = bytesOf(job)
    this.#hashedBytes += bytes
    const queue = job.kind === 'write' ? this.#laneFor(job).queue : this.#queue
    return new Promise((resolve, reject) => {
      queue.push({ job, bytes, resolve, reject })
      if (this.#dispatching) return
      // Jobs of one turn of the event loop share messages.
      this.#dispatching = true
      setImmediate(() => {
        this.#dispatching = false
        this.#dispatch()
      })
    })
  }

  #laneFor(job: WriteJob): Lane {
    return defined(this.#lanes[textHash32(job.part.path) % this.size], 'a lane for each thread')
  }

  #dispatch(): void {
    if (this.#closed) return
    for (const lane of this.#lanes) {
      while (lane.queue.length > 0 && hasRoom(lane))
        void this.#posted.track(this.#post(lane, this.#take(lane.queue, 1)))
    }
    while (this.#queue.length > 0) {
      const lane = this.#idlest()
      if (!hasRoom(lane)) return
      void this.#posted.track(this.#post(lane, this.#take(this.#queue, this.size)))
    }
  }

  /** A thread that runs and is idle, else one that has not been started, else the one with the least to do. */
  #idlest(): Lane {
    const load = (lane: Lane): number => (lane.thread === undefined ? 0.5 : lane.thread.pending)
    return this.#lanes.reduce((idlest, lane) => (load(lane) < load(idlest) ? lane : idlest))
  }

  /** A fair share of a queue, so that a burst of small jobs spreads over the threads that share it. */
  #take(queue: QueuedJob[], sharers: number): QueuedJob[] {
    const countMax = Math.min(JOBS_PER_MESSAGE_MAX, Math.ceil(queue.length / sharers))
    let count = 0
    for (let bytes = 0; count < countMax && bytes < BYTES_PER_MESSAGE; count++)
      bytes += defined(queue[count], 'a queued job').bytes
    return queue.splice(0, count)
  }

  async #post(lane: Lane, batch: readonly QueuedJob[]): Promise<void> {
    lane.thread ??= new WorkerThread('hash-worker', { reads: lane.reads.memory })
    try {
      const results = await lane.thread.call(batch.map(queued => queued.job))
      batch.forEach((queued, index) => {
        queued.resolve(defined(results[index], 'a result per job'))
      })
    } catch (error) {
      for (const queued of batch) queued.reject(error)
    }
    this.#dispatch()
  }
}

function isShared({ buffer }: Uint8Array): boolean {
  return buffer instanceof SharedArrayBuffer
}

function hasRoom({ thread }: Lane): boolean {
  return (thread?.pending ?? 0) < MESSAGES_PER_WORKER
}

/** To whoever stops what it works on this is nothing unexpected. */
function closedError(): AppError {
  return new AppError('TRANSFER_STOPPED', 'nothing is hashed any more: the store was closed')
}
