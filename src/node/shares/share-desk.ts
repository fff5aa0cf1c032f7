/**
 * What this device does with shares beside keeping those that it owes (storage-keeper.ts):
 *
 * - *Cuts* a version that is to be kept in shares and is not cut yet, if it has it whole and may say so: who published
 *   it, or another who may while that one is away. Once the ledger names the shares, holders fetch theirs from here;
 *   when all of them are kept by others what was cut is removed.
 * - *Makes anew* a share that it owes and nobody has, of k others, which it fetches.
 * - *Checks* now and then, and before one of its own is dropped, that others have the shares that they say they have.
 * - *Reads*: a transfer that finds nobody with the version, for a while, is given its pieces out of k shares. They are
 *   fetched whole, into the home, and removed afterwards. Transfers go on by themselves after a restart, so this does.
 *
 * One thing that costs processor or disk is done at a time. What lies in the folders of shares for no reason of these
 * is removed, so nothing has to be noted of what goes on.
 */

import { AppError } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { authoringFault } from '../../ledger/authoring.ts'
import { copiesOf } from '../../ledger/fold/copies.ts'
import type { ShareSet } from '../../ledger/fold/state.ts'
import type { DatasetShares } from '../../ledger/operation/operation-content.ts'
import { DATA_SHARES_MIN } from '../../ledger/operation/operation-limits.ts'
import { type Holding, isWhole, type Store } from '../../store/store.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { StoredVersion } from '../storage/storage-units.ts'
import type { TransferDesk, TransferView } from '../swarm/transfer-desk.ts'
import { isActive } from '../swarm/transfer-orders.ts'
import { traced } from '../tracing/spans.ts'
import type { ShareChecks, ShareClaim } from './share-checks.ts'
import type { ShareFolders } from './share-folders.ts'
import { type Gathered, ShareGathering } from './share-gathering.ts'
import type { ShareMaker } from './share-maker.ts'

export interface ShareDeskInit {
  readonly self: DeviceId
  readonly keeper: Pick<LedgerKeeper, 'state' | 'ledger' | 'isWhole' | 'append'>
  readonly store: Store
  readonly transfers: Pick<TransferDesk, 'start' | 'stop' | 'views' | 'placed' | 'supply'>
  readonly folders: ShareFolders
  readonly maker: ShareMaker
  readonly checks: Pick<ShareChecks, 'prove'>
  /** What this device keeps for the org. */
  readonly kept: (version: VersionId) => Holding | undefined
  /** Removes what it keeps of a version. */
  readonly discard: (version: VersionId) => Promise<void>
  /** Between two checks of what others say that they keep. */
  readonly checkMs: number
  readonly present: () => ReadonlySet<DeviceId>
  /** How long a transfer finds no whole source before shares are fetched for it. */
  readonly readAfterMs: number
  /** After something failed. */
  readonly retryMs: number
  /** How often it looks, while there is something to look at. */
  readonly lookMs: number
  readonly log: Log
}

/** A share that this device owes and nobody has. */
export interface LostShare {
  readonly stored: StoredVersion
  readonly set: ShareSet
  readonly share: number
  /** Where it belongs; nothing lies there. */
  readonly place: string
}

export class ShareDesk {
  readonly #init: ShareDeskInit
  readonly #gathering: ShareGathering
  readonly #stop = new AbortController()
  /** By the version that the share is. */
  readonly #lost = new Map<VersionId, LostShare>()
  /** To be kept in shares, as the keeper saw it last, and those of them that are to be cut here. */
  #stored = new Map<VersionId, StoredVersion>()
  readonly #uncut = new Map<VersionId, StoredVersion>()
  /** Since when each transfer waits for a source. */
  readonly #waiting = new Map<string, number>()
  /** Of which a set of shares turned out not to give the version, or could not be made, and why. */
  readonly #faults = new Map<string, string>()
  /** What failed, and until when that is left alone. */
  readonly #failures = new Map<VersionId, { readonly problem: string; readonly untilMs: number }>()
  #timer: NodeJS.Timeout | undefined
  #checkTimer: NodeJS.Timeout | undefined
  /** When the holders of each version were last asked for shares. */
  readonly #checked = new Map<VersionId, number>()
  #working: Promise<void> | undefined

