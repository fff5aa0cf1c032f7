/** The storage of a node: its parts put together, and when they look. */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { isMember, type State } from '../../ledger/fold/state.ts'
import { Assigner } from '../../placement/assignment.ts'
import { DEFAULT_GRACE, DEFAULT_PATIENCE, type Grace } from '../../placement/fleet.ts'
import { DEFAULT_PROOF_AGE_MAX_MS, DEFAULT_SKEW_MS } from '../../placement/holding.ts'
import { VectorProduct } from '../../store/erasure/vector-product.ts'
import type { BlobStore } from '../../store/records.ts'
import { isWhole, type Store } from '../../store/store.ts'
import {
  BOOST_FOLDER,
  BOOST_TIMES,
  BoostDesk,
  type BoostDeskInit,
  type BoostTimes
} from '../boost/boost-desk.ts'
import type { Identity } from '../home.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { PresenceBoard } from '../ledger/presence-board.ts'
import type { Log } from '../log.ts'
import { ShareChecks } from '../shares/share-checks.ts'
import { ShareDesk } from '../shares/share-desk.ts'
import { ShareFolders } from '../shares/share-folders.ts'
import { ShareMaker, type ShareMakerInit } from '../shares/share-maker.ts'
import type { TransferDesk } from '../swarm/transfer-desk.ts'
import type { Transport } from '../transport/transport.ts'
import { CopyChecks } from './copy-checks.ts'
import { OfferedRoom } from './offered-room.ts'
import { Possession } from './possession.ts'
import { DEFAULT_SCRUB, Scrub, type ScrubInit, type ScrubSettings } from './scrub.ts'
import { Sightings } from './sightings.ts'
import type { Sighting } from './storage-fleet.ts'
import { StorageKeeper, type StorageTimes } from './storage-keeper.ts'
import { type MapTerms, StorageMap, type StoragePlaces } from './storage-map.ts'
import { Vault } from './vault.ts'

export interface StorageSettings extends StorageTimes {
  /** Between two checks of copies of others. */
  readonly checkMs: number
  /** Who is not linked is taken to be here for so long after it last stated its presence. */
  readonly presenceMs: number
  /** A transfer that finds nobody with the whole version for so long is given what its shares give. */
  readonly sharesAfterMs: number
  readonly scrub: ScrubSettings
  readonly boost: BoostTimes
}

export const DEFAULT_STORAGE_SETTINGS: StorageSettings = {
  grace: DEFAULT_GRACE,
  patience: DEFAULT_PATIENCE,
  proofAgeMaxMs: DEFAULT_PROOF_AGE_MAX_MS,
  skewMs: DEFAULT_SKEW_MS,
  promiseMs: 10 * DAY_MS,
  renewMs: 5 * DAY_MS,
  lookMs: MINUTE_MS,
  retryMs: 5 * MINUTE_MS,
  checkMs: 2 * MINUTE_MS,
  presenceMs: 25 * MINUTE_MS,
  sharesAfterMs: 5 * SECOND_MS,
  scrub: DEFAULT_SCRUB,
  boost: BOOST_TIMES
}

/** With one grace for devices of all kinds, and all else as quick; the usual ones without. */
export function storageSettings(graceMs: number | undefined): StorageSettings {
  if (graceMs === undefined) return DEFAULT_STORAGE_SETTINGS
  const all = (ms: number): Grace => ({ server: ms, desktop: ms, laptop: ms })
  return {
    ...DEFAULT_STORAGE_SETTINGS,
    ...{ grace: all(graceMs), patience: all(graceMs / 2), presenceMs: 0 },
    lookMs: Math.min(DEFAULT_STORAGE_SETTINGS.lookMs, graceMs / 4)
  }
}

