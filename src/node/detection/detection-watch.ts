/**
 * Runs detection on a node: takes facts from the audit logs as they grow, measures clock and beacons every minute, goes
 * through the rules, and keeps what they find. At a start it reads again what was recorded in the last day.
 *
 * While the node was off nobody was heard of; that time is added to when devices were last heard of, so that none looks
 * as if it had been silent.
 */

import { messageOf } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { Detector } from '../../detection/detector.ts'
import { Memory } from '../../detection/memory.ts'
import type { DetectionPolicy } from '../../detection/thresholds.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import { AuditTail, loggedOf } from '../audit/audit-tail.ts'
import type { Identity } from '../home.ts'
import type { BeaconBoard } from '../ledger/beacon-board.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { NodeStorage } from '../storage/node-storage.ts'
import type { Catalogue } from '../swarm/catalogue.ts'
import type { Transport } from '../transport/transport.ts'
import { inTurns } from '../turns.ts'
import { type FactSources, factsOf } from './audit-facts.ts'
import type { DetectionFile } from './detection-file.ts'
import { openingOf } from './detection-policy.ts'

const LOOK_EVERY_MS = 15 * SECOND_MS
const MEASURE_EVERY_MS = MINUTE_MS
const PLACES_EVERY_MS = 10 * MINUTE_MS
const SAVE_EVERY_MS = 10 * MINUTE_MS
/** Entries that are taken at a look; more wait for the next. */
const TAKEN_MAX = 5000
const REFILL_MAX = 20_000

/** What of a node this looks at. */
export interface WatchedNode {
  readonly keeper: Pick<LedgerKeeper, 'isWhole' | 'whole' | 'state'>
  readonly beacons: Pick<BeaconBoard, 'view'>
  readonly transport: Pick<Transport, 'peers'>
  readonly catalogue: Pick<Catalogue, 'nameOf'>
  readonly storage: Pick<NodeStorage, 'places'>
  readonly identity: Pick<Identity, 'device'>
  readonly audit: { readonly log: Pick<AuditLog, 'store'> }
}

export interface DetectionWatchInit {
  readonly node: WatchedNode
  readonly file: DetectionFile
  readonly policy: DetectionPolicy
  readonly log: { warn(data: object, message: string): void }
  readonly now?: () => number
  readonly lookEveryMs?: number
}

export class DetectionWatch {
  readonly #init: DetectionWatchInit
  readonly #detector: Detector
  readonly #tail: AuditTail
  readonly #now: () => number
  readonly #listeners = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()
  #isBusy = false
  #isClosed = false
  #measuredMs = Number.NEGATIVE_INFINITY
  #savedMs: number
  #placesMs = Number.NEGATIVE_INFINITY
  #owed: ReadonlySet<string> = new Set()

  constructor(init: DetectionWatchInit) {
    this.#init = init
    this.#now = init.now ?? Date.now
    const nowMs = this.#now()
    const { datasets, heard, savedMs } = init.file.usual()
    const awayMs = Math.max(0, nowMs - (savedMs ?? nowMs))
    const memory = new Memory({
      datasets,
      heard: heard.map(([device, atMs]) => [device, atMs + awayMs] as const)
    })
    this.#detector = new Detector({ memory, policy: init.policy, isOpen: openingOf(init.policy) })
    this.#tail = new AuditTail(init.node.audit.log.store.database)
    this.#savedMs = nowMs
  }

  get facts(): number {
    return this.#detector.facts
  }

  get dropped(): number {
    return this.#detector.dropped
  }

  start(): void {
    this.#looking = this.#refill().catch(thrown => this.#failed(thrown))
    this.#timer = setInterval(() => this.#begin(), this.#init.lookEveryMs ?? LOOK_EVERY_MS)
    this.#timer.unref()
  }

