/**
 * The store of a node: holdings on the file system, their index in `index.db`, records in `ledger.db`.
 *
 * Threads: this one decides and never waits for a disk on the path of the data; the hash pool reads, hashes and
 * writes content; the commit worker fsyncs, names files and writes the index. The only synchronous disk work
 * here is opening the store, looking at the metadata of files that are served, and records.
 */

import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { assert } from '../base/assert.ts'
import type { Chunks } from '../content/chunk-index.ts'
import { decodeInfo } from '../content/info.ts'
import type { Version } from '../content/version.ts'
import { makeFolderSync } from '../files/make-folder.ts'
import type { TreeToRemove } from './commit-jobs.ts'
import { CommitQueue } from './commit-queue.ts'
import { placeOfRoot } from './destination.ts'
import { FilesystemHolding, type HoldingContext, type HoldingOptions } from './filesystem-holding.ts'
import { HashPool } from './hash-pool.ts'
import { type HeldFiles, selectionOf } from './held-files.ts'
import { type Opening, openFetch, openSource } from './holding-opening.ts'
import { removalOf } from './holding-removal.ts'
import { type HoldingRow, IndexDatabase } from './index-database.ts'
import { LeafBook } from './leaf-book.ts'
import { OpenFiles } from './open-files.ts'
import { PieceCache } from './piece-cache.ts'
import { type ReadAt, timedReadAt } from './read-at.ts'
import { addReads, ReadClock } from './read-clock.ts'
import { recoverFiles } from './recovery.ts'
import { lstatOf } from './safe-files.ts'
import { sha256 } from './sha256.ts'
import { SqliteRecords } from './sqlite-records.ts'
import type {
  ChangeListener,
  Erased,
  EraseOptions,
  FetchTarget,
  HashedTree,
  Holding,
  Store,
  StoreStats
} from './store.ts'
import { WriteSlots } from './write-slots.ts'

export interface FilesystemStoreOptions {
  /** Folder for the databases; created if it is missing. */
  readonly home: string
  /** Shared with whoever publishes; the store closes it. */
  readonly pool?: HashPool
  /** A monotonic clock in milliseconds. */
  readonly nowMs?: () => number
  /** How content is read for serving; tests let it fail. */
  readonly readAt?: ReadAt
}

/** Files that are removed before other writes have their turn. */
const REMOVED_AT_ONCE = 256

/** Where the last run of files begins. */
function lastOf(files: number): number {
  return Math.floor(Math.max(0, files - 1) / REMOVED_AT_ONCE) * REMOVED_AT_ONCE
}

export class FilesystemStore implements Store {
  readonly records: SqliteRecords
  readonly pool: HashPool
  readonly cache: PieceCache
  readonly leaves = new LeafBook()
  readonly #context: HoldingContext
  readonly #holdings = new Map<string, FilesystemHolding>()
  readonly #listeners = new Set<ChangeListener>()
  readonly #changed = new Set<FilesystemHolding>()
  readonly #reads = new ReadClock()
  #counted = { readBytes: 0, writtenBytes: 0 }
  /** Holdings come and go one at a time, so that two never settle in one place. */
  #turn: Promise<unknown> = Promise.resolve()

  /** Opens the store of a home folder with all that it held before. Throws AppError HOME_CORRUPT. */
  static async open(options: FilesystemStoreOptions): Promise<FilesystemStore> {
    makeFolderSync(options.home, { mode: 0o700 })
    const indexPath = join(options.home, 'index.db')
    const index = new IndexDatabase(indexPath)
    let rows: HoldingRow[]
    try {
      rows = index.load()
    } finally {
      index.close()
    }
    const store = new FilesystemStore(options, indexPath)
    for (const row of rows) await store.#recover(row)
    return store
  }

  private constructor(options: FilesystemStoreOptions, indexPath: string) {
    this.records = new SqliteRecords(join(options.home, 'ledger.db'))
    this.pool = options.pool ?? new HashPool()
    const { pool, records, leaves } = this
    const readAt = options.readAt ?? timedReadAt(this.#reads)
    this.cache = new PieceCache({ home: options.home, pool, records, leaves, readAt })
    this.#context = {
      pool: this.pool,
      commits: new CommitQueue(indexPath),
      openFiles: new OpenFiles(),
      slots: new WriteSlots(),
      readAt,
      nowMs: options.nowMs ?? (() => performance.now()),
      changed: holding => this.#notify(holding),
      countRead: bytes => {
        this.#counted.readBytes += bytes
      },
      countWritten: bytes => {
        this.#counted.writtenBytes += bytes
      }
    }
  }

