/**
 * What a steward's device notes for the sake of privacy in `privacy.db`: what the org says of itself and of its data,
 * and its cases. Values are JSON of the caller's; each call is one durable transaction. What is deleted or replaced is on the
 * disk no more once `scrub` has returned, so a case with a name in it can be forgotten, which the ledger can not.
 */

import type { DatabaseSync } from 'node:sqlite'
import { openDatabase, scrub, transaction } from './sqlite-file.ts'
import { Statements, textOf } from './statements.ts'

const SCHEMA = {
  what: 'notes and cases of privacy',
  steps: [
    `CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
     CREATE TABLE cases (id TEXT PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL) STRICT;`
  ]
}

export interface StoredCase {
  readonly id: string
  readonly kind: string
  readonly value: string
}

export class PrivacyStore {
  readonly #database: DatabaseSync
  readonly #sql: Statements

  /** `:memory:` keeps nothing. */
  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA)
    this.#sql = new Statements(this.#database)
  }

  note(key: string): string | undefined {
    const row = this.#sql.get('SELECT value FROM notes WHERE key = ?', key)
    return row && textOf(row, 'value')
  }

  /** By key, in the order of keys. */
  notes(): Map<string, string> {
    const rows = this.#sql.all('SELECT * FROM notes ORDER BY key')
    return new Map(rows.map(row => [textOf(row, 'key'), textOf(row, 'value')]))
  }

  /** Null takes the note away. */
  setNote(key: string, value: string | null): void {
    if (value === null) this.#sql.run('DELETE FROM notes WHERE key = ?', key)
    else this.#sql.run('INSERT OR REPLACE INTO notes VALUES (?, ?)', key, value)
  }

  cases(kind: string): StoredCase[] {
    return this.#sql.all('SELECT * FROM cases WHERE kind = ? ORDER BY id', kind).map(row => ({
      ...{ id: textOf(row, 'id'), kind: textOf(row, 'kind'), value: textOf(row, 'value') }
    }))
  }

  putCase({ id, kind, value }: StoredCase): void {
    this.#sql.run('INSERT OR REPLACE INTO cases VALUES (?, ?, ?)', id, kind, value)
  }

  deleteCase(id: string): void {
    this.#sql.run('DELETE FROM cases WHERE id = ?', id)
    this.scrub()
  }

  /** Forgets everything. Of nothing it costs no write: each device that is no steward does it again and again. */
  clear(): void {
    if (this.#sql.get('SELECT 1 FROM notes UNION ALL SELECT 1 FROM cases LIMIT 1') === undefined) return
    transaction(this.#database, () => {
      this.#sql.run('DELETE FROM notes')
      this.#sql.run('DELETE FROM cases')
    })
    this.scrub()
  }

  /** Leaves nothing on the disk of what was replaced or deleted before. */
  scrub(): void {
    scrub(this.#database)
  }

  close(): void {
    this.#database.close()
  }
}
