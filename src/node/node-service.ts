/** The node as the admin API sees it (service.ts): each call is answered from the parts that do the work. */

import { AppError } from '../base/errors.ts'
import type { DeviceId, VersionId } from '../base/ids.ts'
import { encodeTorrent } from '../content/torrent-file.ts'
import { ADDRESSES_MAX, isDatasetName, isLabel, LABEL_CHARACTERS_MAX } from '../ledger/encoding/names.ts'
import { isAvailable, isMember } from '../ledger/fold/state.ts'
import { encodeTicket } from '../ledger/join/ticket.ts'
import { PrivacyStore } from '../store/privacy-store.ts'
import { sha256 } from '../store/sha256.ts'
import { etaMs } from '../swarm/rates.ts'
import { activityOf, misbehavedPeers } from './activity.ts'
import type { Activity } from './activity-terms.ts'
import type {
  AuditAccepted,
  AuditAsked,
  AuditCheckpoints,
  AuditExported,
  AuditExportRequest,
  AuditProgress,
  AuditReport,
  AuditRequest,
  AuditVerification,
  AuditWho
} from './audit/audit-report.ts'
import { LocalAuditService } from './audit/audit-service.ts'
import { LocalLimitsService } from './bandwidth/limits-service.ts'
import { peerRestraints, restraintsOf } from './bandwidth/restraints.ts'
import { LocalBoostService } from './boost/boost-service.ts'
import { Checkup } from './checkup/checkup.ts'
import { LocalErasureService } from './erasure/erasure-service.ts'
import type { ErasureService } from './erasure/erasure-terms.ts'
import { LocalRetentionService } from './erasure/retention-service.ts'
import type { RetentionService } from './erasure/retention-terms.ts'
import { LocalFollowService } from './follow/follow-service.ts'
import { DeviceKey } from './keys/device-key.ts'
import { LocalAuthorityService } from './ledger/authority-service.ts'
import type { AuthorityService } from './ledger/authority-terms.ts'
import { LocalCustodyService } from './ledger/custody-service.ts'
import type { CustodyService } from './ledger/custody-terms.ts'
import { freshnessStatus } from './ledger/freshness-status.ts'
import { LocalGovernanceService } from './ledger/governance-service.ts'
import type { GovernanceService } from './ledger/governance-terms.ts'
import { LocalLedgerExplorer } from './ledger/ledger-explorer.ts'
import type { LedgerExplorer } from './ledger/ledger-terms.ts'
import { LocalOverrideService } from './ledger/override-service.ts'
import type { OverrideService } from './ledger/override-terms.ts'
import { whenWhole } from './ledger/when-whole.ts'
import { NodeMeter } from './measures/node-meter.ts'
import type { Node } from './node.ts'
import { nodeProblems } from './node-problems.ts'
import { LocalPerformanceService } from './performance/performance-service.ts'
import { type PrivacyServices, privacyServices } from './privacy/privacy-services.ts'
import { LocalRiskService } from './risk/risk-service.ts'
import { LocalScanService } from './scan/scan-service.ts'
import type { ScanService } from './scan/scan-terms.ts'
import { LocalSealingService } from './sealing/sealing-service.ts'
import type { SealingService } from './sealing/sealing-terms.ts'
import type {
  Dataset,
  DatasetSummary,
  Invite,
  InviteRequest,
  NodeService,
  NodeStatus,
  PeerStatus,
  Published,
  PublishProgress,
  PublishRequest,
  Retired,
  Task,
  Transfer,
  TransferPriority,
  TransferRequest,
  TransferSource,
  VerifyProgress,
  VerifyResult,
  VersionReference
} from './service.ts'
import { TRANSFER_SOURCES_MAX } from './service.ts'
import type { ServiceParts } from './service-parts.ts'
import { refusedEverywhere } from './standing.ts'
import { LocalStorageService } from './storage/storage-service.ts'
import type { StorageService } from './storage/storage-terms.ts'
import { LocalSubjectService } from './subjects/subject-service.ts'
import type { SubjectService } from './subjects/subject-terms.ts'
import type { VersionHolders } from './swarm/holder-terms.ts'
import { verifyHoldings } from './swarm/holding-checks.ts'
import { addTally, NO_TALLY, type Tally } from './swarm/tally.ts'
import type { TransferView } from './swarm/transfer-desk.ts'
import { deadlineFields, originOfTransfer, originProblem, unknownTransfer } from './swarm/transfer-extras.ts'
import { filesOfHolding, type TransferFiles } from './swarm/transfer-files.ts'
import { isActive } from './swarm/transfer-orders.ts'
import { versionHolders } from './swarm/version-holders.ts'
import { publishing } from './tracing/spans.ts'

