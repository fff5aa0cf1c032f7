/**
 * The chunk indexes that this device has: of versions that it holds, computed when they are first needed, and of
 * versions that it fetched, as a peer gave them. They are kept beside the holdings, and are hints: see content/chunk-
 * index.ts.
 */

import { concatBytes } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import {
  CHUNK_INDEX_BYTES_MAX,
  type ChunkIndex,
  type Chunks,
  chunkedFiles,
  decodeChunkIndex,
  encodeChunkIndex,
  type FileChunks
} from '../../content/chunk-index.ts'
import { ChunkTable } from '../../content/chunk-match.ts'
import type { Version } from '../../content/version.ts'
import type { Holding, Store } from '../../store/store.ts'

const BLOB_PREFIX = 'chunks/'

export interface ChunkingOptions {
  readonly signal: AbortSignal
  /** Bytes that were cut since the last call. */
  readonly onBytes?: (bytes: number) => void
}

export class ChunkIndexes {
  readonly #store: Store
  readonly #computing = new Map<VersionId, Promise<ChunkIndex | undefined>>()

  constructor(store: Store) {
    this.#store = store
  }

  /** The index of a version as it is kept, if it is. */
  stored(version: VersionId): Uint8Array | undefined {
    return this.#store.records.getBlob(BLOB_PREFIX + version)
  }

  /** The index of a version, if it is kept. */
  read(version: Version): ChunkIndex | undefined {
    const bytes = this.stored(version.id)
    const known = bytes === undefined ? undefined : decodeChunkIndex(bytes, version)
    return typeof known === 'string' ? undefined : known
  }

  /** The chunks of a version that is held here, if its index is kept. */
  tableOf(id: VersionId): ChunkTable | undefined {
    const version = this.#store.holdings().find(holding => holding.version.id === id)?.version
    const index = version === undefined ? undefined : this.read(version)
    if (index === undefined) return undefined
    const table = new ChunkTable()
    table.add(0, index)
    return table
  }

  /** Keeps an index that a peer gave, once it was read, for as long as something of the version is held. */
  keep(version: VersionId, bytes: Uint8Array): void {
    const isHeld = this.#store.holdings().some(holding => holding.version.id === version)
    if (!isHeld || bytes.length > CHUNK_INDEX_BYTES_MAX) return
    try {
      this.#store.records.putBlob(BLOB_PREFIX + version, bytes)
    } catch (thrown) {
      // It can be had or made again.
      if (!(thrown instanceof AppError)) throw thrown
    }
  }

  /** Lets go of the index of a version that is held no more. */
  release(version: VersionId): void {
    if (this.#store.holdings().every(holding => holding.version.id !== version))
      this.#store.records.deleteBlob(BLOB_PREFIX + version)
  }

  /**
   * The index of what is held of a version, computed now if it has to be. A file that is not there as a whole is left
   * out, and an index without all files is not kept. Rejects with the signal's reason.
   */
  async of(holding: Holding, options: ChunkingOptions): Promise<ChunkIndex> {
    const { version } = holding
    const known = this.read(version)
    if (known !== undefined) return known
    const running = await this.#computing.get(version.id)
    if (running !== undefined) return running
    const computing = this.#compute(holding, options)
    this.#computing.set(
      version.id,
      computing.catch(() => undefined)
    )
    try {
      const index = await computing
      if (index.length === chunkedFiles(version).length) this.keep(version.id, encodeChunkIndex(index))
      return index
    } finally {
      this.#computing.delete(version.id)
    }
  }

  async #compute(holding: Holding, options: ChunkingOptions): Promise<ChunkIndex> {
    const index: FileChunks[] = []
    for (const fileIndex of chunkedFiles(holding.version)) {
      if (!holdsFile(holding, fileIndex)) continue
      const chunks = await this.#cutFile(holding, fileIndex, options)
      if (chunks !== undefined) index.push(chunks)
    }
    return index
  }

  async #cutFile(
    holding: Holding,
    fileIndex: number,
    { signal, onBytes }: ChunkingOptions
  ): Promise<FileChunks | undefined> {
    const cuts: Chunks[] = []
    const fileBytes = holding.version.files[fileIndex]?.bytes ?? 0
    for (let offset = 0; offset < fileBytes; ) {
      signal.throwIfAborted()
      const cut = await this.#store.cutChunks(holding, fileIndex, offset)
      if (cut === undefined) return undefined
      const bytes = cut.lengths.reduce((sum, length) => sum + length, 0)
      cuts.push(cut)
      offset += bytes
      onBytes?.(bytes)
    }
    signal.throwIfAborted()
    const lengths = Uint32Array.from(cuts.flatMap(cut => [...cut.lengths]))
    return { fileIndex, lengths, hashes: concatBytes(cuts.map(cut => cut.hashes)) }
  }
}

/** Whether every piece of a file is held. */
export function holdsFile({ version, have }: Pick<Holding, 'version' | 'have'>, fileIndex: number): boolean {
  const file = version.files[fileIndex]
  if (file === undefined || file.root === undefined) return false
  return have.countIn(file.firstPiece, file.pieceCount) === file.pieceCount
}