export interface NodeStorageInit {
  readonly home: string
  readonly identity: Identity
  readonly store: Store
  /** For what was seen of others. */
  readonly ofOthers: BlobStore
  readonly keeper: LedgerKeeper
  readonly board: PresenceBoard
  readonly transport: Transport
  readonly transfers: TransferDesk
  readonly hashTree: ShareMakerInit['hashTree']
  readonly mayHold: (device: DeviceId, version: VersionId) => boolean
  readonly reset: (version: VersionId) => void
  readonly onForgotten: (version: VersionId, reason: string) => void
  readonly lineRate: ScrubInit['lineRate']
  readonly onDamaged: ScrubInit['onDamaged']
  readonly onHealed: ScrubInit['onHealed']
  /** What is known of what others want, and how fast they give. */
  readonly demand: Pick<BoostDeskInit, 'swarm' | 'rates'>
  readonly settings: StorageSettings
  readonly log: Log
}

/** What a node that stops knows. */
const NOWHERE: StoragePlaces = {
  ...{ stored: [], assignments: new Map(), devices: new Map() },
  ...{ fleet: { version: '', devices: [] }, assigner: new Assigner({ version: '', devices: [] }) }
}

export class NodeStorage {
  readonly times: StorageSettings
  readonly vault: Vault
  readonly room: OfferedRoom
  readonly scrub: Scrub
  readonly boosts: BoostDesk
  readonly #init: NodeStorageInit
  readonly #passing: Vault
  readonly #map = new StorageMap()
  readonly #sightings: Sightings
  readonly #keeper: StorageKeeper
  readonly #checks: CopyChecks
  readonly #shares: ShareDesk
  readonly #folders: ShareFolders
  #isOpen = true

