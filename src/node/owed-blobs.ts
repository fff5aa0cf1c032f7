/**
 * Blobs that need not be on disk before the node goes on: what a crash may take, as it is said, measured or asked for
 * again. Whoever reads them here sees them at once. While the disk has no room they are owed to it (owed-writing.ts).
 *
 * Within a time of nothing each is written at once. With a longer one all of that time is written together, since each
 * write keeps the node from all else until it is durable.
 */

import type { BlobStore, NamedBlob, RecordStore } from '../store/records.ts'
import type { Log } from './log.ts'
import { OwedWriting } from './owed-writing.ts'
import type { Problem } from './service-words.ts'

export interface OwedBlobsInit {
  readonly records: RecordStore
  /** For messages: what they are. */
  readonly what: string
  readonly withinMs: number
  readonly log: Log
}

export class OwedBlobs implements BlobStore {
  readonly #records: RecordStore
  /** Null for what is deleted. */
  readonly #owed = new Map<string, Uint8Array | null>()
  readonly #withinMs: number
  readonly #writing: OwedWriting

  constructor({ records, what, withinMs, log }: OwedBlobsInit) {
    this.#records = records
    this.#withinMs = withinMs
    this.#writing = new OwedWriting({ write: () => this.#write(), what, log })
  }

  putBlob(key: string, bytes: Uint8Array): void {
    this.#owe(key, bytes)
  }

  getBlob(key: string): Uint8Array | undefined {
    const owed = this.#owed.get(key)
    return owed === undefined ? this.#records.getBlob(key) : (owed ?? undefined)
  }

  listBlobs(prefix: string): NamedBlob[] {
    const all = new Map(this.#records.listBlobs(prefix).map(({ key, bytes }) => [key, bytes]))
    for (const [key, bytes] of this.#owed) {
      if (!key.startsWith(prefix)) continue
      if (bytes === null) all.delete(key)
      else all.set(key, bytes)
    }
    return [...all].map(([key, bytes]) => ({ key, bytes })).sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  deleteBlob(key: string): boolean {
    if (this.getBlob(key) === undefined) return false
    this.#owe(key, null)
    return true
  }

  deleteBlobs(prefix: string): number {
    const doomed = this.listBlobs(prefix)
    for (const { key } of doomed) this.#owe(key, null)
    return doomed.length
  }

  problems(): Problem[] {
    return this.#writing.problems()
  }

  close(): void {
    this.#writing.close()
  }

  #owe(key: string, bytes: Uint8Array | null): void {
    this.#owed.set(key, bytes)
    if (this.#withinMs > 0) this.#writing.within(this.#withinMs)
    else this.#writing.now()
  }

  #write(): void {
    const put = [...this.#owed].flatMap(([key, bytes]) => (bytes === null ? [] : { key, bytes }))
    if (put.length > 0) this.#records.putBlobs(put)
    for (const { key } of put) this.#owed.delete(key)
    // By its whole prefix, so that it leaves the log of the database as well: names and addresses are among them.
    for (const key of this.#owed.keys()) this.#records.deleteBlobs(key)
    this.#owed.clear()
  }
}
