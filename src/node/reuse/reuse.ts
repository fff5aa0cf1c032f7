/**
 * Finds what this device has already of a version that it is about to fetch: in files of any holding that have the
 * same root, and in chunks of earlier versions of the same dataset. The fetch waits for it, a bounded while: on a
 * fast network it would otherwise be over before the comparison is.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { KIB, MINUTE_MS } from '../../base/units.ts'
import { type ChunkIndex, chunkedFiles } from '../../content/chunk-index.ts'
import { ChunkTable, type LocalRange, localRanges } from '../../content/chunk-match.ts'
import type { Version } from '../../content/version.ts'
import type { Holding, Store } from '../../store/store.ts'
import type { Log } from '../log.ts'
import type { Transport } from '../transport/transport.ts'
import { ChunkExchange, type ChunkExchangeInit } from './chunk-exchange.ts'
import { ChunkIndexes, holdsFile } from './chunk-indexes.ts'
import { filesByRoot, LocalFiles } from './local-files.ts'

/** Earlier versions whose chunks are looked through, the newest first. */
const EARLIER_MAX = 2
/** Peers that are asked for the index of a version. */
const ASKED_MAX = 8
/** A comparison that takes longer is given up: about 20 GB of an earlier version have been read by then. */
const COMPARE_MS_MAX = MINUTE_MS
/** Below this it is not worth asking. */
const WORTHWHILE_BYTES = 256 * KIB

interface Search {
  readonly holding: Holding
  readonly dataset: string
  readonly others: readonly Holding[]
  /** What was found, by file. */
  readonly ranges: Map<number, readonly LocalRange[]>
}

export interface ReuseInit extends Pick<ChunkExchangeInit, 'admit'> {
  readonly store: Store
  readonly transport: Transport
  readonly log: Log
  readonly mayRead: (device: DeviceId, version: VersionId) => boolean
  /** The versions of a dataset, the newest first. */
  readonly versionsOf: (dataset: string) => readonly VersionId[]
  /** Devices that are likely to have a version, the likeliest first. */
  readonly holdersOf: (version: VersionId) => readonly DeviceId[]
}

export class Reuse {
  readonly indexes: ChunkIndexes
  readonly #init: ReuseInit
  readonly #exchange: ChunkExchange

  constructor(init: ReuseInit) {
    this.#init = init
    this.indexes = new ChunkIndexes(init.store)
    const stored = (version: VersionId) => this.indexes.stored(version)
    this.#exchange = new ChunkExchange({ ...init, stored })
  }

  /** Undefined when there is nothing. Rejects with the signal's reason, and in no other way. */
  async find(holding: Holding, dataset: string, signal: AbortSignal): Promise<LocalFiles | undefined> {
    const { version } = holding
    const others = this.#init.store.holdings().filter(other => other !== holding)
    const ranges = wholeFiles(holding, others)
    const limited = AbortSignal.any([signal, AbortSignal.timeout(COMPARE_MS_MAX)])
    try {
      await this.#findChunks({ holding, dataset, others, ranges }, limited)
    } catch (thrown) {
      signal.throwIfAborted()
      if (!(thrown instanceof AppError) && !limited.aborted) throw thrown
      this.#init.log.warn({ version: version.id }, `looking for what is here already: ${messageOf(thrown)}`)
    }
    return ranges.size === 0 ? undefined : new LocalFiles(version, others, ranges)
  }

  async #findChunks({ holding, dataset, others, ranges }: Search, signal: AbortSignal): Promise<void> {
    const { version } = holding
    const rest = chunkedFiles(version).filter(file => !ranges.has(file) && isMissing(holding, file))
    const restBytes = rest.reduce((sum, file) => sum + (version.files[file]?.bytes ?? 0), 0)
    const earlier = this.#earlier(version, dataset, others)
    if (restBytes < WORTHWHILE_BYTES || earlier.length === 0) return
    const index = await this.#indexOf(version, signal)
    if (index === undefined) return
    const table = await this.#tableOf(earlier, others, signal)
    const isRest = new Set(rest)
    for (const chunks of index) {
      if (!isRest.has(chunks.fileIndex)) continue
      const found = localRanges(table, chunks)
      if (found.length > 0) ranges.set(chunks.fileIndex, found)
    }
  }

  #earlier(version: Version, dataset: string, others: readonly Holding[]): Holding[] {
    const found: Holding[] = []
    for (const id of this.#init.versionsOf(dataset)) {
      if (id === version.id) continue
      const holding = others.find(other => other.version.id === id && other.have.size > 0)
      if (holding !== undefined) found.push(holding)
      if (found.length === EARLIER_MAX) break
    }
    return found
  }

  async #tableOf(
    earlier: readonly Holding[],
    others: readonly Holding[],
    signal: AbortSignal
  ): Promise<ChunkTable> {
    const table = new ChunkTable()
    for (const holding of earlier)
      table.add(others.indexOf(holding), await this.indexes.of(holding, { signal }))
    return table
  }

  /** The index of the wanted version, from here or from whoever has it. */
  async #indexOf(version: Version, signal: AbortSignal): Promise<ChunkIndex | undefined> {
    const stored = this.indexes.read(version)
    if (stored !== undefined) return stored
    for (const device of this.#init.holdersOf(version.id).slice(0, ASKED_MAX)) {
      const answer = await this.#exchange.ask(device, version, signal)
      if (answer === undefined) continue
      this.indexes.keep(version.id, answer.bytes)
      return answer.index
    }
    return undefined
  }
}

/** Files of a version that lie elsewhere under the same root. */
function wholeFiles(holding: Holding, others: readonly Holding[]): Map<number, readonly LocalRange[]> {
  const missing = [...holding.version.files.entries()].flatMap(([fileIndex, { root, bytes }]) =>
    root !== undefined && isMissing(holding, fileIndex) ? [{ fileIndex, root, bytes }] : []
  )
  const byRoot = filesByRoot(others, new Set(missing.map(({ root }) => root)))
  const ranges = new Map<number, readonly LocalRange[]>()
  for (const { fileIndex, root, bytes } of missing) {
    const same = byRoot.get(root)
    if (same !== undefined) ranges.set(fileIndex, [{ ...same, offset: 0, begin: 0, bytes }])
  }
  return ranges
}

/** Whether a file is to be fetched and not here yet. */
function isMissing(holding: Holding, fileIndex: number): boolean {
  return holding.selected?.has(fileIndex) !== false && !holdsFile(holding, fileIndex)
}
