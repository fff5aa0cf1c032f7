/**
 * Pieces of one version that were read through this device and are kept for a while, each in a file of its own: what
 * piece-cache.ts lets go of. It holds what it has and no more: nothing of the version is selected, so it is never
 * complete, and nobody counts it as a copy.
 *
 * A piece is verified before it is written, and not fsynced: what a crash may have spoiled is verified once more when
 * it is first read after a start. What does not match, or is gone, is let go of.
 */

import { close, utimes, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert, defined } from '../base/assert.ts'
import { AppError, systemCodeOf } from '../base/errors.ts'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { MINUTE_MS } from '../base/units.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { leafCountOf, pieceLeafWidth } from '../content/merkle.ts'
import { type PieceSpan, pieceLength, pieceSpan, type Version } from '../content/version.ts'
import { appErrorOf, failureOf } from './failure.ts'
import type { HashPool } from './hash-pool.ts'
import { pieceHashOf } from './held-files.ts'
import type { LeafBook } from './leaf-book.ts'
import type { OpenFile, OpenFiles } from './open-files.ts'
import { checkBlocks, uninitialized } from './piece-bytes.ts'
import { PieceSet } from './piece-set.ts'
import type { ReadAt } from './read-at.ts'
import type { PlacedFile } from './safe-files.ts'
import type {
  Holding,
  PieceLayers,
  ReadRange,
  SalvageReport,
  VerifyOptions,
  VerifyReport,
  WriteOutcome
} from './store.ts'
import { UnderWay } from './under-way.ts'

/** How often a file is told that it was read, which is what orders pieces after a start. */
const TOUCH_MS = 10 * MINUTE_MS
const LAYER_PREFIX = 'layer-'

/** What the cache does for its holdings. */
export interface CacheOwner {
  readonly pool: HashPool
  readonly readAt: ReadAt
  readonly openFiles: OpenFiles
  /** Takes the leaves of what comes: it is read next. */
  readonly leaves: LeafBook
  /** Makes room for a piece that comes. */
  makeRoom(bytes: number): Promise<void>
  /** A piece is here, or is read again. */
  used(holding: CachedHolding, piece: PieceIndex): void
  /** A piece is not here any more, because what lies there is not it. */
  lost(holding: CachedHolding, piece: PieceIndex): void
}

export class CachedHolding implements Holding {
  readonly id: string
  readonly version: Version
  readonly root: string
  readonly kind = 'fetched'
  readonly selected: ReadonlySet<number> = new Set()
  readonly have: PieceSet
  readonly state = 'fetching'
  readonly problem = undefined
  readonly #layers: Map<number, Uint8Array>
  readonly #owner: CacheOwner
  /** From before this start. */
  readonly #unverified = new Set<PieceIndex>()
  readonly #touchedMs = new Map<PieceIndex, number>()
  /** What was found damaged or gone, until it comes again. */
  readonly #damaged = new Set<PieceIndex>()
  readonly #writing = new UnderWay()
  #isGone = false

  constructor(made: { version: Version; root: string; layers: PieceLayers }, owner: CacheOwner) {
    this.version = made.version
    this.id = `cache/${made.version.id}`
    this.root = made.root
    this.have = new PieceSet(made.version.pieceCount)
    this.#layers = new Map(made.layers)
    this.#owner = owner
  }

  /** A piece that lies here since before this start. */
  claim(piece: PieceIndex): void {
    this.have.add(piece)
    this.#unverified.add(piece)
  }

  /** Lets go of a piece; its file is the caller's to remove. */
  letGo(piece: PieceIndex): void {
    this.have.delete(piece)
    this.#unverified.delete(piece)
    this.#touchedMs.delete(piece)
    this.#owner.openFiles.drop(this.#key(piece))
  }

  isDamaged(piece: PieceIndex): boolean {
    return this.#damaged.has(piece)
  }

