/**
 * A store in memory, for tests and simulations: the same promises, on a disk that is a map from absolute paths to
 * bytes. What is planted, changed or removed in that map is what happens behind the store's back.
 */

import { assert, defined } from '../base/assert.ts'
import { concatBytes, equalBytes } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { idBytes, type PieceIndex, pieceIndex } from '../base/ids.ts'
import { CHUNK_HASH_BYTES, type Chunks } from '../content/chunk-index.ts'
import { chunkLength } from '../content/chunking.ts'
import { fileRootOfPieceLayer, leafHashes, pieceLeafWidth, pieceRootOfLeaves } from '../content/merkle.ts'
import { type PieceSpan, pieceSpan, type Version } from '../content/version.ts'
import { pieceHashOf } from './held-files.ts'
import { MemoryRecords } from './memory-records.ts'
import { PieceSet } from './piece-set.ts'
import { sha256 } from './sha256.ts'
import type {
  ChangeListener,
  Erased,
  EraseOptions,
  FetchTarget,
  HashedTree,
  Holding,
  HoldingProblem,
  HoldingState,
  PieceLayers,
  ReadRange,
  SalvageReport,
  Store,
  StoreStats,
  VerifyOptions,
  VerifyReport,
  WriteOutcome
} from './store.ts'

type Disk = Map<string, Uint8Array>

class MemoryHolding implements Holding {
  readonly id: string
  readonly version: Version
  readonly root: string
  readonly kind: 'source' | 'fetched'
  readonly have: PieceSet
  readonly #disk: Disk
  readonly #layers: Map<number, Uint8Array>
  readonly #changed: (holding: MemoryHolding) => void
  problem: HoldingProblem | undefined
  selected: ReadonlySet<number> | undefined

  constructor(
    made: { id: string; version: Version; root: string; kind: 'source' | 'fetched'; layers: PieceLayers },
    disk: Disk,
    changed: (holding: MemoryHolding) => void
  ) {
    this.id = made.id
    this.version = made.version
    this.root = made.root
    this.kind = made.kind
    this.have = new PieceSet(made.version.pieceCount)
    this.#layers = new Map(made.layers)
    this.#disk = disk
    this.#changed = changed
  }

  get state(): HoldingState {
    if (this.problem !== undefined) return 'damaged'
    if (!this.isDone) return 'fetching'
    return this.selected === undefined ? 'complete' : 'partial'
  }

  /** Every piece of every selected file is claimed. */
  get isDone(): boolean {
    return this.version.files.every(
      ({ firstPiece, pieceCount }, fileIndex) =>
        this.selected?.has(fileIndex) === false || this.have.countIn(firstPiece, pieceCount) === pieceCount
    )
  }

  hasFile(fileIndex: number): boolean {
    const { firstPiece, pieceCount } = defined(this.version.files[fileIndex], 'a file of the version')
    return pieceCount > 0 && this.have.countIn(firstPiece, pieceCount) === pieceCount
  }

  pathOf(fileIndex: number): string {
    const { path } = defined(this.version.files[fileIndex], 'a file of the version')
    return this.version.isSingleFile ? this.root : [this.root, ...path].join('/')
  }

