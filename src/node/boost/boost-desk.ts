/**
 * Holds copies in passing on this device, of what many want and too few servers have: looks now and then at what is
 * wanted (wanted-versions.ts), has it decided (placement/boost.ts), fetches what is to begin into `boost/<version>` of
 * the home and removes what is over. The transfers are like those of owed copies: of low priority, and within the
 * limits of bandwidth. Where the version has an HTTP origin they have a deadline, so that the origin steps in when
 * peers alone are too slow.
 *
 * Such a copy is said nowhere in the ledger: nobody counts on it, and no copy is dropped for its sake. The audit log
 * has it as stored and deleted like any other.
 *
 * A copy that can not be fetched, or is damaged, goes; it is begun anew after a while at the earliest.
 */

import { AppError, messageOf } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { deletionOf } from '../../ledger/fold/deletion.ts'
import { isMember, type State } from '../../ledger/fold/state.ts'
import {
  type BoostPlan,
  isAlwaysOn,
  lackingHolders,
  type OwnBoost,
  planBoosts
} from '../../placement/boost.ts'
import type { Device } from '../../placement/fleet.ts'
import { isWhole, type Store } from '../../store/store.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { Log } from '../log.ts'
import type { DeviceKind } from '../service-words.ts'
import { fleetOf, type Sighting } from '../storage/storage-fleet.ts'
import type { StoragePlaces } from '../storage/storage-map.ts'
import { HolderKinds } from '../storage/storage-units.ts'
import type { Vault, VaultCopy } from '../storage/vault.ts'
import { loadBoostSettings, saveBoostSettings } from './boost-settings.ts'
import type { BoostMeasures, BoostSettings } from './boost-terms.ts'
import { DemandBook } from './demand-book.ts'
import { type HeardSwarm, openVersion, type Wanted, wantedVersions } from './wanted-versions.ts'

export const BOOST_FOLDER = 'boost'

export interface BoostTimes {
  readonly lookMs: number
  /** From when a boost is begun until peers should have given it; then its origin is asked as well. */
  readonly originAfterMs: number
  /** After a fetch failed. */
  readonly retryMs: number
}

export const BOOST_TIMES: BoostTimes = {
  ...{ lookMs: 10 * SECOND_MS, originAfterMs: 5 * MINUTE_MS, retryMs: 10 * MINUTE_MS }
}

/** How old what others said of the rates of holders may be. */
const RATES_AGE_MS = 5 * MINUTE_MS

export interface BoostDeskInit {
  readonly self: DeviceId
  readonly kind: DeviceKind
  readonly site: string
  readonly store: Pick<Store, 'holdings' | 'records'>
  readonly keeper: Pick<LedgerKeeper, 'state' | 'isWhole'>
  readonly vault: Vault
  /** Whether the device keeps it as a copy that it owes. */
  readonly isKept: (version: VersionId) => boolean
  readonly swarm: HeardSwarm
  readonly places: () => Promise<StoragePlaces>
  readonly sightingOf: (device: DeviceId) => Sighting
  readonly present: () => ReadonlySet<DeviceId>
  readonly siteOf: (device: DeviceId) => string | undefined
  readonly mayHold: (device: DeviceId, version: VersionId) => boolean
  /** How fast devices give, by what their readers measured. */
  readonly rates: () => Promise<ReadonlyMap<DeviceId, number>>
  readonly times: BoostTimes
  readonly log: Log
}

/** What was found at a look. */
export interface BoostLook {
  readonly atMs: number
  readonly wanted: readonly Wanted[]
}

export class BoostDesk {
  readonly book = new DemandBook()
  readonly #init: BoostDeskInit
  #settings: BoostSettings
  #timer: NodeJS.Timeout | undefined
  #working: Promise<void> = Promise.resolve()
  #isOpen = false
  #last: BoostLook = { atMs: 0, wanted: [] }
  /** Since when versions have lacked servers. */
  readonly #lacking = new Map<VersionId, number>()
  /** When somebody wanted what is here in passing. */
  readonly #wantedMs = new Map<VersionId, number>()
  /** When what failed may be begun again. */
  readonly #retries = new Map<VersionId, number>()
  #rates: { readonly atMs: number; readonly by: ReadonlyMap<DeviceId, number> } = { atMs: 0, by: new Map() }
  #startMs = 0
  #begun = 0
  #ended = 0

