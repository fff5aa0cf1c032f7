/**
 * The transfers of this device: which version goes where, how far it is, and what to do next. service.ts draws the
 * states. What is asked for is on disk before the asker hears of it, so it goes on after a restart.
 *
 * One version is fetched over the network once at a time: a second transfer of it into another folder waits, and is
 * then copied from the first, verified like anything else.
 */

import { createHash } from 'node:crypto'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { AppError, messageOf } from '../../base/errors.ts'
import { type DeviceId, type PieceIndex, parseVersionId, pieceIndex, type VersionId } from '../../base/ids.ts'
import { decodeInfo } from '../../content/info.ts'
import { pieceLength, type Version } from '../../content/version.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Holding, PieceLayers, Store } from '../../store/store.ts'
import type { Log } from '../log.ts'
import type { LocalFiles } from '../reuse/local-files.ts'
import type { Reuse } from '../reuse/reuse.ts'
import type { Problem, TransferState } from '../service.ts'
import type { Tally } from './swarm-driver.ts'
import type { SwarmHub } from './swarm-hub.ts'

const BLOB_PREFIX = 'transfer/'
const RECORD_VERSION = 1
const WATCH_MS = 250
const ID_DIGITS = 16
/** Pieces under way at once while a version is copied from one folder of this device to another. */
const COPIES_AT_ONCE = 4

/** What the ledger says of the version when a transfer of it is asked for. */
export interface TransferOrder {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  readonly files: number
  readonly totalBytes: number
  readonly destination: string
  /** What it is read for, as whoever asked for it says. */
  readonly purpose: string | null
}

/** A transfer as it is on disk. */
export interface TransferRecord extends TransferOrder {
  readonly id: string
  readonly state: TransferState
  readonly startedAtMs: number
  readonly finishedAtMs: number | null
  readonly problem: Problem | null
}

/** A transfer with what only lives in memory. */
export interface TransferView extends TransferRecord {
  readonly holding: Holding | undefined
  readonly haveBytes: number
  readonly resumedBytes: number
  readonly reusedBytes: number
  readonly tallies: ReadonlyMap<DeviceId, Tally>
}

interface Job {
  record: TransferRecord
  holding: Holding | undefined
  resumedBytes: number
  /** Of the run that ended last, as the tallies. */
  reusedBytes: number
  /** Of the run that ended last; a running one asks the hub. */
  tallies: ReadonlyMap<DeviceId, Tally>
  /** The org does not allow it now. */
  isRefused: boolean
  /** Set while it runs. */
  run: AbortController | undefined
  readonly listeners: Set<() => void>
}

export interface TransferRead {
  readonly version: VersionId
  readonly bytes: number
  readonly purpose: string | null
}

export interface TransferDeskInit {
  readonly store: Store
  readonly hub: SwarmHub
  readonly reuse: Pick<Reuse, 'find'>
  readonly log: Log
  /** A version is here in full. */
  readonly onRead: (read: TransferRead) => void
  /** What was here of a version is not held any more. */
  readonly onForgotten: (version: VersionId) => void
}

export class TransferDesk {
  readonly #init: TransferDeskInit
  readonly #jobs = new Map<string, Job>()
  readonly #watch: NodeJS.Timeout
  #closed = false

