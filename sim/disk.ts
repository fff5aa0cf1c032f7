/**
 * A simulated disk with one version on it, and the store of a node over that disk. It keeps the promises of Store, and
 * breaks when told to: full, slow, or cut off by a crash, which tears what was not synchronised yet.
 *
 * The disk holds for each piece the bytes that were written, by reference to the true ones where they are equal. What
 * was durable when a node crashed is what its next life begins with.
 */

import { assert, defined } from '../src/base/assert.ts'
import { concatBytes } from '../src/base/bytes.ts'
import { AppError } from '../src/base/errors.ts'
import { idBytes, type PieceIndex } from '../src/base/ids.ts'
import { leafHashes } from '../src/content/merkle.ts'
import { pieceSpan, type Version } from '../src/content/version.ts'
import { MemoryRecords } from '../src/store/memory-records.ts'
import { PieceSet } from '../src/store/piece-set.ts'
import { sha256 } from '../src/store/sha256.ts'
import type {
  ChangeListener,
  Erased,
  FetchTarget,
  HashedTree,
  Holding,
  HoldingState,
  ReadRange,
  SalvageReport,
  Store,
  StoreStats,
  VerifyReport,
  WriteOutcome
} from '../src/store/store.ts'
import { DISK, PROCESSOR } from './constants.ts'
import { type Content, sameBytes } from './content.ts'
import type { Engine } from './engine.ts'
import type { Thread } from './processors.ts'
import type { Random } from './random.ts'

interface Written {
  /** Undefined when they are the true ones. */
  readonly bytes: Uint8Array | undefined
  isDurable: boolean
}

export class Disk {
  readonly engine: Engine
  readonly content: Content
  readonly #pieces = new Map<number, Written>()
  readonly #layers = new Map<number, Uint8Array>()
  #freeMs = 0
  #crashes = 0
  hasPlace = false
  isFull = false
  /** Times the usual time. */
  slowness = 1

  constructor(engine: Engine, content: Content) {
    this.engine = engine
    this.content = content
  }

  get layers(): ReadonlyMap<number, Uint8Array> {
    return this.#layers
  }

  fill(): void {
    this.hasPlace = true
    for (let piece = 0; piece < this.content.version.pieceCount; piece++)
      this.#pieces.set(piece, { bytes: undefined, isDurable: true })
    for (const [index, layer] of this.content.layers) this.#layers.set(index, layer)
  }

  keepLayer(index: number, layer: Uint8Array): void {
    this.#layers.set(index, layer)
  }

  isDurable(piece: number): boolean {
    return this.#pieces.get(piece)?.isDurable === true
  }

  /** Whether the piece would be there, and right, after a loss of power at this moment. */
  isTrue(piece: number): boolean {
    const written = this.#pieces.get(piece)
    return written?.isDurable === true && written.bytes === undefined
  }

