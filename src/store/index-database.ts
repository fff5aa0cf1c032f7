/**
 * The index of what the store holds, `index.db` of the home folder.
 *
 * - `holdings.have` is the bitmap of durable pieces. It is only ever written after the bytes were fsynced.
 * - `files` has one row per file that was begun: `inode` names the part file; `fingerprint` is set in the very
 *   transaction that claims the last piece, before the part file gets its name. So whatever instant the process
 *   dies at, the file that bears that fingerprint, under either name, is whole.
 * - `selected` is a bitmap of the files that are to be there; NULL for all of them.
 * - `complete` says that every selected file has its name, and links and folders are on disk.
 *
 * It does not look at the files: recovery.ts compares both.
 */

import type { DatabaseSync } from 'node:sqlite'
import { assert, defined } from '../base/assert.ts'
import { PieceSet } from './piece-set.ts'
import { openDatabase, scrub, transaction } from './sqlite-file.ts'
import { bytesOf, numberOf, Statements, textOf } from './statements.ts'
import type { Fingerprint } from './store.ts'

const SCHEMA = {
  what: 'the index of the store',
  steps: [
    `CREATE TABLE versions (id TEXT PRIMARY KEY, info BLOB NOT NULL) STRICT;
     CREATE TABLE layers (
       version_id TEXT NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
       file INTEGER NOT NULL,
       layer BLOB NOT NULL,
       PRIMARY KEY (version_id, file)
     ) STRICT;
     CREATE TABLE holdings (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       version_id TEXT NOT NULL REFERENCES versions (id),
       kind TEXT NOT NULL CHECK (kind IN ('source', 'fetched')),
       root TEXT NOT NULL,
       piece_count INTEGER NOT NULL,
       have BLOB NOT NULL,
       complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
       UNIQUE (version_id, root)
     ) STRICT;
     CREATE TABLE files (
       holding_id INTEGER NOT NULL REFERENCES holdings (id) ON DELETE CASCADE,
       file INTEGER NOT NULL,
       inode TEXT NOT NULL,
       fingerprint TEXT,
       PRIMARY KEY (holding_id, file)
     ) STRICT, WITHOUT ROWID;`,
    'ALTER TABLE holdings ADD COLUMN selected BLOB'
  ]
}

export type HoldingKind = 'source' | 'fetched'

export interface FileRow {
  readonly file: number
  readonly inode: string
  readonly fingerprint: Fingerprint | undefined
}

export interface HoldingRow {
  readonly id: number
  readonly versionId: string
  readonly info: Uint8Array
  readonly kind: HoldingKind
  readonly root: string
  readonly have: Uint8Array
  readonly complete: boolean
  /** Undefined for all files. */
  readonly selected: Uint8Array | undefined
  readonly layers: ReadonlyMap<number, Uint8Array>
  readonly files: readonly FileRow[]
}

export interface NewHolding {
  readonly versionId: string
  readonly info: Uint8Array
  readonly kind: HoldingKind
  readonly root: string
  readonly pieceCount: number
  readonly layers: ReadonlyMap<number, Uint8Array>
}

/** Pieces `first` to `first + count - 1`. */
export interface PieceRun {
  readonly first: number
  readonly count: number
}

export interface Amendment {
  readonly holding: number
  readonly drop: readonly PieceRun[]
  readonly add: readonly PieceRun[]
  readonly dropFiles: readonly number[]
  readonly putFiles: readonly FileRow[]
  readonly complete?: boolean
  /** Null for all files, undefined for no change. */
  readonly selected?: Uint8Array | null
}

export class IndexDatabase {
  readonly #database: DatabaseSync
  readonly #statements: Statements

  constructor(path: string) {
    this.#database = openDatabase(path, SCHEMA)
    this.#statements = new Statements(this.#database)
  }

  close(): void {
    this.#database.close()
  }

