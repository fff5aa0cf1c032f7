/**
 * What an outside witness remembers, in a database of its own beside its key: of each log the latest checkpoint that it
 * cosigned, and of those that did not grow out of it the notes that prove it. A checkpoint is durable here before the
 * cosignature on it exists, and two runs at once can not both cosign.
 */

import type { DatabaseSync } from 'node:sqlite'
import type { LogKey, SignedHead } from './audit-rows.ts'
import { openDatabase, transaction } from './sqlite-file.ts'
import { bytesOf, numberOf, type Row, Statements } from './statements.ts'

const SCHEMA = {
  what: 'the memory of a witness',
  steps: [
    `CREATE TABLE heads (
       org TEXT NOT NULL,
       device TEXT NOT NULL,
       incarnation INTEGER NOT NULL,
       size INTEGER NOT NULL,
       root BLOB NOT NULL,
       note BLOB NOT NULL,
       PRIMARY KEY (org, device, incarnation)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE refuted (
       org TEXT NOT NULL,
       device TEXT NOT NULL,
       incarnation INTEGER NOT NULL,
       size INTEGER NOT NULL,
       root BLOB NOT NULL,
       note BLOB NOT NULL,
       PRIMARY KEY (org, device, incarnation, size, root)
     ) STRICT, WITHOUT ROWID;`
  ]
}

export interface WitnessedLog extends LogKey {
  readonly org: string
}

export class WitnessState {
  readonly #database: DatabaseSync
  readonly #statements: Statements

  /** Throws AppError HOME_CORRUPT when the file can not be used. */
  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA)
    this.#statements = new Statements(this.#database)
  }

  close(): void {
    this.#database.close()
  }

  latest({ org, device, incarnation }: WitnessedLog): SignedHead | undefined {
    return this.#statements
      .all(
        'SELECT * FROM heads WHERE org = ? AND device = ? AND incarnation = ?',
        ...[org, device, incarnation]
      )
      .map(headOf)[0]
  }

  /** The highest incarnation of a device's log of which anything was cosigned; 0 for none. */
  newestIncarnation({ org, device }: WitnessedLog): number {
    const [row] = this.#statements.all(
      'SELECT max(incarnation) AS newest FROM heads WHERE org = ? AND device = ?',
      org,
      device
    )
    return row === undefined || row.newest === null ? 0 : numberOf(row, 'newest')
  }

  /** False, without a change, when another checkpoint was cosigned since. */
  advance(log: WitnessedLog, { expected, ...head }: SignedHead & { readonly expected: number }): boolean {
    const { org, device, incarnation } = log
    return transaction(this.#database, () => {
      if ((this.latest(log)?.size ?? 0) !== expected || incarnation < this.newestIncarnation(log))
        return false
      this.#statements.run(
        `INSERT INTO heads (org, device, incarnation, size, root, note) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note`,
        ...[org, device, incarnation, head.size, head.root, head.note]
      )
      return true
    })
  }

  /** Keeps for good what a device signed and could not show to have grown out of what was cosigned. */
  putRefuted({ org, device, incarnation }: WitnessedLog, { size, root, note }: SignedHead): void {
    this.#statements.run(
      `INSERT INTO refuted (org, device, incarnation, size, root, note) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      ...[org, device, incarnation, size, root, note]
    )
  }

  refuted({ org, device, incarnation }: WitnessedLog): SignedHead[] {
    return this.#statements
      .all(
        'SELECT * FROM refuted WHERE org = ? AND device = ? AND incarnation = ? ORDER BY size',
        ...[org, device, incarnation]
      )
      .map(headOf)
  }
}

function headOf(row: Row): SignedHead {
  return { size: numberOf(row, 'size'), root: bytesOf(row, 'root'), note: bytesOf(row, 'note') }
}
