/** What a node measures for service levels and tells its peers: the parts, and what they read of the node. */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import { restraintsOf } from '../bandwidth/restraints.ts'
import { MACHINE_CLOCK } from '../clock.ts'
import { isWithin } from '../folder-path.ts'
import type { HistoryFile } from '../history/history-file.ts'
import type { LocalHistoryService } from '../history/history-service.ts'
import type { Log } from '../log.ts'
import { unitSafety } from '../measures/org-survey.ts'
import { countedParts, provedHolders } from '../storage/proved-holders.ts'
import { inTurns } from '../turns.ts'
import { FigureDesk } from './figure-desk.ts'
import { LevelObserver, type ObservedTransfer } from './level-observer.ts'
import type { MeasuredNode } from './measured-node.ts'
import { OwnFigures } from './own-figures.ts'

/** A look at all that is stored takes this part of the time at most. */
const AGE_FACTOR = 20

export interface NodePerformanceInit {
  readonly file: HistoryFile
  readonly history: LocalHistoryService
  readonly rates: (nowMs: number) => ReadonlyMap<DeviceId, number>
  readonly log: Log
}

export class NodePerformance {
  readonly own: OwnFigures
  readonly desk: FigureDesk
  readonly observer: LevelObserver
  readonly #node: MeasuredNode
  /** When limits of bandwidth last held up what is sent. */
  #limitedMs = Number.NEGATIVE_INFINITY
  #lacking: { readonly versions: ReadonlySet<VersionId>; readonly dueMs: number } | undefined

  constructor(node: MeasuredNode, { file, history, rates, log }: NodePerformanceInit) {
    this.#node = node
    const { keeper, identity, transport, audit } = node
    const self = identity.device
    this.observer = new LevelObserver({
      ...{ observations: file.observations, clock: MACHINE_CLOCK, self },
      state: () => keeper.state(),
      transfers: () => this.#transfers(),
      present: nowMs => this.#present(nowMs),
      held: () => this.#held(),
      seeders: version => this.#seeders(version),
      lacking: () => this.#lackingVersions()
    })
    this.own = new OwnFigures({
      ...{ file, history, self, site: identity.site, rates },
      levels: () => [...keeper.state().levels.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
      openRepairs: () => this.observer.openRepairs(),
      isLimited: nowMs => nowMs - this.#limitedMs < HOUR_MS,
      found: search => audit.log.store.database.eachFound(search)
    })
    this.desk = new FigureDesk({
      ...{ transport, log },
      figures: (question, options) => this.own.read(question, options),
      mayAudit: device => audit.mayAudit(device)
    })
    keeper.on({ onAccepted: operations => this.observer.accepted(operations) })
  }

  start(): void {
    this.observer.start()
  }

  close(): void {
    this.observer.close()
  }

  /** Called with each sample of the history. */
  sample(nowMs: number): void {
    const isHeld = restraintsOf(this.#node.bandwidth, undefined).some(({ direction }) => direction === 'up')
    if (isHeld) this.#limitedMs = nowMs
  }

  /** What is kept for the org, and what the node fetches for itself, is none of these. */
  #transfers(): ObservedTransfer[] {
    const { desk, follows, home } = this.#node
    const followed = new Map<string, number>()
    for (const { sinceAtMs, target, current } of follows.statuses()) {
      if (target !== null) followed.set(target.transfer, sinceAtMs)
      if (current !== null) followed.set(`${current.path}/`, sinceAtMs)
    }
    return desk
      .views()
      .filter(({ destination }) => !isWithin(destination, home))
      .map(view => ({
        ...view,
        followedSinceMs: followed.get(view.id) ?? followed.get(view.destination) ?? null
      }))
  }

  #present(nowMs: number): Set<DeviceId> {
    const { board, transport, identity } = this.#node
    const living = [...board.statements()].filter(({ expiresMs }) => expiresMs > nowMs)
    return new Set([
      identity.device,
      ...living.map(({ device }) => device),
      ...transport.peers().map(({ device }) => device)
    ])
  }

  #held(): Set<VersionId> {
    const holdings = this.#node.store.holdings()
    return new Set(holdings.filter(({ state }) => state === 'complete').map(({ version }) => version.id))
  }

  #seeders(version: VersionId): DeviceId[] {
    const peers = this.#node.hub.status(version)?.peers ?? []
    return peers.filter(({ isComplete }) => isComplete).map(({ device }) => device)
  }

  async #lackingVersions(): Promise<ReadonlySet<VersionId> | undefined> {
    const begunMs = performance.now()
    if (this.#lacking !== undefined && begunMs < this.#lacking.dueMs) return this.#lacking.versions
    const { keeper, storage } = this.#node
    if (!keeper.isWhole) return undefined
    const versions = await inTurns(this.#lackingSteps(await storage.places()))
    if (versions === undefined) return undefined
    const endedMs = performance.now()
    const waitMs = Math.max(MINUTE_MS / 2, AGE_FACTOR * (endedMs - begunMs))
    this.#lacking = { versions, dueMs: endedMs + waitMs }
    return versions
  }

  *#lackingSteps({
    stored,
    devices
  }: Awaited<ReturnType<MeasuredNode['storage']['places']>>): Generator<void, Set<VersionId>> {
    const { keeper, storage } = this.#node
    const by = { state: keeper.state(), devices, terms: { ...storage.times, nowMs: Date.now() } }
    const lacking = new Set<VersionId>()
    for (const each of stored) {
      yield
      if (unitSafety(each.unit.policy, provedHolders(countedParts(each), by)) !== 'kept')
        lacking.add(each.unit.version)
    }
    return lacking
  }
}
