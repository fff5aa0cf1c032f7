/**
 * `audit.db` of the home folder: this device's audit log, what it collected of the logs of others, and what it vouched
 * for as a witness. A database of its own, so that an fsync of the log never waits for content or ledger.
 *
 * - `logs` names each log by its device; `size` and `edge` (the hashes of its full subtrees from the left) are all
 *   that is needed to go on with it. Both change in the very transaction that adds entries.
 * - `entries` holds the bytes that the tree is over. The columns beside them only serve searches; they say what the
 *   entry says, and are null where it can not be read.
 * - `nodes` holds the inner nodes of this device's own log, so a proof of any size is a handful of lookups. A leaf's
 *   hash is made from its entry.
 * - `checkpoints` are those that this device signed, by size, with the cosignatures they have got.
 * - `witnessed` is the latest checkpoint of each log that this device has cosigned. It only ever grows.
 * - `sightings` are checkpoints of others that were seen anywhere, `findings` what was found wrong, for good.
 *
 * It stores and finds, and judges nothing. Every write is one transaction.
 */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { assert } from '../base/assert.ts'
import { concatBytes } from '../base/bytes.ts'
import { type DeviceId, parseDeviceId } from '../base/ids.ts'
import { openDatabase, transaction } from './sqlite-file.ts'
import { bytesOf, numberOf, type Row, Statements, textOf } from './statements.ts'

const SCHEMA = {
  what: 'the audit log',
  steps: [
    `CREATE TABLE logs (
       id INTEGER PRIMARY KEY,
       device TEXT NOT NULL UNIQUE,
       size INTEGER NOT NULL,
       edge BLOB NOT NULL,
       note BLOB
     ) STRICT;
     CREATE TABLE entries (
       log INTEGER NOT NULL REFERENCES logs (id),
       seq INTEGER NOT NULL,
       time INTEGER,
       action TEXT,
       dataset TEXT,
       version TEXT,
       bytes BLOB NOT NULL,
       PRIMARY KEY (log, seq)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX entries_by_time ON entries (time);
     CREATE INDEX entries_by_action ON entries (action, time);
     CREATE INDEX entries_by_dataset ON entries (dataset, time) WHERE dataset IS NOT NULL;
     CREATE INDEX entries_by_version ON entries (version, time) WHERE version IS NOT NULL;
     CREATE TABLE nodes (
       level INTEGER NOT NULL,
       position INTEGER NOT NULL,
       hash BLOB NOT NULL,
       PRIMARY KEY (level, position)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;
     CREATE TABLE witnessed (
       device TEXT PRIMARY KEY,
       size INTEGER NOT NULL,
       root BLOB NOT NULL,
       note BLOB NOT NULL
     ) STRICT;
     CREATE TABLE sightings (
       device TEXT NOT NULL,
       size INTEGER NOT NULL,
       root BLOB NOT NULL,
       note BLOB NOT NULL,
       PRIMARY KEY (device, size, root)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE findings (
       device TEXT NOT NULL,
       kind TEXT NOT NULL,
       position INTEGER,
       witnesses TEXT NOT NULL,
       detail TEXT NOT NULL,
       time INTEGER NOT NULL,
       PRIMARY KEY (device, kind, detail)
     ) STRICT, WITHOUT ROWID;`
  ]
}

const HASH_BYTES = 32
/** Checkpoints of one device that are kept as seen; the newest are of most use. */
const SIGHTINGS_PER_DEVICE_MAX = 256

export interface EntryRow {
  readonly seq: number
  readonly bytes: Uint8Array
  /** For searches; null where the entry does not say, or can not be read. */
  readonly timeMs: number | null
  readonly action: string | null
  readonly dataset: string | null
  readonly version: string | null
}

export interface NodeRow {
  readonly level: number
  readonly position: number
  readonly hash: Uint8Array
}

/** The right edge of a log. */
export interface LogEdge {
  readonly size: number
  /** Hashes of its full subtrees, from the left. */
  readonly hashes: readonly Uint8Array[]
}

export interface LogGrowth {
  readonly device: DeviceId
  /** The size that it has now. */
  readonly from: number
  readonly entries: readonly EntryRow[]
  /** Empty but for this device's own log. */
  readonly nodes: readonly NodeRow[]
  readonly edge: LogEdge
  /** The checkpoint that the entries were verified against; null leaves the one there is. */
  readonly note: Uint8Array | null
}

export interface SignedHead {
  readonly size: number
  readonly root: Uint8Array
  readonly note: Uint8Array
}

