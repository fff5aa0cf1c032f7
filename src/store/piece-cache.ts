/**
 * What was read through this device of versions that it does not keep, piece by piece, so that what is read again, or
 * by another, need not be fetched again. It has a limit, and what was used longest ago goes first; with a limit of
 * zero there is no cache. It lasts over restarts: a folder for each version under `cache` in the home, with its info
 * dictionary, the piece layers that are known, and a file for each piece.
 *
 * It is beside the store's holdings, not among them: nobody counts it as a copy of anything. Whoever deletes a version
 * drops it here too.
 */

import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, systemCodeOf } from '../base/errors.ts'
import { type PieceIndex, pieceIndex, type VersionId } from '../base/ids.ts'
import { GIB, MIB } from '../base/units.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { decodeInfo } from '../content/info.ts'
import { pieceLength, type Version } from '../content/version.ts'
import { makeFolderSync } from '../files/make-folder.ts'
import { CachedHolding, type CacheOwner, layerIndexOf } from './cached-holding.ts'
import { appErrorOf, failureOf } from './failure.ts'
import type { HashPool } from './hash-pool.ts'
import { LeafBook } from './leaf-book.ts'
import { OpenFiles } from './open-files.ts'
import { type ReadAt, readAtOffset } from './read-at.ts'
import type { RecordStore } from './records.ts'
import { sha256 } from './sha256.ts'
import type { CacheUsage, ChangeListener, Holding, PieceLayers, ReadCache } from './store.ts'

export const CACHE_BYTES_DEFAULT = 2 * GIB
/** Below this readers would drive out each other's pieces before they are read. */
export const CACHE_BYTES_MIN = 128 * MIB
/** Files of the cache, however small the pieces. */
const PIECES_MAX = 65_536
const FOLDER = 'cache'
const INFO_NAME = 'info'
const LIMIT_BLOB = 'cache/limit'
const OPEN_MAX = 32
const CAN_SYNC_FOLDERS = process.platform !== 'win32'

interface Kept {
  readonly holding: CachedHolding
  readonly piece: PieceIndex
  readonly bytes: number
}

export interface PieceCacheInit {
  readonly home: string
  readonly pool: HashPool
  readonly records: RecordStore
  /** By default one of its own. */
  readonly leaves?: LeafBook
  /** How content is read for serving. */
  readonly readAt?: ReadAt
  /** The least limit but zero. */
  readonly bytesMin?: number
}

export class PieceCache implements ReadCache, CacheOwner {
  readonly pool: HashPool
  readonly leaves: LeafBook
  readonly readAt: ReadAt
  readonly openFiles = new OpenFiles(OPEN_MAX)
  readonly #records: RecordStore
  readonly #root: string
  readonly #bytesMin: number
  readonly #holdings = new Map<VersionId, CachedHolding>()
  /** By version and piece, the one that was used longest ago first. */
  readonly #kept = new Map<string, Kept>()
  readonly #listeners = new Set<ChangeListener>()
  readonly #removals = new Set<Promise<unknown>>()
  #limitBytes: number
  #usedBytes = 0

  /** Opens the cache with what lies in it. */
  constructor({ home, pool, records, bytesMin = CACHE_BYTES_MIN, ...init }: PieceCacheInit) {
    const { leaves = new LeafBook(), readAt = readAtOffset } = init
    this.pool = pool
    this.readAt = readAt
    this.leaves = leaves
    this.#bytesMin = bytesMin
    this.#records = records
    const limit = records.getBlob(LIMIT_BLOB)
    this.#limitBytes = limit === undefined ? CACHE_BYTES_DEFAULT : Number(Buffer.from(limit).toString())
    // Files are opened by their real path.
    this.#root = join(realpathSync(home), FOLDER)
    this.#load()
  }

  get limitBytes(): number {
    return this.#limitBytes
  }

