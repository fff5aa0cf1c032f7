/** What each route of the admin API asks of the node. The shapes agree by the type checker, field by field. */

import type {
  BytesRoute,
  EventProgress,
  EventResult,
  EventRoute,
  JsonAnswer,
  JsonRoute,
  RouteInput
} from '../../api/routes.ts'
import { isSettled } from '../../api/transfer.ts'
import { AppError } from '../../base/errors.ts'
import type { LimitsService } from '../../node/bandwidth/limits-terms.ts'
import type { BoostService } from '../../node/boost/boost-terms.ts'
import type { ContentService } from '../../node/contents/content-terms.ts'
import type { DetectionService } from '../../node/detection/detection-terms.ts'
import type { ErasureService } from '../../node/erasure/erasure-terms.ts'
import type { RetentionService } from '../../node/erasure/retention-terms.ts'
import type { FollowService } from '../../node/follow/follow-terms.ts'
import type { HistoryService } from '../../node/history/history-terms.ts'
import type { CustodyService } from '../../node/ledger/custody-terms.ts'
import type { GovernanceService } from '../../node/ledger/governance-terms.ts'
import type { PerformanceService } from '../../node/performance/performance-terms.ts'
import type { BreachService } from '../../node/privacy/breach-terms.ts'
import type { PrivacyService } from '../../node/privacy/privacy-calls.ts'
import type { RequestService } from '../../node/privacy/request-terms.ts'
import type { RiskService } from '../../node/risk/risk-terms.ts'
import type { ScanService } from '../../node/scan/scan-terms.ts'
import type { NodeService, Task, Transfer } from '../../node/service.ts'
import type { SiemService } from '../../node/siem/siem-terms.ts'
import type { StorageService } from '../../node/storage/storage-terms.ts'
import type { SubjectService } from '../../node/subjects/subject-terms.ts'
import { type Exposition, formatOf } from '../metrics/exposition.ts'
import type { ProviderSignIn } from '../sign-in/provider-sign-in.ts'
import { CALLBACK_PATH } from '../sign-in/sign-in-routes.ts'
import { type Caller, requireOwner } from './caller.ts'
import { ownLooks } from './own-looks.ts'
import type { SessionBook } from './session-book.ts'
import type { TokenBook, TokenEntry } from './token-book.ts'

export type JsonHandlers = {
  readonly [Name in JsonRoute]: (input: RouteInput<Name>, caller: Caller) => Promise<JsonAnswer<Name>>
}
export type EventHandlers = {
  readonly [Name in EventRoute]: (
    input: RouteInput<Name>,
    task: Task<EventProgress<Name>>
  ) => Promise<EventResult<Name>>
}
export type BytesHandlers = {
  readonly [Name in BytesRoute]: (
    input: RouteInput<Name>,
    accept: string | undefined
  ) => Promise<Uint8Array | TypedBytes>
}

/** Of a type that the caller chose. */
export interface TypedBytes {
  readonly contentType: string
  readonly bytes: Uint8Array
}

export interface Handlers {
  readonly json: JsonHandlers
  readonly events: EventHandlers
  readonly bytes: BytesHandlers
}

/** How often the figures of a watched transfer are read; its state is told at once. */
const WATCH_INTERVAL_MS = 200

async function watchTransfer(service: NodeService, id: string, task: Task<Transfer>): Promise<Transfer> {
  let changed = false
  let wake = (): void => {}
  const notify = (): void => {
    changed = true
    wake()
  }
  const unwatch = service.onTransferChange(id, notify)
  task.signal.addEventListener('abort', notify)
  try {
    for (;;) {
      changed = false
      const transfer = await service.transfer(id)
      if (isSettled(transfer.state)) return transfer
      if (task.signal.aborted) throw new AppError('INTERRUPTED', `watching transfer ${id} was called off`)
      task.onProgress(transfer)
      if (changed) continue
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, WATCH_INTERVAL_MS)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  } finally {
    unwatch()
    task.signal.removeEventListener('abort', notify)
  }
}

function transferHandlers(service: NodeService) {
  return {
    transfers: async () => ({ transfers: await service.transfers() }),
    startTransfer: input => service.startTransfer(input),
    transfer: ({ id }) => service.transfer(id),
    transferFiles: ({ id, limit }) => service.transferFiles(id, limit),
    pauseTransfer: ({ id }) => service.pauseTransfer(id),
    resumeTransfer: ({ id }) => service.resumeTransfer(id),
    setTransferDeadline: ({ id, deadlineAtMs }) => service.setTransferDeadline(id, deadlineAtMs),
    prioritiseTransfer: ({ id, priority }) => service.prioritiseTransfer(id, priority),
    stopTransfer: ({ id, discard }) => service.stopTransfer(id, { discard })
  } satisfies Partial<JsonHandlers>
}