  constructor(init: ShareDeskInit) {
    this.#init = init
    this.#gathering = new ShareGathering({ ...init, state: () => init.keeper.state() })
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), this.#init.lookMs)
    this.#timer.unref()
    this.#checkTimer = setInterval(
      () => void this.#checkNext().catch(thrown => this.#failed(thrown)),
      this.#init.checkMs
    )
    this.#checkTimer.unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    clearInterval(this.#checkTimer)
    this.#stop.abort()
    await this.#working
  }

  /** What is to be kept in shares now, and what this device owes of it that nobody has. */
  owe(stored: readonly StoredVersion[], lost: readonly LostShare[]): void {
    this.#stored = new Map(stored.map(each => [each.unit.version, each]))
    this.#lost.clear()
    for (const each of lost) this.#lost.set(each.set.shares[each.share] as VersionId, each)
    this.#uncut.clear()
    const here = new Set(this.#init.store.holdings().map(({ version }) => version.id))
    for (const each of stored) if (this.#isToCut(each, here)) this.#uncut.set(each.unit.version, each)
    this.#look()
  }

  /** Whether others prove now that they have these shares, to this device, which has one of the same version. */
  async prove(version: VersionId, claims: readonly ShareClaim[]): Promise<boolean> {
    const own = this.#init.kept(version)
    const set = [...this.#stored.values()].find(({ shares }) => shares?.shares.includes(version))?.shares
    if (own === undefined || !isWhole(own.state) || set === undefined) return false
    return await this.#init.checks.prove(set, own, claims)
  }

  /** Of what is in shares here, that about which others were asked the longest ago. */
  async #checkNext(): Promise<void> {
    const { keeper, kept, present, self } = this.#init
    if (!keeper.isWhole || this.#stop.signal.aborted) return
    const here = present()
    const state = keeper.state()
    let next: { readonly own: VersionId; readonly set: ShareSet; readonly of: VersionId } | undefined
    for (const [of, { shares: set }] of this.#stored) {
      const own = set?.shares.find(version => kept(version) !== undefined)
      if (set === undefined || own === undefined) continue
      if (next === undefined || this.#checkedMs(of) < this.#checkedMs(next.of)) next = { own, set, of }
    }
    for (const version of this.#checked.keys()) if (!this.#stored.has(version)) this.#checked.delete(version)
    if (next === undefined) return
    this.#checked.set(next.of, performance.now())
    const claims = next.set.shares.flatMap(version =>
      copiesOf(state, version).flatMap(({ device }) =>
        device !== self && here.has(device) ? [{ device, version }] : []
      )
    )
    if (claims.length > 0) await this.prove(next.own, claims)
  }

  #checkedMs(version: VersionId): number {
    return this.#checked.get(version) ?? Number.NEGATIVE_INFINITY
  }

  /** Why something that this device should do with shares is not done, by version. */
  problems(): ReadonlyMap<VersionId, string> {
    return new Map([
      ...[...this.#failures].map(([version, { problem }]) => [version, problem] as const),
      ...[...this.#faults].map(
        ([key, problem]) => [key.slice(0, key.indexOf(' ')) as VersionId, problem] as const
      )
    ])
  }

  #look(): void {
    if (this.#working !== undefined || this.#stop.signal.aborted) return
    this.#working = this.#work()
      .catch(thrown => this.#failed(thrown))
      .finally(() => {
        this.#working = undefined
      })
  }

  #failed(thrown: unknown): void {
    if (this.#stop.signal.aborted) return
    if (!(thrown instanceof AppError)) throw thrown
    this.#init.log.warn({ code: thrown.code }, `shares: ${thrown.message}`)
  }

  async #work(): Promise<void> {
    const nowMs = performance.now()
    const reading = this.#reading(nowMs)
    for (const stored of this.#uncut.values())
      await this.#attempt(stored.unit.version, nowMs, () => this.#cut(stored))
    for (const [version, lost] of this.#lost)
      await this.#attempt(version, nowMs, () => this.#rebuild(version, lost, nowMs))
    for (const [view, stored] of reading)
      await this.#attempt(view.version, nowMs, () => this.#read(view, stored, nowMs))
    await this.#tidy(reading)
  }

  /** What fails, as of a full disk, is tried again after a while, and told until then. */
  async #attempt(version: VersionId, nowMs: number, work: () => Promise<void>): Promise<void> {
    if (nowMs < (this.#failures.get(version)?.untilMs ?? 0)) return
    try {
      await work()
      this.#failures.delete(version)
    } catch (thrown) {
      if (!(thrown instanceof AppError) || this.#stop.signal.aborted) throw thrown
      this.#init.log.warn({ version, code: thrown.code }, `shares: ${thrown.message}`)
      this.#failures.set(version, { problem: thrown.message, untilMs: nowMs + this.#init.retryMs })
    }
  }

  /** Transfers that wait for a whole source, of versions of which there are shares. */
  #reading(nowMs: number): Map<TransferView, Gathered> {
    const { transfers, folders, readAfterMs, keeper } = this.#init
    const reading = new Map<TransferView, Gathered>()
    const seen = new Set<string>()
    const state = keeper.state()
    for (const view of transfers.views()) {
      const isStuck = view.state === 'waiting' && view.problem === null && !folders.has(view.destination)
      if (!isStuck) continue
      seen.add(view.id)
      const sinceMs = this.#waiting.get(view.id) ?? nowMs
      this.#waiting.set(view.id, sinceMs)
      if (nowMs - sinceMs < readAfterMs) continue
      const published = state.datasets.get(view.name)?.versions.find(each => each.version === view.version)
      const set = published?.shares.findLast(each => !this.#faults.has(faultKey(view.version, each)))
      if (published !== undefined && set !== undefined)
        reading.set(view, { name: view.name, published, set, priority: view.priority })
    }
    for (const id of this.#waiting.keys()) if (!seen.has(id)) this.#waiting.delete(id)
    return reading
  }

  async #read(view: TransferView, wanted: Gathered, nowMs: number): Promise<void> {
    const { transfers, maker, log } = this.#init
    const sources = await this.#gathering.step(wanted, nowMs)
    if (sources === undefined) return
    const { set } = wanted
    await this.#guarded(view.version, set, async () => {
      const { torrent, pieces } = await maker.read(view.version, set, sources)
      const info = { infoBytes: torrent.version.infoBytes, layers: torrent.pieceLayers }
      log.info({ version: view.version }, `reads it from ${set.data} of its ${set.shares.length} shares`)
      const isGood = await transfers.supply(view.version, info, pieces)
      // What is damaged on the way is found by the store, which says so of the share.
      if (isGood === false && [...sources.values()].every(({ state }) => isWhole(state)))
        throw new AppError('SHARES_INVALID', `the shares of version ${view.version} give something else`)
    })
  }

  async #rebuild(version: VersionId, { stored, set, share, place }: LostShare, nowMs: number): Promise<void> {
    const { maker, store, discard, log } = this.#init
    if (this.#faults.has(faultKey(stored.unit.version, set))) return
    const { name, published } = stored
    const sources = await this.#gathering.step(
      { ...{ name, published, set }, priority: 'low', without: share },
      nowMs
    )
    if (sources === undefined || this.#lost.get(version)?.share !== share) return
    const here = store.holdings().filter(each => each.version.id === version)
    if (here.some(({ state }) => isWhole(state))) return
    await this.#guarded(stored.unit.version, set, async () => {
      // What is damaged of it gives way: all of it is made anew.
      if (here.length > 0) await discard(version)
      await traced('repair', { version, part: 'share' }, () =>
        maker.rebuild(stored.unit.version, set, { share, sources, place, signal: this.#stop.signal })
      )
      log.info({ version: stored.unit.version, share }, `made a lost share of ${set.data} others`)
    })
    this.#lost.delete(version)
  }

  /** What does not give the version is not tried again until the ledger names other shares. */
  async #guarded(version: VersionId, set: ShareSet, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (thrown) {
      if (!(thrown instanceof AppError) || !FAULTS.has(thrown.code)) throw thrown
      this.#faults.set(faultKey(version, set), thrown.message)
      this.#init.log.error({ version, code: thrown.code }, thrown.message)
    }
  }

  #isToCut(stored: StoredVersion, here: ReadonlySet<VersionId>): boolean {
    const { keeper, self, present } = this.#init
    const { published, name, unit, shares: set } = stored
    if (unit.policy.shares === null || !keeper.isWhole) return false
    if (!here.has(unit.version) || (set !== undefined && this.#canBeHad(set, here))) return false
    if (published.publisher !== self && present().has(published.publisher)) return false
    const content = wordOn(name, unit.version, EXAMPLE)
    return authoringFault(keeper.ledger, { device: self, content, nowMs: Date.now() }) === undefined
  }

  /** Whether as many shares as it takes are kept by somebody, or lie here. */
  #canBeHad({ shares, data }: ShareSet, here: ReadonlySet<VersionId>): boolean {
    const state = this.#init.keeper.state()
    return shares.filter(share => here.has(share) || copiesOf(state, share).length > 0).length >= data
  }

  async #cut({ unit, name }: StoredVersion): Promise<void> {
    const { store, maker, keeper, log } = this.#init
    const { shares } = unit.policy
    const whole = store
      .holdings()
      .find(({ version, state }) => version.id === unit.version && state === 'complete')
    if (whole === undefined || shares === null) return
    const set = await maker.cut(whole, shares, this.#stop.signal)
    this.#uncut.delete(unit.version)
    log.info({ version: unit.version }, `cut it into ${set.shares.length} shares`)
    keeper.append(wordOn(name, unit.version, set))
  }

  /** Removes what lies in the folders of shares and is of no use any more. */
  async #tidy(reading: ReadonlyMap<TransferView, Gathered>): Promise<void> {
    const { folders, keeper } = this.#init
    this.#gathering.tidy()
    if (!keeper.isWhole) return
    const used = new Set<VersionId>([...reading.keys()].map(({ version }) => version))
    for (const { stored } of this.#lost.values()) used.add(stored.unit.version)
    for (const view of this.#init.transfers.views())
      if (view.state === 'paused' || isActive(view.state)) used.add(view.version)
    for (const version of await folders.versions())
      if (!used.has(version) && !this.#isOffered(version)) await folders.remove(version)
  }

  /** Whether its shares were cut here, and are not all kept by others yet. */
  #isOffered(version: VersionId): boolean {
    const { keeper, store, folders, self } = this.#init
    const set = this.#stored.get(version)?.shares
    if (set === undefined) return this.#uncut.has(version)
    const isCutHere = (holding: Holding) => holding.kind === 'source' && folders.has(holding.root)
    if (!store.holdings().some(each => set.shares.includes(each.version.id) && isCutHere(each))) return false
    const state = keeper.state()
    return !set.shares.every(share => copiesOf(state, share).some(({ device }) => device !== self))
  }
}

/** Of one set of shares of a version. */
function faultKey(version: VersionId, { operation }: ShareSet): string {
  return `${version} ${operation}`
}

const FAULTS: ReadonlySet<string> = new Set(['SHARES_INVALID', 'TORRENT_INVALID', 'INFO_INVALID'])

function wordOn(name: string, version: VersionId, set: Omit<ShareSet, 'operation'>): DatasetShares {
  return { type: 'dataset.shares', name, version, ...set }
}

/** To ask whether one may say such a thing at all. */
const EXAMPLE: Omit<ShareSet, 'operation'> = {
  ...{ data: DATA_SHARES_MIN, unitBytes: 0, shares: [], files: 0, bytes: 0 }
}
