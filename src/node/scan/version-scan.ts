/**
 * Scans all files of a version by one clamd.
 *
 * Invariant: the verdict is `clean` only when every file of the version, as many and with as many bytes in all as it
 * has, was found clean as a whole, by a daemon that had one and the same database and program before the first and
 * after the last, and that was seen, before and after, to tell when it does not look at everything. In doubt it is
 * `unscanned`.
 *
 * A round is: ask the version, scan all files, ask the version again. When it has changed meanwhile, nobody can say
 * which file was held against which signatures: the round is repeated, a bounded number of times. What was found
 * stays found.
 *
 * What is one daemon here has to be one: behind a balancer of several nothing is proved. Signatures of the operator's
 * own have no version; a change of these alone is not noticed.
 */

import { AppError } from '../../base/errors.ts'
import type { ClamdClient, ScanSource, UnscannedReason } from './clamd-client.ts'
import type { ClamdVersion, SignatureDatabase } from './clamd-codec.ts'
import { assertLimitsAreTold } from './limits-probe.ts'

/** Of findings, and of files that could not be scanned, that are listed. All are counted. */
export const LISTED_MAX = 1000
const FILES_AT_ONCE = 4
const ROUNDS_MAX = 3

export interface ScannedFile extends ScanSource {
  readonly path: string
}

export interface ScannedVersion {
  /** How many files it has, and bytes in them. */
  readonly files: number
  readonly bytes: number
  /** All its files, from the beginning at each call. */
  read(signal: AbortSignal): AsyncIterable<ScannedFile>
}

export interface ScanProgress {
  /** From 1; a further one begins when the database changed. */
  readonly round: number
  readonly files: number
  readonly bytes: number
  readonly findings: number
}

export interface VersionScanOptions {
  readonly signal: AbortSignal
  /** Whether to go on when something was found. */
  readonly until: 'first-finding' | 'end'
  readonly filesAtOnce?: number
  /** May come at any rate. */
  readonly onProgress?: (progress: ScanProgress) => void
}

export interface ScanFinding {
  readonly path: string
  readonly signature: string
}

export interface UnscannedFile {
  readonly path: string
  readonly reason: UnscannedReason
  readonly detail: string
}

/** Why a scan as a whole proves nothing, whatever is said of single files. */
export interface ScanFault {
  readonly reason: 'database-changed' | 'scanner-lost' | 'limits-not-told' | 'incomplete'
  readonly detail: string
}

export interface VersionScan {
  readonly verdict: 'clean' | 'infected' | 'unscanned'
  /** Of the program. */
  readonly engine: string
  /** Its version, at the beginning of the last round. */
  readonly database: number
  /** See `SignatureDatabase.timeMs`. */
  readonly databaseTimeMs: number
  /** At most `LISTED_MAX` of them, by path; so too those below. */
  readonly findings: readonly ScanFinding[]
  readonly unscanned: readonly UnscannedFile[]
  readonly fault: ScanFault | null
  /** Of the last round: files that were scanned as a whole, and their bytes. */
  readonly scannedFiles: number
  readonly scannedBytes: number
  readonly infectedFiles: number
  readonly unscannedFiles: number
  readonly startedMs: number
  readonly endedMs: number
}

/**
 * Throws SCANNER_DOWN, SCANNER_FAULTY or SCANNER_UNFIT when no scan could be begun; what `read` throws; the reason of
 * the signal.
 */
export async function scanVersion(
  client: ClamdClient,
  version: ScannedVersion,
  options: VersionScanOptions
): Promise<VersionScan> {
  const startedMs = Date.now()
  await assertLimitsAreTold(client, options.signal)
  let before = named(await client.version(options.signal))
  for (let number = 1; ; number++) {
    const round = new ScanRound(client, { version, options, number })
    await round.run()
    const after = round.fault === null ? await versionAfter(client, round, options.signal) : undefined
    if (after !== undefined && !isSame(before, after)) {
      if (number < ROUNDS_MAX && round.infectedFiles === 0) {
        before = named(after)
        continue
      }
      const detail = `it was ${wordsOf(before)}, and is ${wordsOf(after)} since`
      round.fault = { reason: 'database-changed', detail }
    }
    return resultOf(round, { before, startedMs })
  }
}

type NamedVersion = ClamdVersion & { readonly database: SignatureDatabase }

function named({ engine, database }: ClamdVersion): NamedVersion {
  if (database !== null) return { engine, database }
  throw new AppError(
    'SCANNER_UNFIT',
    'clamd has no database with a version, so nobody could say what a scan was held against: have freshclam fetch those of ClamAV'
  )
}

/** Undefined, and a fault of the round, when clamd is no longer there. */
async function versionAfter(
  client: ClamdClient,
  round: ScanRound,
  signal: AbortSignal
): Promise<ClamdVersion | undefined> {
  try {
    const after = await client.version(signal)
    // It may have been started anew with other settings meanwhile.
    await assertLimitsAreTold(client, signal)
    return after
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    const reason = thrown.code === 'SCANNER_UNFIT' ? 'limits-not-told' : 'scanner-lost'
    round.fault = { reason, detail: thrown.message }
    return undefined
  }
}