  constructor(init: TransferDeskInit) {
    this.#init = init
    for (const { bytes } of init.store.records.listBlobs(BLOB_PREFIX)) {
      const record = parseRecord(bytes)
      if (record !== undefined) this.#jobs.set(record.id, newJob(record))
    }
    init.store.onChange(holding => this.#onHolding(holding))
    this.#watch = setInterval(() => this.#look(), WATCH_MS)
    this.#watch.unref()
  }

  /** Goes on with what was under way when the node stopped. */
  resume(): void {
    for (const job of this.#jobs.values()) {
      job.holding = this.#holdingOf(job.record)
      if (isActive(job.record.state)) void this.#run(job)
    }
  }

  start(order: TransferOrder): string {
    const id = createHash('sha256')
      .update(`${order.version}\0${order.destination}`)
      .digest('hex')
      .slice(0, ID_DIGITS)
    const job = this.#jobs.get(id)
    if (job !== undefined && (isActive(job.record.state) || job.run !== undefined)) return id
    const record: TransferRecord = {
      ...order,
      id,
      state: 'waiting',
      startedAtMs: Date.now(),
      finishedAtMs: null,
      problem: null
    }
    const fresh = job ?? newJob(record)
    fresh.record = record
    this.#jobs.set(id, fresh)
    this.#save(fresh)
    void this.#run(fresh)
    return id
  }

  stop(id: string, { discard }: { discard: boolean }): TransferView | undefined {
    const job = this.#jobs.get(id)
    if (job === undefined) return undefined
    this.#endRun(job)
    if (isActive(job.record.state)) this.#set(job, { state: 'stopped', finishedAtMs: Date.now() })
    const view = this.#view(job)
    if (!discard) return view
    this.#jobs.delete(id)
    this.#init.store.records.deleteBlobs(`${BLOB_PREFIX}${id}`)
    const { holding } = job
    if (holding !== undefined && holding.state !== 'complete') void this.#forget(holding)
    return view
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
    for (const job of this.#jobs.values()) this.#endRun(job)
  }

  #view(job: Job): TransferView {
    const { record, holding, resumedBytes } = job
    const status = job.run === undefined ? undefined : this.#init.hub.status(record.version)
    const haveBytes =
      record.state === 'complete' ? record.totalBytes : (status?.haveBytes ?? haveBytesOf(holding))
    const tallies = this.#fetches(job) ? this.#init.hub.talliesOf(record.version) : job.tallies
    const reusedBytes = status?.reusedBytes ?? job.reusedBytes
    return { ...record, holding, haveBytes, resumedBytes, reusedBytes, tallies }
  }

  /** Whether this job is the one that the hub fetches its version for. */
  #fetches(job: Job): boolean {
    return job.run !== undefined && this.#fetcherOf(job.record.version) === job
  }

  #fetcherOf(version: VersionId): Job | undefined {
    for (const job of this.#jobs.values())
      if (job.run !== undefined && job.record.version === version) return job
    return undefined
  }

  async #run(job: Job): Promise<void> {
    if (this.#closed || job.run !== undefined) return
    if (this.#fetcherOf(job.record.version) !== undefined) return // looked at again when that one ends
    const run = new AbortController()
    job.run = run
    job.tallies = new Map()
    job.isRefused = false
    try {
      const known = this.#known(job.record.version)
      if (known === undefined) {
        this.#fetch(job, run.signal)
        return
      }
      const holding = await this.#place(job, known, run.signal)
      if (holding.state === 'complete') this.#finish(job)
      else if (
        known.complete === undefined ||
        known.complete === holding ||
        !(await copied(known.complete, holding, run.signal))
      ) {
        const local = await this.#init.reuse.find(holding, job.record.name, run.signal)
        this.#fetch(job, run.signal, local)
      }
    } catch (thrown) {
      this.#fail(job, run, thrown)
    }
  }

  /** What this device has of a version already, wherever that is. */
  #known(version: VersionId): Known | undefined {
    const holdings = this.#init.store.holdings().filter(holding => holding.version.id === version)
    const complete = holdings.find(holding => holding.state === 'complete')
    const best = complete ?? holdings[0]
    return best && { version: best.version, layers: layersOf(best), complete }
  }

