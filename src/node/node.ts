/**
 * A node: one device at work. This file only puts the parts together, in the order in which they need each other,
 * and takes them apart again; what they do is theirs.
 *
 *     store -> ledger keeper -> transport -> presence, ledger sync, beacons, join desk, audit -> swarm -> transfers
 */

import type { DeviceId, VersionId } from '../base/ids.ts'
import { named } from '../base/words.ts'
import { classOf, mayRead, nextExpiryMs, type ReadDecision } from '../ledger/fold/access.ts'
import { stalenessLimitsMs } from '../ledger/fold/class-policy.ts'
import { publishersOf } from '../ledger/fold/deletion.ts'
import { type HoldDecision, mayHold } from '../ledger/fold/holding.ts'
import { isMember, membershipFault } from '../ledger/fold/state.ts'
import { freshnessTermsOf } from '../ledger/freshness/freshness-terms.ts'
import type { AuditStore } from '../store/audit-store.ts'
import { BlockBuffers } from '../store/block-buffers.ts'
import type { FilesystemStore } from '../store/filesystem.ts'
import { hashTree, type PublishOptions } from '../store/publish.ts'
import type { X25519Key } from '../store/sealing/x25519.ts'
import {
  type AuditParts,
  type AuditSettings,
  DEFAULT_AUDIT_SETTINGS,
  openAudit,
  refusalReason
} from './audit/audit-parts.ts'
import { Bandwidth } from './bandwidth/bandwidth.ts'
import { heardSwarm } from './boost/heard-swarm.ts'
import { Reach } from './checkup/reach.ts'
import { ContentDesk } from './contents/content-desk.ts'
import { NodeDetection } from './detection/node-detection.ts'
import { ErasureDesk } from './erasure/erasure-desk.ts'
import { isWithin } from './folder-path.ts'
import { FollowDesk } from './follow/follow-desk.ts'
import { type LedgerCandidate, ledgerCandidates } from './follow/ledger-candidates.ts'
import { NodeHistory } from './history/node-history.ts'
import { type Identity, snapshotPath } from './home.ts'
import { linkedFilesOf } from './home-guard.ts'
import type { DeviceKey } from './keys/device-key.ts'
import { BEACON_TOPIC, BeaconBoard } from './ledger/beacon-board.ts'
import { FirstSync } from './ledger/first-sync.ts'
import { openJoinDesk } from './ledger/join-desk.ts'
import { LedgerKeeper } from './ledger/ledger-keeper.ts'
import { LEDGER_FACE_TOPIC, LEDGER_TOPIC, LedgerSync } from './ledger/ledger-sync.ts'
import { originOf } from './ledger/origin-words.ts'
import { PRESENCE_TOPIC, PresenceBoard } from './ledger/presence-board.ts'
import { RootAssembler } from './ledger/root-assembler.ts'
import { SnapshotFile } from './ledger/snapshot-file.ts'
import { Connector } from './links/connector.ts'
import { fetchingOf, usedBySwarm } from './links/swarm-use.ts'
import type { Log } from './log.ts'
import { loadContacts } from './membership.ts'
import type { OriginRules } from './origin/origin-client.ts'
import { OriginDesk } from './origin/origin-desk.ts'
import { OwedParts } from './owed-parts.ts'
import { rateOfGivers } from './performance/giver-rates.ts'
import { Reuse } from './reuse/reuse.ts'
import { ScanDesk } from './scan/scan-desk.ts'
import { SealingDesk } from './sealing/sealing-desk.ts'
import type { OwnDevice } from './service-words.ts'
import { HeldShares } from './shares/held-shares.ts'
import { NodeSiem } from './siem/node-siem.ts'
import { DEFAULT_STORAGE_SETTINGS, NodeStorage, type StorageSettings } from './storage/node-storage.ts'
import { SubjectDesk } from './subjects/subject-desk.ts'
import { Catalogue } from './swarm/catalogue.ts'
import { seedOf } from './swarm/device-seed.ts'
import { Publisher } from './swarm/publisher.ts'
import { type ReadFault, SwarmHub } from './swarm/swarm-hub.ts'
import { TransferDesk } from './swarm/transfer-desk.ts'
import type { GateDecision, GossipTopics, Transport } from './transport/transport.ts'