export interface WitnessAdvance extends SignedHead {
  readonly device: DeviceId
  /** Size of the checkpoint that was cosigned last, 0 for none; nothing changes when it is another by now. */
  readonly expected: number
}

export interface FindingRow {
  readonly device: DeviceId
  readonly kind: string
  readonly position: number | null
  readonly witnesses: readonly DeviceId[]
  readonly detail: string
  readonly timeMs: number
}

export interface StoredLog extends LogEdge {
  readonly device: DeviceId
  readonly note: Uint8Array | undefined
}

export interface EntrySearch {
  readonly device?: DeviceId
  readonly dataset?: string
  readonly version?: string
  readonly action?: string
  readonly sinceMs?: number
  /** The newest so many. */
  readonly limit: number
}

export interface FoundEntry {
  readonly device: DeviceId
  readonly seq: number
  readonly bytes: Uint8Array
}

function deviceOf(row: Row): DeviceId {
  const device = parseDeviceId(textOf(row, 'device'))
  assert(device !== undefined, 'a log is of a device')
  return device
}

function splitHashes(joined: Uint8Array): Uint8Array[] {
  const count = joined.length / HASH_BYTES
  return Array.from({ length: count }, (_, at) => joined.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES))
}

export class AuditDatabase {
  readonly #database: DatabaseSync
  readonly #statements: Statements

  /** Throws AppError HOME_CORRUPT when the file can not be used. `pagesMax` bounds its size. */
  constructor(path: string, { pagesMax }: { pagesMax?: number | undefined } = {}) {
    this.#database = openDatabase(path, SCHEMA)
    this.#statements = new Statements(this.#database)
    if (pagesMax !== undefined) this.#database.exec(`PRAGMA max_page_count = ${pagesMax}`)
  }

  close(): void {
    this.#database.close()
  }

  log(device: DeviceId): StoredLog | undefined {
    return this.#statements.all('SELECT * FROM logs WHERE device = ?', device).map(logOf)[0]
  }

  logs(): StoredLog[] {
    return this.#statements.all('SELECT * FROM logs ORDER BY device').map(logOf)
  }

  /** Entries from a position on, in order. */
  entries(device: DeviceId, { from, limit }: { from: number; limit: number }): Uint8Array[] {
    return this.#statements
      .all(
        `SELECT e.bytes FROM entries e JOIN logs l ON l.id = e.log
       WHERE l.device = ? AND e.seq >= ? ORDER BY e.seq LIMIT ?`,
        device,
        from,
        limit
      )
      .map(row => bytesOf(row, 'bytes'))
  }

  /** Newest first; within one log by position. */
  search(search: EntrySearch): FoundEntry[] {
    const conditions: string[] = []
    const values: SQLInputValue[] = []
    const add = (condition: string, value: SQLInputValue | undefined): void => {
      if (value === undefined) return
      conditions.push(condition)
      values.push(value)
    }
    add('l.device = ?', search.device)
    add('e.dataset = ?', search.dataset)
    add('e.version = ?', search.version)
    add('e.action = ?', search.action)
    add('e.time >= ?', search.sinceMs)
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
    return this.#statements
      .all(
        `SELECT l.device, e.seq, e.bytes FROM entries e JOIN logs l ON l.id = e.log ${where}
       ORDER BY e.time DESC, e.seq DESC LIMIT ?`,
        ...values,
        search.limit
      )
      .map(row => ({ device: deviceOf(row), seq: numberOf(row, 'seq'), bytes: bytesOf(row, 'bytes') }))
  }

