/**
 * One scan of one version, from the content to the word in the ledger: has it fetched where it is not here, scans it,
 * signs what is news, and then notes it. In this order: a scan of which the word could not be signed is not noted, and
 * so is done again.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { DAY_MS, MINUTE_MS } from '../../base/units.ts'
import type { Version } from '../../content/version.ts'
import type { DatasetVersion } from '../../ledger/fold/state.ts'
import type { Holding, Store } from '../../store/store.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { ClamdClient } from './clamd-client.ts'
import { heldContent, type Pace } from './held-content.ts'
import type { ScanNotes } from './scan-notes.ts'
import { ownWord } from './scan-queue.ts'
import { NOTED_CHARACTERS_MAX, NOTED_FINDINGS_MAX, type ScanNote } from './scan-record.ts'
import type { ScanScratch } from './scan-scratch.ts'
import type { RunningScan } from './scan-terms.ts'
import { isNews, type ScanWord, wordOf } from './scan-word.ts'
import { sealedContent } from './sealed-content.ts'
import { type ScannedVersion, scanVersion, type VersionScan } from './version-scan.ts'

const RETRY_MIN_MS = MINUTE_MS
const RETRY_MAX_MS = DAY_MS

export interface VersionScannerInit {
  readonly self: DeviceId
  readonly store: Store
  readonly keeper: Pick<LedgerKeeper, 'state' | 'append' | 'whole'>
  readonly scratch: ScanScratch
  readonly notes: ScanNotes
  /** The key of the manifest of a sealed version, where this device may read it and has one. */
  readonly fileKeyOf: (version: Version) => Uint8Array | undefined
  readonly log: Log
}

export interface ScanTarget {
  readonly name: string
  readonly published: DatasetVersion
}

export interface ScanOptions {
  readonly client: ClamdClient
  readonly signal: AbortSignal
  /** Undefined is for as fast as can be. */
  readonly pace: Pace | undefined
  readonly onProgress: (progress: RunningScan) => void
}

export interface Scanned {
  readonly note: ScanNote
  /** Whether the ledger was told. */
  readonly isTold: boolean
}

type Fetched = { readonly holding: Holding } | { readonly failure: AppError }

export class VersionScanner {
  readonly #init: VersionScannerInit
  readonly #running = new Map<VersionId, RunningScan>()

  constructor(init: VersionScannerInit) {
    this.#init = init
  }