export const GOSSIP_TOPICS: GossipTopics = {
  relayed: [LEDGER_TOPIC, PRESENCE_TOPIC, BEACON_TOPIC],
  linked: [LEDGER_FACE_TOPIC]
}

/** The longest that setTimeout can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1

export interface NodeInit {
  readonly home: string
  readonly software: string
  readonly identity: Identity
  readonly key: DeviceKey
  /** To which content is sealed for this device. */
  readonly sealingKey: X25519Key
  readonly store: FilesystemStore
  readonly auditStore: AuditStore
  readonly transport: Transport
  readonly audit?: AuditSettings
  readonly origins?: OriginRules
  readonly storage?: StorageSettings
  readonly log: Log
}

export class Node {
  readonly home: string
  readonly software: string
  readonly identity: Identity
  readonly store: FilesystemStore
  readonly transport: Transport
  readonly owed: OwedParts
  readonly keeper: LedgerKeeper
  readonly board: PresenceBoard
  readonly beacons: BeaconBoard
  readonly bandwidth: Bandwidth
  readonly hub: SwarmHub
  readonly origins: OriginDesk
  readonly desk: TransferDesk
  readonly reuse: Reuse
  readonly follows: FollowDesk
  readonly scans: ScanDesk
  readonly erasures: ErasureDesk
  readonly catalogue: Catalogue
  readonly contents: ContentDesk
  readonly assembler: RootAssembler
  readonly publisher: Publisher
  readonly sealing: SealingDesk
  readonly audit: AuditParts
  readonly storage: NodeStorage
  readonly subjects: SubjectDesk
  readonly reach: Reach
  readonly sync: LedgerSync
  readonly history: NodeHistory
  readonly detection: NodeDetection
  readonly siem: NodeSiem
  readonly #firstSync: FirstSync
  readonly connector: Connector
  #expiry: NodeJS.Timeout | undefined

