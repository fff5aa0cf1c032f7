/**
 * The scanner of this device at work. Where one is set up, and the device may say what it finds, it goes by itself
 * through what has to be scanned (scan-queue.ts), one version at a time, and looks again when the ledger, what is held,
 * or the signatures change. What people ask for is scanned beside that, at full speed, one version at a time too.
 *
 *     off -- setup --> idle <-- nothing due -- scanning
 *                       |  ^                      |
 *                       |  +-- due ---------------+
 *                       +--> down   clamd does not answer, or the word can not be signed:
 *                                   tried again after a growing wait
 *
 * A version is begun anew after a restart; those that were done before are not.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { AppError, messageOf } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { counted, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { SCANNER_ROLE } from '../../ledger/fold/access.ts'
import { rolesOf } from '../../ledger/fold/state.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { Problem } from '../service-words.ts'
import { ClamdClient } from './clamd-client.ts'
import { Pace } from './held-content.ts'
import { assertLimitsAreTold } from './limits-probe.ts'
import { ScanNotes } from './scan-notes.ts'
import { type DueScan, dueScans, waitingVersions } from './scan-queue.ts'
import type { ScanSettings } from './scan-record.ts'
import { ScanScratch, type ScanScratchInit } from './scan-scratch.ts'
import type { RunningScan } from './scan-terms.ts'
import { type ScannerWords, scannerWords } from './scan-word.ts'
import { type Scanned, type ScanTarget, VersionScanner, type VersionScannerInit } from './version-scanner.ts'

/** News come in bursts. */
const LOOK_AFTER_MS = 200
/** How often clamd is asked for its signatures. */
const CHECK_MS = MINUTE_MS
const DOWN_MIN_MS = 5 * SECOND_MS
const DOWN_MAX_MS = 5 * MINUTE_MS
const TURN_MS = 50
/** A version that waits for longer waits for a scanner that is not there. */
const LATE_MS = HOUR_MS

export interface ScanDeskInit extends ScanScratchInit, Pick<VersionScannerInit, 'self' | 'fileKeyOf'> {
  readonly keeper: Pick<LedgerKeeper, 'state' | 'append' | 'whole'>
  readonly mayFetch: (version: VersionId) => boolean
  /** Whether this device may read what is sealed, and has a key of it. */
  readonly opens: (version: VersionId) => boolean
  readonly log: Log
}

export interface KnownScanner {
  readonly words: ScannerWords
  readonly databaseMadeAtMs: number
  readonly checkedAtMs: number
}

export class ScanDesk {
  readonly notes: ScanNotes
  readonly #init: ScanDeskInit
  readonly #scratch: ScanScratch
  readonly #scanner: VersionScanner
  #isStarted = false
  #timer: NodeJS.Timeout | undefined
  /** Of the round that is under way, if one is. */
  #round: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  #isAgain = false
  #asked: Promise<unknown> = Promise.resolve()
  #cleared: Promise<void> = Promise.resolve()
  readonly #stopAsked = new AbortController()
  #known: KnownScanner | undefined
  #problem: Problem | undefined
  #failures = 0
  #lateCount = 0
  #lateUntilMs = 0

  constructor(init: ScanDeskInit) {
    this.#init = init
    this.notes = new ScanNotes(init.store.records, init.log)
    this.#scratch = new ScanScratch(init)
    this.#scanner = new VersionScanner({ ...init, scratch: this.#scratch, notes: this.notes })
  }