  pieceHash(piece: PieceIndex): Uint8Array | undefined {
    return pieceHashOf(pieceSpan(this.version, piece), this.#layers)
  }

  layer(fileIndex: number): Uint8Array | undefined {
    return this.#layers.get(fileIndex)
  }

  async setLayer(fileIndex: number, layer: Uint8Array): Promise<void> {
    this.#layers.set(fileIndex, Uint8Array.from(layer))
  }

  async writePiece(
    piece: PieceIndex,
    blocks: readonly Uint8Array[],
    onWritten?: () => void
  ): Promise<WriteOutcome> {
    assert(this.kind === 'fetched', 'a source is never written to')
    const span = pieceSpan(this.version, piece)
    const bytes = concatBytes(blocks)
    assert(bytes.length === span.bytes, 'blocks make a piece')
    if (this.have.has(piece)) return { outcome: 'durable' }
    if (!this.#matches(span, bytes, defined(this.pieceHash(piece), 'the layer of the file')))
      return { outcome: 'mismatch' }
    const path = this.pathOf(span.fileIndex)
    const file = this.#disk.get(path) ?? new Uint8Array(span.file.bytes)
    file.set(bytes, span.offset)
    this.#disk.set(path, file)
    onWritten?.()
    this.have.add(piece)
    this.#changed(this)
    return { outcome: 'durable' }
  }

  async read(range: ReadRange, into?: Uint8Array): Promise<Uint8Array> {
    const span = pieceSpan(this.version, range.piece)
    assert(range.length > 0 && range.begin + range.length <= span.bytes, 'a read lies inside its piece')
    const bytes = this.#bytesOf(range.piece, span).slice(range.begin, range.begin + range.length)
    if (into === undefined) return bytes
    into.set(bytes)
    return into.subarray(0, bytes.length)
  }

  async leafHashes(piece: PieceIndex): Promise<Uint8Array> {
    return leafHashes(this.#bytesOf(piece, pieceSpan(this.version, piece)), sha256)
  }

  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    options.signal?.throwIfAborted()
    const badPieces: PieceIndex[] = []
    const bad = new Set<number>()
    const missing = new Set<number>()
    let checkedBytes = 0
    for (let index = 0; index < this.version.pieceCount; index++) {
      const piece = pieceIndex(index)
      if (!this.have.has(piece) && this.problem === undefined) continue
      const span = pieceSpan(this.version, piece)
      const file = this.#disk.get(this.pathOf(span.fileIndex))
      const bytes = file?.subarray(span.offset, span.offset + span.bytes)
      const hash = this.pieceHash(piece)
      checkedBytes += span.bytes
      options.onProgress?.({ checkedBytes, totalBytes: this.version.totalBytes })
      if (bytes !== undefined && hash !== undefined && this.#matches(span, bytes, hash)) {
        this.have.add(piece)
        continue
      }
      badPieces.push(piece)
      ;(file === undefined ? missing : bad).add(span.fileIndex)
    }
    const names = (indexes: Set<number>) =>
      [...indexes].map(index => this.version.files[index]?.path.join('/') ?? '')
    this.problem = undefined
    for (const fileIndex of [...missing, ...bad]) this.#giveUp(fileIndex)
    this.#changed(this)
    return { checkedBytes, badPieces, badFiles: names(bad), missingFiles: names(missing) }
  }

  async disclaim(piece: PieceIndex, { mend }: { readonly mend: boolean }): Promise<void> {
    const { fileIndex } = pieceSpan(this.version, piece)
    if (!this.have.has(piece)) return
    if (!mend || this.kind === 'source') this.#giveUp(fileIndex)
    else {
      this.have.delete(piece)
      const path = this.pathOf(fileIndex)
      this.problem = { code: 'CONTENT_CHANGED', message: this.#changedError(path).message, path }
      this.#changed(this)
    }
  }

  async salvage(): Promise<SalvageReport> {
    let keptPieces = 0
    for (let index = 0; index < this.version.pieceCount; index++) {
      const piece = pieceIndex(index)
      const span = pieceSpan(this.version, piece)
      if (this.have.has(piece) || this.selected?.has(span.fileIndex) === false) continue
      const path = this.pathOf(span.fileIndex)
      const bytes = this.#disk.get(path)?.subarray(span.offset, span.offset + span.bytes)
      const hash = this.pieceHash(piece)
      if (bytes === undefined || hash === undefined || !this.#matches(span, bytes, hash)) continue
      const file = new Uint8Array(span.file.bytes)
      file.set(defined(this.#disk.get(path), 'a file').subarray(0, file.length))
      this.#disk.set(path, file)
      this.have.add(piece)
      keptPieces++
    }
    if (this.isDone) this.problem = undefined
    this.#changed(this)
    return { keptPieces, stuckFiles: [] }
  }

  /** Claims every piece whose bytes are on the disk. */
  takeIn(): void {
    for (let index = 0; index < this.version.pieceCount; index++) this.have.add(index)
    this.problem = undefined
    this.#changed(this)
  }

  #matches(span: PieceSpan, bytes: Uint8Array, hash: Uint8Array): boolean {
    if (bytes.length !== span.bytes) return false
    const width = pieceLeafWidth(span.file.bytes, this.version.pieceBytes)
    return equalBytes(pieceRootOfLeaves(leafHashes(bytes, sha256), width, sha256), hash)
  }

  #bytesOf(piece: PieceIndex, span: PieceSpan): Uint8Array {
    const file = this.#disk.get(this.pathOf(span.fileIndex))
    if (this.have.has(piece) && file?.length !== span.file.bytes) this.#giveUp(span.fileIndex)
    if (file === undefined || !this.have.has(piece)) throw this.#changedError(this.pathOf(span.fileIndex))
    return file.subarray(span.offset, span.offset + span.bytes)
  }

  #giveUp(fileIndex: number): void {
    const { firstPiece, pieceCount } = defined(this.version.files[fileIndex], 'a file of the version')
    const wasComplete = this.isDone
    for (let piece: number = firstPiece; piece < firstPiece + pieceCount; piece++) this.have.delete(piece)
    const path = this.pathOf(fileIndex)
    if (wasComplete)
      this.problem = { code: 'CONTENT_CHANGED', message: this.#changedError(path).message, path }
    this.#changed(this)
  }

  #changedError(path: string): AppError {
    return new AppError('CONTENT_CHANGED', `${path} was changed or removed`, { details: { path } })
  }
}

export class MemoryStore implements Store {
  readonly records = new MemoryRecords()
  /** Contents of files by absolute path. */
  readonly disk: Disk
  readonly #holdings = new Map<string, MemoryHolding>()
  readonly #listeners = new Set<ChangeListener>()
  #lastId = 0

  constructor(disk: Disk = new Map()) {
    this.disk = disk
  }

  holdings(): readonly Holding[] {
    return [...this.#holdings.values()]
  }

  async create(target: FetchTarget): Promise<Holding> {
    target.signal?.throwIfAborted()
    const { version, layers } = target
    const isFolder = version.isSingleFile && target.destination.endsWith('/')
    const root = isFolder ? `${target.destination}${version.name}` : target.destination
    const known = this.#find(version, root)
    const holding = known ?? this.#make({ version, root, kind: 'fetched', layers })
    const selected = selectionWith(target, known)
    this.#takeOver(holding, layers, selected)
    holding.selected = selected
    if (known === undefined) this.#holdings.set(holding.id, holding)
    for (const [fileIndex, layer] of layers) await holding.setLayer(fileIndex, layer)
    this.#notify(holding)
    return holding
  }

  async adopt(tree: HashedTree): Promise<Holding> {
    const { version, source: root, layers } = tree
    const known = this.#find(version, root)
    const holding = known ?? this.#make({ version, root, kind: 'source', layers })
    if (known === undefined) this.#holdings.set(holding.id, holding)
    holding.selected = undefined
    holding.takeIn()
    return holding
  }

  async cutChunks(holding: Holding, fileIndex: number, offset: number): Promise<Chunks | undefined> {
    const own = this.#holdings.get(holding.id)
    if (own === undefined || own !== holding) return undefined
    const file = this.disk.get(own.pathOf(fileIndex))
    if (file === undefined || file.length !== own.version.files[fileIndex]?.bytes) return undefined
    const length = chunkLength(file, offset, file.length)
    const hashes = sha256(file.subarray(offset, offset + length)).subarray(0, CHUNK_HASH_BYTES)
    return { lengths: Uint32Array.of(length), hashes }
  }

  async forget(holding: Holding): Promise<void> {
    const own = this.#holdings.get(holding.id)
    if (own === undefined) return
    assert(own === holding, 'a holding of this store')
    this.#holdings.delete(own.id)
    for (const [fileIndex, { firstPiece, pieceCount }] of own.version.files.entries())
      if (own.kind === 'fetched' && own.have.countIn(firstPiece, pieceCount) < pieceCount)
        this.disk.delete(own.pathOf(fileIndex))
  }

  async erase(holding: Holding, { source }: EraseOptions): Promise<Erased> {
    const own = this.#holdings.get(holding.id)
    if (own === undefined) return { outcome: 'gone' }
    assert(own === holding, 'a holding of this store')
    this.#holdings.delete(own.id)
    const taken = new Set(
      [...this.#holdings.values()].flatMap(other => [...other.version.files.keys()].map(i => other.pathOf(i)))
    )
    let bytes = 0
    for (const fileIndex of own.version.files.keys()) {
      const path = own.pathOf(fileIndex)
      if ((own.kind === 'source' && source === 'keep') || taken.has(path)) continue
      bytes += this.disk.get(path)?.length ?? 0
      this.disk.delete(path)
    }
    return { outcome: 'erased', bytes }
  }

  async removeSource(version: Version, root: string): Promise<number> {
    let bytes = 0
    for (const { path } of version.files) {
      const place = version.isSingleFile ? root : [root, ...path].join('/')
      bytes += this.disk.get(place)?.length ?? 0
      this.disk.delete(place)
    }
    return bytes
  }

  async scrub(): Promise<void> {
    this.records.scrub()
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  stats(): StoreStats {
    const timedReads = { bytes: 0, ms: 0 }
    return { hashedBytes: 0, writtenBytes: 0, readBytes: 0, commits: 0, commitMs: 0, timedReads }
  }

  async close(): Promise<void> {
    this.#listeners.clear()
  }

  #find(version: Version, root: string): MemoryHolding | undefined {
    return [...this.#holdings.values()].find(
      holding => holding.version.id === version.id && holding.root === root
    )
  }

  #make(made: { version: Version; root: string; kind: 'source' | 'fetched'; layers: PieceLayers }) {
    return new MemoryHolding({ ...made, id: String(++this.#lastId) }, this.disk, own => this.#notify(own))
  }

  #notify(holding: MemoryHolding): void {
    for (const listener of this.#listeners) listener(holding)
  }

  /** Files of the place that are the version's own are taken over; anything else is in the way. */
  #takeOver(holding: MemoryHolding, layers: PieceLayers, selected: Selection): void {
    const { version } = holding
    const whole: number[] = []
    for (const [fileIndex, file] of version.files.entries()) {
      const path = holding.pathOf(fileIndex)
      const bytes = this.disk.get(path)
      if (bytes === undefined || file.bytes === 0 || selected?.has(fileIndex) === false) continue
      // A file that is being written is whole in length, and not in content.
      if (holding.have.countIn(file.firstPiece, file.pieceCount) > 0) continue
      if (bytes.length !== file.bytes || !isOwn(version, fileIndex, bytes))
        throw new AppError(
          'DEST_EXISTS',
          `can not fetch into ${holding.root}: something else is at ${path}`,
          {
            details: { path }
          }
        )
      if (file.pieceCount === 1 || layers.has(fileIndex)) whole.push(fileIndex)
    }
    for (const fileIndex of whole) {
      const { firstPiece, pieceCount } = defined(version.files[fileIndex], 'a file of the version')
      for (let piece: number = firstPiece; piece < firstPiece + pieceCount; piece++) holding.have.add(piece)
    }
    holding.problem = undefined
  }
}

function isOwn(version: Version, fileIndex: number, bytes: Uint8Array): boolean {
  const { pieceBytes } = version
  const width = pieceLeafWidth(bytes.length, pieceBytes)
  const hashes: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length; offset += pieceBytes)
    hashes.push(
      pieceRootOfLeaves(leafHashes(bytes.subarray(offset, offset + pieceBytes), sha256), width, sha256)
    )
  const root = fileRootOfPieceLayer(concatBytes(hashes), { fileBytes: bytes.length, pieceBytes, sha256 })
  return equalBytes(root, idBytes(defined(version.files[fileIndex]?.root, 'the root of a file with bytes')))
}

type Selection = ReadonlySet<number> | undefined

/** What is asked for, and what is whole there by an earlier fetch. */
function selectionWith(
  { version, selected: asked }: FetchTarget,
  known: MemoryHolding | undefined
): Selection {
  if (asked === undefined) return undefined
  const isKept = (fileIndex: number): boolean => {
    if (known === undefined) return false
    if (version.files[fileIndex]?.bytes === 0) return known.isDone && known.selected?.has(fileIndex) !== false
    return known.hasFile(fileIndex)
  }
  const selected = new Set([...asked, ...[...version.files.keys()].filter(isKept)])
  return selected.size === version.files.length ? undefined : selected
}
