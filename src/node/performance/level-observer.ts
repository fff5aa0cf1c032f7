/**
 * Observes on this device what service levels are about (docs/PERFORMANCE.md says what each measure means):
 *
 * - `distribute`: how long a version took to be here, when a fetch of it ends;
 * - `first-byte`: how long a fetch took until its first piece was here;
 * - `availability`: each minute, whether the newest version of each dataset can be had from somebody who is here;
 * - `revocation`: how long an operation that takes something was under way, when it comes;
 * - `repair`: how long a stored version was not kept as its rule asks, when it is again.
 */

import { AppError } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { spanStart } from '../../history/rollup.ts'
import { isMember, latestVersion, type State } from '../../ledger/fold/state.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import { takes } from '../../ledger/operation/operation-types.ts'
import type { LevelMeasure } from '../../ledger/operation/performance-content.ts'
import type { CancelTimer, Clock } from '../clock.ts'
import type { TransferView } from '../swarm/transfer-desk-terms.ts'
import { isActive, isSettled } from '../swarm/transfer-orders.ts'
import type { Observations, Observed } from './observations.ts'

/** Newest versions that are looked at each minute, by name. */
export const DATASETS_MAX = 512
const LOOK_MS = MINUTE_MS
/** How often it is looked whether the first piece of a fetch is here. */
const FIRST_BYTE_LOOK_MS = SECOND_MS / 10
/** While nothing is under way, or all of it is paused, it is looked only every so many times. */
const IDLE_LOOKS = 10
const REPAIRS_MAX = 10_000

export interface ObservedTransfer
  extends Pick<
    TransferView,
    'id' | 'name' | 'version' | 'state' | 'startedAtMs' | 'finishedAtMs' | 'resumedBytes' | 'haveBytes'
  > {
  /** Since when it is to be here by itself, whatever it is called; null for what a person fetches. */
  readonly followedSinceMs: number | null
}

export interface LevelObserverInit {
  readonly observations: Observations
  readonly clock: Clock
  readonly self: DeviceId
  readonly state: () => State
  /** Of people and follows. */
  readonly transfers: () => readonly ObservedTransfer[]
  /** Devices whose presence holds now, this one included. */
  readonly present: (nowMs: number) => ReadonlySet<DeviceId>
  /** Versions that are here in full. */
  readonly held: () => ReadonlySet<VersionId>
  /** Connected devices that have all of a version. */
  readonly seeders: (version: VersionId) => readonly DeviceId[]
  /** Stored versions that are not kept as their rule asks; undefined while that is not known. */
  readonly lacking: () => Promise<ReadonlySet<VersionId> | undefined>
}

export class LevelObserver {
  readonly #init: LevelObserverInit
  readonly #repairs = new Map<VersionId, { readonly dataset: string | null; readonly sinceMs: number }>()
  /** Transfers under way, and those of them whose first piece is awaited. */
  readonly #underWay = new Map<string, { awaits: boolean }>()
  readonly #over = new Set<string>()
  #cancels: CancelTimer[] = []
  /** Something is being fetched, so that a first piece may come at any moment. */
  #isBusy = false
  #isLooking = false

  constructor(init: LevelObserverInit) {
    this.#init = init
  }