  constructor(init: NodeStorageInit) {
    const {
      home,
      identity,
      store,
      ofOthers,
      keeper,
      transport,
      transfers,
      reset,
      onForgotten,
      log,
      settings
    } = init
    this.#init = init
    this.times = settings
    this.#sightings = new Sightings(ofOthers, Date.now())
    const discarded = (version: VersionId): void => onForgotten(version, 'discarded')
    this.vault = new Vault({ home, store, transfers, reset, folder: 'vault', onForgotten: discarded })
    this.#passing = new Vault({
      ...{ home, store, transfers, reset, folder: BOOST_FOLDER },
      onForgotten: version => onForgotten(version, 'boost-over')
    })
    this.room = new OfferedRoom({
      ...{ self: identity.device, site: identity.site, home, records: store.records, keeper },
      // Copies in passing go when there is no room.
      keptBytes: () => this.vault.bytes() + this.#passing.bytes()
    })
    const present = () => this.#present()
    const known = (version: VersionId) =>
      store.holdings().find(each => each.version.id === version && isWhole(each.state))
    const kept = (version: VersionId) => this.vault.holding(version)
    const possession = new Possession({ transport, kept, known, mayAsk: init.mayHold, log })
    this.#checks = new CopyChecks({
      ...{ self: identity.device, keeper, store, possession, present, log },
      everyMs: settings.checkMs
    })
    this.#folders = new ShareFolders(home, { store, transfers, reset, onForgotten: discarded })
    this.#shares = new ShareDesk({
      ...{ self: identity.device, keeper, store, transfers, present, log },
      ...{ folders: this.#folders },
      maker: new ShareMaker({ store, folders: this.#folders, hashTree: init.hashTree }),
      checks: new ShareChecks({
        ...{ possession, product: new VectorProduct().product },
        dispute: (device, version, because) => this.#checks.dispute(device, version, because)
      }),
      discard: version => this.vault.remove(version),
      ...{ kept, checkMs: settings.checkMs },
      retryMs: settings.retryMs,
      ...{ readAfterMs: settings.sharesAfterMs, lookMs: Math.min(SECOND_MS / 2, settings.lookMs) }
    })
    this.#keeper = new StorageKeeper({
      shares: this.#shares,
      ...{ self: identity.device, keeper, sightings: this.#sightings, places: () => this.#renewed() },
      ...{ vault: this.vault, checks: this.#checks, present, times: settings, log },
      room: this.room
    })
    this.scrub = new Scrub({
      ...{ store, log, settings: settings.scrub, lineRate: init.lineRate },
      onDamaged: (holding, found) => {
        reset(holding.version.id)
        init.onDamaged(holding, found)
      },
      onHealed: init.onHealed,
      isOwn: holding => this.vault.has(holding.root)
    })
    this.boosts = new BoostDesk({
      ...{ self: identity.device, kind: identity.kind, site: identity.site, store, keeper, present, log },
      ...{ vault: this.#passing, mayHold: init.mayHold, ...init.demand, times: settings.boost },
      isKept: version => isWhole(this.vault.holding(version)?.state ?? 'damaged'),
      places: () => this.places(),
      sightingOf: device => this.sightingOf(device),
      siteOf: device => init.board.find(device)?.site
    })
    store.onChange(holding => {
      if (this.vault.has(holding.root)) this.#keeper.look()
    })
  }

  start(): void {
    this.#keeper.start()
    this.#checks.start()
    this.#shares.start()
    this.scrub.start()
    this.boosts.start()
  }

  /** The ledger, or who is here, has changed. */
  look(): void {
    this.#keeper.look()
  }

  /** Whether something is kept here for the org, and for nobody who uses this device. */
  keeps(path: string): boolean {
    return this.vault.has(path) || this.#folders.has(path)
  }

  /** Whether something is here for the org, to be kept or in passing. */
  isForOrg(path: string): boolean {
    return this.keeps(path) || this.#passing.has(path)
  }

  /**
   * Resolves when no copy is being removed any more, and no empty folder is left of this version; rejects with
   * STORAGE_FAILED when one could not be.
   */
  async removals(version: VersionId): Promise<void> {
    for (const vault of [this.vault, this.#passing]) {
      await vault.settled()
      await vault.removeEmpty(version)
    }
  }

  /** Whether each of these devices proves now that it has the version. */
  prove(version: VersionId, devices: readonly DeviceId[]): Promise<boolean> {
    return this.#checks.prove(version, devices)
  }

  /** By what is known now. */
  async places(): Promise<StoragePlaces> {
    return (await this.#renewed()) ?? NOWHERE
  }

  /** As they would be by another ledger, from all that is known of devices now. It takes as long as the first look. */
  async placesUnder(state: State): Promise<StoragePlaces> {
    return (await new StorageMap().renew(this.#mapTerms(state), () => this.#isOpen)) ?? NOWHERE
  }

  /** Since when a device has not been heard of, by the last look. */
  sightingOf(device: DeviceId): Sighting {
    const isSelf = device === this.#init.identity.device
    return isSelf ? { seenMs: Date.now(), isPresent: true, emptySinceMs: 0 } : this.#sightings.of(device)
  }

  /** Why copies that this device owes are not here. */
  readonly problems = (): ReadonlyMap<VersionId, string> => this.#keeper.problems()

  /** Copies and shares that this device owes and has not got. */
  get lacking(): number {
    return this.#keeper.lacking
  }

  async close(): Promise<void> {
    this.#isOpen = false
    this.#checks.close()
    await this.boosts.close()
    await this.scrub.close()
    await this.#shares.close()
    await this.#keeper.close()
    this.#sightings.save(Date.now())
  }

  #renewed(): Promise<StoragePlaces | undefined> {
    return this.#map.renew(this.#mapTerms(this.#init.keeper.state()), () => this.#isOpen)
  }

  #mapTerms(state: State): MapTerms {
    const sightingOf = (device: DeviceId): Sighting => this.sightingOf(device)
    return { state, grace: this.times.grace, nowMs: Date.now(), sightingOf }
  }

  #present(): Set<DeviceId> {
    const { identity, transport, board, keeper } = this.#init
    const nowMs = Date.now()
    const state = keeper.state()
    const present = new Set([identity.device, ...transport.peers().map(({ device }) => device)])
    for (const { device, timeMs } of board.statements())
      if (timeMs + this.times.presenceMs > nowMs && isMember(state, device, nowMs)) present.add(device)
    return present
  }
}