  async #place(job: Job, known: Known, signal: AbortSignal): Promise<Holding> {
    const { version, layers } = known
    const holding = await this.#init.store.create({
      version,
      destination: job.record.destination,
      layers,
      signal
    })
    signal.throwIfAborted()
    job.holding = holding
    job.resumedBytes = haveBytesOf(holding)
    return holding
  }

  #fetch(job: Job, signal: AbortSignal, local?: LocalFiles): void {
    const { hub } = this.#init
    const versionId = job.record.version
    hub.want({
      versionId,
      holding: job.holding,
      local,
      onInfo: infoBytes => {
        void this.#onInfo(job, infoBytes, signal)
      },
      onComplete: () => undefined, // the holding says so, once every file has its name
      onStorageFailure: failure => {
        if (job.run?.signal === signal) this.#fail(job, job.run, failure)
      },
      onRefused: reason => {
        if (job.run?.signal === signal) this.#onRefused(job, reason)
      }
    })
  }

  /** It waits, and says why, until it is allowed again or stopped. */
  #onRefused(job: Job, reason: string | undefined): void {
    job.isRefused = reason !== undefined
    const message = `${job.record.name} can not be fetched: ${reason}. It goes on by itself once that is settled`
    const problem = reason === undefined ? null : { code: 'NOT_AUTHORISED', message, path: null }
    this.#set(job, { state: 'waiting', problem })
  }

  async #onInfo(job: Job, infoBytes: Uint8Array, signal: AbortSignal): Promise<void> {
    try {
      const version = decodeInfo(infoBytes, sha256)
      const holding = await this.#place(job, { version, layers: new Map(), complete: undefined }, signal)
      if (holding.state === 'complete') this.#finish(job)
      else {
        const local = await this.#init.reuse.find(holding, job.record.name, signal)
        this.#init.hub.useHolding(version.id, holding, local)
      }
    } catch (thrown) {
      if (job.run?.signal === signal) this.#fail(job, job.run, thrown)
    }
  }

  #onHolding(holding: Holding): void {
    for (const job of this.#jobs.values()) {
      if (job.holding !== holding) continue
      if (holding.state === 'complete' && job.run !== undefined) this.#finish(job)
      else if (holding.state === 'damaged' && job.record.state === 'complete') this.#notify(job)
    }
  }

  #finish(job: Job): void {
    if (job.record.state === 'complete') return
    const { version, totalBytes: bytes, purpose } = job.record
    this.#init.onRead({ version, bytes, purpose })
    this.#endRun(job, { complete: true })
    this.#set(job, { state: 'complete', finishedAtMs: Date.now(), problem: null })
    for (const other of this.#jobs.values())
      if (other.record.version === job.record.version && isActive(other.record.state)) void this.#run(other)
  }

  #fail(job: Job, run: AbortController, thrown: unknown): void {
    if (run.signal.aborted) return // stopped, and the state says so
    if (!(thrown instanceof AppError)) throw thrown
    this.#endRun(job)
    const path = typeof thrown.details.path === 'string' ? thrown.details.path : null
    this.#init.log.warn({ transfer: job.record.id, code: thrown.code }, messageOf(thrown))
    this.#set(job, {
      state: 'failed',
      finishedAtMs: Date.now(),
      problem: { code: thrown.code, message: thrown.message, path }
    })
  }

  #endRun(job: Job, { complete = false } = {}): void {
    if (job.run === undefined) return
    if (this.#fetches(job)) {
      job.tallies = this.#init.hub.talliesOf(job.record.version)
      job.reusedBytes = this.#init.hub.status(job.record.version)?.reusedBytes ?? 0
    }
    job.run.abort()
    job.run = undefined
    if (this.#closed) return
    if (complete) this.#init.hub.settle(job.record.version)
    else this.#init.hub.unwant(job.record.version)
  }

  async #forget(holding: Holding): Promise<void> {
    try {
      await this.#init.store.forget(holding)
      this.#init.onForgotten(holding.version.id)
    } catch (thrown) {
      this.#init.log.warn({ path: holding.root }, `part files stay: ${messageOf(thrown)}`)
    }
  }

  /** Whether there is a source right now decides between waiting and fetching. */
  #look(): void {
    for (const job of this.#jobs.values()) {
      if (!isActive(job.record.state) || job.run === undefined) continue
      const status = this.#init.hub.status(job.record.version)
      const hasSource = status?.peers.some(peer => peer.haveCount > 0) ?? job.holding !== undefined
      const state = hasSource && !job.isRefused ? 'fetching' : 'waiting'
      if (state !== job.record.state) this.#set(job, { state })
    }
  }

  #set(job: Job, change: Partial<TransferRecord>): void {
    job.record = { ...job.record, ...change }
    this.#save(job)
    this.#notify(job)
  }

  #notify(job: Job): void {
    for (const listener of job.listeners) listener()
  }

  #save(job: Job): void {
    const { records } = this.#init.store
    records.putBlob(
      `${BLOB_PREFIX}${job.record.id}`,
      utf8(JSON.stringify({ v: RECORD_VERSION, ...job.record }))
    )
  }

  #holdingOf(record: TransferRecord): Holding | undefined {
    const mine = this.#init.store.holdings().filter(holding => holding.version.id === record.version)
    return (
      mine.find(holding => holding.root === record.destination) ??
      mine.find(holding => holding.kind === 'fetched')
    )
  }
}

