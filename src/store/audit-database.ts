/**
 * `audit.db` of the home folder: this device's audit log, what it collected of the logs of others, and what it vouched
 * for as a witness. A database of its own, so that an fsync of the log never waits for content or ledger.
 *
 * It stores and finds, and judges nothing. Every write is one transaction.
 */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { assert, defined } from '../base/assert.ts'
import { concatBytes } from '../base/bytes.ts'
import { type DeviceId, ID_BYTES, parseDeviceId } from '../base/ids.ts'
import type {
  EntryPlace,
  EntrySearch,
  FindingRow,
  FoundEntry,
  FoundPage,
  KnownHead,
  LogEdge,
  LogExpiry,
  LogGrowth,
  LogItem,
  LogKey,
  LogRenewal,
  SignedHead,
  StoredLog,
  WitnessAdvance
} from './audit-rows.ts'
import { AUDIT_SCHEMA } from './audit-schema.ts'
import { openDatabase, transaction } from './sqlite-file.ts'
import { bytesOf, numberOf, type Row, Statements, textOf } from './statements.ts'

/** Checkpoints of one log that are kept as seen; the newest are of most use. */
const SIGHTINGS_PER_LOG_MAX = 256

function deviceOf(row: Row): DeviceId {
  const device = parseDeviceId(textOf(row, 'device'))
  assert(device !== undefined, 'a log is of a device')
  return device
}

function keyOf(row: Row): LogKey {
  return { device: deviceOf(row), incarnation: numberOf(row, 'incarnation') }
}

function foundOf(row: Row): FoundEntry {
  return { ...keyOf(row), seq: numberOf(row, 'seq'), bytes: bytesOf(row, 'bytes') }
}

function splitHashes(joined: Uint8Array): Uint8Array[] {
  const count = joined.length / ID_BYTES
  return Array.from({ length: count }, (_, at) => joined.slice(at * ID_BYTES, (at + 1) * ID_BYTES))
}

export class AuditDatabase {
  readonly #database: DatabaseSync
  readonly #statements: Statements

  /** Throws AppError HOME_CORRUPT when the file can not be used. `pagesMax` bounds its size. */
  constructor(path: string, { pagesMax }: { pagesMax?: number | undefined } = {}) {
    this.#database = openDatabase(path, AUDIT_SCHEMA)
    this.#statements = new Statements(this.#database)
    if (pagesMax !== undefined) this.#database.exec(`PRAGMA max_page_count = ${pagesMax}`)
  }

  close(): void {
    this.#database.close()
  }

  /** What the file was when it was written to first; undefined before that. */
  fileId(): string | undefined {
    const [row] = this.#statements.all('SELECT id FROM file')
    return row === undefined ? undefined : textOf(row, 'id')
  }

  log({ device, incarnation }: LogKey): StoredLog | undefined {
    return this.#statements
      .all('SELECT * FROM logs WHERE device = ? AND incarnation = ?', device, incarnation)
      .map(logOf)[0]
  }

  /** Of one device, the oldest first. */
  logsOf(device: DeviceId): StoredLog[] {
    return this.#statements.all('SELECT * FROM logs WHERE device = ? ORDER BY incarnation', device).map(logOf)
  }

  logs(): StoredLog[] {
    return this.#statements.all('SELECT * FROM logs ORDER BY device, incarnation').map(logOf)
  }

  /** How long each log is here, and nothing else of it. */
  sizes(): (LogKey & { readonly size: number })[] {
    return this.#statements
      .all('SELECT device, incarnation, size FROM logs ORDER BY device, incarnation')
      .map(row => ({ ...keyOf(row), size: numberOf(row, 'size') }))
  }

  /** Every log of which anything is known: entries, or only checkpoints. */
  knownLogs(): LogKey[] {
    return this.#statements
      .all(
        `SELECT device, incarnation FROM logs UNION SELECT device, incarnation FROM witnessed
         UNION SELECT device, incarnation FROM sightings ORDER BY device, incarnation`
      )
      .map(keyOf)
  }

  knownIncarnations(device: DeviceId): number[] {
    return this.#statements
      .all(
        `SELECT incarnation FROM logs WHERE device = ?1 UNION
         SELECT incarnation FROM witnessed WHERE device = ?1 UNION
         SELECT incarnation FROM sightings WHERE device = ?1 ORDER BY incarnation`,
        device
      )
      .map(row => numberOf(row, 'incarnation'))
  }

