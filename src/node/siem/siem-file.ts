/**
 * `siem.db` of the home: the sinks of this node, and how far each of them got. Each call is one durable transaction.
 */

import type { DatabaseSync } from 'node:sqlite'
import { openDatabase, transaction } from '../../store/sqlite-file.ts'
import { numberOf, Statements, textOf } from '../../store/statements.ts'
import type { Cursor, Logs } from './event-feed.ts'
import type { SinkTarget } from './sink-target.ts'

const SCHEMA = {
  what: 'the sinks of events',
  steps: [
    `CREATE TABLE sinks (id INTEGER PRIMARY KEY AUTOINCREMENT, spec TEXT NOT NULL) STRICT;
     CREATE TABLE cursors (
       sink INTEGER NOT NULL REFERENCES sinks (id) ON DELETE CASCADE,
       feed TEXT NOT NULL,
       next INTEGER NOT NULL,
       PRIMARY KEY (sink, feed)
     ) STRICT, WITHOUT ROWID;`
  ]
}

export interface SinkSpec {
  readonly target: SinkTarget
  readonly logs: Logs
  /** Absolute paths; null for none. */
  readonly tokenFile: string | null
  readonly caFile: string | null
  /** Of files. */
  readonly rotateBytes: number
  readonly keep: number
}

export interface KeptSink extends SinkSpec {
  readonly id: number
}

export class SiemFile {
  readonly #database: DatabaseSync
  readonly #sql: Statements

  /** `:memory:` keeps nothing. Throws AppError HOME_CORRUPT when the file can not be used. */
  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA)
    this.#sql = new Statements(this.#database)
  }

  close(): void {
    this.#database.close()
  }

  sinks(): KeptSink[] {
    return this.#sql
      .all('SELECT * FROM sinks ORDER BY id')
      .map(row => ({ ...(JSON.parse(textOf(row, 'spec')) as SinkSpec), id: numberOf(row, 'id') }))
  }

  add(spec: SinkSpec, cursor: Cursor): KeptSink {
    return transaction(this.#database, () => {
      const row = this.#sql.get('INSERT INTO sinks (spec) VALUES (?) RETURNING id', JSON.stringify(spec))
      const id = numberOf(row ?? {}, 'id')
      this.#putCursor(id, cursor)
      return { ...spec, id }
    })
  }

  /** Keeps how far it got. */
  change({ id, ...spec }: KeptSink): void {
    this.#sql.run('UPDATE sinks SET spec = ? WHERE id = ?', JSON.stringify(spec), id)
  }

  remove(id: number): void {
    this.#sql.run('DELETE FROM sinks WHERE id = ?', id)
  }

  cursor(sink: number): Cursor {
    const rows = this.#sql.all('SELECT feed, next FROM cursors WHERE sink = ?', sink)
    return new Map(rows.map(row => [textOf(row, 'feed'), numberOf(row, 'next')]))
  }

  /** What is in it takes the place of what was known of the same feeds. */
  putCursor(sink: number, cursor: Cursor): void {
    transaction(this.#database, () => this.#putCursor(sink, cursor))
  }

  #putCursor(sink: number, cursor: Cursor): void {
    for (const [feed, next] of cursor)
      this.#sql.run('INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)', sink, feed, next)
  }
}