interface Known {
  readonly version: Version
  readonly layers: PieceLayers
  readonly complete: Holding | undefined
}

function newJob(record: TransferRecord): Job {
  return {
    record,
    holding: undefined,
    resumedBytes: 0,
    reusedBytes: 0,
    tallies: new Map(),
    isRefused: false,
    run: undefined,
    listeners: new Set()
  }
}

function isActive(state: TransferState): boolean {
  return state === 'waiting' || state === 'fetching'
}

export function haveBytesOf(holding: Holding | undefined): number {
  if (holding === undefined) return 0
  const { version, have } = holding
  if (have.size === version.pieceCount) return version.totalBytes
  let bytes = 0
  for (let piece = 0; piece < version.pieceCount; piece++)
    if (have.has(piece)) bytes += pieceLength(version, pieceIndex(piece))
  return bytes
}

function layersOf(holding: Holding): PieceLayers {
  const layers = new Map<number, Uint8Array>()
  for (const fileIndex of holding.version.files.keys()) {
    const layer = holding.layer(fileIndex)
    if (layer !== undefined) layers.set(fileIndex, layer)
  }
  return layers
}

/**
 * Copies what `to` misses from another folder of this device; each piece is verified before it is written. False when
 * that folder turns out to be damaged or gone: what is left then comes from peers.
 */
async function copied(from: Holding, to: Holding, signal: AbortSignal): Promise<boolean> {
  const missing = [...Array(to.version.pieceCount).keys()]
    .filter(piece => !to.have.has(piece))
    .map(pieceIndex)
    .reverse()
  let isWhole = true
  const worker = async (): Promise<void> => {
    for (let piece = missing.pop(); piece !== undefined && isWhole; piece = missing.pop()) {
      signal.throwIfAborted()
      const bytes = await readPiece(from, piece)
      if (bytes === undefined || (await to.writePiece(piece, [bytes])).outcome === 'mismatch') isWhole = false
    }
  }
  await Promise.all(Array.from({ length: COPIES_AT_ONCE }, worker))
  return isWhole
}

async function readPiece(from: Holding, piece: PieceIndex): Promise<Uint8Array | undefined> {
  if (!from.have.has(piece)) return undefined
  try {
    return await from.read({ piece, begin: 0, length: pieceLength(from.version, piece) })
  } catch (thrown) {
    if (thrown instanceof AppError) return undefined
    throw thrown
  }
}

function parseRecord(bytes: Uint8Array): TransferRecord | undefined {
  const text = fromUtf8(bytes)
  if (text === undefined) return undefined
  const { v, ...record } = JSON.parse(text) as { v: number } & TransferRecord
  if (v !== RECORD_VERSION || parseVersionId(record.version) === undefined) return undefined
  return { ...record, purpose: record.purpose ?? null }
}