export class LocalNodeService implements NodeService {
  readonly #node: Node
  readonly governance: GovernanceService
  readonly custody: CustodyService
  readonly storage: StorageService
  readonly erasures: ErasureService
  readonly sealing: SealingService
  readonly ledger: LedgerExplorer
  readonly authority: AuthorityService
  readonly overrides: OverrideService
  readonly follows: NodeService['follows']
  readonly limits: NodeService['limits']
  readonly scans: ScanService
  readonly subjects: SubjectService
  readonly retention: RetentionService
  readonly privacy: NodeService['privacy']
  readonly breaches: NodeService['breaches']
  readonly requests: NodeService['requests']
  readonly checkups: NodeService['checkups']
  readonly risks: LocalRiskService
  readonly history: NodeService['history']
  readonly performance: NodeService['performance']
  readonly detection: NodeService['detection']
  readonly siem: NodeService['siem']
  readonly contents: NodeService['contents']
  readonly boosts: NodeService['boosts']
  readonly #audit: LocalAuditService
  readonly #cases: PrivacyServices
  readonly measures: NodeService['measures']
  readonly #startedAtMs = Date.now()

  constructor(node: Node, { risks = {}, privacy: store = new PrivacyStore(':memory:') }: ServiceParts = {}) {
    this.#node = node
    this.#audit = new LocalAuditService(node)
    this.checkups = new Checkup(node)
    const meter = new NodeMeter(node)
    this.measures = () => meter.read()
    this.history = node.history.service
    this.detection = node.detection.service
    this.siem = node.siem
    this.contents = node.contents
    this.boosts = new LocalBoostService(node)
    const { keeper, catalogue } = node
    this.performance = whenWhole<NodeService['performance']>(new LocalPerformanceService(node), keeper)
    const candidates = (name: string) => node.followCandidates(name)
    const nameOf = (peer: string) => catalogue.nameOf(peer as DeviceId).name
    this.limits = new LocalLimitsService({ bandwidth: node.bandwidth, nameOf })
    this.follows = new LocalFollowService({ desk: node.follows, catalogue, candidates })
    this.governance = whenWhole<GovernanceService>(new LocalGovernanceService(node), keeper)
    this.custody = whenWhole<CustodyService>(new LocalCustodyService(node, this.#audit), keeper)
    this.storage = whenWhole<StorageService>(new LocalStorageService(node), keeper)
    this.scans = whenWhole<ScanService>(new LocalScanService(node, this.#audit), keeper)
    const erasures = new LocalErasureService(node)
    const subjects = new LocalSubjectService(node, { audit: this.#audit, erasures })
    this.subjects = whenWhole<SubjectService>(subjects, keeper)
    const retention = new LocalRetentionService(node, { custody: this.custody, erasures })
    this.retention = whenWhole<RetentionService>(retention, keeper)
    this.#cases = privacyServices(node, { store, erasures, audit: this.#audit, storage: this.storage })
    this.privacy = this.#cases.privacy
    this.breaches = this.#cases.breaches
    this.requests = this.#cases.requests
    this.erasures = whenWhole<ErasureService>(erasures, keeper)
    this.sealing = whenWhole<SealingService>(new LocalSealingService(node), keeper)
    this.authority = whenWhole<AuthorityService>(new LocalAuthorityService(node), keeper)
    this.overrides = whenWhole<OverrideService>(new LocalOverrideService(node), keeper)
    const explorer = new LocalLedgerExplorer(keeper, device => catalogue.nameOf(device))
    this.ledger = whenWhole<LedgerExplorer>(explorer, keeper)
    this.risks = new LocalRiskService(node, this, risks)
  }

  async status(): Promise<NodeStatus> {
    const { identity, transport, hub, keeper, software, home } = this.#node
    const state = keeper.state()
    const total = [...hub.tallies().values()].reduce(addTally, NO_TALLY)
    const statuses = hub.statuses().map(({ status }) => status)
    const members = [...state.devices.keys()].filter(device => isMember(state, device, Date.now()))
    return {
      software,
      pid: process.pid,
      home,
      org: { id: identity.org, name: identity.orgName },
      device: this.#node.ownDevice(),
      addresses: transport.addresses(),
      startedAtMs: this.#startedAtMs,
      peersConnected: transport.peers().length,
      peersKnown: members.filter(device => device !== identity.device).length,
      datasets: state.datasets.size,
      ...this.#transferCounts(),
      ...total,
      receiveBytesPerSecond: statuses.reduce((sum, status) => sum + status.downloadRate, 0),
      sendBytesPerSecond: statuses.reduce((sum, status) => sum + status.uploadRate, 0),
      freshness: freshnessStatus(this.#node.beacons),
      restraints: restraintsOf(this.#node.bandwidth, undefined),
      misbehaved: misbehavedPeers(this.#node, Date.now()),
      problems: nodeProblems(this.#node, this.#cases)
    }
  }

  #transferCounts(): Pick<NodeStatus, 'transfersActive' | 'transfersLate'> {
    const active = this.#node.desk.views().filter(view => isActive(view.state))
    const late = active.filter(view => this.#transfer(view).outlook === 'late')
    return { transfersActive: active.length, transfersLate: late.length }
  }

  async activity(): Promise<Activity> {
    return activityOf(this.#node, {
      startedAtMs: this.#startedAtMs,
      problems: nodeProblems(this.#node, this.#cases)
    })
  }

  async peers(): Promise<readonly PeerStatus[]> {
    const { identity, keeper } = this.#node
    const state = keeper.state()
    const tallies = this.#node.hub.tallies()
    const links = new Map(this.#node.transport.peers().map(link => [link.device, link]))
    return [...state.devices.keys()]
      .filter(device => device !== identity.device && isMember(state, device, Date.now()))
      .map(device => this.#peer(device, { link: links.get(device), tally: tallies.get(device) ?? NO_TALLY }))
  }

  async invite({ uses, expiresInMs }: InviteRequest): Promise<Invite> {
    const { identity, keeper, transport } = this.#node
    await keeper.whole()
    const inviteKey = DeviceKey.generate()
    const expiresAtMs = Date.now() + expiresInMs
    keeper.append({
      type: 'invite.create',
      inviteKey: Buffer.from(inviteKey.id, 'hex'),
      uses,
      expiresMs: expiresAtMs
    })
    const addresses = transport.addresses().slice(0, ADDRESSES_MAX)
    const ticket = encodeTicket(
      {
        ...{ org: identity.org, orgName: identity.orgName, inviter: identity.device },
        inviteSeed: inviteKey.seed(),
        addresses,
        expiresMs: expiresAtMs
      },
      sha256
    )
    return { ticket, uses, expiresAtMs, addresses }
  }

  async publish(request: PublishRequest, task: Task<PublishProgress>): Promise<Published> {
    if (!isDatasetName(request.name))
      throw new AppError(
        'USAGE',
        `can not publish as ${JSON.stringify(request.name)}: a dataset name has lower-case letters, digits, ` +
          '".", "_", "-" and "/" between its parts, and starts and ends with a letter or digit'
      )
    await this.#node.keeper.whole()
    return await publishing(() => this.#node.publisher.publish(request, task))
  }

  async retire(reference: VersionReference): Promise<Retired> {
    const { catalogue, keeper } = this.#node
    await keeper.whole()
    const entry = catalogue.entry(reference.name)
    const version = reference.version === null ? null : catalogue.resolve(reference).version.version
    const available = entry.versions.filter(each => isAvailable(each, Date.now()))
    const versions = available.map(each => each.version).filter(each => version === null || each === version)
    if (versions.length === 0)
      throw new AppError('DATASET_UNKNOWN', `every version of ${reference.name} is retired already`)
    keeper.append({ type: 'dataset.retire', name: reference.name, version })
    return { name: reference.name, versions }
  }

  async datasets(): Promise<readonly DatasetSummary[]> {
    return this.#node.catalogue.summaries()
  }

  async dataset(name: string): Promise<Dataset> {
    return this.#node.catalogue.dataset(name)
  }

  async holders(reference: VersionReference): Promise<VersionHolders> {
    return versionHolders(this.#node, reference, Date.now())
  }

  async verify(reference: VersionReference, task: Task<VerifyProgress>): Promise<readonly VerifyResult[]> {
    const { version } = this.#node.catalogue.resolve(reference)
    const holdings = this.#node.catalogue.holdings(version)
    if (holdings.length === 0)
      throw new AppError(
        'DATASET_UNKNOWN',
        `nothing of ${reference.name} is held here to verify; 'peerage get ${reference.name} DEST' fetches it`
      )
    return await verifyHoldings(
      holdings,
      { name: reference.name, reset: id => this.#node.hub.reset(id) },
      task
    )
  }

  async torrent(reference: VersionReference): Promise<Uint8Array> {
    const { version } = this.#node.catalogue.resolve(reference)
    for (const holding of this.#node.catalogue.holdings(version)) {
      const layers = new Map<number, Uint8Array>()
      for (const [index, file] of holding.version.files.entries()) {
        const layer = holding.layer(index)
        if (layer !== undefined && file.pieceCount > 1) layers.set(index, layer)
      }
      const needed = holding.version.files.filter(file => file.pieceCount > 1).length
      if (layers.size === needed) return encodeTorrent(holding.version, layers)
    }
    throw new AppError(
      'DATASET_UNKNOWN',
      `the metadata of ${reference.name} is not here yet; fetch it first with 'peerage get ${reference.name} DEST'`
    )
  }

  async startTransfer(request: TransferRequest): Promise<Transfer> {
    if (request.purpose !== null && !isLabel(request.purpose))
      throw new AppError(
        'USAGE',
        `${JSON.stringify(request.purpose)} can not be a purpose: write one line of 1 to ${LABEL_CHARACTERS_MAX} visible characters`,
        { details: { purpose: request.purpose } }
      )
    const { dataset, version } = this.#node.catalogue.resolve(request)
    this.#checkRead(dataset.name, version.version)
    const id = this.#node.desk.start({
      name: dataset.name,
      version: version.version,
      ordinal: version.ordinal,
      files: version.files,
      totalBytes: version.bytes,
      destination: request.destination,
      purpose: request.purpose,
      priority: request.priority,
      deadlineAtMs: request.deadlineAtMs ?? null,
      only: request.only.length === 0 ? [] : [request.only],
      isOpened: version.sealed
    })
    return await this.transfer(id)
  }

  #checkRead(name: string, version: VersionId): void {
    const refusal = this.#node.readFault(this.#node.identity.device, version)
    if (refusal !== undefined)
      throw new AppError('NOT_AUTHORISED', `${name} can not be fetched: ${refusal.detail}`, {
        details: { dataset: name, version }
      })
  }

  async transfers(): Promise<readonly Transfer[]> {
    return this.#node.desk.views().map(view => this.#transfer(view))
  }

  async transfer(id: string): Promise<Transfer> {
    return this.#transfer(this.#node.desk.view(id) ?? unknownTransfer(id))
  }

  async transferFiles(id: string, limit: number): Promise<TransferFiles> {
    const view = this.#node.desk.view(id) ?? unknownTransfer(id)
    return { id, sealed: view.isOpened, ...filesOfHolding(view.holding, limit) }
  }

  async stopTransfer(id: string, options: { readonly discard: boolean }): Promise<Transfer> {
    return this.#transfer(this.#node.desk.stop(id, options) ?? unknownTransfer(id))
  }

  async pauseTransfer(id: string): Promise<Transfer> {
    return this.#transfer(this.#node.desk.pause(id) ?? unknownTransfer(id))
  }

  async resumeTransfer(id: string): Promise<Transfer> {
    const { name, version } = this.#node.desk.view(id) ?? unknownTransfer(id)
    this.#checkRead(name, version)
    return this.#transfer(this.#node.desk.goOn(id) ?? unknownTransfer(id))
  }

  async prioritiseTransfer(id: string, priority: TransferPriority): Promise<Transfer> {
    return this.#transfer(this.#node.desk.prioritise(id, priority) ?? unknownTransfer(id))
  }

  async setTransferDeadline(id: string, deadlineAtMs: number | null): Promise<Transfer> {
    return this.#transfer(this.#node.desk.setDeadline(id, deadlineAtMs) ?? unknownTransfer(id))
  }

  onTransferChange(id: string, listener: () => void): () => void {
    return this.#node.desk.onChange(id, listener)
  }

  audit(request: AuditRequest): Promise<AuditReport> {
    return this.#audit.audit(request)
  }

  auditWho(name: string): Promise<AuditWho> {
    return this.#audit.auditWho(name)
  }

  auditCheckpoints(request: { readonly device: string | null }): Promise<AuditCheckpoints> {
    return this.#audit.auditCheckpoints(request)
  }

  auditAsk(request: { readonly path: string; readonly witness: string }): Promise<AuditAsked> {
    return this.#audit.auditAsk(request)
  }

  auditAccept(request: { readonly path: string }): Promise<AuditAccepted> {
    return this.#audit.auditAccept(request)
  }

  auditVerify(task: Task<AuditProgress>): Promise<AuditVerification> {
    return this.#audit.auditVerify(task)
  }

  auditExport(request: AuditExportRequest, task: Task<AuditProgress>): Promise<AuditExported> {
    return this.#audit.auditExport(request, task)
  }

  #peer(
    device: DeviceId,
    { link, tally }: { link: ReturnType<Node['transport']['peers']>[number] | undefined; tally: Tally }
  ): PeerStatus {
    const { board, catalogue, hub, keeper } = this.#node
    const ban = hub.ban(device)
    return {
      ...catalogue.nameOf(device),
      kind: keeper.state().devices.get(device)?.enrolment?.kind ?? null,
      connected: link !== undefined,
      address: link?.address ?? null,
      direction: link?.direction ?? null,
      connectedAtMs: link?.sinceMs ?? null,
      rttMs: link?.rttMs ?? null,
      receivedBytes: tally.receivedBytes,
      sentBytes: tally.sentBytes,
      lastSeenAtMs: link === undefined ? board.lastHeardMs(device) : Date.now(),
      banned: ban ?? null
    }
  }

  #transfer(view: TransferView): Transfer {
    const status = view.state === 'fetching' ? this.#node.hub.status(view.version) : undefined
    const sources = this.#sources(view)
    const total = [...view.tallies.values()].reduce(addTally, NO_TALLY)
    const bytesPerSecond = status?.downloadRate ?? 0
    const origin = this.#node.origins.view(view.version)
    const { id, name, version, ordinal, destination, state, startedAtMs, finishedAtMs } = view
    const { purpose, priority, only, selected } = view
    const files = selected?.files ?? view.files
    const totalBytes = selected?.bytes ?? view.totalBytes
    return {
      ...{ id, name, version, ordinal, destination, state, startedAtMs, finishedAtMs, files, totalBytes },
      ...{ purpose, priority, only },
      ...deadlineFields(view, {
        ...{ lackingBytes: totalBytes - view.haveBytes, bytesPerSecond, nowMs: Date.now() }
      }),
      origin: originOfTransfer(origin, view, status),
      ofVersion: selected === null ? null : { files: view.files, bytes: view.totalBytes },
      haveBytes: view.haveBytes,
      resumedBytes: view.resumedBytes,
      reusedBytes: view.reusedBytes,
      receivedBytes: total.receivedBytes,
      wastedBytes: total.wastedBytes,
      bytesPerSecond,
      etaMs: etaMs(totalBytes - view.haveBytes, bytesPerSecond),
      sourcesConnected: sources.filter(source => source.connected).length,
      sources: sources.slice(0, TRANSFER_SOURCES_MAX),
      restraints: isActive(state)
        ? [...restraintsOf(this.#node.bandwidth, version), ...peerRestraints(status)]
        : [],
      problem:
        view.problem ??
        view.holding?.problem ??
        originProblem(view.name, origin) ??
        refusedEverywhere(this.#node, state)
    }
  }

  #sources(view: TransferView): TransferSource[] {
    const peers = this.#node.hub.status(view.version)?.peers.filter(peer => peer.haveCount > 0) ?? []
    const connected = new Map(peers.map(peer => [peer.device, peer]))
    const publisher = this.#publisherOf(view)
    const gave = [...view.tallies].filter(([, tally]) => tally.receivedBytes > 0).map(([device]) => device)
    return [...new Set([...gave, ...connected.keys()])]
      .map(device => ({
        ...this.#node.catalogue.nameOf(device),
        connected: connected.has(device),
        publisher: device === publisher,
        receivedBytes: view.tallies.get(device)?.receivedBytes ?? 0,
        bytesPerSecond: connected.get(device)?.downloadRate ?? 0
      }))
      .sort((a, b) => b.receivedBytes - a.receivedBytes)
  }

  #publisherOf(view: TransferView): DeviceId | undefined {
    const versions = this.#node.keeper.state().datasets.get(view.name)?.versions ?? []
    return versions.find(version => version.version === view.version)?.publisher
  }
}
