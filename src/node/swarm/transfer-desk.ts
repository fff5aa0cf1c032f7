/**
 * The transfers of this device: which version goes where, how far it is, and what to do next. service.ts draws the
 * states. What is asked for is on disk before the asker hears of it, so it goes on after a restart.
 *
 * All that are under way look for peers; which of them fetch data at a time says transfer-slots.ts. One version is
 * fetched over the network once at a time: a second transfer of it into another folder waits, and copies from the first
 * what that has, verified like anything else.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { decodeInfo } from '../../content/info.ts'
import type { Version } from '../../content/version.ts'
import { sha256 } from '../../store/sha256.ts'
import { type Holding, isWhole, type PieceLayers } from '../../store/store.ts'
import type { TransferStatus } from '../../swarm/transfer-types.ts'
import type { LocalFiles } from '../reuse/local-files.ts'
import { layersOf, type PieceSource } from './local-copy.ts'
import { haveBytesOf, selectedSums } from './selection.ts'
import type { TransferDeskInit, TransferView } from './transfer-desk-terms.ts'
import { contenderOf, hasSource, type Job, newJob, transferIdOf, viewOf } from './transfer-job.ts'
import type { StartOrder } from './transfer-orders.ts'
import { checkedGroups, isActive, isSettled, joinedOrder, settledError } from './transfer-orders.ts'
import { TransferPlaces } from './transfer-places.ts'
import { decodeRecord, encodeRecord, type TransferRecord } from './transfer-record.ts'
import { decideSlots, type Priority, REST_MS } from './transfer-slots.ts'

export type { TransferDeskInit, TransferRead, TransferView } from './transfer-desk-terms.ts'

const BLOB_PREFIX = 'transfer/'
const WATCH_MS = 250

export class TransferDesk {
  readonly #init: TransferDeskInit
  readonly #places: TransferPlaces
  /** Places that are being made ready, or let go of. */
  readonly #settling = new Set<Promise<unknown>>()
  readonly #jobs = new Map<string, Job>()
  readonly #watch: NodeJS.Timeout
  #closed = false

  constructor(init: TransferDeskInit) {
    this.#init = init
    this.#places = new TransferPlaces(init.store, init.sealed)
    for (const { bytes } of init.records.listBlobs(BLOB_PREFIX)) {
      const record = decodeRecord(bytes)
      if (record !== undefined) this.#jobs.set(record.id, newJob(record))
    }
    init.store.onChange(holding => this.#onHolding(holding))
    init.sealed?.onChange(() => this.#recheckOpening())
    this.#watch = setInterval(() => this.#arrange(), WATCH_MS)
    this.#watch.unref()
  }

  /** Goes on with what was under way when the node stopped. */
  resume(): void {
    for (const job of this.#jobs.values()) job.holding = this.#places.holdingOf(job.record)
    this.#runAll()
  }

  /** Starts a transfer; one of the same version into the same destination that is under way is joined. */
  start(asked: StartOrder): string {
    checkedGroups(asked.only)
    const order = { ...asked, priority: asked.priority ?? 'normal', isOpened: asked.isOpened ?? false }
    const id = transferIdOf(order)
    const job = this.#jobs.get(id)
    if (job !== undefined && !isSettled(job.record.state)) {
      const joined = joinedOrder(job.record, asked)
      // What it fetches is fixed while it runs.
      if (joined.only.length !== job.record.only.length) this.#endRun(job, 'stop')
      const state = job.record.state === 'paused' ? 'queued' : job.record.state
      this.#set(job, { ...joined, state })
      this.#runAll()
      return id
    }
    const record: TransferRecord = {
      ...order,
      id,
      state: 'waiting',
      startedAtMs: Date.now(),
      finishedAtMs: null,
      problem: null,
      selected: null
    }
    const fresh = job ?? newJob(record)
    fresh.record = record
    this.#jobs.set(id, fresh)
    this.#save(fresh)
    void this.#run(fresh)
    return id
  }

  /** Asks for nothing more until it is resumed; what is stored is kept, and served. */
  pause(id: string): TransferView | undefined {
    const job = this.#jobs.get(id)
    if (job === undefined) return undefined
    if (isSettled(job.record.state)) throw settledError(job.record, 'paused')
    this.#endRun(job, 'pause')
    this.#set(job, { state: 'paused', problem: null })
    this.#runAll()
    return this.#view(job)
  }

  /** Goes on with one that is paused, and begins again one that was stopped or failed. */
  goOn(id: string): TransferView | undefined {
    const job = this.#jobs.get(id)
    if (job === undefined) return undefined
    const { state } = job.record
    if (state === 'complete') throw settledError(job.record, 'resumed')
    if (state === 'paused') this.#set(job, { state: 'queued' })
    else if (isSettled(state)) {
      this.#set(job, { state: 'waiting', startedAtMs: Date.now(), finishedAtMs: null, problem: null })
    }
    void this.#run(job)
    return this.#view(job)
  }

  prioritise(id: string, priority: Priority): TransferView | undefined {
    return this.#change(id, { priority }, 'given another priority')
  }

  setDeadline(id: string, deadlineAtMs: number | null): TransferView | undefined {
    return this.#change(id, { deadlineAtMs }, 'given another deadline')
  }

  #change(id: string, change: Partial<TransferRecord>, how: string): TransferView | undefined {
    const job = this.#jobs.get(id)
    if (job === undefined) return undefined
    if (isSettled(job.record.state)) throw settledError(job.record, how)
    this.#set(job, change)
    this.#arrange()
    return this.#view(job)
  }

  stop(id: string, { discard }: { discard: boolean }): TransferView | undefined {
    const job = this.#jobs.get(id)
    if (job === undefined) return undefined
    this.#endRun(job, 'stop')
    if (!isSettled(job.record.state)) this.#set(job, { state: 'stopped', finishedAtMs: Date.now() })
    this.#runAll()
    const view = this.#view(job)
    if (!discard) return view
    this.#jobs.delete(id)
    this.#init.records.deleteBlobs(`${BLOB_PREFIX}${id}`)
    const { holding } = job
    if (holding !== undefined && !isWhole(holding.state)) this.#settle(this.#forget(holding))
    if (job.record.isOpened) void this.#init.sealed?.discard(job.record)
    return view
  }

  /** Ends and forgets every transfer of a version; what they stored stays with the store. */
  async abandon(version: VersionId): Promise<void> {
    for (const [id, job] of this.#jobs) {
      if (job.record.version !== version) continue
      this.#endRun(job, 'stop')
      this.#jobs.delete(id)
      this.#init.records.deleteBlob(`${BLOB_PREFIX}${id}`)
      this.#notify(job)
      await job.opening
    }
    await this.placed()
  }

  /** Resolves once all places that are being made ready or let go of now are: then the store says what lies in them. */
  async placed(): Promise<void> {
    await Promise.all(this.#settling)
  }

  views(): TransferView[] {
    return [...this.#jobs.values()]
      .map(job => this.#view(job))
      .sort((a, b) => b.startedAtMs - a.startedAtMs || a.id.localeCompare(b.id))
  }

  /** What a version is fetched for, or was last. */
  purposeOf(version: VersionId): string | null {
    const jobs = [...this.#jobs.values()].filter(({ record }) => record.version === version)
    const fetcher =
      this.#fetcherOf(version) ?? jobs.sort((a, b) => b.record.startedAtMs - a.record.startedAtMs)[0]
    return fetcher?.record.purpose ?? null
  }

  view(id: string): TransferView | undefined {
    const job = this.#jobs.get(id)
    return job === undefined ? undefined : this.#view(job)
  }

  onChange(id: string, listener: () => void): () => void {
    const job = this.#jobs.get(id)
    job?.listeners.add(listener)
    return () => job?.listeners.delete(listener)
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#watch)
    for (const job of this.#jobs.values()) this.#endRun(job, 'stop')
  }

  #view(job: Job): TransferView {
    return viewOf(job, this.#statusOf(job), this.#talliesOf(job))
  }

  #talliesOf = (job: Job) => (job.isFetching ? this.#init.hub.talliesOf(job.record.version) : job.tallies)

  #statusOf(job: Job): TransferStatus | undefined {
    return job.isFetching ? this.#init.hub.status(job.record.version) : undefined
  }

  #fetcherOf(version: VersionId): Job | undefined {
    for (const job of this.#jobs.values())
      if (job.run !== undefined && job.record.version === version) return job
    return undefined
  }

  /** Runs what is under way and can, the oldest first. */
  #runAll(): void {
    const jobs = [...this.#jobs.values()].sort((a, b) => a.record.startedAtMs - b.record.startedAtMs)
    for (const job of jobs) void this.#run(job)
    this.#arrange()
  }

  async #run(job: Job): Promise<void> {
    if (this.#closed || job.run !== undefined || !isActive(job.record.state)) return
    if (this.#fetcherOf(job.record.version) !== undefined) return // looked at again when that one ends
    if (!this.#canOpen(job)) return // looked at again when an envelope comes
    const run = new AbortController()
    job.run = run
    job.tallies = new Map()
    job.isRefused = false
    try {
      const [known] = this.#places.known(job.record.version)
      if (known === undefined) {
        this.#fetch(job, run.signal)
        return
      }
      const holding = await this.#place(job, { version: known.version, layers: layersOf(known) }, run.signal)
      if (!isWhole(holding.state)) await this.#places.copy(holding, run.signal)
      if (run.signal.aborted) return
      if (isWhole(holding.state)) this.#onWhole(job)
      else this.#fetch(job, run.signal, await this.#init.reuse.find(holding, job.record.name, run.signal))
    } catch (thrown) {
      this.#fail(job, run, thrown)
    }
  }

  async #place(
    job: Job,
    { version, layers }: { readonly version: Version; readonly layers: PieceLayers },
    signal: AbortSignal
  ): Promise<Holding> {
    const placing = this.#places.create(job.record, { version, layers }, signal)
    this.#settle(placing)
    const holding = await placing
    signal.throwIfAborted()
    job.holding = holding
    job.resumedBytes = haveBytesOf(holding)
    const sums = selectedSums(holding)
    if (sums?.bytes !== job.record.selected?.bytes || sums?.files !== job.record.selected?.files)
      this.#set(job, { selected: sums })
    return holding
  }

  /** What may be opened, or can be, has changed. */
  #recheckOpening(): void {
    for (const job of this.#jobs.values())
      if (job.run !== undefined && !this.#canOpen(job)) this.#endRun(job, 'pause')
    this.#runAll()
  }

  /** Whether a version that is to be opened can be; if not, its transfer says why. */
  #canOpen(job: Job): boolean {
    if (!job.record.isOpened) return true
    const lack = this.#init.sealed?.lack(job.record)
    job.isRefused = lack !== undefined
    if (lack?.message !== job.record.problem?.message)
      this.#set(job, { problem: lack ?? null, ...(lack && { state: 'waiting' }) })
    return lack === undefined
  }

  /** All that was to be fetched for now is here. */
  #onWhole(job: Job): void {
    if (job.record.isOpened) void this.#open(job)
    else this.#finish(job)
  }

  async #open(job: Job): Promise<void> {
    const { run, holding } = job
    const { sealed } = this.#init
    if (job.opening !== undefined || run === undefined || holding === undefined || sealed === undefined)
      return
    const opening = sealed.open(job.record, holding, run.signal)
    job.opening = opening.catch(() => undefined)
    let outcome: 'opened' | 'more' | undefined
    try {
      outcome = await opening
    } catch (thrown) {
      this.#fail(job, run, thrown)
    } finally {
      job.opening = undefined
    }
    if (run.signal.aborted || outcome === undefined) return
    if (outcome === 'opened') return this.#finish(job)
    // The manifest is here; now for what it names.
    this.#endRun(job, 'pause')
    void this.#run(job)
  }

  #fetch(job: Job, signal: AbortSignal, local?: LocalFiles): void {
    job.isFetching = true
    this.#init.hub.want({
      versionId: job.record.version,
      holding: job.holding,
      local,
      waitsForTurn: true,
      onInfo: (infoBytes, layers = new Map()) => {
        void this.#onInfo(job, { infoBytes, layers }, signal)
      },
      onComplete: () => undefined, // the holding says so
      onStorageFailure: failure => {
        if (job.run?.signal === signal) this.#fail(job, job.run, failure)
      },
      onRefused: reason => {
        if (job.run?.signal === signal) this.#onRefused(job, reason)
      }
    })
    this.#arrange()
  }

  /** It waits, and says why, until it is allowed again or stopped. */
  #onRefused(job: Job, reason: string | undefined): void {
    job.isRefused = reason !== undefined
    const message = `${job.record.name} can not be fetched: ${reason}. It goes on by itself once that is settled`
    const problem = reason === undefined ? null : { code: 'NOT_AUTHORISED', message, path: null }
    this.#set(job, { state: 'waiting', problem })
  }

  async #onInfo(
    job: Job,
    { infoBytes, layers }: { readonly infoBytes: Uint8Array; readonly layers: PieceLayers },
    signal: AbortSignal
  ): Promise<void> {
    try {
      const version = decodeInfo(infoBytes, sha256)
      const holding = await this.#place(job, { version, layers }, signal)
      if (isWhole(holding.state)) this.#onWhole(job)
      else {
        const local = await this.#init.reuse.find(holding, job.record.name, signal)
        this.#init.hub.useHolding(version.id, holding, local)
      }
    } catch (thrown) {
      if (job.run?.signal === signal) this.#fail(job, job.run, thrown)
    }
  }

  /**
   * Gives a transfer what this device can make of its version, verified like anything else. False when that is not what
   * the version is; undefined when it is not being fetched any more.
   */
  async supply(
    version: VersionId,
    info: { readonly infoBytes: Uint8Array; readonly layers: PieceLayers },
    from: PieceSource
  ): Promise<boolean | undefined> {
    const job = this.#fetcherOf(version)
    if (job?.run === undefined) return undefined
    const run: AbortController = job.run
    if (job.holding === undefined) await this.#onInfo(job, info, run.signal)
    const { holding } = job
    if (holding === undefined || run.signal.aborted) return undefined
    try {
      job.isSupplied = true
      return await this.#places.fill(holding, { layers: info.layers, from }, run.signal)
    } catch (thrown) {
      this.#fail(job, run, thrown)
      return undefined
    } finally {
      job.isSupplied = false
    }
  }

  #onHolding(holding: Holding): void {
    for (const job of this.#jobs.values()) {
      if (job.holding !== holding) continue
      if (isWhole(holding.state) && job.run !== undefined) this.#onWhole(job)
      else if (holding.state === 'damaged' && job.record.state === 'complete') this.#notify(job)
    }
  }

  #finish(job: Job): void {
    if (job.record.state === 'complete') return
    const { version, totalBytes, selected, purpose, destination } = job.record
    this.#init.onRead({ version, bytes: selected?.bytes ?? totalBytes, purpose, destination })
    this.#endRun(job, 'complete')
    this.#set(job, { state: 'complete', finishedAtMs: Date.now(), problem: null })
    this.#runAll()
  }

  #fail(job: Job, run: AbortController, thrown: unknown): void {
    if (run.signal.aborted) return // stopped, and the state says so
    if (!(thrown instanceof AppError)) throw thrown
    this.#endRun(job, 'stop')
    const path = typeof thrown.details.path === 'string' ? thrown.details.path : null
    this.#init.log.warn({ transfer: job.record.id, code: thrown.code }, messageOf(thrown))
    this.#set(job, {
      state: 'failed',
      finishedAtMs: Date.now(),
      problem: { code: thrown.code, message: thrown.message, path }
    })
    this.#runAll()
  }

  #endRun(job: Job, how: 'complete' | 'pause' | 'stop'): void {
    if (job.run === undefined) return
    if (job.isFetching) {
      job.tallies = this.#init.hub.talliesOf(job.record.version)
      const status = this.#init.hub.status(job.record.version)
      job.reusedBytes = status?.reusedBytes ?? 0
      job.originBytes = status?.origin.bytes ?? 0
    }
    job.run.abort()
    job.run = undefined
    job.isFetching = false
    job.grant = undefined
    job.restsUntilMs = 0
    if (this.#closed) return
    if (how === 'complete') this.#init.hub.settle(job.record.version)
    else if (how === 'pause') this.#init.hub.rest(job.record.version)
    else this.#init.hub.unwant(job.record.version)
  }

  #settle(change: Promise<unknown>): void {
    const settled = change.then(undefined, () => undefined).finally(() => this.#settling.delete(settled))
    this.#settling.add(settled)
  }

  async #forget(holding: Holding): Promise<void> {
    try {
      await this.#init.store.forget(holding)
      this.#init.onForgotten(holding.version.id)
    } catch (thrown) {
      this.#init.log.warn({ path: holding.root }, `part files stay: ${messageOf(thrown)}`)
    }
  }

  /** Gives the slots to whom they are due, and says of each transfer what it does. */
  #arrange(): void {
    if (this.#closed) return
    const nowMs = performance.now()
    const running = [...this.#jobs.values()].flatMap(job => {
      const status = this.#statusOf(job)
      return status === undefined ? [] : [{ job, status }]
    })
    for (const { job, status } of running) {
      if (status.downloadedBytes !== job.movedBytes) job.movedAtMs = nowMs
      job.movedBytes = status.downloadedBytes
    }
    const decision = decideSlots(
      running.map(({ job, status }) => contenderOf(job, status)),
      { nowMs }
    )
    for (const { job, status } of running) {
      const grant = decision.grants.get(job.record.id)
      if (decision.resting.has(job.record.id)) job.restsUntilMs = nowMs + REST_MS
      if (grant !== undefined && job.grant === undefined) job.movedAtMs = nowMs
      job.grant = grant
      const { version, deadlineAtMs } = job.record
      const deadline = deadlineAtMs === null ? {} : { deadlineEpochMs: deadlineAtMs }
      this.#init.hub.allow(version, { wantsData: grant !== undefined, ...grant, ...deadline })
      this.#tell(job, hasSource(status) || job.isSupplied)
    }
    for (const job of this.#jobs.values())
      if (job.run !== undefined && !running.some(each => each.job === job))
        this.#tell(job, job.holding !== undefined)
      else if (job.run === undefined && isActive(job.record.state)) this.#tell(job, true)
  }

  #tell(job: Job, isReady: boolean): void {
    if (!isActive(job.record.state)) return
    const isCopying = job.run !== undefined && !job.isFetching
    const fetches = job.grant !== undefined || isCopying || job.isSupplied
    const state = !isReady || job.isRefused ? 'waiting' : fetches ? 'fetching' : 'queued'
    if (state !== job.record.state) this.#set(job, { state })
  }

  #set(job: Job, change: Partial<TransferRecord>): void {
    job.record = { ...job.record, ...change }
    if (this.#jobs.get(job.record.id) === job) this.#save(job)
    this.#notify(job)
  }

  #notify(job: Job): void {
    for (const listener of job.listeners) listener()
  }

  #save(job: Job): void {
    this.#init.records.putBlob(`${BLOB_PREFIX}${job.record.id}`, encodeRecord(job.record))
  }
}
