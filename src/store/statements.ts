/** The statements of one database, each prepared once, and the columns of their rows by type. */

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { assert } from '../base/assert.ts'
import { writing } from './sqlite-file.ts'

export type Row = Record<string, unknown>

export function numberOf(row: Row, column: string): number {
  const value = row[column]
  assert(typeof value === 'number', `column ${column} is a number`)
  return value
}

export function textOf(row: Row, column: string): string {
  const value = row[column]
  assert(typeof value === 'string', `column ${column} is text`)
  return value
}

export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column]
  assert(value instanceof Uint8Array, `column ${column} is bytes`)
  return value
}

export class Statements {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values)
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values)
  }

  /** Row by row, by a statement of its own: others may run while the caller goes through them. */
  iterate(sql: string, ...values: SQLInputValue[]): Iterable<Row> {
    return this.#database.prepare(sql).iterate(...values)
  }

  /** Returns how many rows it changed. Throws AppError DISK_FULL, STORAGE_FAILED. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return writing(this.#database, () => Number(this.#statement(sql).run(...values).changes))
  }

  #statement(sql: string): StatementSync {
    const known = this.#prepared.get(sql)
    if (known !== undefined) return known
    const prepared = this.#database.prepare(sql)
    this.#prepared.set(sql, prepared)
    return prepared
  }
}