  running(): RunningScan[] {
    return [...this.#running.values()]
  }

  isRunning(version: VersionId): boolean {
    return this.#running.has(version)
  }

  /**
   * One at a time of a version. Throws AppError SCANNER_DOWN, SCANNER_FAULTY, SCANNER_UNFIT when no scan could be
   * begun, NOT_AUTHORISED or CLOCK_SKEWED when its word could not be signed; the reason of the signal.
   */
  async scan(target: ScanTarget, options: ScanOptions): Promise<Scanned> {
    const { version, ordinal, bytes, files } = target.published
    const here = this.holding(version)
    const progress = (change: Partial<RunningScan>): void => {
      const next = { ...(this.#running.get(version) ?? start), ...change }
      this.#running.set(version, next)
      options.onProgress(next)
    }
    const start: RunningScan = {
      ...{ name: target.name, version, ordinal, bytes, phase: here === undefined ? 'fetching' : 'scanning' },
      ...{ round: 1, filesDone: 0, filesTotal: files, bytesDone: 0 }
    }
    progress({})
    try {
      const content = await this.#contentOf(target, options, { here, progress })
      if ('failure' in content) return { note: this.#noteFailure(target, content.failure), isTold: false }
      const { signal, client } = options
      progress({ phase: 'scanning', filesTotal: content.files, bytes: content.bytes, bytesDone: 0 })
      const result = await scanVersion(client, content, {
        ...{ signal, until: 'end' },
        onProgress: ({ round, files: filesDone, bytes: bytesDone }) =>
          progress({ phase: 'scanning', round, filesDone, bytesDone })
      })
      return await this.#tell(target, result)
    } finally {
      if (here === undefined) await this.#clean(version)
      this.#running.delete(version)
    }
  }

  /** Where all of a version is to stay. */
  holding(version: VersionId): Holding | undefined {
    return this.#init.store
      .holdings()
      .find(
        holding =>
          holding.version.id === version && holding.state === 'complete' && !this.#init.scratch.has(holding)
      )
  }

  /** What clamd is given: the files that a person would see, sealed or not. */
  async #contentOf(
    target: ScanTarget,
    options: ScanOptions,
    { here, progress }: { here: Holding | undefined; progress: (change: Partial<RunningScan>) => void }
  ): Promise<ScannedVersion | { readonly failure: AppError }> {
    const fetched = here === undefined ? await this.#fetch(target, options, progress) : { holding: here }
    if ('failure' in fetched) return fetched
    const { holding } = fetched
    const { pace, signal } = options
    if (!target.published.sealed) return heldContent(holding, pace)
    const fileKey = this.#init.fileKeyOf(holding.version)
    if (fileKey === undefined) {
      const message = `${target.name} is sealed, and this device can not open it: it takes a grant, and somebody online who can wrap its key`
      return { failure: new AppError('SEALED_NO_KEY', message) }
    }
    try {
      return await sealedContent({ holding, fileKey, pace, signal })
    } catch (thrown) {
      signal.throwIfAborted()
      if (thrown instanceof AppError) return { failure: thrown }
      throw thrown
    }
  }

  async #fetch(
    { name, published }: ScanTarget,
    { signal }: ScanOptions,
    progress: (change: Partial<RunningScan>) => void
  ): Promise<Fetched> {
    try {
      const onProgress = (bytesDone: number): void => progress({ bytesDone })
      const holding = await this.#init.scratch.fetch({ name, published, signal, onProgress })
      return { holding }
    } catch (thrown) {
      signal.throwIfAborted()
      if (thrown instanceof AppError) return { failure: thrown }
      throw thrown
    }
  }

  async #clean(version: VersionId): Promise<void> {
    try {
      await this.#init.scratch.remove(version)
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      this.#init.log.warn({ version }, `what was fetched to be scanned stays: ${messageOf(thrown)}`)
    }
  }

  async #tell(target: ScanTarget, result: VersionScan): Promise<Scanned> {
    const { keeper, notes, self, log } = this.#init
    const { version } = target.published
    const word = wordOf(result)
    await keeper.whole()
    const isTold = isNews(word, ownWord(keeper.state(), version, self))
    if (isTold) keeper.append({ type: 'content.scan', version, ...word })
    const note = this.#noteOf(target, word, result)
    notes.keep(note)
    const level = word.verdict === 'clean' ? 'info' : 'warn'
    log[level]({ version, verdict: word.verdict, found: word.found }, `scanned ${target.name} for malware`)
    return { note, isTold }
  }

  #noteOf({ name, published: { version } }: ScanTarget, word: ScanWord, result: VersionScan): ScanNote {
    const [file] = result.unscanned
    const why = result.fault?.detail ?? (file === undefined ? null : `${file.path}: ${file.detail}`)
    return {
      ...{ version, name, ...word },
      findings: result.findings
        .slice(0, NOTED_FINDINGS_MAX)
        .map(({ path, signature }) => ({ path: cut(path), signature: cut(signature) })),
      detail: word.verdict === 'clean' || why === null ? null : cut(why),
      ...this.#retry(version, word.verdict === 'unscanned')
    }
  }

  /** Nothing is said of it: nobody has looked. */
  #noteFailure({ name, published: { version } }: ScanTarget, failure: AppError): ScanNote {
    const note: ScanNote = {
      ...{ version, name, engine: null, database: null, verdict: 'unscanned', found: null, findings: [] },
      detail: cut(`${failure.message} (${failure.code})`),
      ...this.#retry(version, true)
    }
    this.#init.notes.keep(note)
    this.#init.log.warn({ version, code: failure.code }, `${name} can not be scanned: ${failure.message}`)
    return note
  }

  #retry(version: VersionId, isUnscanned: boolean): Pick<ScanNote, 'atMs' | 'failures' | 'retryAtMs'> {
    const atMs = Date.now()
    if (!isUnscanned) return { atMs, failures: 0, retryAtMs: null }
    const failures = (this.#init.notes.of(version)?.failures ?? 0) + 1
    return { atMs, failures, retryAtMs: atMs + retryAfterMs(failures) }
  }
}

/** Doubles with each failure in a row. */
export function retryAfterMs(failures: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures - 1, 20))
}

function cut(text: string): string {
  return text.length <= NOTED_CHARACTERS_MAX ? text : `${text.slice(0, NOTED_CHARACTERS_MAX - 1)}…`
}
