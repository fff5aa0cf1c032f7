/**
 * Checks many signatures on threads of their own, so that a device which joins an org with a long history can do other
 * things meanwhile. Few are checked at once where they are. The threads end when they have had nothing to do for a
 * while.
 *
 * A job is checks one after another, each of CHECK_LAYOUT; its answer one byte for each, 1 for a good signature.
 */

import { availableParallelism } from 'node:os'
import { idBytes } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Verify } from '../../ledger/encoding/signature.ts'
import { isSigned, type UncheckedOperation } from '../../ledger/operation/operation.ts'
import { WorkerThread } from '../../store/worker-thread.ts'

export const CHECK_LAYOUT = {
  author: { from: 0, to: 32 },
  operation: { from: 32, to: 64 },
  signature: { from: 64, to: 128 }
} as const
export const CHECK_BYTES = 128

const THREADS_MAX = 4
/** Fewer are not worth a message to another thread. */
const POSTED_MIN = 64
const IDLE_MS = 10 * SECOND_MS

export class SignaturePool {
  readonly #verify: Verify
  #threads: WorkerThread<Uint8Array, Uint8Array>[] = []
  #idle: NodeJS.Timeout | undefined
  #running = 0
  #next = 0

  constructor(verify: Verify) {
    this.#verify = verify
  }

  /** Whether each operation is signed by its author. */
  async check(unchecked: readonly UncheckedOperation[]): Promise<boolean[]> {
    if (unchecked.length < POSTED_MIN) return unchecked.map(one => isSigned(one, this.#verify))
    clearTimeout(this.#idle)
    this.#running++
    try {
      const verdicts = await this.#thread().call(jobOf(unchecked))
      return Array.from(verdicts, verdict => verdict === 1)
    } finally {
      this.#running--
      if (this.#running === 0) {
        this.#idle = setTimeout(() => void this.close(), IDLE_MS)
        this.#idle.unref()
      }
    }
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle)
    await Promise.all(this.#threads.splice(0).map(thread => thread.terminate()))
  }

  /** In turn, so that slices of one batch are checked side by side. */
  #thread(): WorkerThread<Uint8Array, Uint8Array> {
    const count = Math.min(availableParallelism(), THREADS_MAX)
    const index = this.#next++ % count
    const known = this.#threads[index]
    if (known !== undefined) return known
    const thread = new WorkerThread<Uint8Array, Uint8Array>('verify-worker', undefined, import.meta.url)
    this.#threads[this.#threads.length] = thread
    return thread
  }
}

function jobOf(unchecked: readonly UncheckedOperation[]): Uint8Array {
  const job = new Uint8Array(unchecked.length * CHECK_BYTES)
  for (const [index, { operation, signature }] of unchecked.entries()) {
    const at = index * CHECK_BYTES
    job.set(idBytes(operation.author), at + CHECK_LAYOUT.author.from)
    job.set(idBytes(operation.id), at + CHECK_LAYOUT.operation.from)
    job.set(signature, at + CHECK_LAYOUT.signature.from)
  }
  return job
}