  /** Everything of it is to be removed: once this resolves nothing is written any more. */
  async end(): Promise<void> {
    for (let piece = 0; piece < this.version.pieceCount; piece++)
      if (this.have.has(piece)) this.letGo(pieceIndex(piece))
    this.#isGone = true
    await this.#writing.over()
  }

  pathOf(piece: PieceIndex): string {
    return join(this.root, String(piece))
  }

  pieceHash(piece: PieceIndex): Uint8Array | undefined {
    return pieceHashOf(pieceSpan(this.version, piece), this.#layers)
  }

  layer(fileIndex: number): Uint8Array | undefined {
    return this.#layers.get(fileIndex)
  }

  async setLayer(fileIndex: number, layer: Uint8Array): Promise<void> {
    this.keepLayer(fileIndex, layer)
  }

  /** AppError DISK_FULL, STORAGE_FAILED. */
  keepLayer(fileIndex: number, layer: Uint8Array): void {
    if (this.#isGone) return
    this.#layers.set(fileIndex, Uint8Array.from(layer))
    try {
      writeFileSync(join(this.root, `${LAYER_PREFIX}${fileIndex}`), layer)
    } catch (error) {
      throw appErrorOf(failureOf('write', this.root, error), error)
    }
  }

  async writePiece(
    piece: PieceIndex,
    blocks: readonly Uint8Array[],
    onWritten?: () => void
  ): Promise<WriteOutcome> {
    const span = pieceSpan(this.version, piece)
    checkBlocks(blocks, span.bytes)
    if (this.have.has(piece)) return { outcome: 'durable' }
    await this.#owner.makeRoom(span.bytes)
    if (this.#isGone) throw this.#changed(piece, 'nothing of the version is kept any more')
    const written = await this.#writing.track(
      this.#owner.pool.write({
        ...{ kind: 'write', part: this.#file(piece), fileBytes: span.bytes, executable: false, offset: 0 },
        ...{ blocks, inode: undefined, givesLeaves: true, ...this.#expected(piece, span) }
      })
    )
    if (written.outcome === 'mismatch') return { outcome: 'mismatch' }
    if (written.outcome === 'failed') throw appErrorOf(written.failure)
    assert(written.outcome === 'written', 'a file that is not known is made or taken over')
    close(written.fd)
    if (this.#isGone) throw this.#changed(piece, 'nothing of the version is kept any more')
    if (written.leaves !== undefined) this.#owner.leaves.put(this.version.id, piece, written.leaves)
    this.#damaged.delete(piece)
    // Its file says so already.
    this.#touchedMs.set(piece, Date.now())
    this.have.add(piece)
    this.#owner.used(this, piece)
    onWritten?.()
    return { outcome: 'durable' }
  }

  async read(range: ReadRange, into?: Uint8Array, readAt?: ReadAt): Promise<Uint8Array> {
    const { piece, begin, length } = range
    assert(length > 0 && begin + length <= pieceLength(this.version, piece), 'a read lies inside its piece')
    const target = into?.subarray(0, length) ?? uninitialized(length)
    await this.#verified(piece)
    await this.#readInto(piece, target, begin, readAt)
    this.#touch(piece)
    return target
  }

  async leafHashes(piece: PieceIndex): Promise<Uint8Array> {
    await this.#verified(piece)
    const bytes = pieceLength(this.version, piece)
    const file = this.#file(piece)
    const result = await this.#owner.pool.leaves({ kind: 'leaves', file, offset: 0, bytes })
    if (result.outcome === 'hashed' && result.hashes.length === leafCountOf(bytes) * HASH_BYTES)
      return result.hashes
    throw this.#spoiled(piece)
  }

  async verify({ signal, onProgress }: VerifyOptions = {}): Promise<VerifyReport> {
    const badPieces: PieceIndex[] = []
    let checkedBytes = 0
    for (let index = 0; index < this.version.pieceCount; index++) {
      signal?.throwIfAborted()
      const piece = pieceIndex(index)
      if (!this.have.has(piece)) continue
      checkedBytes += pieceLength(this.version, piece)
      if (!(await this.#isSound(piece))) {
        badPieces.push(piece)
        this.#spoiled(piece)
      }
      onProgress?.({ checkedBytes, totalBytes: this.version.totalBytes })
    }
    return { checkedBytes, badPieces, badFiles: [], missingFiles: [] }
  }

  async disclaim(piece: PieceIndex): Promise<void> {
    this.#spoiled(piece)
  }

  async salvage(): Promise<SalvageReport> {
    return { keptPieces: 0, stuckFiles: [] }
  }

  #expected(
    piece: PieceIndex,
    span: PieceSpan
  ): { readonly expected: Uint8Array; readonly leafWidth: number } {
    const expected = defined(this.pieceHash(piece), 'the layer of the file of a piece that is verified')
    return { expected, leafWidth: pieceLeafWidth(span.file.bytes, this.version.pieceBytes) }
  }

  #file(piece: PieceIndex): PlacedFile {
    return { base: this.root, path: String(piece) }
  }

  #key(piece: PieceIndex): string {
    return `${this.id}/${piece}`
  }

  async #verified(piece: PieceIndex): Promise<void> {
    if (!this.have.has(piece)) throw this.#changed(piece, 'it is not kept any more')
    if (!this.#unverified.has(piece)) return
    if (!(await this.#isSound(piece))) throw this.#spoiled(piece)
    this.#unverified.delete(piece)
  }

  async #isSound(piece: PieceIndex): Promise<boolean> {
    if (this.pieceHash(piece) === undefined) return false
    const span = pieceSpan(this.version, piece)
    const bytes = new Uint8Array(new SharedArrayBuffer(span.bytes))
    try {
      await this.#readInto(piece, bytes, 0)
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      return false
    }
    const expected = this.#expected(piece, span)
    const leaves = await this.#owner.pool.provenLeaves({ kind: 'piece', blocks: [bytes], ...expected })
    if (leaves !== undefined) this.#owner.leaves.put(this.version.id, piece, leaves)
    return leaves !== undefined
  }

  async #readInto(
    piece: PieceIndex,
    into: Uint8Array,
    begin: number,
    readAt = this.#owner.readAt
  ): Promise<void> {
    let open: OpenFile | undefined
    try {
      open = this.#owner.openFiles.acquire(this.#key(piece), this.#file(piece))
      for (let filled = 0; filled < into.length; ) {
        const read = await readAt(open.fd, into.subarray(filled), begin + filled)
        if (read === 0) throw this.#spoiled(piece)
        filled += read
      }
    } catch (error) {
      if (error instanceof AppError) throw error
      if (systemCodeOf(error) === 'ENOENT') throw this.#spoiled(piece)
      throw appErrorOf(failureOf('read', this.pathOf(piece), error), error)
    } finally {
      if (open !== undefined) this.#owner.openFiles.release(open)
    }
  }

  #touch(piece: PieceIndex): void {
    this.#owner.used(this, piece)
    const nowMs = Date.now()
    if (nowMs - (this.#touchedMs.get(piece) ?? 0) < TOUCH_MS) return
    this.#touchedMs.set(piece, nowMs)
    // It is only about the order in which they go after a start.
    utimes(this.pathOf(piece), new Date(nowMs), new Date(nowMs), () => undefined)
  }

  #spoiled(piece: PieceIndex): AppError {
    if (this.have.has(piece)) {
      this.#damaged.add(piece)
      this.#owner.lost(this, piece)
    }
    return this.#changed(piece, 'what lies in the cache is not what was put there')
  }

  #changed(piece: PieceIndex, why: string): AppError {
    const message = `piece ${piece} of ${this.version.name}: ${why}; it is fetched again when it is read`
    return new AppError('CONTENT_CHANGED', message, { details: { piece, path: this.pathOf(piece) } })
  }
}

/** The index of the file whose layer is stored under a name; undefined when it is no layer. */
export function layerIndexOf(name: string): number | undefined {
  const [, digits] = /^layer-(\d{1,9})$/.exec(name) ?? []
  return digits === undefined ? undefined : Number(digits)
}