  /** Ends what runs, and saves what is usual. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.#looking
    this.#save(this.#now())
  }

  change(policy: DetectionPolicy): void {
    this.#detector.change({ policy, isOpen: openingOf(policy) })
  }

  /** Something was found that was not known before, or is worse now. */
  onFinding(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** Takes what is new and goes through the rules, now. */
  async look(): Promise<void> {
    const { node } = this.#init
    // Without the whole ledger the class of a version is not known.
    if (!node.keeper.isWhole) return
    const nowMs = this.#now()
    if (nowMs - this.#placesMs >= PLACES_EVERY_MS) await this.#readPlaces(nowMs)
    if (this.#isClosed) return
    const entries = this.#tail.read(TAKEN_MAX)
    const sources = this.#sources()
    for (const entry of entries) {
      for (const fact of factsOf(entry, sources)) this.#detector.take(fact, nowMs)
      this.#detector.heard(entry.device, entry.timeMs)
    }
    if (nowMs - this.#measuredMs >= MEASURE_EVERY_MS) this.#measure(nowMs)
    await inTurns(this.#judge(nowMs), () => !this.#isClosed)
    if (nowMs - this.#savedMs >= SAVE_EVERY_MS) this.#save(nowMs)
  }

  #begin(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    this.#looking = this.#looking
      .then(() => this.look())
      .catch(thrown => this.#failed(thrown))
      .finally(() => {
        this.#isBusy = false
      })
  }

  #failed(thrown: unknown): void {
    this.#init.log.warn({ error: messageOf(thrown) }, 'detection could not look; it tries again')
  }

  /** A rule at a time: others of the process have their turns between. */
  *#judge(nowMs: number): Generator<void, void> {
    const { file } = this.#init
    const kept: unknown[] = []
    for (const found of this.#detector.looking(nowMs)) {
      kept.push(...file.keepAll(found, nowMs))
      yield
    }
    if (kept.some(change => change !== undefined)) for (const listener of this.#listeners) listener()
  }

  async #readPlaces(nowMs: number): Promise<void> {
    this.#placesMs = nowMs
    const { assignments } = await this.#init.node.storage.places()
    const owed = [...assignments].flatMap(([version, { devices }]) =>
      devices.map(device => `${device} ${version}`)
    )
    this.#owed = new Set(owed)
  }

  #sources(): FactSources {
    const { node } = this.#init
    return {
      state: node.keeper.state(),
      siteOf: device => node.catalogue.nameOf(device).site,
      owes: (device: DeviceId, version: VersionId) => this.#owed.has(`${device} ${version}`)
    }
  }

  #measure(nowMs: number): void {
    const { node } = this.#init
    const { device } = node.identity
    this.#measuredMs = nowMs
    for (const peer of node.transport.peers()) this.#detector.heard(peer.device, nowMs)
    const view = node.beacons.view()
    if (!view.enforced) return
    const at = { atMs: nowMs, place: null, device }
    const { clock, heard, quorum, asOfMs } = view
    this.#detector.take({ kind: 'clock', ...at, offsetMs: clock.kind === 'ok' ? 0 : clock.offsetMs }, nowMs)
    this.#detector.take(
      { kind: 'beacon', ...at, heard: heard.length, quorum, isExpired: asOfMs === null },
      nowMs
    )
  }

  #save(nowMs: number): void {
    this.#savedMs = nowMs
    this.#init.file.saveUsual(this.#detector.memory.takeChanges(), nowMs)
  }

  async #refill(): Promise<void> {
    const { node } = this.#init
    await node.keeper.whole()
    const nowMs = this.#now()
    await this.#readPlaces(nowMs)
    await inTurns(this.#refilled(nowMs), () => !this.#isClosed)
  }

  *#refilled(nowMs: number): Generator<void, void> {
    const sources = this.#sources()
    const { database } = this.#init.node.audit.log.store
    for (const found of database.eachFound({ sinceMs: nowMs - DAY_MS, limit: REFILL_MAX })) {
      const entry = loggedOf(found)
      if (entry === undefined) continue
      for (const fact of factsOf(entry, sources)) this.#detector.take(fact, nowMs)
      yield
    }
  }
}