  constructor(init: NodeInit) {
    const { store, transport, identity, key, log } = init
    this.home = init.home
    this.software = init.software
    this.identity = identity
    this.store = store
    this.transport = transport
    const clock = () => this.beacons.view().clock
    const snapshots = new SnapshotFile({ path: snapshotPath(init.home), key, log })
    this.owed = new OwedParts(init)
    this.keeper = new LedgerKeeper({ records: store.records, key, log, clock, snapshots })
    this.assembler = new RootAssembler({ keeper: this.keeper, log })
    transport.setGate(device => this.#admit(device))
    this.sync = new LedgerSync({ transport, keeper: this.keeper, log })
    this.#firstSync = new FirstSync({ transport, sync: this.sync })
    this.board = new PresenceBoard({
      ...{ transport, keeper: this.keeper, records: this.owed.ofOthers, identity, key, log }
    })
    this.beacons = this.#createBeacons(init)
    this.reach = new Reach({ transport, board: this.board, log })
    openJoinDesk({
      ...{ transport, keeper: this.keeper, log, names: this.board.names },
      onEnrolled: () => transport.recheck()
    })
    this.audit = openAudit({
      ...{ ...init, keeper: this.keeper, streams: () => this.hub.streams() },
      settings: init.audit ?? DEFAULT_AUDIT_SETTINGS,
      purposeOf: version => this.desk.purposeOf(version)
    })
    this.origins = this.#createOrigins(init)
    this.bandwidth = new Bandwidth({
      ...{ records: store.records, log },
      roundTrip: peer => transport.roundTrip(peer as DeviceId)
    })
    this.hub = this.#createHub(init)
    const { recorder } = this.audit
    this.reuse = this.#createReuse(init)
    this.sealing = this.#createSealing(init)
    this.desk = new TransferDesk({
      ...{ store, records: this.owed.transfers, hub: this.hub, log },
      ...{ reuse: this.reuse, sealed: this.sealing.reader },
      onRead: read => (this.storage.isForOrg(read.destination) ? recorder.kept(read) : recorder.read(read)),
      onForgotten: version => this.#forgotten(version, 'discarded')
    })
    this.follows = this.#createFollows(log)
    this.scans = this.#createScans(log)
    this.erasures = this.#createErasures(init)
    const self = { device: identity.device, name: identity.name, site: identity.site }
    this.catalogue = new Catalogue({ keeper: this.keeper, board: this.board, hub: this.hub, store, self })
    this.contents = ContentDesk.of(this, log)
    this.publisher = new Publisher({
      self: identity.device,
      store,
      keeper: this.keeper,
      catalogue: this.catalogue,
      indexes: this.reuse.indexes,
      hashTree: (path, options) =>
        hashTree(path, { pool: store.pool, guarded: () => linkedFilesOf(this.home), ...options }),
      sealer: this.sealing.publisher,
      onPublished: published => recorder.published(published),
      log
    })
    this.storage = this.#createStorage(init)
    this.subjects = this.#createSubjects(init)
    this.connector = this.#createConnector(init)
    this.history = new NodeHistory(this, log)
    this.detection = new NodeDetection({ home: this.home, node: this, records: store.records, log })
    this.siem = new NodeSiem({ ...init, audit: this.audit, detection: this.detection })
    this.#awaitExpiry()
    this.keeper.on({ onAccepted: () => this.#onLedger(), onRoots: () => this.#onLedger() })
    this.beacons.onChange(() => {
      this.hub.recheck()
      this.contents.recheck()
      this.sealing.look()
      this.follows.look()
    })
  }

  async start(): Promise<void> {
    await this.erasures.start()
    await this.transport.start()
    this.board.start()
    this.beacons.start()
    this.connector.start()
    await this.sealing.start()
    this.desk.resume()
    this.follows.start()
    this.storage.start()
    this.scans.start()
    this.history.start()
    this.detection.start()
    this.siem.start()
  }

  /** Stops asking and serving, waits for what is being written, and lets go of everything. */
  async stop(): Promise<void> {
    clearTimeout(this.#expiry)
    this.history.close()
    await this.siem.close()
    await this.detection.close()
    this.connector.close()
    this.sync.close()
    this.beacons.close()
    this.board.close()
    this.contents.close()
    this.subjects.close()
    await this.erasures.close()
    await this.follows.close()
    await this.storage.close()
    await this.scans.close()
    this.desk.close()
    this.sealing.close()
    this.hub.close()
    this.bandwidth.close()
    await this.transport.stop()
    this.history.release()
    await this.keeper.close()
    this.owed.close()
    await this.audit.close()
    await this.store.close()
  }

  ownDevice(): OwnDevice {
    const { device, name, site, kind } = this.identity
    return { id: device, name, site, kind, admin: this.keeper.state().devices.get(device)?.role === 'admin' }
  }

  #createConnector({ store, transport, identity, log }: NodeInit): Connector {
    const { keeper, board, hub } = this
    return new Connector({
      ...{ transport, keeper, board, log, site: identity.site, contacts: loadContacts(store.records) },
      fetching: () => fetchingOf(hub, version => [...publishersOf(keeper.state(), version)]),
      used: () => usedBySwarm(hub)
    })
  }

  #createOrigins({ log, origins = {} }: NodeInit): OriginDesk {
    return new OriginDesk({
      ...{ log, rules: origins },
      urlOf: version => originOf(this.keeper.state(), version, Date.now())
    })
  }

  #createReuse({ store, transport, log }: NodeInit): Reuse {
    return new Reuse({
      ...{ store, transport, log, admit: this.#firstSync.admit },
      mayRead: (device, version) => this.readFault(device, version) === undefined,
      versionsOf: name =>
        (this.keeper.state().datasets.get(name)?.versions ?? []).map(({ version }) => version).reverse(),
      holdersOf: version => this.#holdersOf(version)
    })
  }

  #createSealing({ home, key, sealingKey, store, transport, log }: NodeInit): SealingDesk {
    return new SealingDesk({
      ...{ home, key, sealingKey, ledger: this.keeper, store, transport, log },
      hashTree: (path: string, options: Omit<PublishOptions, 'pool'>) =>
        hashTree(path, { pool: store.pool, ...options }),
      mayHold: (device, version) => this.holdFault(device, version) === undefined,
      readFault: (device, version) => this.readFault(device, version)?.detail,
      nameOf: device => named(this.catalogue.nameOf(device))
    })
  }

  #createHub({ transport, store, identity, log }: NodeInit): SwarmHub {
    return new SwarmHub({
      transport,
      store,
      buffers: new BlockBuffers(),
      log,
      siteOf: device => this.board.find(device)?.site,
      ownSite: identity.site,
      bringers: () => this.connector.bringers(),
      addressesOf: device => this.board.find(device)?.addresses ?? [],
      seed: seedOf(identity.device),
      refusal: (device, version) => this.holdFault(device, version),
      audit: this.audit,
      onAsked: (device, infoHash) => this.storage.boosts.asked(device, infoHash),
      admit: this.#firstSync.admit,
      origins: this.origins,
      limits: { bandwidth: this.bandwidth, classOf: version => classOf(this.keeper.state(), version) }
    })
  }