  /** An inner node of this device's own log; undefined for one that is not full yet. */
  node(level: number, position: number): Uint8Array | undefined {
    const row = this.#statements.get(
      'SELECT hash FROM nodes WHERE level = ? AND position = ?',
      level,
      position
    )
    return row === undefined ? undefined : bytesOf(row, 'hash')
  }

  /** This device's own newest checkpoint. */
  latestCheckpoint(): Uint8Array | undefined {
    return this.checkpoints({ limit: 1 })[0]
  }

  /** Newest first. */
  checkpoints({ limit }: { limit: number }): Uint8Array[] {
    return this.#statements
      .all('SELECT note FROM checkpoints ORDER BY size DESC LIMIT ?', limit)
      .map(row => bytesOf(row, 'note'))
  }

  witnessed(device: DeviceId): SignedHead | undefined {
    return this.#statements.all('SELECT * FROM witnessed WHERE device = ?', device).map(headOf)[0]
  }

  witnessedCount(): number {
    return numberOf(this.#statements.all('SELECT count(*) AS count FROM witnessed')[0] ?? {}, 'count')
  }

  /** Of all logs, in the order of their devices. */
  witnessedFrom(offset: number, limit: number): SignedHead[] {
    return this.#statements
      .all('SELECT * FROM witnessed ORDER BY device LIMIT ? OFFSET ?', limit, offset)
      .map(headOf)
  }

  sightings(device: DeviceId): SignedHead[] {
    return this.#statements.all('SELECT * FROM sightings WHERE device = ? ORDER BY size', device).map(headOf)
  }

  sightingsOfSize(device: DeviceId, size: number): SignedHead[] {
    return this.#statements
      .all('SELECT * FROM sightings WHERE device = ? AND size = ?', device, size)
      .map(headOf)
  }

  findings(): FindingRow[] {
    return this.#statements.all('SELECT * FROM findings ORDER BY time, device, kind').map(row => ({
      device: deviceOf(row),
      kind: textOf(row, 'kind'),
      position: row.position === null ? null : numberOf(row, 'position'),
      witnesses: textOf(row, 'witnesses')
        .split(' ')
        .flatMap(id => parseDeviceId(id) ?? []),
      detail: textOf(row, 'detail'),
      timeMs: numberOf(row, 'time')
    }))
  }

  grow(growth: LogGrowth): void {
    const { device, from, entries, nodes, edge, note } = growth
    assert(edge.size === from + entries.length, 'a log grows by its entries')
    transaction(this.#database, () => {
      const known = this.log(device)
      assert((known?.size ?? 0) === from, `the log of ${device} has ${known?.size ?? 0} entries, not ${from}`)
      this.#statements.run(
        `INSERT INTO logs (device, size, edge, note) VALUES (?, ?, ?, ?)
         ON CONFLICT (device) DO UPDATE
         SET size = excluded.size, edge = excluded.edge, note = coalesce(excluded.note, note)`,
        device,
        edge.size,
        concatBytes(edge.hashes),
        note
      )
      const log = numberOf(
        this.#statements.all('SELECT id FROM logs WHERE device = ?', device)[0] ?? {},
        'id'
      )
      for (const { seq, timeMs, action, dataset, version, bytes } of entries)
        this.#statements.run(
          'INSERT INTO entries (log, seq, time, action, dataset, version, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)',
          ...[log, seq, timeMs, action, dataset, version, bytes]
        )
      for (const { level, position, hash } of nodes)
        this.#statements.run(
          'INSERT INTO nodes (level, position, hash) VALUES (?, ?, ?)',
          level,
          position,
          hash
        )
    })
  }

  /** A newer note of the same size takes the place of the older. */
  putCheckpoint(size: number, note: Uint8Array): void {
    this.#statements.run(
      'INSERT INTO checkpoints (size, note) VALUES (?, ?) ON CONFLICT DO UPDATE SET note = excluded.note',
      size,
      note
    )
  }

  /** False, without a change, when another checkpoint was cosigned meanwhile. */
  advanceWitness({ device, expected, size, root, note }: WitnessAdvance): boolean {
    assert(size >= expected, 'what is cosigned never shrinks')
    return transaction(this.#database, () => {
      if ((this.witnessed(device)?.size ?? 0) !== expected) return false
      this.#statements.run(
        `INSERT INTO witnessed (device, size, root, note) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note`,
        ...[device, size, root, note]
      )
      return true
    })
  }

  /** Of many checkpoints of one device the smallest are let go. */
  putSighting(device: DeviceId, { size, root, note }: SignedHead): void {
    transaction(this.#database, () => {
      this.#statements.run(
        `INSERT INTO sightings (device, size, root, note) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET note = excluded.note`,
        ...[device, size, root, note]
      )
      this.#statements.run(
        `DELETE FROM sightings WHERE device = ?1 AND size < (
           SELECT size FROM sightings WHERE device = ?1 ORDER BY size DESC LIMIT 1 OFFSET ?2)`,
        device,
        SIGHTINGS_PER_DEVICE_MAX - 1
      )
    })
  }

  putFinding({ device, kind, position, witnesses, detail, timeMs }: FindingRow): void {
    this.#statements.run(
      `INSERT INTO findings (device, kind, position, witnesses, detail, time) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      ...[device, kind, position, witnesses.join(' '), detail, timeMs]
    )
  }
}

function logOf(row: Row): StoredLog {
  return {
    device: deviceOf(row),
    size: numberOf(row, 'size'),
    hashes: splitHashes(bytesOf(row, 'edge')),
    note: row.note === null ? undefined : bytesOf(row, 'note')
  }
}

function headOf(row: Row): SignedHead {
  return { size: numberOf(row, 'size'), root: bytesOf(row, 'root'), note: bytesOf(row, 'note') }
}
