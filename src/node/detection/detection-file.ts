/**
 * `detection.db` of the home: what was found, what became of it, and what is usual (detection/memory.ts). Each change
 * is one durable transaction. Bounded: of findings the acknowledged go first, then the oldest.
 *
 * `changes` tells in order what happened to findings, for who follows them; it is bounded too.
 */

import type { DatabaseSync } from 'node:sqlite'
import { defined } from '../../base/assert.ts'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, parseDeviceId } from '../../base/ids.ts'
import type { RuleId } from '../../detection/finding.ts'
import { type Finding, severityRank } from '../../detection/finding.ts'
import { isAgain, isEqual, together } from '../../detection/finding-again.ts'
import type { Changes, UsualReads } from '../../detection/memory.ts'
import { openDatabase, transaction } from '../../store/sqlite-file.ts'
import { numberOf, type Row, Statements, textOf } from '../../store/statements.ts'

export const FINDINGS_MAX = 5000
export const CHANGES_MAX = 20_000
/** Findings of one rule and subject that are looked through for one that this is again. */
const AGAIN_LOOK_MAX = 4

const SCHEMA = {
  what: 'what detection found',
  steps: [
    `CREATE TABLE findings (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       rule TEXT NOT NULL,
       subject TEXT NOT NULL,
       last INTEGER NOT NULL,
       raised INTEGER NOT NULL,
       body TEXT NOT NULL,
       acknowledged TEXT
     ) STRICT;
     CREATE INDEX findings_by_subject ON findings (rule, subject, last);
     CREATE TABLE changes (
       seq INTEGER PRIMARY KEY AUTOINCREMENT,
       finding INTEGER NOT NULL,
       kind TEXT NOT NULL,
       at INTEGER NOT NULL,
       body TEXT NOT NULL
     ) STRICT;
     CREATE TABLE usual (dataset TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
     CREATE TABLE heard (device TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
     CREATE TABLE saved (at INTEGER NOT NULL) STRICT;
     CREATE TABLE raised (rule TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;`
  ]
}

export interface Acknowledgement {
  readonly atMs: number
  readonly by: string
  readonly note: string | null
}

export interface KeptFinding extends Finding {
  readonly id: number
  readonly raisedAtMs: number
  /** Null while it is open. */
  readonly acknowledged: Acknowledgement | null
}

export const CHANGE_KINDS = ['raised', 'worse', 'acknowledged'] as const
export type ChangeKind = (typeof CHANGE_KINDS)[number]

export interface FindingChange {
  readonly seq: number
  readonly kind: ChangeKind
  readonly atMs: number
  readonly finding: KeptFinding
}

export interface FindingSearch {
  readonly state: 'open' | 'all'
  readonly rule: RuleId | null
  readonly limit: number
}

export class DetectionFile {
  readonly #database: DatabaseSync
  readonly #sql: Statements
  readonly #path: string

  /** `:memory:` keeps nothing. Throws AppError HOME_CORRUPT when the file can not be used. */
  constructor(path: string) {
    this.#path = path
    this.#database = openDatabase(path, SCHEMA)
    this.#sql = new Statements(this.#database)
  }

  close(): void {
    this.#database.close()
  }

  /** Newest first. */
  findings({ state, rule, limit }: FindingSearch): KeptFinding[] {
    const open = state === 'open' ? 'AND acknowledged IS NULL' : ''
    const of = rule === null ? '' : 'AND rule = ?'
    const values = rule === null ? [limit] : [rule, limit]
    return this.#sql
      .all(`SELECT * FROM findings WHERE 1 = 1 ${open} ${of} ORDER BY last DESC, id DESC LIMIT ?`, ...values)
      .map(row => this.#kept(row))
  }

  finding(id: number): KeptFinding | undefined {
    const row = this.#sql.get('SELECT * FROM findings WHERE id = ?', id)
    return row && this.#kept(row)
  }

  /** Findings that are open, and those that there ever were, by rule. */
  counts(): { readonly open: ReadonlyMap<string, number>; readonly raised: ReadonlyMap<string, number> } {
    const open = this.#sql.all(
      'SELECT rule, count(*) AS count FROM findings WHERE acknowledged IS NULL GROUP BY rule'
    )
    const raised = this.#sql.all('SELECT rule, count FROM raised')
    const byRule = (rows: Row[]) => new Map(rows.map(row => [textOf(row, 'rule'), numberOf(row, 'count')]))
    return { open: byRule(open), raised: byRule(raised) }
  }

  /**
   * Keeps what was found, or adds it to what it is again; says what that changed, undefined where it was known. One
   * that was acknowledged is open again only once it is worse.
   */
  keep(found: Finding, nowMs: number): ChangeKind | undefined {
    return this.keepAll([found], nowMs)[0]
  }

