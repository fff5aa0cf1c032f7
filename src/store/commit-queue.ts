/**
 * The main thread's end of the commit worker: group commit. Pieces that were written while one batch is being
 * made durable form the next, so the price of an fsync and of a transaction is shared by all that wait for it.
 */

import { closeSync } from 'node:fs'
import { assert, defined } from '../base/assert.ts'
import type { CommitAnswer, CommitJob, FileCommit, FileCommitResult } from './commit-jobs.ts'
import { appErrorOf } from './failure.ts'
import { WorkerThread } from './worker-thread.ts'

/** Bounds one batch, so that its callers do not wait for ever more pieces of others. */
const BATCH_PIECES_MAX = 1024

export interface PieceCommit extends Omit<FileCommit, 'pieces' | 'fds' | 'isNew'> {
  readonly piece: number
  /** Taken over by the queue. */
  readonly fd: number
  readonly isNew: () => boolean
  /** False when the file was given up since the piece was written; then nothing is claimed. */
  readonly isCurrent: () => boolean
}

export type PieceCommitResult = FileCommitResult | { readonly outcome: 'changed' }

interface Waiting {
  readonly commit: PieceCommit
  readonly resolve: (result: PieceCommitResult) => void
  readonly reject: (error: unknown) => void
}

/** One batch: the waiting pieces of each part file. */
function groupByFile(batch: readonly Waiting[]): Waiting[][] {
  const groups = Map.groupBy(batch, ({ commit }) => `${commit.holding}.${commit.fileIndex}.${commit.inode}`)
  return [...groups.values()]
}

function fileCommitOf(group: readonly Waiting[]): FileCommit {
  const { piece: _, fd: __, isNew, isCurrent: ___, ...file } = defined(group[0], 'a piece of the file').commit
  return {
    ...file,
    isNew: isNew(),
    pieces: group.map(({ commit }) => commit.piece),
    fds: group.map(({ commit }) => commit.fd)
  }
}

export class CommitQueue {
  readonly #worker: WorkerThread<CommitJob, CommitAnswer>
  #waiting: Waiting[] = []
  #running = false
  #commits = 0
  #commitMs = 0

  constructor(indexPath: string) {
    this.#worker = new WorkerThread('commit-worker', { indexPath })
  }

  /** Batches sent so far. */
  get commits(): number {
    return this.#commits
  }

  /** How long they took, all together. */
  get commitMs(): number {
    return this.#commitMs
  }

  /** Resolves once the written piece is durable and claimed, or is not going to be. */
  commit(commit: PieceCommit): Promise<PieceCommitResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit, resolve, reject })
      if (!this.#running) void this.#drain()
    })
  }

  /** Runs any other job, after those sent before. Rejects with AppError when it fails. */
  async run(job: CommitJob): Promise<Exclude<CommitAnswer, { kind: 'failed' }>> {
    const answer = await this.#worker.call(job)
    if (answer.kind === 'failed') throw appErrorOf(answer.failure)
    return answer
  }

  /** The caller has no commits under way. */
  async close(): Promise<void> {
    assert(!this.#running && this.#waiting.length === 0, 'no commit is under way')
    await this.run({ kind: 'close' })
    await this.#worker.terminate()
  }

  async #drain(): Promise<void> {
    this.#running = true
    // Pieces that were written in the same turn of the event loop belong to one batch.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_PIECES_MAX)
      const current = batch.filter(({ commit }) => commit.isCurrent())
      for (const waiting of batch) {
        if (waiting.commit.isCurrent()) continue
        closeSync(waiting.commit.fd)
        waiting.resolve({ outcome: 'changed' })
      }
      if (current.length > 0) await this.#send(groupByFile(current))
    }
    this.#running = false
  }

  async #send(groups: readonly Waiting[][]): Promise<void> {
    this.#commits++
    const begunMs = performance.now()
    try {
      const answer = await this.run({ kind: 'commit', files: groups.map(fileCommitOf) })
      assert(answer.kind === 'committed', 'a commit is answered as one')
      groups.forEach((group, index) => {
        const result = defined(answer.results[index], 'a result per file')
        for (const { commit, resolve } of group) resolve(commit.isCurrent() ? result : { outcome: 'changed' })
      })
    } catch (error) {
      for (const { reject } of groups.flat()) reject(error)
    } finally {
      this.#commitMs += performance.now() - begunMs
    }
  }
}