  start(): void {
    const { clock } = this.#init
    for (const transfer of this.#init.transfers())
      if (isSettled(transfer.state)) this.#over.add(keyOf(transfer))
      // What began before this start is not waited for: its first piece may have come then.
      else this.#underWay.set(keyOf(transfer), { awaits: false })
    let looks = 0
    this.#cancels = [
      clock.every(LOOK_MS, () => void this.look()),
      clock.every(FIRST_BYTE_LOOK_MS, () => {
        if (this.#isBusy || looks++ % IDLE_LOOKS === 0) this.lookAtTransfers()
      })
    ]
  }

  close(): void {
    for (const cancel of this.#cancels) cancel()
  }

  openRepairs(): readonly { readonly dataset: string | null; readonly sinceMs: number }[] {
    return [...this.#repairs.values()]
  }

  /** What came from others. */
  accepted(operations: readonly Operation[]): void {
    const { self, state, clock } = this.#init
    const nowMs = clock.epochMs()
    const joinedMs = state().devices.get(self)?.enrolment?.timeMs ?? Number.POSITIVE_INFINITY
    for (const { author, content, timeMs } of operations)
      if (content !== undefined && takes(content) && author !== self && timeMs >= joinedMs)
        this.#observe('revocation', null, { atMs: nowMs, value: Math.max(0, nowMs - timeMs) })
  }

  lookAtTransfers(): void {
    const nowMs = this.#init.clock.epochMs()
    const transfers = this.#init.transfers()
    const keys = new Set(transfers.map(keyOf))
    for (const known of [this.#underWay, this.#over])
      for (const key of known.keys()) if (!keys.has(key)) known.delete(key)
    this.#isBusy = false
    for (const transfer of transfers) {
      const key = keyOf(transfer)
      if (this.#over.has(key)) continue
      const known = this.#underWay.get(key) ?? { awaits: transfer.resumedBytes === 0 }
      this.#underWay.set(key, known)
      if (known.awaits && (transfer.haveBytes > 0 || transfer.state === 'complete')) {
        known.awaits = false
        const atMs = Math.min(nowMs, transfer.finishedAtMs ?? nowMs)
        this.#observe('first-byte', transfer.name, { atMs, value: Math.max(0, atMs - transfer.startedAtMs) })
      }
      if (isActive(transfer.state)) this.#isBusy = true
      if (!isSettled(transfer.state)) continue
      this.#underWay.delete(key)
      this.#over.add(key)
      if (transfer.state === 'complete') this.#fetched(transfer)
    }
  }

  #fetched({ name, version, startedAtMs, finishedAtMs, followedSinceMs }: ObservedTransfer): void {
    if (finishedAtMs === null) return
    const published = this.#init
      .state()
      .datasets.get(name)
      ?.versions.find(each => each.version === version)
    const begunMs =
      followedSinceMs === null || published === undefined
        ? startedAtMs
        : Math.max(published.timeMs, followedSinceMs)
    this.#observe('distribute', name, { atMs: finishedAtMs, value: Math.max(0, finishedAtMs - begunMs) })
  }

  async look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      this.#lookAtDatasets()
      await this.#lookAtRepairs()
    } finally {
      this.#isLooking = false
    }
  }

  #lookAtDatasets(): void {
    const { state, clock, present, held, seeders } = this.#init
    const now = clock.epochMs()
    const [here, whole, org] = [present(now), held(), state()]
    const names = [...org.datasets.keys()].sort().slice(0, DATASETS_MAX)
    for (const name of names) {
      const dataset = org.datasets.get(name)
      const newest = dataset && latestVersion(dataset, now)
      if (newest === undefined) continue
      const keepers = [newest.publisher, ...(org.keptBy.get(newest.version) ?? [])]
      const isHere =
        whole.has(newest.version) ||
        keepers.some(device => here.has(device) && isMember(org, device, now)) ||
        seeders(newest.version).length > 0
      this.#observe('availability', name, { atMs: spanStart(now, HOUR_MS), value: isHere ? 0 : 1 })
    }
  }

  async #lookAtRepairs(): Promise<void> {
    const { clock, lacking, state } = this.#init
    const versions = await lacking()
    if (versions === undefined) return
    const nowMs = clock.epochMs()
    for (const [version, { dataset, sinceMs }] of this.#repairs)
      if (!versions.has(version)) {
        this.#repairs.delete(version)
        if (state().publishedAs.has(version))
          this.#observe('repair', dataset, { atMs: nowMs, value: Math.max(0, nowMs - sinceMs) })
      }
    for (const version of versions) {
      if (this.#repairs.has(version) || this.#repairs.size >= REPAIRS_MAX) continue
      const [dataset = null] = state().publishedAs.get(version) ?? []
      this.#repairs.set(version, { dataset, sinceMs: nowMs })
    }
  }

  #observe(
    measure: LevelMeasure,
    dataset: string | null,
    { atMs, value }: Pick<Observed, 'atMs' | 'value'>
  ): void {
    try {
      this.#init.observations.add({ measure, dataset, atMs, value, count: 1 })
    } catch (thrown) {
      // The disk takes nothing now, as the history says in whose file they are: it is not measured.
      if (!(thrown instanceof AppError)) throw thrown
    }
  }
}

/** A transfer that is asked for again begins anew. */
function keyOf({ id, startedAtMs }: ObservedTransfer): string {
  return `${id} ${startedAtMs}`
}