function isSame(one: ClamdVersion, other: ClamdVersion): boolean {
  return (
    one.engine === other.engine &&
    one.database?.version === other.database?.version &&
    one.database?.timeMs === other.database?.timeMs
  )
}

function wordsOf({ engine, database }: ClamdVersion): string {
  return `${engine}/${database?.version ?? 'none'}`
}

function resultOf(
  round: ScanRound,
  { before, startedMs }: { readonly before: NamedVersion; readonly startedMs: number }
): VersionScan {
  const { fault, infectedFiles, unscannedFiles } = round
  const isClean = fault === null && infectedFiles === 0 && unscannedFiles === 0
  return {
    verdict: infectedFiles > 0 ? 'infected' : isClean ? 'clean' : 'unscanned',
    engine: before.engine,
    database: before.database.version,
    databaseTimeMs: before.database.timeMs,
    findings: round.findings.sort(byPath),
    unscanned: round.unscanned.sort(byPath),
    fault,
    scannedFiles: round.scannedFiles,
    scannedBytes: round.scannedBytes,
    infectedFiles,
    unscannedFiles,
    startedMs,
    endedMs: Date.now()
  }
}

function byPath(one: { readonly path: string }, other: { readonly path: string }): number {
  return one.path < other.path ? -1 : one.path > other.path ? 1 : 0
}

class ScanRound {
  readonly findings: ScanFinding[] = []
  readonly unscanned: UnscannedFile[] = []
  fault: ScanFault | null = null
  infectedFiles = 0
  unscannedFiles = 0
  scannedFiles = 0
  scannedBytes = 0
  readonly #client: ClamdClient
  readonly #version: ScannedVersion
  readonly #options: VersionScanOptions
  readonly #number: number
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  #readBytes = 0
  #failure: { readonly thrown: unknown } | undefined

  constructor(
    client: ClamdClient,
    {
      version,
      options,
      number
    }: { readonly version: ScannedVersion; readonly options: VersionScanOptions; readonly number: number }
  ) {
    this.#client = client
    this.#version = version
    this.#options = options
    this.#number = number
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal])
  }

  async run(): Promise<void> {
    const running = new Set<Promise<void>>()
    try {
      for await (const file of this.#version.read(this.#signal)) {
        if (this.#signal.aborted) break
        const scan = this.#scan(file).finally(() => running.delete(scan))
        running.add(scan)
        if (running.size >= (this.#options.filesAtOnce ?? FILES_AT_ONCE)) await Promise.race(running)
        if (this.#signal.aborted) break
      }
    } catch (thrown) {
      if (!this.#signal.aborted) this.#fail(thrown)
    }
    await Promise.all(running)
    this.#options.signal.throwIfAborted()
    if (this.#failure !== undefined) throw this.#failure.thrown
    const { files, bytes } = this.#version
    const isWhole = this.scannedFiles === files && this.scannedBytes === bytes
    if (isWhole || this.fault !== null || this.infectedFiles > 0 || this.unscannedFiles > 0) return
    const detail = `${this.scannedFiles} of ${files} files with ${this.scannedBytes} of ${bytes} B were given to scan`
    this.fault = { reason: 'incomplete', detail }
  }

  /** Never rejects. */
  async #scan(file: ScannedFile): Promise<void> {
    try {
      const source = {
        bytes: file.bytes,
        stream: (signal: AbortSignal) => this.#counted(file.stream(signal))
      }
      const verdict = await this.#client.scan(source, this.#signal)
      if (verdict.kind === 'unscanned') this.#noteUnscanned(file.path, verdict)
      else {
        this.scannedFiles++
        this.scannedBytes += file.bytes
        if (verdict.kind === 'infected') this.#noteFinding(file.path, verdict.signature)
      }
      this.#report()
    } catch (thrown) {
      if (this.#signal.aborted) return
      if (!(thrown instanceof AppError)) return this.#fail(thrown)
      this.#noteUnscanned(file.path, { reason: 'error', detail: thrown.message })
      this.fault = { reason: 'scanner-lost', detail: thrown.message }
      this.#stop.abort()
    }
  }

  #noteFinding(path: string, signature: string): void {
    this.infectedFiles++
    if (this.findings.length < LISTED_MAX) this.findings.push({ path, signature })
    if (this.#options.until === 'first-finding') this.#stop.abort()
  }

  #noteUnscanned(path: string, why: { readonly reason: UnscannedReason; readonly detail: string }): void {
    this.unscannedFiles++
    if (this.unscanned.length < LISTED_MAX)
      this.unscanned.push({ path, reason: why.reason, detail: why.detail })
  }

  #fail(thrown: unknown): void {
    this.#failure ??= { thrown }
    this.#stop.abort()
  }

  async *#counted(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of stream) {
      yield bytes
      this.#readBytes += bytes.length
      this.#report()
    }
  }

  #report(): void {
    this.#options.onProgress?.({
      round: this.#number,
      files: this.scannedFiles,
      bytes: this.#readBytes,
      findings: this.infectedFiles
    })
  }
}
