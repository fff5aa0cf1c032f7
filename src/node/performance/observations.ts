/**
 * What this device measured for service levels, in `history.db`: of each measure at most `OBSERVATIONS_MAX` rows, the
 * newest, and none older than the longest window. Those of one dataset at one time with one value are one row.
 */

import { LEVEL_WINDOW_MS_MAX } from '../../ledger/operation/operation-limits.ts'
import type { LevelMeasure } from '../../ledger/operation/performance-content.ts'
import type { Observation } from '../../slo/service-level.ts'
import { numberOf, type Statements, textOf } from '../../store/statements.ts'

export const OBSERVATIONS_MAX = 20_000
/** How many are added before it is looked whether they are too many. */
const PRUNE_EVERY = 256

export const OBSERVATIONS_SCHEMA = `CREATE TABLE observations (
   measure TEXT NOT NULL,
   at INTEGER NOT NULL,
   dataset TEXT NOT NULL,
   value REAL NOT NULL,
   count INTEGER NOT NULL,
   PRIMARY KEY (measure, at, dataset, value)
 ) STRICT, WITHOUT ROWID;`

const ADD = `INSERT INTO observations VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET count = count + excluded.count`
const SINCE = 'SELECT at, dataset, value, count FROM observations WHERE measure = ? AND at >= ?'
const TOO_OLD = 'SELECT at FROM observations WHERE measure = ? ORDER BY at DESC LIMIT 1 OFFSET ?'
const DROP = 'DELETE FROM observations WHERE measure = ? AND at <= ?'

export interface Observed extends Observation {
  readonly measure: LevelMeasure
  /** Null for what is of no dataset. */
  readonly dataset: string | null
}

export class Observations {
  readonly #statements: Statements
  readonly #added = new Map<LevelMeasure, number>()

  constructor(statements: Statements) {
    this.#statements = statements
  }

  add({ measure, atMs, dataset, value, count }: Observed): void {
    this.#statements.run(ADD, measure, atMs, dataset ?? '', value, count)
    const added = this.#added.get(measure) ?? 0
    this.#added.set(measure, (added + 1) % PRUNE_EVERY)
    if (added === 0) this.#prune(measure, atMs)
  }

  /** Those not before a time, the oldest first. */
  since(measure: LevelMeasure, fromMs: number): Observed[] {
    return this.#statements.all(SINCE, measure, fromMs).map(row => ({
      ...{ measure, atMs: numberOf(row, 'at'), dataset: textOf(row, 'dataset') || null },
      ...{ value: numberOf(row, 'value'), count: numberOf(row, 'count') }
    }))
  }

  #prune(measure: LevelMeasure, nowMs: number): void {
    this.#statements.run(DROP, measure, nowMs - LEVEL_WINDOW_MS_MAX)
    const row = this.#statements.get(TOO_OLD, measure, OBSERVATIONS_MAX)
    if (row !== undefined) this.#statements.run(DROP, measure, numberOf(row, 'at'))
  }
}