  constructor(init: BoostDeskInit) {
    this.#init = init
    this.#settings = loadBoostSettings(init.store.records, init.log)
  }

  start(): void {
    this.#isOpen = true
    this.#startMs = Date.now()
    const { vault, log } = this.#init
    void vault.sweep().catch(thrown => log.warn({}, `copies in passing: ${messageOf(thrown)}`))
    this.#again()
  }

  async close(): Promise<void> {
    this.#isOpen = false
    clearTimeout(this.#timer)
    await this.#working
  }

  /** A peer opened a stream for a version. */
  asked(device: DeviceId, infoHash: Uint8Array): void {
    this.book.note(device, infoHash, Date.now())
  }

  /** What is here in passing, or on its way, takes this much. */
  bytes(): number {
    return this.#init.vault.bytes()
  }

  get settings(): BoostSettings {
    return this.#settings
  }

  /** In force at once, and durable when it returns. */
  async set(settings: BoostSettings): Promise<void> {
    saveBoostSettings(this.#init.store.records, settings)
    this.#settings = settings
    await this.look()
  }

  /** What devices want and who has it, as of the last look. */
  get last(): BoostLook {
    return this.#last
  }

  /** Why this device takes no copies in passing, in words. */
  barred(state: State, nowMs: number): string | undefined {
    const { self, kind } = this.#init
    if (!this.#settings.isOn) return 'it is switched off here (peerage boost on)'
    if (!isAlwaysOn({ kind })) return `only servers boost: this device is a ${kind}`
    if (!isMember(state, self, nowMs)) return 'this device is no member now'
    if ((state.devices.get(self)?.storage?.capacityBytes ?? 0) === 0)
      return 'this device offers no room (peerage capacity set)'
    return undefined
  }

  /** What copies in passing may take here now. */
  async roomBytes(): Promise<number> {
    const { self, keeper, places } = this.#init
    if (this.barred(keeper.state(), Date.now()) !== undefined) return 0
    return Math.floor(roomIn(await places())(self) * this.#settings.roomShare)
  }

  measures(): BoostMeasures {
    const copies = this.#init.vault.copies()
    return {
      ...{ versions: copies.size, bytes: this.bytes(), begunTotal: this.#begun, endedTotal: this.#ended },
      lacking: this.#lacking.size
    }
  }

  copies(): ReadonlyMap<VersionId, VaultCopy> {
    return this.#init.vault.copies()
  }

  wantedMs(version: VersionId): number {
    return this.#wantedMs.get(version) ?? this.#startMs
  }

  /** Looks now; resolves when all that follows from it is begun and over. */
  look(): Promise<void> {
    this.#working = this.#working.then(() => this.#work()).catch(thrown => this.#failed(thrown))
    return this.#working
  }

  #again(): void {
    if (!this.#isOpen) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.look().then(() => this.#again()), this.#init.times.lookMs)
    this.#timer.unref()
  }

  #failed(thrown: unknown): void {
    if (!(thrown instanceof AppError)) throw thrown
    this.#init.log.warn({ code: thrown.code }, `copies in passing: ${thrown.message}`)
  }

  async #work(): Promise<void> {
    const { keeper, vault } = this.#init
    if (!this.#isOpen || !keeper.isWhole) return
    const nowMs = Date.now()
    this.book.tidy(nowMs)
    const copies = vault.copies()
    const wanted = await this.#wanted(nowMs)
    for (const { unit } of wanted) if (copies.has(unit.version)) this.#wantedMs.set(unit.version, nowMs)
    this.#markLacking(wanted, nowMs)
    this.#last = { atMs: nowMs, wanted }
    const isBarred = this.barred(keeper.state(), nowMs) !== undefined
    // The places of all versions are much to make, on every device.
    if (copies.size === 0 && (isBarred || this.#lacking.size === 0)) return
    const places = await this.#init.places()
    if (!this.#isOpen) return
    const plan = planBoosts({
      ...{ self: this.#init.self, terms: this.#settings, nowMs, roomBytes: roomIn(places) },
      versions: (isBarred ? [] : wanted)
        .filter(({ unit }) => (this.#retries.get(unit.version) ?? 0) <= nowMs)
        .map(each => ({ ...each, lackingSinceMs: this.#lacking.get(each.unit.version) ?? nowMs })),
      devices: this.#devices(wanted, places, nowMs),
      // What is erased or recalled goes when and as that says, and is confirmed.
      own: [...copies]
        .filter(([version]) => deletionOf(keeper.state(), version).kind === 'kept')
        .map(([version, copy]) => this.#own(version, copy, isBarred))
    })
    await this.#carryOut(plan, wanted, nowMs)
  }

  async #wanted(nowMs: number): Promise<Wanted[]> {
    const { self, keeper, swarm, present, mayHold } = this.#init
    const terms = {
      ...{ self, state: keeper.state(), book: this.book, swarm, present: present(), mayHold, nowMs },
      held: this.#held(),
      siteOf: (device: DeviceId) => this.#siteOf(device)
    }
    const wanted = wantedVersions({ ...terms, rates: this.#rates.by })
    const isRated = ({ wanted: by, holders }: Wanted): boolean =>
      lackingHolders({ wanted: by, holders: [] }, this.#settings) > 0 && holders.length > 0
    if (this.#rates.atMs + RATES_AGE_MS > nowMs || !wanted.some(isRated)) return wanted
    this.#rates = { atMs: nowMs, by: await this.#init.rates() }
    return wantedVersions({ ...terms, rates: this.#rates.by })
  }

  #siteOf(device: DeviceId): string {
    const { self, site, siteOf } = this.#init
    return device === self ? site : (siteOf(device) ?? '')
  }

  #held(): Set<VersionId> {
    const wholes = this.#init.store.holdings().filter(({ state }) => isWhole(state))
    return new Set(wholes.map(({ version }) => version.id))
  }

  #markLacking(wanted: readonly Wanted[], nowMs: number): void {
    const lacking = wanted.filter(each => lackingHolders(each, this.#settings) > 0)
    const versions = new Set(lacking.map(({ unit }) => unit.version))
    for (const version of this.#lacking.keys()) if (!versions.has(version)) this.#lacking.delete(version)
    for (const version of versions) if (!this.#lacking.has(version)) this.#lacking.set(version, nowMs)
  }

  /** Those that data may be placed on, and what each may hold of what is wanted. */
  #devices(wanted: readonly Wanted[], { fleet }: StoragePlaces, nowMs: number): readonly Device[] {
    const { keeper, sightingOf } = this.#init
    const state = keeper.state()
    const holders = new HolderKinds(
      state,
      wanted.map(({ stored }) => stored),
      nowMs
    )
    const counted = new Set(fleet.devices.map(({ id }) => id))
    const { devices } = fleetOf({ state, sightingOf, holders, nowMs })
    return devices.filter(({ id }) => counted.has(id))
  }

  #own(version: VersionId, { holding, transfer }: VaultCopy, isBarred: boolean): OwnBoost {
    const { self, keeper, mayHold, isKept } = this.#init
    const open = openVersion(keeper.state(), version, Date.now())
    const isBroken = holding?.state === 'damaged' || transfer?.state === 'failed'
    if (isBroken) this.#retries.set(version, Date.now() + this.#init.times.retryMs)
    return {
      version,
      bytes: open?.published.bytes ?? transfer?.totalBytes ?? 0,
      wantedMs: this.wantedMs(version),
      isWelcome: !isBarred && !isBroken && open !== undefined && !isKept(version) && mayHold(self, version)
    }
  }

  async #carryOut({ begin, end }: BoostPlan, wanted: readonly Wanted[], nowMs: number): Promise<void> {
    const { vault, log, times, isKept } = this.#init
    for (const { version, because } of end) {
      log.info({ version, because }, 'a copy in passing goes')
      this.#ended++
      this.#wantedMs.delete(version)
      await vault.remove(version)
    }
    for (const version of begin) {
      const found = wanted.find(({ unit }) => unit.version === version)
      if (found === undefined || isKept(version) || this.#held().has(version)) continue
      log.info({ version }, 'a copy in passing begins: many devices want it and too few servers have it')
      this.#begun++
      this.#wantedMs.set(version, nowMs)
      const { origin } = found.stored.published
      vault.fetch(found.stored, origin === undefined ? null : nowMs + times.originAfterMs)
    }
  }
}

function roomIn({ assigner }: StoragePlaces): (device: DeviceId) => number {
  return device => (assigner.devices.has(device) ? assigner.roomBytes(device) : 0)
}
