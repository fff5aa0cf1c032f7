/**
 * Time series in `history.db` of the home: for each series, the points of each resolution (history/rollup.ts). A sample is
 * one transaction. Bounded by `SERIES_MAX` and by how long each resolution is kept.
 *
 * Unlike in the other databases, a commit does not wait for the disk: nobody was promised a measurement, and a machine
 * at rest should not wake its disk for one. A process that is killed loses nothing that was recorded; a power cut may
 * take the last minutes, and leaves the file whole.
 */

import type { DatabaseSync } from 'node:sqlite'
import { AppError } from '../../base/errors.ts'
import { decodeHistogram, encodeHistogram } from '../../history/log-histogram.ts'
import {
  droppedBeforeMs,
  mergeSummaries,
  type Point,
  RESOLUTIONS,
  type Resolution,
  type Span,
  type Summary,
  spanStart,
  summaryOf
} from '../../history/rollup.ts'
import { openDatabase, transaction } from '../../store/sqlite-file.ts'
import { bytesOf, numberOf, type Row, Statements, textOf } from '../../store/statements.ts'

import { OBSERVATIONS_SCHEMA, Observations } from '../performance/observations.ts'

export const SERIES_MAX = 32
const PRUNE_INTERVAL_MS = 60_000

const SCHEMA = {
  what: 'the history of measurements',
  steps: [
    `CREATE TABLE points (
       series TEXT NOT NULL,
       step INTEGER NOT NULL,
       at INTEGER NOT NULL,
       count INTEGER NOT NULL,
       sum REAL NOT NULL,
       min REAL NOT NULL,
       max REAL NOT NULL,
       histogram BLOB NOT NULL,
       PRIMARY KEY (series, step, at)
     ) STRICT, WITHOUT ROWID;`,
    OBSERVATIONS_SCHEMA
  ]
}

const ONE = 'SELECT * FROM points WHERE series = ? AND step = ? AND at = ?'
const SPAN = 'SELECT * FROM points WHERE series = ? AND step = ? AND at >= ? AND at < ? ORDER BY at'
const PUT = 'INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?)'
const DROP = 'DELETE FROM points WHERE series = ? AND step = ? AND at < ?'
/** Skips from one series to the next by the key, however many points there are. */
const NAMES = `WITH RECURSIVE names(series) AS (
    SELECT min(series) FROM points
    UNION ALL
    SELECT (SELECT min(series) FROM points WHERE series > names.series) FROM names WHERE series IS NOT NULL
  ) SELECT series FROM names WHERE series IS NOT NULL`

export class HistoryFile {
  readonly observations: Observations
  readonly #database: DatabaseSync
  readonly #statements: Statements
  readonly #path: string
  readonly #names: Set<string>
  #prunedMs = Number.NEGATIVE_INFINITY

  /** Throws AppError HOME_CORRUPT when the file can not be used. */
  constructor(path: string) {
    this.#path = path
    this.#database = openDatabase(path, SCHEMA)
    this.#database.exec('PRAGMA synchronous = NORMAL')
    this.#statements = new Statements(this.#database)
    this.observations = new Observations(this.#statements)
    this.#names = new Set(this.#statements.all(NAMES).map(row => textOf(row, 'series')))
  }

  /** All that there are points of, in the order of their names. */
  names(): readonly string[] {
    return [...this.#names].sort()
  }

  /** Adds one value to each series, all or none; what would be a series too many is left out. */
  record(values: ReadonlyMap<string, number>, atMs: number): void {
    const names = new Set(this.#names)
    transaction(this.#database, () => {
      for (const [series, value] of values) {
        if (!names.has(series) && names.size >= SERIES_MAX) continue
        names.add(series)
        for (const resolution of RESOLUTIONS) this.#add(series, resolution, { atMs, value })
      }
      this.#prune(names, atMs)
    })
    for (const name of names) this.#names.add(name)
  }

  /** The points of a resolution that begin within a span. */
  points(series: string, { stepMs }: Resolution, { fromMs, toMs }: Span): Point[] {
    return this.#statements.all(SPAN, series, stepMs, fromMs, toMs).map(row => this.#point(row))
  }

  close(): void {
    this.#database.close()
  }

  #add(
    series: string,
    { stepMs }: Resolution,
    { atMs, value }: { readonly atMs: number; readonly value: number }
  ): void {
    const startMs = spanStart(atMs, stepMs)
    const row = this.#statements.get(ONE, series, stepMs, startMs)
    const added = summaryOf(value)
    const { count, sum, min, max, histogram }: Summary =
      row === undefined ? added : mergeSummaries(this.#point(row), added)
    this.#statements.run(PUT, series, stepMs, startMs, count, sum, min, max, encodeHistogram(histogram))
  }

  #prune(names: ReadonlySet<string>, nowMs: number): void {
    if (Math.abs(nowMs - this.#prunedMs) < PRUNE_INTERVAL_MS) return
    this.#prunedMs = nowMs
    for (const series of names)
      for (const resolution of RESOLUTIONS)
        this.#statements.run(DROP, series, resolution.stepMs, droppedBeforeMs(resolution, nowMs))
  }

  #point(row: Row): Point {
    const histogram = decodeHistogram(bytesOf(row, 'histogram'))
    if (histogram === undefined)
      throw new AppError(
        'HOME_CORRUPT',
        `${this.#path} has a histogram that can not be read; stop the node, remove the file, and start it again: ` +
          'only past measurements are lost',
        { details: { path: this.#path } }
      )
    return {
      atMs: numberOf(row, 'at'),
      count: numberOf(row, 'count'),
      sum: numberOf(row, 'sum'),
      min: numberOf(row, 'min'),
      max: numberOf(row, 'max'),
      histogram
    }
  }
}
