/**
 * One version at one place on the file system. Decides which file a piece goes to and what each outcome means
 * for the holding's state; bytes are moved by the hash pool, made durable by the commit queue.
 */

import { assert, defined } from '../base/assert.ts'
import { AppError, systemCodeOf } from '../base/errors.ts'
import type { PieceIndex } from '../base/ids.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { leafCountOf, pieceLeafWidth } from '../content/merkle.ts'
import { type PieceSpan, pieceSpan, type Version } from '../content/version.ts'
import type { CommitQueue, PieceCommit, PieceCommitResult } from './commit-queue.ts'
import { placeOfRoot, treeOf } from './destination.ts'
import { appErrorOf, type Failure, failureOf } from './failure.ts'
import type { HashPool } from './hash-pool.ts'
import { type HeldFile, HeldFiles, pieceHashOf } from './held-files.ts'
import type { Amendment, HoldingKind } from './index-database.ts'
import type { OpenFile, OpenFiles } from './open-files.ts'
import { checkBlocks, uninitialized } from './piece-bytes.ts'
import type { ReadAt } from './read-at.ts'
import { absolute, fingerprintOf, lstatOf, type PlacedFile } from './safe-files.ts'
import { disclaimPiece, salvageHolding } from './salvage.ts'
import type {
  Holding,
  HoldingProblem,
  HoldingState,
  PieceLayers,
  ReadRange,
  SalvageReport,
  VerifyOptions,
  VerifyReport,
  WriteOutcome
} from './store.ts'
import { UnderWay } from './under-way.ts'
import { verifyHolding } from './verification.ts'
import type { WriteSlots } from './write-slots.ts'

/** How long a file is served before its fingerprint is compared again. */
const FINGERPRINT_CHECK_MS = 1000
/** Of the process, not of the file. */
const PASSING_ERRORS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EINTR'])
/** A part file that someone changed is begun anew once per write. */
const WRITE_ATTEMPTS_MAX = 2

/** What a holding shares with the others of its store. */
export interface HoldingContext {
  readonly pool: HashPool
  readonly commits: CommitQueue
  readonly openFiles: OpenFiles
  readonly slots: WriteSlots
  readonly readAt: ReadAt
  readonly nowMs: () => number
  readonly changed: (holding: FilesystemHolding) => void
  readonly countRead: (bytes: number) => void
  readonly countWritten: (bytes: number) => void
}

export interface HoldingOptions {
  readonly rowId: number
  readonly version: Version
  readonly root: string
  readonly kind: HoldingKind
  readonly layers: PieceLayers
  readonly complete: boolean
  readonly selected: ReadonlySet<number> | undefined
}

export class FilesystemHolding implements Holding {
  readonly id: string
  readonly rowId: number
  readonly version: Version
  readonly root: string
  readonly kind: HoldingKind
  readonly files: HeldFiles
  readonly context: HoldingContext
  readonly #layers: Map<number, Uint8Array>
  readonly #writing = new Map<PieceIndex, Promise<WriteOutcome>>()
  readonly underWay = new UnderWay()
  #complete: boolean
  #damage: HoldingProblem | undefined
  /** Of a write; one that began later and succeeds ends it. */
  #failure: HoldingProblem | undefined
  /** Why a whole file has not got its name; only naming it ends it. */
  #nameProblem: HoldingProblem | undefined
  readonly #closing = new AbortController()

  constructor(options: HoldingOptions, context: HoldingContext) {
    this.id = String(options.rowId)
    this.rowId = options.rowId
    this.version = options.version
    this.root = options.root
    this.kind = options.kind
    this.files = new HeldFiles(this.version, placeOfRoot(this.version, this.root), options.selected)
    this.context = context
    this.#layers = new Map(options.layers)
    this.#complete = options.complete
  }

  get have() {
    return this.files.have
  }

  get selected() {
    return this.files.selected
  }