  /** Entries from a position on, in order; without those that retention has dropped. */
  entries(log: LogKey, { from, limit }: { from: number; limit: number }): Uint8Array[] {
    return this.#statements
      .all(
        `SELECT e.bytes FROM entries e JOIN logs l ON l.id = e.log
       WHERE l.device = ? AND l.incarnation = ? AND e.seq >= ? AND e.bytes IS NOT NULL ORDER BY e.seq LIMIT ?`,
        ...[log.device, log.incarnation, from, limit]
      )
      .map(row => bytesOf(row, 'bytes'))
  }

  /** Entries from a position on, or what retention has left of them, in order. */
  items(log: LogKey, { from, limit }: { from: number; limit: number }): LogItem[] {
    return this.#statements
      .all(
        `SELECT e.seq, e.bytes, e.leaf FROM entries e JOIN logs l ON l.id = e.log
       WHERE l.device = ? AND l.incarnation = ? AND e.seq >= ? ORDER BY e.seq LIMIT ?`,
        ...[log.device, log.incarnation, from, limit]
      )
      .map(row => ({
        seq: numberOf(row, 'seq'),
        bytes: row.bytes === null ? null : bytesOf(row, 'bytes'),
        leaf: row.leaf === null ? null : bytesOf(row, 'leaf')
      }))
  }

  /** Entries of before a time that retention may drop, of those that are signed for. */
  expiring(
    log: LogKey,
    { beforeMs, signedSize, limit }: { beforeMs: number; signedSize: number; limit: number }
  ): { readonly seq: number; readonly bytes: Uint8Array }[] {
    return this.#statements
      .all(
        `SELECT e.seq, e.bytes FROM entries e JOIN logs l ON l.id = e.log
       WHERE l.device = ? AND l.incarnation = ? AND e.time < ? AND e.seq < ? AND e.bytes IS NOT NULL
         AND e.action NOT IN ('renewed', 'expired') ORDER BY e.time LIMIT ?`,
        ...[log.device, log.incarnation, beforeMs, signedSize, limit]
      )
      .map(row => ({ seq: numberOf(row, 'seq'), bytes: bytesOf(row, 'bytes') }))
  }

  /** Newest first; within one log by position. */
  search(search: EntrySearch): FoundEntry[] {
    return [...this.eachFound(search)]
  }

  /** The same, one by one, for who may stop early. */
  *eachFound(search: EntrySearch): Generator<FoundEntry> {
    for (const row of this.#found(search, null)) yield foundOf(row)
  }

  /** The same, in parts of at most `limit`, for who may want all. What has no time is looked for in none but the last. */
  page(search: EntrySearch, after: EntryPlace | null): FoundPage {
    const rows = [...this.#found(search, after)]
    const last = rows.at(-1)
    const isEnd = last === undefined || rows.length < search.limit || last.time === null
    const next = isEnd
      ? null
      : { timeMs: numberOf(last, 'time'), seq: numberOf(last, 'seq'), log: numberOf(last, 'log') }
    return { found: rows.map(foundOf), next }
  }

  #found(search: EntrySearch, after: EntryPlace | null): Iterable<Row> {
    const conditions: string[] = ['e.bytes IS NOT NULL']
    const values: SQLInputValue[] = []
    const add = (condition: string, value: SQLInputValue | undefined): void => {
      if (value === undefined) return
      conditions.push(condition)
      values.push(value)
    }
    add('l.device = ?', search.device)
    add('e.dataset = ?', search.dataset)
    add('e.version = ?', search.version)
    if (search.isOfVersion === true) conditions.push('e.version IS NOT NULL')
    add('e.action = ?', search.action)
    add('e.time >= ?', search.sinceMs)
    if (after !== null) {
      conditions.push('(e.time, e.seq, e.log) < (?, ?, ?)')
      values.push(after.timeMs, after.seq, after.log)
    }
    return this.#statements.iterate(
      `SELECT l.device, l.incarnation, e.log, e.seq, e.time, e.bytes FROM entries e JOIN logs l ON l.id = e.log
       WHERE ${conditions.join(' AND ')} ORDER BY e.time DESC, e.seq DESC, e.log DESC LIMIT ?`,
      ...values,
      search.limit
    )
  }