  /** The same for several, all of them or none. */
  keepAll(found: readonly Finding[], nowMs: number): (ChangeKind | undefined)[] {
    if (found.length === 0) return []
    return transaction(this.#database, () => found.map(each => this.#keep(each, nowMs)))
  }

  #keep(found: Finding, nowMs: number): ChangeKind | undefined {
    const known = this.#sql
      .all(
        'SELECT * FROM findings WHERE rule = ? AND subject = ? ORDER BY last DESC LIMIT ?',
        ...[found.rule, found.subject, AGAIN_LOOK_MAX]
      )
      .map(row => this.#kept(row))
      .find(kept => isAgain(kept, found))
    if (known === undefined) return this.#raise(found, nowMs)
    const { id, raisedAtMs, acknowledged, ...before } = known
    const after = together(before, found)
    if (isEqual(before, after)) return undefined
    const isWorse = severityRank(after.severity) > severityRank(before.severity)
    this.#put({ ...after, id, raisedAtMs, acknowledged: isWorse ? null : acknowledged })
    if (isWorse) this.#tell('worse', id, nowMs)
    return isWorse ? 'worse' : undefined
  }

  /** Undefined when there is no such finding; one that is acknowledged stays as it was. */
  acknowledge(id: number, by: Acknowledgement): KeptFinding | undefined {
    return transaction(this.#database, () => {
      const known = this.finding(id)
      if (known === undefined || known.acknowledged !== null) return known
      const after = { ...known, acknowledged: by }
      this.#put(after)
      this.#tell('acknowledged', id, by.atMs)
      return after
    })
  }

  /** From a position on, in order. */
  changes(from: number, limit: number): FindingChange[] {
    return this.#sql
      .all('SELECT * FROM changes WHERE seq >= ? ORDER BY seq LIMIT ?', from, limit)
      .map(row => ({
        seq: numberOf(row, 'seq'),
        kind: defined(
          CHANGE_KINDS.find(kind => kind === textOf(row, 'kind')),
          'a kind of change'
        ),
        atMs: numberOf(row, 'at'),
        finding: this.#parsed(textOf(row, 'body')) as KeptFinding
      }))
  }

  /** The position after the last. */
  changesEnd(): number {
    const row = this.#sql.get('SELECT max(seq) AS last FROM changes')
    return row?.last === null || row === undefined ? 1 : numberOf(row, 'last') + 1
  }

  // ---- what is usual

  usual(): {
    readonly datasets: readonly (readonly [string, UsualReads])[]
    readonly heard: readonly (readonly [DeviceId, number])[]
    /** When it was saved last; undefined before the first time. */
    readonly savedMs: number | undefined
  } {
    const saved = this.#sql.get('SELECT at FROM saved')
    return {
      datasets: this.#sql
        .all('SELECT * FROM usual')
        .map(row => [textOf(row, 'dataset'), this.#parsed(textOf(row, 'body')) as UsualReads]),
      heard: this.#sql.all('SELECT * FROM heard').flatMap(row => {
        const device = parseDeviceId(textOf(row, 'device'))
        return device === undefined ? [] : [[device, numberOf(row, 'at')] as const]
      }),
      savedMs: saved && numberOf(saved, 'at')
    }
  }

  saveUsual({ datasets, heard }: Changes, nowMs: number): void {
    transaction(this.#database, () => {
      for (const [dataset, usual] of datasets)
        if (usual === undefined) this.#sql.run('DELETE FROM usual WHERE dataset = ?', dataset)
        else this.#sql.run('INSERT OR REPLACE INTO usual VALUES (?, ?)', dataset, JSON.stringify(usual))
      for (const [device, atMs] of heard)
        if (atMs === undefined) this.#sql.run('DELETE FROM heard WHERE device = ?', device)
        else this.#sql.run('INSERT OR REPLACE INTO heard VALUES (?, ?)', device, atMs)
      this.#sql.run('DELETE FROM saved')
      this.#sql.run('INSERT INTO saved VALUES (?)', nowMs)
    })
  }

  #raise(found: Finding, nowMs: number): ChangeKind {
    const row = this.#sql.get(
      'INSERT INTO findings (rule, subject, last, raised, body) VALUES (?, ?, ?, ?, ?) RETURNING id',
      ...[found.rule, found.subject, found.lastAtMs, nowMs, JSON.stringify(found)]
    )
    this.#sql.run('INSERT INTO raised VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1', found.rule)
    this.#tell('raised', numberOf(row ?? {}, 'id'), nowMs)
    this.#sql.run(
      `DELETE FROM findings WHERE id IN (SELECT id FROM findings
         ORDER BY acknowledged IS NULL DESC, last DESC, id DESC LIMIT -1 OFFSET ?)`,
      FINDINGS_MAX
    )
    return 'raised'
  }

  #put({ id, acknowledged, raisedAtMs: _, ...finding }: KeptFinding): void {
    this.#sql.run(
      'UPDATE findings SET last = ?, body = ?, acknowledged = ? WHERE id = ?',
      finding.lastAtMs,
      JSON.stringify(finding),
      acknowledged === null ? null : JSON.stringify(acknowledged),
      id
    )
  }

  #tell(kind: ChangeKind, id: number, atMs: number): void {
    const body = JSON.stringify(this.finding(id))
    this.#sql.run('INSERT INTO changes (finding, kind, at, body) VALUES (?, ?, ?, ?)', id, kind, atMs, body)
    this.#sql.run('DELETE FROM changes WHERE seq <= (SELECT max(seq) FROM changes) - ?', CHANGES_MAX)
  }

  #kept(row: Row): KeptFinding {
    const acknowledged = row.acknowledged === null ? null : this.#parsed(textOf(row, 'acknowledged'))
    return {
      ...(this.#parsed(textOf(row, 'body')) as Finding),
      id: numberOf(row, 'id'),
      raisedAtMs: numberOf(row, 'raised'),
      acknowledged: acknowledged as Acknowledgement | null
    }
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new AppError(
        'HOME_CORRUPT',
        `${this.#path} has a row that can not be read; stop the node, remove the file, and start it again: only past findings are lost`,
        { details: { path: this.#path }, cause }
      )
    }
  }
}