  usage(): CacheUsage {
    const { limitBytes } = this
    const versions = [...this.#holdings.values()].filter(({ have }) => have.size > 0).length
    return { limitBytes, usedBytes: this.#usedBytes, pieces: this.#kept.size, versions }
  }

  /** Zero for no cache. What is too much goes at once. */
  async setLimit(bytes: number): Promise<void> {
    if (!Number.isSafeInteger(bytes) || bytes < 0 || (bytes > 0 && bytes < this.#bytesMin))
      throw new AppError(
        'USAGE',
        `a cache of ${bytes} B can not be: it is 0, for none, or at least ${this.#bytesMin / MIB} MiB`
      )
    this.#records.putBlob(LIMIT_BLOB, Buffer.from(String(bytes)))
    this.#limitBytes = bytes
    this.#evict(0)
    await this.settled()
  }

  holdings(): readonly Holding[] {
    return [...this.#holdings.values()]
  }

  find(version: VersionId): CachedHolding | undefined {
    return this.#holdings.get(version)
  }

  /** Where pieces of a version go. AppError DISK_FULL, STORAGE_FAILED. */
  take(version: Version, layers: PieceLayers): CachedHolding {
    const known = this.#holdings.get(version.id)
    if (known !== undefined) return known
    const root = join(this.#root, version.id)
    try {
      makeFolderSync(root, { mode: 0o700 })
      writeFileSync(join(root, INFO_NAME), version.infoBytes)
    } catch (error) {
      throw appErrorOf(failureOf('write', root, error), error)
    }
    const holding = new CachedHolding({ version, root, layers: new Map() }, this)
    for (const [fileIndex, layer] of layers) holding.keepLayer(fileIndex, layer)
    this.#holdings.set(version.id, holding)
    return holding
  }

  /** Removes everything of a version, durably; answers how many bytes of it there were. */
  async drop(version: VersionId): Promise<number> {
    const holding = this.#holdings.get(version)
    const root = join(this.#root, version)
    let bytes = 0
    for (const [key, each] of this.#kept)
      if (each.holding === holding) {
        bytes += each.bytes
        this.#usedBytes -= each.bytes
        this.#kept.delete(key)
      }
    this.#holdings.delete(version)
    const ended = holding?.end()
    if (holding !== undefined) this.#tell(holding)
    await ended
    await this.settled()
    try {
      await rm(root, { recursive: true, force: true })
      this.#sync()
    } catch (error) {
      throw appErrorOf(failureOf('remove', root, error), error)
    }
    return bytes
  }

  /** Called after pieces of a holding came or went. */
  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves once what was let go of is removed. */
  async settled(): Promise<void> {
    await Promise.all(this.#removals)
  }

  async close(): Promise<void> {
    await this.settled()
    this.openFiles.close()
    this.#listeners.clear()
  }

  // ---- for holdings

  async makeRoom(bytes: number): Promise<void> {
    this.#evict(bytes)
    // The limit holds on the disk too.
    await this.settled()
  }

  used(holding: CachedHolding, piece: PieceIndex): void {
    const key = keyOf(holding, piece)
    const known = this.#kept.get(key)
    this.#kept.delete(key)
    const bytes = known?.bytes ?? pieceLength(holding.version, piece)
    this.#kept.set(key, { holding, piece, bytes })
    if (known !== undefined) return
    this.#usedBytes += bytes
    this.#evict(0)
    this.#tell(holding)
  }

  lost(holding: CachedHolding, piece: PieceIndex): void {
    const kept = this.#kept.get(keyOf(holding, piece))
    if (kept !== undefined) this.#letGo(kept)
  }

  #evict(comingBytes: number): void {
    const { limitBytes } = this
    for (const kept of this.#kept.values()) {
      const isWithin = this.#usedBytes + comingBytes <= limitBytes && this.#kept.size <= PIECES_MAX
      if (isWithin) return
      this.#letGo(kept)
    }
  }

  #letGo(kept: Kept): void {
    const { holding, piece, bytes } = kept
    this.#kept.delete(keyOf(holding, piece))
    this.#usedBytes -= bytes
    const path = holding.pathOf(piece)
    holding.letGo(piece)
    const removal = unlink(path)
      .catch(error => {
        if (systemCodeOf(error) !== 'ENOENT') throw appErrorOf(failureOf('remove', path, error), error)
      })
      .finally(() => this.#removals.delete(removal))
    removal.catch(() => undefined)
    this.#removals.add(removal)
    this.#tell(holding)
  }

  #tell(holding: CachedHolding): void {
    for (const listener of this.#listeners) listener(holding)
  }

  // ---- at the start

  #load(): void {
    const found: (Kept & { readonly usedMs: number })[] = []
    for (const name of namesIn(this.#root)) {
      const root = join(this.#root, name)
      const holding = this.#opened(root, name)
      if (holding === undefined) {
        rmSync(root, { recursive: true, force: true })
        continue
      }
      for (const { piece, bytes, usedMs } of piecesIn(holding)) {
        holding.claim(piece)
        found.push({ holding, piece, bytes, usedMs })
      }
      if (holding.have.size === 0) rmSync(root, { recursive: true, force: true })
      else this.#holdings.set(holding.version.id, holding)
    }
    found.sort((a, b) => a.usedMs - b.usedMs)
    for (const { holding, piece, bytes } of found) {
      this.#kept.set(keyOf(holding, piece), { holding, piece, bytes })
      this.#usedBytes += bytes
    }
    this.#evict(0)
  }

  /** Undefined when that is no folder of the cache, or was not made to its end. */
  #opened(root: string, name: string): CachedHolding | undefined {
    try {
      const version = decodeInfo(readFileSync(join(root, INFO_NAME)), sha256)
      if (version.id !== name) return undefined
      const layers = new Map<number, Uint8Array>()
      for (const entry of namesIn(root)) {
        const fileIndex = layerIndexOf(entry)
        const layer = fileIndex === undefined ? undefined : new Uint8Array(readFileSync(join(root, entry)))
        const count = fileIndex === undefined ? 0 : (version.files[fileIndex]?.pieceCount ?? 0)
        if (fileIndex !== undefined && layer?.length === count * HASH_BYTES) layers.set(fileIndex, layer)
      }
      return new CachedHolding({ version, root, layers }, this)
    } catch {
      return undefined
    }
  }

  #sync(): void {
    if (!CAN_SYNC_FOLDERS) return
    try {
      const fd = openSync(this.#root, 'r')
      fsyncSync(fd)
      closeSync(fd)
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error
    }
  }
}

function keyOf(holding: CachedHolding, piece: PieceIndex): string {
  return `${holding.version.id}/${piece}`
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return []
    throw error
  }
}

function piecesIn({ version, root }: CachedHolding) {
  return namesIn(root).flatMap(name => {
    if (!/^\d{1,9}$/.test(name) || Number(name) >= version.pieceCount) return []
    const piece = pieceIndex(Number(name))
    const { size, mtimeMs } = statSync(join(root, name))
    return size === pieceLength(version, piece) ? [{ piece, bytes: size, usedMs: mtimeMs }] : []
  })
}