  read(piece: number): Uint8Array {
    const written = defined(this.#pieces.get(piece), 'a piece that was written')
    return written.bytes ?? this.content.piece(piece)
  }

  /** Resolves when the system has taken the bytes. */
  async write(piece: number, bytes: Uint8Array): Promise<void> {
    if (this.isFull) throw new AppError('DISK_FULL', 'the simulated disk is full')
    const crashes = this.#crashes
    await this.#busy(bytes.length)
    if (this.#crashes !== crashes) return
    if (this.isFull) throw new AppError('DISK_FULL', 'the simulated disk is full')
    const isTrue = sameBytes(bytes, this.content.piece(piece))
    this.#pieces.set(piece, { bytes: isTrue ? undefined : bytes, isDurable: false })
  }

  /** Resolves when what was written is durable. */
  async sync(piece: number): Promise<void> {
    const written = this.#pieces.get(piece)
    await this.engine.pause(DISK.syncMs * this.slowness)
    // A crash puts something else in its place.
    if (written !== undefined) written.isDurable = true
  }

  #busy(bytes: number): Promise<void> {
    const costMs = (bytes / DISK.bytesPerMs) * this.slowness
    this.#freeMs = Math.max(this.#freeMs, this.engine.nowMs) + costMs
    return this.engine.pause(this.#freeMs - this.engine.nowMs)
  }

  forgetAll(): void {
    this.#pieces.clear()
  }

  /** Loses power: of what was not synchronised some is there, some is gone, and some is half there. */
  crash(random: Random): void {
    this.#crashes++
    for (const [piece, written] of this.#pieces) {
      if (written.isDurable) continue
      if (random.chance(0.5)) {
        const torn = this.content.piece(piece).slice()
        torn.fill(0, torn.length >>> 1)
        this.#pieces.set(piece, { bytes: torn, isDurable: false })
      } else this.#pieces.delete(piece)
    }
  }
}

class DiskHolding implements Holding {
  readonly id = '1'
  readonly root = '/data'
  readonly kind = 'fetched'
  readonly problem = undefined
  readonly selected = undefined
  readonly have: PieceSet
  readonly #store: DiskStore

  constructor(store: DiskStore) {
    this.#store = store
    this.have = new PieceSet(this.version.pieceCount)
    for (let piece = 0; piece < this.version.pieceCount; piece++)
      if (store.disk.isDurable(piece)) this.have.add(piece)
  }

  get version(): Version {
    return this.#store.disk.content.version
  }

  get state(): HoldingState {
    return this.have.size === this.version.pieceCount ? 'complete' : 'fetching'
  }

  pieceHash(piece: PieceIndex): Uint8Array | undefined {
    const span = pieceSpan(this.version, piece)
    if (span.file.pieceCount === 1) return idBytes(defined(span.file.root, 'a root'))
    return this.layer(span.fileIndex) && this.#store.disk.content.pieceHash(piece)
  }

  layer(fileIndex: number): Uint8Array | undefined {
    return this.#store.disk.layers.get(fileIndex)
  }

  async setLayer(fileIndex: number, layer: Uint8Array): Promise<void> {
    this.#store.disk.keepLayer(fileIndex, Uint8Array.from(layer))
  }

  async writePiece(
    piece: PieceIndex,
    blocks: readonly Uint8Array[],
    onWritten?: () => void
  ): Promise<WriteOutcome> {
    const { disk, engine } = this.#store
    const bytes = concatBytes(blocks)
    assert(this.pieceHash(piece) !== undefined, 'the layer of the file is known')
    await this.#store.work(PROCESSOR.storeMsPerPiece + bytes.length * PROCESSOR.storeMsPerByte)
    if (this.have.has(piece)) return { outcome: 'durable' }
    if (!this.#store.matches(piece, bytes)) return { outcome: 'mismatch' }
    await this.#store.unlessOver(disk.write(piece, bytes))
    onWritten?.()
    await this.#store.unlessOver(disk.sync(piece))
    engine.touched()
    this.have.add(piece)
    this.#store.changed(this)
    return { outcome: 'durable' }
  }

  async read({ piece, begin, length }: ReadRange, into?: Uint8Array): Promise<Uint8Array> {
    await this.#store.work(0)
    const bytes = this.#store.disk.read(piece).subarray(begin, begin + length)
    if (into === undefined) return bytes.slice()
    into.set(bytes)
    return into.subarray(0, length)
  }

  async leafHashes(piece: PieceIndex): Promise<Uint8Array> {
    await this.#store.work(0)
    return leafHashes(this.#store.disk.read(piece), sha256)
  }

  verify(): Promise<VerifyReport> {
    return Promise.reject(new AppError('STORAGE_FAILED', 'a simulated holding is not verified again'))
  }

  async disclaim(piece: PieceIndex): Promise<void> {
    this.have.delete(piece)
  }

  salvage(): Promise<SalvageReport> {
    return Promise.reject(new AppError('STORAGE_FAILED', 'of a simulated holding nothing is left to salvage'))
  }
}

export interface DiskStoreInit {
  readonly engine: Engine
  readonly disk: Disk
  /** Does what takes processor time; undefined where that is free. */
  readonly thread: Thread | undefined
  /** The life of the node that opened it is over: nothing is answered any more. */
  readonly isOver: () => boolean
}

/** The store of one life of a node. */
export class DiskStore implements Store {
  readonly records = new MemoryRecords()
  readonly engine: Engine
  readonly disk: Disk
  readonly #init: DiskStoreInit
  readonly #listeners = new Set<ChangeListener>()
  #holding: DiskHolding | undefined

  constructor(init: DiskStoreInit) {
    this.#init = init
    this.engine = init.engine
    this.disk = init.disk
    if (this.disk.hasPlace) this.#holding = new DiskHolding(this)
  }

  holdings(): readonly Holding[] {
    return this.#holding === undefined ? [] : [this.#holding]
  }

  async create(target: FetchTarget): Promise<Holding> {
    this.engine.touched()
    this.disk.hasPlace = true
    for (const [fileIndex, layer] of target.layers) this.disk.keepLayer(fileIndex, layer)
    this.#holding ??= new DiskHolding(this)
    return this.#holding
  }

  adopt(_tree: HashedTree): Promise<Holding> {
    return Promise.reject(new AppError('STORAGE_FAILED', 'a simulated disk is filled, not published from'))
  }

  async cutChunks(): Promise<undefined> {
    return undefined
  }

  async forget(): Promise<void> {
    this.#holding = undefined
  }

  erase(): Promise<Erased> {
    return Promise.reject(new AppError('STORAGE_FAILED', 'nothing is erased from a simulated disk'))
  }

  removeSource(): Promise<number> {
    return Promise.reject(new AppError('STORAGE_FAILED', 'nothing is published from a simulated disk'))
  }

  async scrub(): Promise<void> {
    this.records.scrub()
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  changed(holding: Holding): void {
    for (const listener of this.#listeners) listener(holding)
  }

  /** As good as hashing: the true bytes are at hand. */
  matches(piece: number, bytes: Uint8Array): boolean {
    return sameBytes(bytes, this.disk.content.piece(piece))
  }

  stats(): StoreStats {
    const timedReads = { bytes: 0, ms: 0 }
    return { hashedBytes: 0, writtenBytes: 0, readBytes: 0, commits: 0, commitMs: 0, timedReads }
  }

  async close(): Promise<void> {
    this.#listeners.clear()
  }

  /** A promise that stays open when the life of the node ends first. */
  async unlessOver<T>(promise: Promise<T>): Promise<T> {
    this.engine.touched()
    try {
      return await promise
    } finally {
      if (this.#init.isOver()) await new Promise(() => undefined)
    }
  }

  /** The store's thread is at it for a while. */
  work(ms: number): Promise<void> {
    const { thread } = this.#init
    this.engine.touched()
    if (thread === undefined || ms === 0) return this.unlessOver(Promise.resolve())
    return this.unlessOver(
      new Promise(resolve => {
        thread.do(
          () => ms,
          () => {
            this.engine.touched()
            resolve()
          }
        )
      })
    )
  }
}