function governanceHandlers(service: GovernanceService) {
  return {
    devices: async () => ({ devices: await service.devices() }),
    suspendDevice: input => service.suspendDevice(input),
    revokeDevice: input => service.revokeDevice(input),
    readmitDevice: input => service.readmitDevice(input),
    roles: async () => ({ roles: await service.roles() }),
    grantRole: input => service.grantRole(input),
    revokeRole: input => service.revokeRole(input),
    groups: async () => ({ groups: await service.groups() }),
    createGroup: ({ name }) => service.createGroup(name),
    addToGroup: input => service.addToGroup(input),
    removeFromGroup: input => service.removeFromGroup(input),
    access: () => service.access(),
    grantAccess: input => service.grantAccess(input),
    revokeAccess: input => service.revokeAccess(input),
    setPolicy: input => service.setPolicy(input),
    setOrigin: input => service.setOrigin(input),
    quarantine: input => service.quarantine(input),
    release: input => service.release(input),
    recall: input => service.recall(input),
    invites: async () => ({ invites: await service.invites() }),
    cancelInvite: ({ id }) => service.cancelInvite(id),
    approve: ({ id }) => service.approve(id),
    note: input => service.note(input)
  } satisfies Partial<JsonHandlers>
}

function custodyHandlers(service: CustodyService) {
  return {
    classes: async () => ({ classes: await service.classes() }),
    setClass: input => service.setClass(input),
    holds: async () => ({ holds: await service.holds() }),
    placeHold: input => service.placeHold(input),
    liftHold: ({ id }) => service.liftHold(id),
    readers: input => service.readers(input),
    readable: ({ device }) => service.readable(device)
  } satisfies Partial<JsonHandlers>
}

function boostHandlers(service: BoostService) {
  return {
    boosts: () => service.boosts(),
    setBoosts: input => service.setBoosts(input)
  } satisfies Partial<JsonHandlers>
}

function storageHandlers(service: StorageService) {
  return {
    storage: () => service.storage(),
    setCapacity: input => service.setCapacity(input),
    setRegion: input => service.setRegion(input),
    scrub: () => service.scrub(),
    setScrub: input => service.setScrub(input),
    whatIf: input => service.whatIf(input),
    checkStoragePolicy: async ({ policy }) => ({ policy: await service.checkPolicy(policy) }),
    previewStoragePolicy: input => service.previewStoragePolicy(input),
    setStoragePolicy: input => service.setStoragePolicy(input),
    versionStorage: input => service.versionStorage(input)
  } satisfies Partial<JsonHandlers>
}

function subjectHandlers(service: SubjectService) {
  return {
    prepareTags: async input => {
      await service.prepare(input)
      return {}
    },
    tag: input => service.tag(input),
    subjects: async () => ({ subjects: await service.subjects() }),
    subject: ({ id }) => service.subject(id),
    subjectLookups: ({ id }) => service.lookups(id),
    forgetSubject: input => service.forget(input)
  } satisfies Partial<JsonHandlers>
}

function privacyHandlers(service: PrivacyService) {
  return {
    privacyNotes: () => service.notes(),
    setPrivacyNote: input => service.setNote(input),
    setPlace: input => service.setPlace(input),
    describeDataset: input => service.describeDataset(input),
    processing: () => service.processing(),
    placesOutside: () => service.transfers()
  } satisfies Partial<JsonHandlers>
}

function breachHandlers(service: BreachService) {
  return {
    breaches: async () => ({ breaches: await service.breaches() }),
    openBreach: input => service.openBreach(input),
    breach: ({ id }) => service.breach(id),
    breachPersons: async ({ id }) => ({ persons: await service.breachPersons(id) }),
    changeBreach: input => service.changeBreach(input),
    closeBreach: input => service.closeBreach(input),
    deleteBreach: ({ id }) => service.deleteBreach(id)
  } satisfies Partial<JsonHandlers>
}

function requestHandlers(service: RequestService) {
  return {
    requests: async () => ({ requests: await service.requests() }),
    openRequest: input => service.openRequest(input),
    request: ({ id }) => service.request(id),
    extendRequest: input => service.extendRequest(input),
    closeRequest: input => service.closeRequest(input),
    deleteRequest: ({ id }) => service.deleteRequest(id)
  } satisfies Partial<JsonHandlers>
}

function retentionHandlers(service: RetentionService) {
  return {
    retention: async () => ({ versions: await service.retention() }),
    setRetention: input => service.setRetention(input),
    runRetention: input => service.runRetention(input)
  } satisfies Partial<JsonHandlers>
}