  #createFollows(log: Log): FollowDesk {
    const { store, desk: transfers, identity, home } = this
    return new FollowDesk({
      ...{ org: identity.org, home, store, transfers, log },
      candidates: name => this.followCandidates(name),
      reset: version => this.hub.reset(version),
      onForgotten: version => this.#forgotten(version, 'superseded')
    })
  }

  #createStorage({ store, transport, identity, log, home, storage }: NodeInit): NodeStorage {
    const { keeper, board, desk: transfers, hub, audit } = this
    return new NodeStorage({
      ...{ home, identity, store, ofOthers: this.owed.ofOthers, keeper, board, transport, transfers, log },
      settings: storage ?? DEFAULT_STORAGE_SETTINGS,
      mayHold: (device, version) => this.holdFault(device, version) === undefined,
      hashTree: (path, options) => hashTree(path, { pool: store.pool, ...options }),
      reset: version => hub.reset(version),
      onForgotten: (version, reason) => audit.recorder.deleted(version, reason),
      lineRate: () =>
        hub.statuses().reduce((sum, { status }) => sum + status.downloadRate + status.uploadRate, 0),
      onDamaged: ({ version, kind }, { pieces }) => audit.recorder.damaged(version.id, { kind, pieces }),
      onHealed: ({ version }, { pieces }) => audit.recorder.healed(version.id, { pieces }),
      demand: { swarm: heardSwarm(hub), rates: () => rateOfGivers(this) }
    })
  }

  #createSubjects({ store, transport, identity, log }: NodeInit): SubjectDesk {
    const { keeper, desk: transfers, storage, audit } = this
    return new SubjectDesk({
      ...{ self: identity.device, store, keeper, transport, transfers, log },
      record: event => audit.log.record(event),
      isStored: root => storage.vault.has(root)
    })
  }

  #createScans(log: Log): ScanDesk {
    const { home, store, keeper, desk: transfers, identity } = this
    const mayRead = (version: VersionId) => this.readFault(identity.device, version) === undefined
    this.sealing.shelf.onChange(() => this.scans.look())
    return new ScanDesk({
      ...{ home, store, keeper, transfers, self: identity.device, log },
      mayFetch: mayRead,
      opens: version => mayRead(version) && this.sealing.keeper.keysOf(version).length > 0,
      fileKeyOf: version => (mayRead(version.id) ? this.sealing.keeper.keyOf(version) : undefined),
      reset: version => this.hub.reset(version),
      onForgotten: version => this.audit.recorder.deleted(version, 'scanned')
    })
  }

  #createErasures({ store, identity, key, log }: NodeInit): ErasureDesk {
    const { keeper, desk: transfers, follows, hub, reuse } = this
    return new ErasureDesk({
      ...{ self: identity.device, key, store, keeper, transfers, follows, indexes: reuse.indexes, log },
      shares: new HeldShares(this.home, { store, state: () => keeper.state() }),
      drop: version => hub.unwant(version),
      holdsKeys: version => this.sealing.shelf.has(version),
      onErase: async version => void this.sealing.destroyKeys(version),
      plainOf: order => this.sealing.reader.plainOf(order),
      sealedSources: this.sealing.sources,
      ownsSource: path => isWithin(path, this.home),
      removals: version => this.storage.removals(version),
      onDeleted: (version, because) => this.#forgotten(version, because)
    })
  }

  /** What was held of a version in one place is held there no more. */
  #forgotten(version: VersionId, reason: string): void {
    this.reuse.indexes.release(version)
    this.audit.recorder.deleted(version, reason)
  }

  #createBeacons({ transport, key, log }: NodeInit): BeaconBoard {
    const { keeper } = this
    const beacons = new BeaconBoard({
      ...{ transport, records: this.owed.beacons, key },
      isKept: () => keeper.problems().length === 0,
      terms: () => {
        const state = keeper.state()
        const nowMs = Date.now()
        return freshnessTermsOf({
          org: state.org,
          roots: keeper.chain.roots,
          stalenessMs: stalenessLimitsMs(state),
          isMember: device => isMember(state, device, nowMs)
        })
      },
      holding: () => ({ digest: keeper.hello().digest, operations: keeper.size }),
      syncWith: device => this.sync.ask(device),
      onOverrideKept: override => this.audit.recorder.override(override, keeper.chain.head.admins),
      onOverrideUsed: use => this.audit.recorder.overridden(use),
      log
    })
    this.sync.on(beacons.syncEvents)
    beacons.follow(keeper)
    return beacons
  }

  /** Why a device, this one included, may not read a version now, by the ledger and by how fresh our view of it is. */
  readFault(device: DeviceId, version: VersionId): ReadFault | undefined {
    return this.#faultOf(mayRead(this.keeper.state(), device, version, Date.now()), { device, version })
  }

  /** Likewise: why it may not be served its bytes, or keep them. Who holds a sealed version need not read it. */
  holdFault(device: DeviceId, version: VersionId): ReadFault | undefined {
    return this.#faultOf(mayHold(this.keeper.state(), device, version, Date.now()), { device, version })
  }

  #faultOf(
    decision: ReadDecision | HoldDecision,
    { device, version }: { device: DeviceId; version: VersionId }
  ): ReadFault | undefined {
    if (!decision.allowed) return { reason: decision.detail, detail: decision.detail }
    const freshness = this.beacons.access(decision.class, { device, version })
    return freshness.allowed ? undefined : freshness
  }

  /** The publisher, then the peers of this site, then the others. */
  #holdersOf(version: VersionId): DeviceId[] {
    const linked = this.transport.peers().map(({ device }) => device)
    const isNear = (device: DeviceId): boolean => this.board.find(device)?.site === this.identity.site
    const near = linked.filter(isNear)
    return [
      ...new Set([
        ...[...publishersOf(this.keeper.state(), version)].filter(device => linked.includes(device)),
        ...near,
        ...linked
      ])
    ]
  }

  /** The versions of a dataset with what stands against each, for this device. */
  followCandidates(name: string): readonly LedgerCandidate[] | undefined {
    const { device } = this.identity
    return ledgerCandidates(name, {
      ...{ state: this.keeper.state(), device, nowMs: Date.now() },
      fetchFault: version => {
        const versions = this.keeper.state().datasets.get(name)?.versions ?? []
        if (versions.some(each => each.version === version && each.sealed))
          return 'it is sealed, which is fetched by peerage get and not followed'
        const held = this.store.holdings().filter(holding => holding.version.id === version)
        if (held.some(({ state }) => state === 'complete')) return undefined
        return this.readFault(device, version)?.detail
      }
    })
  }

  #admit(device: DeviceId): GateDecision {
    const fault = membershipFault(this.keeper.state(), device, Date.now())
    if (fault === undefined) return 'member'
    const entry = this.keeper.state().devices.get(device)
    if (entry === undefined) this.audit.strangerRefused(device)
    else this.audit.refused({ action: 'denied', peer: device, reason: refusalReason(entry), version: null })
    return { refuse: fault }
  }

  #onLedger(): void {
    this.transport.recheck()
    this.hub.recheck()
    this.contents.recheck()
    this.bandwidth.recheck()
    this.origins.refresh()
    this.erasures.look()
    this.subjects.look()
    this.sealing.look()
    this.follows.look()
    this.storage.look()
    this.scans.look()
    this.#awaitExpiry()
  }

  /** What ends by time alone is looked at when it does. */
  #awaitExpiry(): void {
    clearTimeout(this.#expiry)
    const nowMs = Date.now()
    const nextMs = nextExpiryMs(this.keeper.state(), nowMs)
    if (nextMs === undefined) return
    this.#expiry = setTimeout(() => this.#onLedger(), Math.min(nextMs - nowMs + 1, TIMER_MS_MAX))
    this.#expiry.unref()
  }
}
