/**
 * The records of a node in `ledger.db`, apart from the index of content: the ledger never waits for a transfer's
 * commits, and can be backed up by itself. One thread, synchronous, each call one durable transaction. What is deleted
 * is overwritten, and blobs that are deleted together leave the log of the database too: keys are among them.
 */

import type { DatabaseSync } from 'node:sqlite'
import { assert } from '../base/assert.ts'
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
import { openDatabase, scrub, transaction, writing } from './sqlite-file.ts'
import { bytesOf, numberOf, type Row, Statements, textOf } from './statements.ts'

const SCHEMA = {
  what: "the node's records",
  steps: [
    `CREATE TABLE records (
       feed TEXT NOT NULL,
       seq INTEGER NOT NULL,
       id TEXT NOT NULL UNIQUE,
       bytes BLOB NOT NULL,
       PRIMARY KEY (feed, seq)
     ) STRICT;
     CREATE TABLE blobs (key TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;`
  ]
}

const INSERT = 'INSERT INTO records (feed, seq, id, bytes) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING'
const PUT = 'INSERT INTO blobs VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes'
const DELETE_ALL = 'DELETE FROM blobs WHERE substr(key, 1, length(?1)) = ?1 AND key >= ?1'
const STORED = 'SELECT rowid AS place, bytes FROM records WHERE rowid > ? ORDER BY rowid LIMIT ?'
/** Ids in one text, which is much cheaper than a row for each. */
const IDS = `SELECT count(*) AS count, max(id) AS last, group_concat(id, '' ORDER BY id) AS joined
  FROM (SELECT id FROM records WHERE id > ? ORDER BY id LIMIT 4096)`
const FIND_LIKE = 'SELECT * FROM records WHERE id = ? OR (feed = ? AND seq = ?)'

function recordOf(row: Row): FeedRecord {
  return {
    feed: textOf(row, 'feed'),
    seq: numberOf(row, 'seq'),
    id: textOf(row, 'id'),
    bytes: bytesOf(row, 'bytes')
  }
}

function blobOf(row: Row): NamedBlob {
  return { key: textOf(row, 'key'), bytes: bytesOf(row, 'bytes') }
}

function isSame(a: FeedRecord, b: FeedRecord): boolean {
  return a.feed === b.feed && a.seq === b.seq && a.id === b.id && equalBytes(a.bytes, b.bytes)
}

/** Ends a transaction that must leave nothing behind. */
class Conflict extends Error {
  readonly record: FeedRecord

  constructor(record: FeedRecord) {
    super('another record is there already')
    this.record = record
  }
}

export class SqliteRecords implements RecordStore {
  readonly #database: DatabaseSync
  readonly #statements: Statements

  /** Throws AppError HOME_CORRUPT when the file can not be used. */
  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA)
    this.#database.exec('PRAGMA secure_delete = ON')
    this.#statements = new Statements(this.#database)
  }

  append(records: readonly FeedRecord[]): AppendOutcome {
    try {
      const added = transaction(this.#database, () => this.#insert(records))
      return { outcome: 'durable', added }
    } catch (error) {
      if (error instanceof Conflict) return { outcome: 'conflict', record: error.record }
      throw error
    }
  }

  /** How many were not there before. Throws Conflict. */
  #insert(records: readonly FeedRecord[]): number {
    let count = 0
    for (const record of records) {
      const { feed, seq, id, bytes } = record
      if (this.#statements.run(INSERT, feed, seq, id, bytes) === 1) {
        count++
        continue
      }
      const other = this.#statements.all(FIND_LIKE, id, feed, seq).map(recordOf)
      const conflicting = other.find(known => !isSame(known, record))
      if (conflicting !== undefined) throw new Conflict(conflicting)
    }
    return count
  }

  scan(range: ScanRange = {}): FeedRecord[] {
    const { feed, fromSeq = 0, limit = -1 } = range
    assert(feed !== undefined || range.fromSeq === undefined, 'a position is of a feed')
    return feed === undefined
      ? this.#statements.all('SELECT * FROM records ORDER BY feed, seq LIMIT ?', limit).map(recordOf)
      : this.#statements
          .all('SELECT * FROM records WHERE feed = ? AND seq >= ? ORDER BY seq LIMIT ?', feed, fromSeq, limit)
          .map(recordOf)
  }

  stored({ after, limit }: { readonly after: number; readonly limit: number }): StoredRecord[] {
    return this.#statements
      .all(STORED, after, limit)
      .map(row => ({ place: numberOf(row, 'place'), bytes: bytesOf(row, 'bytes') }))
  }

  ids(after: string): IdPage | undefined {
    const page = this.#statements.get(IDS, after)
    const count = page === undefined ? 0 : numberOf(page, 'count')
    if (page === undefined || count === 0) return undefined
    return { count, joined: textOf(page, 'joined'), last: textOf(page, 'last') }
  }

  find(id: string): FeedRecord | undefined {
    return this.#statements.all('SELECT * FROM records WHERE id = ?', id).map(recordOf)[0]
  }

  heads(): Map<string, number> {
    const rows = this.#statements.all('SELECT feed, max(seq) AS seq FROM records GROUP BY feed')
    return new Map(rows.map(row => [String(row.feed), Number(row.seq)]))
  }

  putBlob(key: string, bytes: Uint8Array): void {
    this.#statements.run(PUT, key, bytes)
  }

  putBlobs(blobs: readonly NamedBlob[]): void {
    transaction(this.#database, () => {
      for (const { key, bytes } of blobs) this.#statements.run(PUT, key, bytes)
    })
  }

  getBlob(key: string): Uint8Array | undefined {
    return this.#statements.all('SELECT * FROM blobs WHERE key = ?', key).map(blobOf)[0]?.bytes
  }

  listBlobs(prefix: string): NamedBlob[] {
    return this.#statements
      .all('SELECT * FROM blobs WHERE substr(key, 1, length(?1)) = ?1 AND key >= ?1 ORDER BY key', prefix)
      .map(blobOf)
  }

  deleteBlob(key: string): boolean {
    return this.#statements.run('DELETE FROM blobs WHERE key = ?', key) === 1
  }

  deleteBlobs(prefix: string): number {
    const count = this.#statements.run(DELETE_ALL, prefix)
    if (count > 0) writing(this.#database, () => this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)'))
    return count
  }

  scrub(): void {
    scrub(this.#database)
  }

  close(): void {
    this.#database.close()
  }
}