  /** An inner node of a log of this device's own; undefined for one that is not full yet. */
  node(log: LogKey, level: number, position: number): Uint8Array | undefined {
    const row = this.#statements.get(
      `SELECT n.hash FROM nodes n JOIN logs l ON l.id = n.log
       WHERE l.device = ? AND l.incarnation = ? AND n.level = ? AND n.position = ?`,
      ...[log.device, log.incarnation, level, position]
    )
    return row === undefined ? undefined : bytesOf(row, 'hash')
  }

  /** The newest that this device signed of a log of its own. */
  latestCheckpoint(log: LogKey): Uint8Array | undefined {
    return this.checkpoints(log, { limit: 1 })[0]
  }

  /** Newest first. */
  checkpoints(log: LogKey, { limit }: { limit: number }): Uint8Array[] {
    return this.#statements
      .all(
        `SELECT c.note FROM checkpoints c JOIN logs l ON l.id = c.log
       WHERE l.device = ? AND l.incarnation = ? ORDER BY c.size DESC LIMIT ?`,
        ...[log.device, log.incarnation, limit]
      )
      .map(row => bytesOf(row, 'note'))
  }

  witnessed({ device, incarnation }: LogKey): SignedHead | undefined {
    return this.#statements
      .all('SELECT * FROM witnessed WHERE device = ? AND incarnation = ?', device, incarnation)
      .map(headOf)[0]
  }

  /** The incarnations of which anything was cosigned, the oldest first. */
  witnessedIncarnations(device: DeviceId): number[] {
    return this.#statements
      .all('SELECT incarnation FROM witnessed WHERE device = ? ORDER BY incarnation', device)
      .map(row => numberOf(row, 'incarnation'))
  }

  witnessedCount(): number {
    return numberOf(this.#statements.all('SELECT count(*) AS count FROM witnessed')[0] ?? {}, 'count')
  }

  /** Of all logs, in the order of their devices. */
  witnessedFrom(offset: number, limit: number): SignedHead[] {
    return this.#statements
      .all('SELECT * FROM witnessed ORDER BY device, incarnation LIMIT ? OFFSET ?', limit, offset)
      .map(headOf)
  }

  sightings({ device, incarnation }: LogKey): SignedHead[] {
    return this.#statements
      .all('SELECT * FROM sightings WHERE device = ? AND incarnation = ? ORDER BY size', device, incarnation)
      .map(headOf)
  }

  sightingsOfSize({ device, incarnation }: LogKey, size: number): SignedHead[] {
    return this.#statements
      .all(
        'SELECT * FROM sightings WHERE device = ? AND incarnation = ? AND size = ?',
        ...[device, incarnation, size]
      )
      .map(headOf)
  }

  findings(): FindingRow[] {
    return this.#statements.all('SELECT * FROM findings ORDER BY time, device, kind').map(row => ({
      ...keyOf(row),
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
    transaction(this.#database, () => this.#grow(growth))
  }

  renew({ ended, begun, fileId }: LogRenewal): void {
    transaction(this.#database, () => {
      if (ended !== undefined) this.#end(ended)
      this.#grow(begun)
      this.#putFileId(fileId)
    })
  }

  putFileId(fileId: string): void {
    transaction(this.#database, () => this.#putFileId(fileId))
  }

  expire({ device, incarnation, beforeMs, leaves, timeMs }: LogExpiry): void {
    transaction(this.#database, () => {
      const log = this.#idOf({ device, incarnation })
      let dropped = 0
      for (const { seq, leaf } of leaves)
        dropped += this.#statements.run(
          `UPDATE entries SET bytes = NULL, leaf = ?, time = NULL, action = NULL, dataset = NULL, version = NULL
           WHERE log = ? AND seq = ? AND bytes IS NOT NULL`,
          ...[leaf, log, seq]
        )
      this.#statements.run(
        'UPDATE logs SET dropped = dropped + ?, dropped_time = ?, dropped_before = ? WHERE id = ?',
        ...[dropped, timeMs, beforeMs, log]
      )
    })
  }

  /** A newer note of the same size takes the place of the older. */
  putCheckpoint(log: LogKey, size: number, note: Uint8Array): void {
    this.#statements.run(
      'INSERT INTO checkpoints (log, size, note) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET note = excluded.note',
      ...[this.#idOf(log), size, note]
    )
  }

  /** False, without a change, when another checkpoint was cosigned meanwhile. */
  advanceWitness({ device, incarnation, expected, size, root, note }: WitnessAdvance): boolean {
    assert(size >= expected, 'what is cosigned never shrinks')
    return transaction(this.#database, () => {
      if ((this.witnessed({ device, incarnation })?.size ?? 0) !== expected) return false
      if (incarnation < (this.witnessedIncarnations(device).at(-1) ?? 0)) return false
      this.#statements.run(
        `INSERT INTO witnessed (device, incarnation, size, root, note) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note`,
        ...[device, incarnation, size, root, note]
      )
      return true
    })
  }

  /** Of many checkpoints of one log the smallest are let go. */
  putSighting({ device, incarnation, size, root, note }: KnownHead): void {
    transaction(this.#database, () => {
      this.#statements.run(
        `INSERT INTO sightings (device, incarnation, size, root, note) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET note = excluded.note`,
        ...[device, incarnation, size, root, note]
      )
      this.#statements.run(
        `DELETE FROM sightings WHERE device = ?1 AND incarnation = ?2 AND size < (
           SELECT size FROM sightings WHERE device = ?1 AND incarnation = ?2 ORDER BY size DESC LIMIT 1 OFFSET ?3)`,
        ...[device, incarnation, SIGHTINGS_PER_LOG_MAX - 1]
      )
    })
  }

  putFinding({ device, incarnation, kind, position, witnesses, detail, timeMs }: FindingRow): void {
    this.#statements.run(
      `INSERT INTO findings (device, incarnation, kind, position, witnesses, detail, time)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      ...[device, incarnation, kind, position, witnesses.join(' '), detail, timeMs]
    )
  }

  #idOf({ device, incarnation }: LogKey): number {
    const [row] = this.#statements.all(
      'SELECT id FROM logs WHERE device = ? AND incarnation = ?',
      device,
      incarnation
    )
    return numberOf(defined(row, `the log ${incarnation} of ${device}`), 'id')
  }

  #grow(growth: LogGrowth): void {
    const { device, incarnation, from, entries, nodes, edge, note } = growth
    assert(edge.size === from + entries.length, 'a log grows by its entries')
    const known = this.log({ device, incarnation })
    assert((known?.size ?? 0) === from, `the log of ${device} has ${known?.size ?? 0} entries, not ${from}`)
    const dropped = (known?.dropped ?? 0) + entries.filter(({ bytes }) => bytes === null).length
    const [row] = this.#statements.all(
      `INSERT INTO logs (device, incarnation, size, edge, note, dropped) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (device, incarnation) DO UPDATE
       SET size = excluded.size, edge = excluded.edge, note = coalesce(excluded.note, note),
         dropped = excluded.dropped
       RETURNING id`,
      ...[device, incarnation, edge.size, concatBytes(edge.hashes), note, dropped]
    )
    const log = numberOf(defined(row, 'the log that was written'), 'id')
    for (const { seq, timeMs, action, dataset, version, bytes, leaf } of entries)
      this.#statements.run(
        `INSERT INTO entries (log, seq, time, action, dataset, version, bytes, leaf)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[log, seq, timeMs, action, dataset, version, bytes, leaf]
      )
    for (const { level, position, hash } of nodes)
      this.#statements.run(
        'INSERT INTO nodes (log, level, position, hash) VALUES (?, ?, ?, ?)',
        ...[log, level, position, hash]
      )
  }

  /** Cuts a log of this device back to what it signed; nobody has seen more of it. */
  #end({ device, incarnation, edge }: LogKey & { readonly edge: LogEdge }): void {
    const log = this.#idOf({ device, incarnation })
    this.#statements.run('DELETE FROM entries WHERE log = ? AND seq >= ?', log, edge.size)
    this.#statements.run(
      'UPDATE logs SET size = ?, edge = ? WHERE id = ?',
      ...[edge.size, concatBytes(edge.hashes), log]
    )
  }

  #putFileId(fileId: string): void {
    this.#statements.run('DELETE FROM file')
    this.#statements.run('INSERT INTO file (id) VALUES (?)', fileId)
  }
}

function logOf(row: Row): StoredLog {
  return {
    ...keyOf(row),
    size: numberOf(row, 'size'),
    hashes: splitHashes(bytesOf(row, 'edge')),
    note: row.note === null ? undefined : bytesOf(row, 'note'),
    dropped: numberOf(row, 'dropped'),
    droppedMs: row.dropped_time === null ? null : numberOf(row, 'dropped_time'),
    droppedBeforeMs: row.dropped_before === null ? null : numberOf(row, 'dropped_before')
  }
}

function headOf(row: Row): SignedHead {
  return { size: numberOf(row, 'size'), root: bytesOf(row, 'root'), note: bytesOf(row, 'note') }
}
