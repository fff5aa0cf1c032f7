/** Records in memory, for tests and simulations. */

import { equalBytes } from '../base/bytes.ts'
import type {
  AppendOutcome,
  FeedRecord,
  IdPage,
  NamedBlob,
  RecordStore,
  ScanRange,
  StoredRecord
} from './records.ts'

const IDS_AT_ONCE = 100

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

export class MemoryRecords implements RecordStore {
  #records: FeedRecord[] = []
  readonly #stored: FeedRecord[] = []
  readonly #blobs = new Map<string, Uint8Array>()

  append(records: readonly FeedRecord[]): AppendOutcome {
    const next = [...this.#records]
    for (const record of records) {
      const other = next.filter(
        known => known.id === record.id || (known.feed === record.feed && known.seq === record.seq)
      )
      const conflicting = other.find(
        known =>
          known.id !== record.id ||
          known.feed !== record.feed ||
          known.seq !== record.seq ||
          !equalBytes(known.bytes, record.bytes)
      )
      if (conflicting !== undefined) return { outcome: 'conflict', record: conflicting }
      if (other.length === 0) next.push({ ...record, bytes: Uint8Array.from(record.bytes) })
    }
    const added = next.length - this.#records.length
    this.#stored.push(...next.slice(this.#records.length))
    this.#records = next.sort((a, b) => compareText(a.feed, b.feed) || a.seq - b.seq)
    return { outcome: 'durable', added }
  }

  scan(range: ScanRange = {}): FeedRecord[] {
    const { feed, fromSeq = 0, limit } = range
    return this.#records
      .filter(record => feed === undefined || (record.feed === feed && record.seq >= fromSeq))
      .slice(0, limit)
  }

  stored({ after, limit }: { readonly after: number; readonly limit: number }): StoredRecord[] {
    return this.#stored
      .slice(after, after + limit)
      .map(({ bytes }, index) => ({ place: after + index + 1, bytes }))
  }

  ids(after: string): IdPage | undefined {
    const ids = this.#records.map(record => record.id).filter(id => id > after)
    const page = ids.sort(compareText).slice(0, IDS_AT_ONCE)
    const last = page.at(-1)
    return last === undefined ? undefined : { count: page.length, joined: page.join(''), last }
  }

  find(id: string): FeedRecord | undefined {
    return this.#records.find(record => record.id === id)
  }

  heads(): Map<string, number> {
    return new Map(this.#records.map(record => [record.feed, record.seq]))
  }

  putBlob(key: string, bytes: Uint8Array): void {
    this.#blobs.set(key, Uint8Array.from(bytes))
  }

  putBlobs(blobs: readonly NamedBlob[]): void {
    for (const { key, bytes } of blobs) this.putBlob(key, bytes)
  }

  getBlob(key: string): Uint8Array | undefined {
    return this.#blobs.get(key)
  }

  listBlobs(prefix: string): NamedBlob[] {
    return [...this.#blobs]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, bytes]) => ({ key, bytes }))
      .sort((a, b) => compareText(a.key, b.key))
  }

  deleteBlob(key: string): boolean {
    return this.#blobs.delete(key)
  }

  deleteBlobs(prefix: string): number {
    const doomed = this.listBlobs(prefix)
    for (const { key } of doomed) this.#blobs.delete(key)
    return doomed.length
  }

  scrub(): void {
    // Nothing of it is on a disk.
  }
}