  transaction<T>(work: () => T): T {
    return transaction(this.#database, work)
  }

  load(): HoldingRow[] {
    return this.#statements
      .all('SELECT h.*, v.info FROM holdings h JOIN versions v ON v.id = h.version_id ORDER BY h.id')
      .map(row => {
        const id = numberOf(row, 'id')
        const versionId = textOf(row, 'version_id')
        const kind = textOf(row, 'kind')
        assert(kind === 'source' || kind === 'fetched', 'the schema allows two kinds')
        const layers = this.#statements.all('SELECT file, layer FROM layers WHERE version_id = ?', versionId)
        return {
          id,
          versionId,
          info: bytesOf(row, 'info'),
          kind,
          root: textOf(row, 'root'),
          have: bytesOf(row, 'have'),
          complete: numberOf(row, 'complete') === 1,
          selected: row.selected === null ? undefined : bytesOf(row, 'selected'),
          layers: new Map(layers.map(layer => [numberOf(layer, 'file'), bytesOf(layer, 'layer')])),
          files: this.#files(id)
        }
      })
  }

  /** Adds a holding without any piece; returns its id. */
  insert(holding: NewHolding): number {
    const { versionId, kind, root, pieceCount } = holding
    this.#statements.run(
      'INSERT INTO versions (id, info) VALUES (?, ?) ON CONFLICT DO NOTHING',
      versionId,
      holding.info
    )
    for (const [file, layer] of holding.layers) this.putLayer(versionId, file, layer)
    const row = this.#statements.get(
      `INSERT INTO holdings (version_id, kind, root, piece_count, have, complete)
       VALUES (?, ?, ?, ?, ?, 0) RETURNING id`,
      versionId,
      kind,
      root,
      pieceCount,
      new PieceSet(pieceCount).toBytes()
    )
    return numberOf(defined(row, 'the new holding'), 'id')
  }

  putLayer(versionId: string, file: number, layer: Uint8Array): void {
    this.#statements.run(
      'INSERT INTO layers (version_id, file, layer) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      versionId,
      file,
      layer
    )
  }

  have(holding: number): PieceSet | undefined {
    const row = this.#statements.get('SELECT piece_count, have FROM holdings WHERE id = ?', holding)
    if (row === undefined) return undefined
    return defined(
      PieceSet.fromBytes(bytesOf(row, 'have'), numberOf(row, 'piece_count')),
      'a bitmap of pieces'
    )
  }

  putHave(holding: number, have: PieceSet): void {
    this.#statements.run('UPDATE holdings SET have = ? WHERE id = ?', have.toBytes(), holding)
  }

  putFile(holding: number, row: FileRow): void {
    this.#statements.run(
      `INSERT INTO files (holding_id, file, inode, fingerprint) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET inode = excluded.inode, fingerprint = excluded.fingerprint`,
      holding,
      row.file,
      row.inode,
      row.fingerprint ?? null
    )
  }

  /** False when the holding is gone. */
  amend(amendment: Amendment): boolean {
    const { holding } = amendment
    const have = this.have(holding)
    if (have === undefined) return false
    for (const run of amendment.drop)
      for (let piece = run.first; piece < run.first + run.count; piece++) have.delete(piece)
    for (const run of amendment.add)
      for (let piece = run.first; piece < run.first + run.count; piece++) have.add(piece)
    this.putHave(holding, have)
    for (const file of amendment.dropFiles)
      this.#statements.run('DELETE FROM files WHERE holding_id = ? AND file = ?', holding, file)
    for (const row of amendment.putFiles) this.putFile(holding, row)
    if (amendment.selected !== undefined)
      this.#statements.run('UPDATE holdings SET selected = ? WHERE id = ?', amendment.selected, holding)
    if (amendment.complete !== undefined)
      this.#statements.run(
        'UPDATE holdings SET complete = ? WHERE id = ?',
        amendment.complete ? 1 : 0,
        holding
      )
    return true
  }

  remove(holding: number): void {
    this.#statements.run('DELETE FROM holdings WHERE id = ?', holding)
    this.#statements.run('DELETE FROM versions WHERE id NOT IN (SELECT version_id FROM holdings)')
  }

  /** See sqlite-file.ts. */
  scrub(): void {
    scrub(this.#database)
  }

  #files(holding: number): FileRow[] {
    return this.#statements
      .all('SELECT file, inode, fingerprint FROM files WHERE holding_id = ?', holding)
      .map(row => ({
        file: numberOf(row, 'file'),
        inode: textOf(row, 'inode'),
        fingerprint: row.fingerprint === null ? undefined : textOf(row, 'fingerprint')
      }))
  }
}