  holdings(): readonly Holding[] {
    return [...this.#holdings.values()]
  }

  create(target: FetchTarget): Promise<Holding> {
    return this.#inTurn(() => openFetch(target, this.#opening()))
  }

  adopt(tree: HashedTree): Promise<Holding> {
    return this.#inTurn(() => openSource(tree, this.#opening()))
  }

  async cutChunks(holding: Holding, fileIndex: number, offset: number): Promise<Chunks | undefined> {
    const own = this.#holdings.get(holding.id)
    // It may have been forgotten since the last chunk.
    if (own === undefined || own !== holding) return undefined
    const { bytes: fileBytes } = own.files.entry(fileIndex)
    assert(offset >= 0 && offset < fileBytes, 'a chunk begins within its file')
    const file = own.files.current(fileIndex)
    const result = await own.underWay.track(this.pool.chunks({ kind: 'chunks', file, offset, fileBytes }))
    return result.outcome === 'cut' ? result : undefined
  }

  forget(holding: Holding): Promise<void> {
    return this.#inTurn(async () => {
      const own = this.#holdings.get(holding.id)
      if (own === undefined) return
      assert(own === holding, 'a holding of this store')
      await own.close()
      const parts = [...own.files.withBytes()]
        .filter(fileIndex => ['part', 'unnamed'].includes(own.files.get(fileIndex).phase))
        .map(fileIndex => own.files.part(fileIndex))
      for (const fileIndex of own.files.withBytes()) this.#context.openFiles.drop(own.fileKey(fileIndex))
      const last = lastOf(parts.length)
      for (let at = 0; at < last; at += REMOVED_AT_ONCE)
        await this.#context.commits.run({ kind: 'parts', parts: parts.slice(at, at + REMOVED_AT_ONCE) })
      await this.#context.commits.run({ kind: 'forget', holding: own.rowId, parts: parts.slice(last) })
      this.#holdings.delete(own.id)
    })
  }

  erase(holding: Holding, options: EraseOptions): Promise<Erased> {
    return this.#inTurn(async () => {
      const own = this.#holdings.get(holding.id)
      if (own === undefined) return { outcome: 'gone' }
      assert(own === holding, 'a holding of this store')
      const isRemoved = own.kind === 'fetched' || options.source === 'remove'
      const isMissing = lstatOf(own.files.place.base)?.isDirectory() !== true
      if (isRemoved && isMissing && options.missing === 'wait') return { outcome: 'missing' }
      await own.close()
      for (const fileIndex of own.files.withBytes()) this.#context.openFiles.drop(own.fileKey(fileIndex))
      const all = isRemoved && !isMissing ? removalOf(own.files, this.#files(own)) : undefined
      const { remove, bytes } =
        all === undefined ? { remove: undefined, bytes: 0 } : await this.#removeMost(all)
      const answer = await this.#context.commits.run({ kind: 'erase', holding: own.rowId, remove })
      assert(answer.kind === 'erased', 'an erasure is answered as one')
      this.#holdings.delete(own.id)
      return { outcome: 'erased', bytes: bytes + answer.bytes }
    })
  }

  removeSource(version: Version, root: string): Promise<number> {
    return this.#inTurn(async () => {
      const all = removalOf({ version, place: placeOfRoot(version, root) }, this.#files())
      const { remove, bytes } = await this.#removeMost(all)
      return bytes + (await this.#remove(remove))
    })
  }

  /** Removes files a few at a time, so that no write waits for all of them; answers what is left for the end. */
  async #removeMost(all: TreeToRemove): Promise<{ readonly remove: TreeToRemove; readonly bytes: number }> {
    const { tree, files } = all
    const bare = { tree: { base: tree.base, folders: [], emptyFiles: [], links: [] }, ownsBase: false }
    const last = lastOf(files.length)
    let bytes = 0
    for (let at = 0; at < last; at += REMOVED_AT_ONCE)
      bytes += await this.#remove({ ...bare, files: files.slice(at, at + REMOVED_AT_ONCE) })
    return { remove: { ...all, files: files.slice(last) }, bytes }
  }

  async #remove(remove: TreeToRemove): Promise<number> {
    const answer = await this.#context.commits.run({ kind: 'remove', remove })
    assert(answer.kind === 'erased', 'a removal is answered as one')
    return answer.bytes
  }

  scrub(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#context.commits.run({ kind: 'scrub' })
      this.records.scrub()
    })
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stats(): StoreStats {
    return {
      ...this.#counted,
      hashedBytes: this.pool.hashedBytes,
      commits: this.#context.commits.commits,
      commitMs: this.#context.commits.commitMs,
      timedReads: addReads([this.#reads.sums(), this.pool.reads])
    }
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      await Promise.all([...this.#holdings.values()].map(holding => holding.close()))
      await this.#context.commits.close()
      await this.cache.close()
      await this.pool.close()
      this.#context.openFiles.close()
      this.records.close()
      this.#listeners.clear()
    })
  }

  #opening(): Opening {
    return {
      context: this.#context,
      holdings: [...this.#holdings.values()],
      add: options => this.#add(options)
    }
  }

  #files(except?: FilesystemHolding): HeldFiles[] {
    return [...this.#holdings.values()].filter(holding => holding !== except).map(({ files }) => files)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  #notify(holding: FilesystemHolding): void {
    // One call per batch of news, however many pieces it is about.
    if (this.#changed.size === 0)
      queueMicrotask(() => {
        const changed = [...this.#changed]
        this.#changed.clear()
        for (const one of changed) for (const listener of this.#listeners) listener(one)
      })
    this.#changed.add(holding)
  }

  #add(options: HoldingOptions): FilesystemHolding {
    const holding = new FilesystemHolding(options, this.#context)
    this.#holdings.set(holding.id, holding)
    return holding
  }

  async #recover(row: HoldingRow): Promise<void> {
    const version = decodeInfo(row.info, sha256)
    const { id: rowId, root, kind, layers, complete } = row
    const selected = selectionOf(version, row.selected)
    const holding = this.#add({ rowId, version, root, kind, layers, complete, selected })
    const { amendment, damage } = recoverFiles(row, holding.files)
    if (amendment.dropFiles.length > 0) await holding.amend(amendment)
    holding.settle({ damage })
    await holding.nameFiles()
    if (!complete) await holding.finishOrFail()
  }
}