  /** Once transfers go on. */
  start(): void {
    this.#init.store.onChange(holding => {
      if (holding.state === 'complete') this.look()
    })
    this.#cleared = this.#clear()
  }

  /** Nothing is fetched to be scanned before what an earlier run left of that is gone. */
  async #clear(): Promise<void> {
    try {
      await this.#scratch.clear()
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown
      this.#init.log.warn({}, `what was fetched to be scanned stays: ${messageOf(thrown)}`)
    }
    this.#isStarted = !this.#stopAsked.signal.aborted
    this.look()
  }

  /** Something may have changed. */
  look(): void {
    this.#isAgain = true
    this.#forgetErased()
    if (this.#round === undefined && this.#failures === 0) this.#wake(LOOK_AFTER_MS)
  }

  async close(): Promise<void> {
    this.#isStarted = false
    clearTimeout(this.#timer)
    this.#stopAsked.abort(new AppError('INTERRUPTED', 'the node stops'))
    await this.#cleared
    await this.#endRound()
    await this.#asked.catch(() => undefined)
  }

  get known(): KnownScanner | undefined {
    return this.#known
  }

  running(): RunningScan[] {
    return this.#scanner.running()
  }

  isHeld(version: VersionId): boolean {
    return this.#scanner.holding(version) !== undefined
  }

  /** Whether this device may say what a scan came to. */
  get isAuthorised(): boolean {
    const roles = rolesOf(this.#init.keeper.state(), this.#init.self, Date.now())
    return roles.includes('admin') || roles.includes(SCANNER_ROLE)
  }

  /** What a scan knew of a version that was erased is erased with it: its paths may tell what it was. */
  #forgetErased(): void {
    const { content } = this.#init.keeper.state()
    for (const { version } of this.notes.all())
      if ((content.get(version)?.erasures.length ?? 0) > 0) this.notes.forget(version)
  }

  due(): DueScan[] {
    if (this.#known === undefined || this.notes.settings === undefined || !this.isAuthorised) return []
    const held = this.#init.store.holdings().flatMap(holding => {
      const { id } = holding.version
      return holding.state === 'complete' && !this.#scratch.has(holding) ? [id] : []
    })
    return dueScans({
      ...{ state: this.#init.keeper.state(), self: this.#init.self, nowMs: Date.now() },
      ...{ scanner: this.#known.words, held: new Set(held), mayFetch: this.#init.mayFetch },
      opens: this.#init.opens,
      note: version => this.notes.of(version)
    }).filter(({ published }) => !this.#scanner.isRunning(published.version))
  }

  /** What hinders the scanner, or that there is none, and what waits for it; and malware in what this device holds. */
  problems(): Problem[] {
    const problems: Problem[] = this.#missing()
    const state = this.#init.keeper.state()
    if (this.#problem !== undefined && this.notes.settings !== undefined) {
      const waiting = counted(waitingVersions(state, Date.now()).length, 'version')
      const message = `${waiting} of the org wait to be scanned: ${this.#problem.message}`
      problems.push({ ...this.#problem, message })
    }
    const opened = this.#init.transfers
      .views()
      .filter(({ isOpened, state }) => isOpened && state === 'complete')
      .map(({ version, destination }) => ({ version: { id: version }, root: destination }))
    for (const { version, root } of [...this.#init.store.holdings(), ...opened]) {
      const { scans = [], quarantines = [] } = state.content.get(version.id) ?? {}
      const standing = new Set(quarantines.map(({ operation }) => operation))
      const found = scans.find(({ operation, verdict }) => verdict === 'infected' && standing.has(operation))
      if (found === undefined) continue
      const [name] = state.publishedAs.get(version.id) ?? []
      const message = `a scan found ${found.found ?? 'malware'} in ${root}; peerage scan show ${name ?? ''} tells more`
      problems.push({ code: 'MALWARE_FOUND', message, path: root })
    }
    return problems
  }

  /** No scanner is set up where one should be: on a device of that role, or where what waits for one waits in vain. */
  #missing(): Problem[] {
    if (this.notes.settings !== undefined || !this.isAuthorised) return []
    const nowMs = Date.now()
    const late = this.#late(nowMs)
    const roles = rolesOf(this.#init.keeper.state(), this.#init.self, nowMs)
    if (late === 0 && !roles.includes(SCANNER_ROLE)) return []
    const waiting = late === 0 ? '' : `${counted(late, 'version')} of the org wait to be scanned, and `
    const message = `${waiting}no malware scanner is set up on this device: peerage scan setup`
    return [{ code: 'SCANNER_MISSING', message, path: null }]
  }

  /** Versions that no scanner of the org has come to; looked for now and then, as all versions are gone through. */
  #late(nowMs: number): number {
    if (nowMs >= this.#lateUntilMs) {
      const waiting = waitingVersions(this.#init.keeper.state(), nowMs)
      this.#lateCount = waiting.filter(({ published }) => nowMs - published.timeMs >= LATE_MS).length
      this.#lateUntilMs = nowMs + CHECK_MS
    }
    return this.#lateCount
  }

  /** Tries the scanner, and goes on with it once `beforeChange` has ended: nothing is changed if that rejects. */
  async setUp(
    settings: ScanSettings,
    beforeChange: () => Promise<unknown> = async () => undefined
  ): Promise<void> {
    const client = new ClamdClient(settings.clamd)
    const { signal } = this.#stopAsked
    await client.ping(signal)
    await this.#ask(client, signal)
    await assertLimitsAreTold(client, signal)
    await beforeChange()
    await this.#endRound()
    this.notes.settings = settings
    this.#settle()
  }

  async end(): Promise<void> {
    await this.#endRound()
    this.notes.settings = undefined
    this.#known = undefined
    this.#settle()
  }

  /** Now, and whatever is known of it. Called off: rejects with INTERRUPTED. */
  scanNow(
    target: ScanTarget,
    { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (at: RunningScan) => void }
  ): Promise<Scanned> {
    const turn = this.#asked.then(async () => {
      const { settings } = this.notes
      if (settings === undefined)
        throw new AppError(
          'SCANNER_MISSING',
          'no malware scanner is set up on this device; have clamd run, then: peerage scan setup --clamd PATH'
        )
      await this.#cleared
      const both = AbortSignal.any([signal, this.#stopAsked.signal])
      try {
        while (this.#scanner.isRunning(target.published.version))
          await delay(TURN_MS, undefined, { signal: both })
        const client = new ClamdClient(settings.clamd)
        return await this.#scanner.scan(target, { client, signal: both, pace: undefined, onProgress })
      } catch (thrown) {
        if (!both.aborted) throw thrown
        throw new AppError('INTERRUPTED', `the scan of ${target.name} was called off; nothing was said of it`)
      }
    })
    this.#asked = turn.catch(() => undefined)
    return turn
  }

  #settle(): void {
    this.#problem = undefined
    this.#failures = 0
    this.look()
  }

  #wake(afterMs: number): void {
    clearTimeout(this.#timer)
    if (!this.#isStarted) return
    this.#timer = setTimeout(() => this.#begin(), afterMs)
    this.#timer.unref()
  }

  #begin(): void {
    const { settings } = this.notes
    if (!this.#isStarted || this.#round !== undefined || settings === undefined) return
    const stop = new AbortController()
    this.#isAgain = false
    const ended = this.#goThrough(settings, stop.signal).finally(() => {
      this.#round = undefined
      if (stop.signal.aborted) return
      this.#wake(this.#failures > 0 ? downMs(this.#failures) : this.#isAgain ? LOOK_AFTER_MS : this.#nextMs())
    })
    this.#round = { stop, ended }
  }

  async #endRound(): Promise<void> {
    clearTimeout(this.#timer)
    const round = this.#round
    round?.stop.abort(new AppError('INTERRUPTED', 'the scanner was stopped'))
    await round?.ended
  }

  /** Never rejects, but for a bug. */
  async #goThrough({ clamd, bytesPerSecond }: ScanSettings, signal: AbortSignal): Promise<void> {
    const client = new ClamdClient(clamd)
    const pace = new Pace(bytesPerSecond)
    try {
      for (;;) {
        await this.#ask(client, signal)
        const [next] = this.due()
        if (next === undefined) break
        await this.#scanner.scan(next, { client, signal, pace, onProgress: () => undefined })
        this.#problem = undefined
        this.#failures = 0
      }
      this.#problem = undefined
      this.#failures = 0
    } catch (thrown) {
      if (signal.aborted) return
      if (!(thrown instanceof AppError)) throw thrown
      this.#failures++
      this.#problem = { code: thrown.code, message: thrown.message, path: null }
      this.#init.log.warn({ code: thrown.code }, `nothing is scanned for malware: ${thrown.message}`)
    }
  }

  async #ask(client: ClamdClient, signal: AbortSignal): Promise<void> {
    const { engine, database } = await client.version(signal)
    if (database === null)
      throw new AppError(
        'SCANNER_UNFIT',
        'clamd has no database with a version: have freshclam fetch those of ClamAV'
      )
    this.#known = {
      words: scannerWords({ engine, database: database.version }),
      databaseMadeAtMs: database.timeMs,
      checkedAtMs: Date.now()
    }
  }

  /** Until clamd is asked again, or something that was unscanned is due. */
  #nextMs(): number {
    const nowMs = Date.now()
    let nextMs = CHECK_MS
    for (const { retryAtMs } of this.notes.all())
      if (retryAtMs !== null && retryAtMs > nowMs) nextMs = Math.min(nextMs, retryAtMs - nowMs + 1)
    return nextMs
  }
}

function downMs(failures: number): number {
  return Math.min(DOWN_MAX_MS, DOWN_MIN_MS * 2 ** Math.min(failures - 1, 10))
}