  get state(): HoldingState {
    if (this.#failure !== undefined || this.#nameProblem !== undefined) return 'failed'
    if (this.#damage !== undefined) return 'damaged'
    if (!this.#complete) return 'fetching'
    return this.selected === undefined ? 'complete' : 'partial'
  }

  get problem(): HoldingProblem | undefined {
    return this.#failure ?? this.#nameProblem ?? this.#damage
  }

  /** Whether every selected file once had its name. */
  get wasCompleted(): boolean {
    return this.#complete
  }

  pieceHash(piece: PieceIndex): Uint8Array | undefined {
    return pieceHashOf(pieceSpan(this.version, piece), this.#layers)
  }

  layer(fileIndex: number): Uint8Array | undefined {
    return this.#layers.get(fileIndex)
  }

  layers(): PieceLayers {
    return this.#layers
  }

  async setLayer(fileIndex: number, layer: Uint8Array): Promise<void> {
    const { pieceCount } = this.files.entry(fileIndex)
    assert(pieceCount > 1 && layer.length === pieceCount * HASH_BYTES, 'a piece layer has a hash per piece')
    if (this.#layers.has(fileIndex)) return
    const own = Uint8Array.from(layer)
    this.#layers.set(fileIndex, own)
    await this.underWay.track(
      this.context.commits.run({ kind: 'layer', versionId: this.version.id, fileIndex, layer: own })
    )
  }

  async writePiece(
    piece: PieceIndex,
    blocks: readonly Uint8Array[],
    onWritten?: () => void
  ): Promise<WriteOutcome> {
    assert(this.kind === 'fetched', 'a source is never written to')
    checkBlocks(blocks, pieceSpan(this.version, piece).bytes)
    // Another copy of a piece that is being written says nothing about this one: wait, then see.
    for (let other = this.#writing.get(piece); other !== undefined; other = this.#writing.get(piece))
      await other.catch(() => undefined)
    if (this.have.has(piece)) return { outcome: 'durable' }
    this.#closing.signal.throwIfAborted()
    const writing = this.underWay.track(this.#write(piece, blocks, onWritten))
    this.#writing.set(piece, writing)
    try {
      return await writing
    } finally {
      this.#writing.delete(piece)
    }
  }

  async read(range: ReadRange, into?: Uint8Array, readAt = this.context.readAt): Promise<Uint8Array> {
    const span = pieceSpan(this.version, range.piece)
    const { begin, length } = range
    assert(begin >= 0 && length > 0 && begin + length <= span.bytes, 'a read lies inside its piece')
    assert(into === undefined || into.length >= length, 'a read fits its buffer')
    const target = into?.subarray(0, length) ?? uninitialized(length)
    const held = this.#readable(range.piece, span.fileIndex)
    const open = this.#open(span.fileIndex, held)
    try {
      const at = { fileIndex: span.fileIndex, held, offset: span.offset + begin }
      await this.#readFully(open, target, { ...at, readAt })
    } finally {
      this.context.openFiles.release(open)
    }
    this.context.countRead(length)
    return target
  }

  leafHashes(piece: PieceIndex): Promise<Uint8Array> {
    return this.underWay.track(this.#leafHashes(piece))
  }

  async #leafHashes(piece: PieceIndex): Promise<Uint8Array> {
    this.#closing.signal.throwIfAborted()
    const { fileIndex, offset, bytes } = pieceSpan(this.version, piece)
    const held = this.#readable(piece, fileIndex)
    const names = [this.files.current(fileIndex), this.files.final(fileIndex)]
    for (const file of names) {
      const result = await this.context.pool.leaves({ kind: 'leaves', file, offset, bytes })
      // The commit worker may have named the part file already.
      if (result.outcome === 'missing') continue
      if (result.outcome === 'failed') throw this.#giveUpAs(result.failure, fileIndex, held)
      this.context.countRead(bytes)
      if (result.hashes.length === leafCountOf(bytes) * HASH_BYTES) return result.hashes
      throw this.giveUp(fileIndex, held, 'it is shorter than it was')
    }
    throw this.giveUp(fileIndex, held, 'it was removed')
  }

  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    const signals = options.signal === undefined ? [] : [options.signal]
    const signal = AbortSignal.any([this.#closing.signal, ...signals])
    return this.underWay.track(verifyHolding(this, { ...options, signal }))
  }

  disclaim(piece: PieceIndex, { mend }: { readonly mend: boolean }): Promise<void> {
    return this.underWay.track(disclaimPiece(this, piece, { mend: mend && this.kind === 'fetched' }))
  }

  salvage(signal?: AbortSignal): Promise<SalvageReport> {
    assert(this.kind === 'fetched', 'a source is never written to')
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])]
    return this.underWay.track(salvageHolding(this, AbortSignal.any(signals)))
  }

  readonly isWriting = (fileIndex: number): boolean =>
    [...this.#writing.keys()].some(piece => pieceSpan(this.version, piece).fileIndex === fileIndex)

  /** Takes in what is known to be so now, on disk and in the index. */
  settle(now: { readonly complete?: boolean; readonly damage: HoldingProblem | undefined }): void {
    if (now.complete !== undefined) {
      this.#complete = now.complete
      this.#failure = undefined
    }
    this.#damage = now.damage
    this.context.changed(this)
  }

  /** Brings the index to what `files` says now. */
  async amend(amendment: Omit<Amendment, 'holding'>, removeParts: readonly PlacedFile[] = []): Promise<void> {
    await this.underWay.track(
      this.context.commits.run({
        kind: 'amend',
        amendment: { ...amendment, holding: this.rowId },
        removeParts
      })
    )
  }

  /** Makes links and marks the holding complete once every selected file has its name. */
  async finish(): Promise<void> {
    const { isNamed, place, selected } = this.files
    if ((this.#complete && this.problem === undefined) || !isNamed) return
    const tree = treeOf(this.version, place, selected)
    await this.underWay.track(this.context.commits.run({ kind: 'finish', holding: this.rowId, tree }))
    this.settle({ complete: true, damage: undefined })
  }

  /** Gives whole part files the names that they could not get before; the first that can not is the problem. */
  async nameFiles(): Promise<void> {
    const waiting = [...this.files.withBytes()].filter(
      fileIndex => this.files.isSelected(fileIndex) && this.files.get(fileIndex).phase === 'unnamed'
    )
    this.#nameProblem = undefined
    if (waiting.length === 0) return
    const files = waiting.map(fileIndex => ({
      file: this.files.final(fileIndex),
      fingerprint: defined(this.files.get(fileIndex).fingerprint, 'the fingerprint of a whole file')
    }))
    const answer = await this.underWay.track(this.context.commits.run({ kind: 'name', files }))
    assert(answer.kind === 'named', 'naming is answered as such')
    this.#nameProblem = answer.problems.find(problem => problem !== undefined)
    for (const [index, fileIndex] of waiting.entries()) {
      if (answer.problems[index] === undefined) this.files.get(fileIndex).phase = 'whole'
    }
    this.context.changed(this)
  }

  /** As {@link finish}; what stands in the way becomes the holding's problem. */
  async finishOrFail(): Promise<void> {
    try {
      await this.finish()
    } catch (error) {
      this.fail(failureOf('finish', this.root, error))
    }
  }

  fail(failure: Failure): AppError {
    this.#failure = failure
    this.context.changed(this)
    return appErrorOf(failure)
  }

  /**
   * Stops claiming a file that is not what was written or hashed. `held` is what was known of the file when it
   * was found out: if the file was given up since, this does nothing more. The index learns of it as soon as it
   * can; if it can not, recovery finds the same by the fingerprint.
   */
  giveUp(fileIndex: number, held: HeldFile, why: string): AppError {
    const path = absolute(this.files.current(fileIndex))
    const message = `${path} is no longer served: ${why}; restore the file and verify, or fetch it again`
    return this.#giveUpAs({ code: 'CONTENT_CHANGED', message, path }, fileIndex, held)
  }

  /** Lets nothing new begin, ends a check, and waits for what writes and hashes. */
  async close(): Promise<void> {
    this.#closing.abort(this.#closedError())
    await this.underWay.over()
  }

  #closedError(): AppError {
    return new AppError('TRANSFER_STOPPED', `${this.root} is not served any more: its holding was closed`)
  }

  #giveUpAs(failure: Failure, fileIndex: number, held: HeldFile): AppError {
    if (this.files.get(fileIndex) !== held) return appErrorOf(failure)
    this.files.giveUp(fileIndex)
    this.context.openFiles.drop(this.fileKey(fileIndex))
    const amendment = { drop: [this.files.runOf(fileIndex)], add: [], dropFiles: [fileIndex], putFiles: [] }
    this.amend(amendment).catch((error: unknown) => this.fail(failureOf('index', failure.path, error)))
    if (this.#complete && this.files.isSelected(fileIndex)) this.#damage = failure
    this.context.changed(this)
    return appErrorOf(failure)
  }

  fileKey(fileIndex: number): string {
    return `${this.id}.${fileIndex}`
  }

  async #write(
    piece: PieceIndex,
    blocks: readonly Uint8Array[],
    onWritten: (() => void) | undefined
  ): Promise<WriteOutcome> {
    await this.context.slots.acquire()
    let isWritten = false
    const written = (): void => {
      isWritten = onWritten !== undefined
      onWritten?.()
    }
    try {
      for (let attempt = 1; ; attempt++) {
        const result = await this.#attempt(piece, blocks, written)
        if (result.outcome !== 'changed') return result
        if (attempt === WRITE_ATTEMPTS_MAX || isWritten) {
          const path = absolute(this.files.part(pieceSpan(this.version, piece).fileIndex))
          const message = `${path} is changed by something else while it is fetched; stop that, then fetch it again`
          throw this.fail({ code: 'CONTENT_CHANGED', message, path })
        }
      }
    } finally {
      this.context.slots.release()
    }
  }

  async #attempt(
    piece: PieceIndex,
    blocks: readonly Uint8Array[],
    onWritten: () => void
  ): Promise<WriteOutcome | { readonly outcome: 'changed' }> {
    const span = pieceSpan(this.version, piece)
    const { fileIndex, file } = span
    const held = this.files.get(fileIndex)
    const failure = this.#failure
    const written = await this.context.pool.write({
      kind: 'write',
      part: this.files.part(fileIndex),
      fileBytes: file.bytes,
      executable: file.executable,
      inode: held.inode,
      offset: span.offset,
      blocks,
      expected: defined(pieceHashOf(span, this.#layers), 'the layer of the file'),
      leafWidth: pieceLeafWidth(file.bytes, this.version.pieceBytes)
    })
    if (written.outcome === 'failed') throw this.fail(written.failure)
    if (written.outcome === 'changed') this.giveUp(fileIndex, held, 'its part file was changed or removed')
    if (written.outcome !== 'written') return { outcome: written.outcome }
    const isCurrent = () => this.files.get(fileIndex) === held
    if (isCurrent()) {
      held.inode = written.inode
      held.phase = 'part'
    }
    onWritten()
    const result = await this.#commit({
      holding: this.rowId,
      fileIndex,
      file: this.files.final(fileIndex),
      bytes: file.bytes,
      firstPiece: file.firstPiece,
      pieceCount: file.pieceCount,
      inode: written.inode,
      piece,
      fd: written.fd,
      isNew: () => !held.indexed,
      isCurrent
    })
    const outcome = this.#committed(piece, span, isCurrent() ? result : { outcome: 'changed' })
    // Only a write that began after a failure says that it is over.
    if (outcome.outcome === 'durable' && this.#failure === failure) this.#failure = undefined
    return outcome
  }

  async #commit(commit: PieceCommit): Promise<PieceCommitResult> {
    try {
      return await this.context.commits.commit(commit)
    } catch (error) {
      // Of the index, which has no room or no disk: the holding says so, like any failed write.
      throw error instanceof AppError ? this.fail(failureOf('index', this.root, error)) : error
    }
  }

  #committed(
    piece: PieceIndex,
    span: PieceSpan,
    result: PieceCommitResult
  ): WriteOutcome | { readonly outcome: 'changed' } {
    if (result.outcome === 'changed') return this.have.has(piece) ? { outcome: 'durable' } : result
    if (result.outcome === 'failed') throw this.fail(result.failure)
    const held = this.files.get(span.fileIndex)
    this.files.claim(span.fileIndex, piece)
    held.indexed = true
    if (result.whole !== undefined) {
      held.fingerprint = result.whole.fingerprint
      held.phase = result.whole.problem === undefined ? 'whole' : 'unnamed'
      held.checkedAtMs = this.context.nowMs()
      this.#nameProblem ??= result.whole.problem
    }
    this.context.countWritten(span.bytes)
    this.context.changed(this)
    if (this.files.isDone) void this.underWay.track(this.finishOrFail())
    return { outcome: 'durable' }
  }

  /** Checks that a piece is held and that its file is, as far as its fingerprint tells, what it was. */
  #readable(piece: PieceIndex, fileIndex: number): HeldFile {
    const held = this.files.get(fileIndex)
    if (!this.have.has(piece)) {
      const path = absolute(this.files.final(fileIndex))
      const message = `can not read piece ${piece} of ${path}: it is not held any more`
      throw new AppError('CONTENT_CHANGED', message, { details: { path, piece } })
    }
    const nowMs = this.context.nowMs()
    if (held.phase !== 'whole' || nowMs - held.checkedAtMs < FINGERPRINT_CHECK_MS) return held
    const stats = lstatOf(absolute(this.files.final(fileIndex)))
    if (stats === undefined) throw this.giveUp(fileIndex, held, 'it was removed')
    if (fingerprintOf(stats) !== held.fingerprint) throw this.giveUp(fileIndex, held, 'it was changed')
    held.checkedAtMs = nowMs
    return held
  }

  #open(fileIndex: number, held: HeldFile): OpenFile {
    const key = this.fileKey(fileIndex)
    // The commit worker may have named a part file already, and the answer may still be on its way.
    const names = [this.files.current(fileIndex), this.files.final(fileIndex)]
    for (const file of names) {
      try {
        return this.context.openFiles.acquire(key, file)
      } catch (error) {
        if (systemCodeOf(error) !== 'ENOENT') throw this.#readFailed(error, fileIndex, held)
      }
    }
    throw this.giveUp(fileIndex, held, 'it was removed')
  }

  async #readFully(
    open: OpenFile,
    target: Uint8Array,
    at: {
      readonly fileIndex: number
      readonly held: HeldFile
      readonly offset: number
      readonly readAt: ReadAt
    }
  ): Promise<void> {
    for (let filled = 0; filled < target.length; ) {
      let bytes: number
      try {
        bytes = await at.readAt(open.fd, target.subarray(filled), at.offset + filled)
      } catch (error) {
        throw this.#readFailed(error, at.fileIndex, at.held)
      }
      if (bytes === 0) throw this.giveUp(at.fileIndex, at.held, 'it is shorter than it was')
      filled += bytes
    }
  }

  /** A read that fails says that the file can not be served, unless it is only the process that lacks means. */
  #readFailed(error: unknown, fileIndex: number, held: HeldFile): AppError {
    const failure = failureOf('read', absolute(this.files.current(fileIndex)), error)
    return PASSING_ERRORS.has(systemCodeOf(error) ?? '')
      ? appErrorOf(failure)
      : this.#giveUpAs(failure, fileIndex, held)
  }
}
