/**
 * What a node remembers of risks in `risk.db`: the worst of each day, and owner and treatment as somebody noted them. Each
 * call is one durable transaction. How many days are kept is the caller's to say.
 */

import type { DatabaseSync } from 'node:sqlite'
import { openDatabase, transaction } from './sqlite-file.ts'
import { numberOf, type Row, Statements, textOf } from './statements.ts'

const SCHEMA = {
  what: 'trends and notes of risks',
  steps: [
    `CREATE TABLE days (
       risk TEXT NOT NULL,
       day INTEGER NOT NULL,
       likelihood INTEGER NOT NULL,
       impact INTEGER NOT NULL,
       PRIMARY KEY (risk, day)
     ) STRICT;
     CREATE TABLE notes (risk TEXT PRIMARY KEY, owner TEXT, treatment TEXT) STRICT;`
  ]
}

/** Days are counted from the Unix epoch. */
export interface RiskDay {
  readonly day: number
  readonly likelihood: number
  readonly impact: number
}

export interface RiskNote {
  readonly owner: string | null
  readonly treatment: string | null
}

const UNNOTED: RiskNote = { owner: null, treatment: null }

export class RiskStore {
  readonly #database: DatabaseSync
  readonly #sql: Statements

  /** `:memory:` keeps nothing. */
  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA)
    this.#sql = new Statements(this.#database)
  }

  /** Oldest first. */
  days(risk: string): RiskDay[] {
    return this.#sql.all('SELECT * FROM days WHERE risk = ? ORDER BY day', risk).map(dayOf)
  }

  /** Replaces the days of each risk by these. */
  keep(days: ReadonlyMap<string, readonly RiskDay[]>): void {
    transaction(this.#database, () => {
      for (const [risk, kept] of days) {
        this.#sql.run('DELETE FROM days WHERE risk = ?', risk)
        for (const { day, likelihood, impact } of kept)
          this.#sql.run('INSERT INTO days VALUES (?, ?, ?, ?)', risk, day, likelihood, impact)
      }
    })
  }

  note(risk: string): RiskNote {
    const row = this.#sql.get('SELECT * FROM notes WHERE risk = ?', risk)
    return row === undefined
      ? UNNOTED
      : { owner: textOrNull(row, 'owner'), treatment: textOrNull(row, 'treatment') }
  }

  setNote(risk: string, { owner, treatment }: RiskNote): void {
    this.#sql.run('INSERT OR REPLACE INTO notes VALUES (?, ?, ?)', risk, owner, treatment)
  }

  close(): void {
    this.#database.close()
  }
}

function dayOf(row: Row): RiskDay {
  return {
    day: numberOf(row, 'day'),
    likelihood: numberOf(row, 'likelihood'),
    impact: numberOf(row, 'impact')
  }
}

function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : textOf(row, column)
}