function historyHandlers(service: HistoryService) {
  return {
    series: async () => ({ series: await service.series() }),
    history: input => service.history(input),
    savings: input => service.savings(input)
  } satisfies Partial<JsonHandlers>
}

function performanceHandlers(service: PerformanceService) {
  return {
    fleetSavings: input => service.fleetSavings(input),
    levels: () => service.levels(),
    levelHistory: ({ name }) => service.levelHistory(name),
    setLevel: input => service.setLevel(input),
    unsetLevel: ({ name }) => service.unsetLevel(name),
    prices: async () => ({ prices: await service.prices() }),
    setPrice: input => service.setPrice(input),
    participation: input => service.participation(input)
  } satisfies Partial<JsonHandlers>
}

function erasureHandlers(service: ErasureService) {
  return {
    erase: input => service.erase(input),
    erasureCases: async () => ({ cases: await service.cases() }),
    erasureCase: ({ id }) => service.case(id),
    erasureOf: input => service.caseOf(input),
    approveErasure: ({ id }) => service.approve(id),
    finishErasure: input => service.finish(input),
    erasureCertificate: ({ id }) => service.certificate(id)
  } satisfies Partial<JsonHandlers>
}

function followHandlers(service: FollowService) {
  return {
    follows: async () => ({ follows: await service.follows() }),
    follow: async (input, by) => {
      if (input.hook !== null)
        requireOwner(by, 'set what runs here: run peerage follow on the machine of the node')
      return await service.follow(input)
    },
    followed: ({ destination }) => service.followed(destination),
    stopFollow: ({ destination }) => service.stopFollow(destination),
    rollbackFollow: input => service.rollback(input),
    resumeFollow: ({ destination }) => service.resume(destination),
    retryFollow: ({ destination }) => service.retry(destination)
  } satisfies Partial<JsonHandlers>
}

function limitsHandlers(service: LimitsService) {
  return {
    limits: () => service.limits(),
    setLimits: ({ rules }) => service.setLimits(rules),
    removeLimit: ({ id }) => service.removeLimit(id),
    clearLimits: () => service.clearLimits(),
    setBudget: input => service.setBudget(input)
  } satisfies Partial<JsonHandlers>
}

function cacheHandlers(service: ContentService) {
  return {
    cache: () => service.cache(),
    setCache: ({ bytes }) => service.setCache(bytes)
  } satisfies Partial<JsonHandlers>
}

function scanHandlers(service: ScanService) {
  return {
    scanStatus: () => service.scanStatus(),
    setUpScan: (input, by) => service.setUpScan(input, by.id),
    endScan: (_, by) => service.endScan(by.id),
    malware: async () => ({ found: await service.malware() }),
    scanReport: ({ name }) => service.scanReport(name)
  } satisfies Partial<JsonHandlers>
}

function riskHandlers(service: RiskService) {
  return {
    risks: () => service.risks(),
    risk: ({ id }) => service.risk(id),
    acceptRisk: input => service.acceptRisk(input),
    withdrawAcceptance: ({ id }) => service.withdrawAcceptance(id),
    setRiskOwner: input => service.noteRisk(input),
    setRiskTreatment: input => service.noteRisk(input)
  } satisfies Partial<JsonHandlers>
}

function detectionHandlers(service: DetectionService) {
  return {
    detections: async input => ({ detections: await service.detections(input) }),
    detection: ({ id }) => service.detection(id),
    acknowledgeDetection: (input, by) => service.acknowledge(input, by.id),
    detectionRules: () => service.rules(),
    setDetectionRules: (input, by) => service.setRules(input, by.id)
  } satisfies Partial<JsonHandlers>
}

function siemHandlers(service: SiemService) {
  return {
    events: input => service.events(input),
    sinks: async () => ({ sinks: await service.sinks() }),
    setSink: input => service.setSink(input),
    removeSink: ({ id }) => service.removeSink(id)
  } satisfies Partial<JsonHandlers>
}

function tokenHandlers(tokens: TokenBook, sessions: SessionBook) {
  return {
    createCode: async (input, by) => sessions.createCode(input, by),
    sessions: async () => ({ sessions: sessions.list() }),
    endNamedSession: async ({ id }) => {
      await tokens.endMadeBy(sessions.endNamed(id))
      return { sessions: sessions.list() }
    },
    tokens: async () => ({ tokens: tokens.list().map(shownToken) }),
    createToken: async (input, by) => {
      const { entry, token } = await tokens.create(input, by)
      return { ...shownToken(entry), token }
    },
    revokeToken: async ({ id }) => shownToken(await tokens.revoke(id)),
    caller: async (_, { kind, id, scopes, expiresAtMs }) => ({ kind, id, scopes: [...scopes], expiresAtMs })
  } satisfies Partial<JsonHandlers>
}

function signInHandlers({
  provider,
  sessions,
  tokens
}: Pick<HandlersInit, 'provider' | 'sessions' | 'tokens'>) {
  const { settings } = provider
  const report = () => ({
    provider: settings.provider ?? null,
    redirects: sessions.addresses.map(address => `${address}${CALLBACK_PATH}`)
  })
  const changed = async () => {
    sessions.endPersons()
    await tokens.endOfPersons()
    return report()
  }
  return {
    signIn: async () => report(),
    setSignIn: async (input, by) => {
      await provider.set(input, by)
      return await changed()
    },
    unsetSignIn: async (_, by) => {
      await settings.unset(by)
      return await changed()
    },
    personName: async ({ subject }) => ({ id: settings.personId(subject) })
  } satisfies Partial<JsonHandlers>
}

/** What a token is known by: its hash stays in the book. */
function shownToken({ hash: _, ...shown }: TokenEntry): Omit<TokenEntry, 'hash'> {
  return shown
}

export interface HandlersInit {
  readonly service: NodeService
  readonly tokens: TokenBook
  readonly sessions: SessionBook
  readonly provider: ProviderSignIn
  readonly exposition: Exposition
}

export function createHandlers({ service, tokens, sessions, provider, exposition }: HandlersInit): Handlers {
  return {
    json: {
      status: () => service.status(),
      activity: () => service.activity(),
      peers: async () => ({ peers: await service.peers() }),
      invite: input => service.invite(input),
      datasets: async () => ({ datasets: await service.datasets() }),
      dataset: ({ name }) => service.dataset(name),
      holders: input => service.holders(input),
      retire: input => service.retire(input),
      ...transferHandlers(service),
      audit: ({ looks, ...search }, caller) =>
        service.audit(looks === 'all' ? search : { ...search, isLeftOut: ownLooks(caller) }),
      auditCheckpoints: input => service.auditCheckpoints(input),
      auditAsk: input => service.auditAsk(input),
      auditAccept: input => service.auditAccept(input),
      auditWho: ({ name }) => service.auditWho(name),
      ...governanceHandlers(service.governance),
      ...custodyHandlers(service.custody),
      ...storageHandlers(service.storage),
      ...boostHandlers(service.boosts),
      ...retentionHandlers(service.retention),
      ...historyHandlers(service.history),
      ...performanceHandlers(service.performance),
      ...subjectHandlers(service.subjects),
      ...privacyHandlers(service.privacy),
      ...breachHandlers(service.breaches),
      ...requestHandlers(service.requests),
      ...erasureHandlers(service.erasures),
      ...followHandlers(service.follows),
      ...limitsHandlers(service.limits),
      ...cacheHandlers(service.contents),
      ...scanHandlers(service.scans),
      ...riskHandlers(service.risks),
      ...tokenHandlers(tokens, sessions),
      ...signInHandlers({ provider, sessions, tokens }),
      ...detectionHandlers(service.detection),
      ...siemHandlers(service.siem),
      rekey: ({ name }) => service.sealing.rekey(name),
      authority: () => service.authority.authority(),
      propose: input => service.authority.propose(input),
      previewRoot: ({ changes }) => service.authority.preview(changes),
      proposal: ({ proposal, key }) => service.authority.proposal(proposal, key),
      vote: input => service.authority.vote(input),
      overrides: async () => ({ overrides: await service.overrides.overrides() }),
      draftOverride: input => service.overrides.draftOverride(input),
      makeOverride: input => service.overrides.makeOverride(input),
      operations: input => service.ledger.operations(input),
      operation: ({ id }) => service.ledger.operation(id),
      feeds: () => service.ledger.feeds()
    },
    events: {
      publish: (input, task) => service.publish(input, task),
      verify: async (input, task) => ({ copies: await service.verify(input, task) }),
      scan: (input, task) => service.scans.scan(input, task),
      watchTransfer: ({ id }, task) => watchTransfer(service, id, task),
      checkup: async (_, task) => ({ checks: await service.checkups.checkup(task) }),
      auditVerify: (_, task) => service.auditVerify(task),
      auditExport: (input, task) => service.auditExport(input, task),
      exportAge: (input, task) => service.sealing.exportAge(input, task),
      exportLedger: ({ path }, task) => service.ledger.exportTo(path, task)
    },
    bytes: {
      torrent: input => service.torrent(input),
      metrics: async (_, accept) => {
        const { contentType, body } = await exposition.expose(formatOf(accept))
        return { contentType, bytes: Buffer.from(body) }
      }
    }
  }
}
