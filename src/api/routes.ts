/**
 * The admin API as a table: what the server registers, what the client calls and what the documentation lists
 * are all derived from it.
 *
 * A route takes one flat object, its `input`. The keys that the path names travel in the path; the others are
 * the query of a GET, or the JSON body of a POST. It answers in one of three ways:
 *
 * - `json`: one object;
 * - `events`: lines of JSON (NDJSON), each with a `type`: `progress` as often as it pays, then exactly one `result`
 *   or `error`. A `heartbeat` comes when nothing else did for a while, so that a dead peer is told from a
 *   slow task. A stream that ends without `result` or `error` was cut off;
 * - `bytes`: a file.
 *
 * Every failure before the first line is an HTTP status of its own with an `errorBody`.
 */

import { z } from 'zod'
import { activity } from './activity.ts'
import {
  auditAccepted,
  auditAcceptRequest,
  auditAsked,
  auditAskRequest,
  auditCheckpoints,
  auditCheckpointsRequest,
  auditExported,
  auditExportRequest,
  auditProgress,
  auditReport,
  auditRequest,
  auditVerification,
  auditWho,
  auditWhoRequest
} from './audit.ts'
import {
  authority,
  previewRequest,
  proposalBytes,
  proposalRequest,
  proposeRequest,
  rootActed,
  rootPreview,
  voteRequest
} from './authority.ts'
import { boostReport, boostRequest } from './boost.ts'
import {
  breachChanges,
  breachCloseRequest,
  breachList,
  breachOpenRequest,
  breachPersons,
  breachReference,
  breachReport,
  breachSummary
} from './breach.ts'
import { cacheRequest, cacheUsage } from './cache.ts'
import { check, checkupDone } from './checkup.ts'
import {
  classList,
  classRequest,
  holdList,
  holdReference,
  holdRequest,
  readable,
  readableRequest,
  readers
} from './custody.ts'
import {
  dataset,
  datasetList,
  datasetRequest,
  published,
  publishProgress,
  publishRequest,
  retired,
  verified,
  verifyProgress,
  versionHolders,
  versionRequest
} from './dataset.ts'
import {
  caseList,
  caseOfVersion,
  caseReference,
  certificate,
  eraseActed,
  eraseRequest,
  erasureCase,
  finishRequest
} from './erasure.ts'
import { errorObject } from './error.ts'
import { follow, followList, followReference, followRequest, rollbackRequest } from './follow.ts'
import {
  overrideActed,
  overrideDraft,
  overrideDraftRequest,
  overrideList,
  overrideRequest
} from './freshness.ts'
import {
  accessGrantRequest,
  accessList,
  accessRevokeRequest,
  acted,
  contentActed,
  contentRequest,
  deviceList,
  deviceRequest,
  groupDeviceRequest,
  groupList,
  groupRequest,
  inviteList,
  inviteReference,
  noteRequest,
  operationReference,
  originRequest,
  policyRequest,
  roleGrantRequest,
  roleList,
  roleRequest
} from './governance.ts'
import { invite, inviteRequest } from './invite.ts'
import {
  ledgerEntry,
  ledgerExported,
  ledgerExportRequest,
  ledgerFeeds,
  ledgerList,
  ledgerProgress,
  ledgerRequest
} from './ledger.ts'
import { budgetRequest, limitReference, limits, limitsRequest } from './limits.ts'
import { METRICS_TYPES } from './metrics.ts'
import { peerList } from './peer.ts'
import {
  describeRequest,
  placeRequest,
  privacyNoteRequest,
  privacyNotes,
  processingRecord,
  transferRegister
} from './privacy.ts'
import {
  requestClosing,
  requestExtension,
  requestList,
  requestOpening,
  requestReference,
  requestReport,
  requestSummary
} from './request.ts'
import {
  risk,
  riskAcceptRequest,
  riskOwnerRequest,
  riskReference,
  riskRegister,
  riskTreatmentRequest,
  riskWithdrawRequest
} from './risk.ts'
import {
  malwareList,
  runningScan,
  scanReport,
  scanReportRequest,
  scanResult,
  scanSetup,
  scanStatus
} from './scan.ts'
import { scrubReport, scrubRequest } from './scrub.ts'
import { ageExported, ageExportProgress, ageExportRequest, rekeyed, rekeyRequest } from './sealing.ts'
import { codeRequest, madeCode, sessionList, sessionReference } from './session.ts'
import { personName, personRequest, provider, signInReport } from './sign-in.ts'
import { status } from './status.ts'
import {
  capacityRequest,
  ownRoom,
  policyCheck,
  policyCheckRequest,
  policyPreview,
  regionRequest,
  storagePolicyRequest,
  storageReport,
  versionStorage,
  whatIfReport,
  whatIfRequest
} from './storage.ts'
import { caller, madeToken, token, tokenList, tokenReference, tokenRequest } from './token.ts'
import {
  deadlineRequest,
  priorityRequest,
  stopRequest,
  transfer,
  transferFiles,
  transferFilesRequest,
  transferList,
  transferReference,
  transferRequest
} from './transfer.ts'

export const API_PREFIX = '/v1'
export const NDJSON = 'application/x-ndjson'

import {
  acknowledgeRequest,
  detection,
  detectionList,
  detectionReference,
  detectionRules,
  detectionRulesRequest,
  detectionsRequest
} from './detection.ts'
import { history, historyRequest, savings, savingsRequest, seriesList } from './history.ts'
import {
  fleetSavings,
  fleetSavingsRequest,
  levelHistory,
  levelReference,
  levelReport,
  levelRequest,
  participation,
  participationRequest,
  priceList,
  priceRequest
} from './performance.ts'
import { retentionList, retentionRequest, retentionRun, retentionRunRequest } from './retention.ts'
import { events as eventList, eventsRequest, sink, sinkList, sinkReference, sinkRequest } from './siem.ts'
import {
  done,
  forgetRequest,
  prepareTags,
  subjectForgotten,
  subjectList,
  subjectLookups,
  subjectRecord,
  subjectReference,
  tagged,
  tagRequest
} from './subject.ts'

const nothing = z.strictObject({})

function events<Progress extends z.ZodType, Result extends z.ZodType>(progress: Progress, result: Result) {
  return z.discriminatedUnion('type', [
    z.object({ type: z.literal('progress'), progress }),
    z.object({ type: z.literal('result'), result }),
    z.object({ type: z.literal('error'), error: errorObject }),
    z.object({ type: z.literal('heartbeat') })
  ])
}

type Method = 'GET' | 'POST'

function json<I extends z.ZodObject, O extends z.ZodType>(method: Method, path: string, input: I, output: O) {
  return { kind: 'json' as const, method, path: API_PREFIX + path, input, output }
}

function stream<I extends z.ZodObject, P extends z.ZodType, R extends z.ZodType>(
  method: Method,
  path: string,
  input: I,
  parts: { progress: P; result: R }
) {
  const output = events(parts.progress, parts.result)
  return { kind: 'events' as const, method, path: API_PREFIX + path, input, output, ...parts }
}

function bytes<I extends z.ZodObject>(method: Method, path: string, input: I, contentType: string) {
  return { kind: 'bytes' as const, method, path: API_PREFIX + path, input, contentType }
}

export const ROUTES = {
  status: json('GET', '/status', nothing, status),
  activity: json('GET', '/activity', nothing, activity),
  /** Where programs for monitoring look for it; in the format that the header Accept asks for. */
  metrics: { ...bytes('GET', '', nothing, METRICS_TYPES.text), path: '/metrics' },
  series: json('GET', '/history/series', nothing, seriesList),
  history: json('GET', '/history', historyRequest, history),
  savings: json('GET', '/savings', savingsRequest, savings),
  fleetSavings: json('GET', '/savings/fleet', fleetSavingsRequest, fleetSavings),
  levels: json('GET', '/slo', nothing, levelReport),
  levelHistory: json('GET', '/slo/:name/history', levelReference, levelHistory),
  setLevel: json('POST', '/slo', levelRequest, acted),
  unsetLevel: json('POST', '/slo/:name/unset', levelReference, acted),
  prices: json('GET', '/prices', nothing, priceList),
  setPrice: json('POST', '/prices', priceRequest, acted),
  participation: json('GET', '/participation', participationRequest, participation),
  peers: json('GET', '/peers', nothing, peerList),
  checkup: stream('POST', '/checkup', nothing, { progress: check, result: checkupDone }),
  invite: json('POST', '/invites', inviteRequest, invite),
  datasets: json('GET', '/datasets', nothing, datasetList),
  dataset: json('GET', '/datasets/:name', datasetRequest, dataset),
  holders: json('GET', '/datasets/:name/holders', versionRequest, versionHolders),
  retire: json('POST', '/datasets/:name/retire', versionRequest, retired),
  torrent: bytes('GET', '/datasets/:name/torrent', versionRequest, 'application/x-bittorrent'),
  verify: stream('POST', '/datasets/:name/verify', versionRequest, {
    progress: verifyProgress,
    result: verified
  }),
  publish: stream('POST', '/publications', publishRequest, { progress: publishProgress, result: published }),
  transfers: json('GET', '/transfers', nothing, transferList),
  startTransfer: json('POST', '/transfers', transferRequest, transfer),
  transfer: json('GET', '/transfers/:id', transferReference, transfer),
  transferFiles: json('GET', '/transfers/:id/files', transferFilesRequest, transferFiles),
  stopTransfer: json('POST', '/transfers/:id/stop', stopRequest, transfer),
  pauseTransfer: json('POST', '/transfers/:id/pause', transferReference, transfer),
  resumeTransfer: json('POST', '/transfers/:id/resume', transferReference, transfer),
  setTransferDeadline: json('POST', '/transfers/:id/deadline', deadlineRequest, transfer),
  prioritiseTransfer: json('POST', '/transfers/:id/priority', priorityRequest, transfer),
  /** Leaving this stream does not stop the transfer. */
  watchTransfer: stream('GET', '/transfers/:id/events', transferReference, {
    progress: transfer,
    result: transfer
  }),
  follows: json('GET', '/follows', nothing, followList),
  follow: json('POST', '/follows', followRequest, follow),
  followed: json('GET', '/follows/one', followReference, follow),
  stopFollow: json('POST', '/follows/stop', followReference, follow),
  rollbackFollow: json('POST', '/follows/rollback', rollbackRequest, follow),
  resumeFollow: json('POST', '/follows/resume', followReference, follow),
  retryFollow: json('POST', '/follows/retry', followReference, follow),
  limits: json('GET', '/limits', nothing, limits),
  setLimits: json('POST', '/limits', limitsRequest, limits),
  removeLimit: json('POST', '/limits/:id/remove', limitReference, limits),
  clearLimits: json('POST', '/limits/clear', nothing, limits),
  setBudget: json('POST', '/limits/budget', budgetRequest, limits),
  cache: json('GET', '/cache', nothing, cacheUsage),
  setCache: json('POST', '/cache', cacheRequest, cacheUsage),
  boosts: json('GET', '/boosts', nothing, boostReport),
  setBoosts: json('POST', '/boosts', boostRequest, boostReport),
  scanStatus: json('GET', '/scans', nothing, scanStatus),
  setUpScan: json('POST', '/scans/setup', scanSetup, scanStatus),
  endScan: json('POST', '/scans/off', nothing, scanStatus),
  malware: json('GET', '/scans/found', nothing, malwareList),
  scanReport: json('GET', '/datasets/:name/scans', scanReportRequest, scanReport),
  scan: stream('POST', '/datasets/:name/scan', versionRequest, { progress: runningScan, result: scanResult }),
  audit: json('GET', '/audit', auditRequest, auditReport),
  auditWho: json('GET', '/audit/datasets/:name', auditWhoRequest, auditWho),
  auditCheckpoints: json('GET', '/audit/checkpoints', auditCheckpointsRequest, auditCheckpoints),
  auditAsk: json('POST', '/audit/ask', auditAskRequest, auditAsked),
  auditAccept: json('POST', '/audit/accept', auditAcceptRequest, auditAccepted),
  auditVerify: stream('POST', '/audit/verify', nothing, {
    progress: auditProgress,
    result: auditVerification
  }),
  auditExport: stream('POST', '/audit/export', auditExportRequest, {
    progress: auditProgress,
    result: auditExported
  }),
  devices: json('GET', '/devices', nothing, deviceList),
  suspendDevice: json('POST', '/devices/:device/suspend', deviceRequest, acted),
  revokeDevice: json('POST', '/devices/:device/revoke', deviceRequest, acted),
  readmitDevice: json('POST', '/devices/:device/readmit', deviceRequest, acted),
  roles: json('GET', '/roles', nothing, roleList),
  grantRole: json('POST', '/devices/:device/roles/:role/grant', roleGrantRequest, acted),
  revokeRole: json('POST', '/devices/:device/roles/:role/revoke', roleRequest, acted),
  groups: json('GET', '/groups', nothing, groupList),
  createGroup: json('POST', '/groups', groupRequest, acted),
  addToGroup: json('POST', '/groups/:name/add', groupDeviceRequest, acted),
  removeFromGroup: json('POST', '/groups/:name/remove', groupDeviceRequest, acted),
  access: json('GET', '/access', nothing, accessList),
  grantAccess: json('POST', '/access/grant', accessGrantRequest, acted),
  revokeAccess: json('POST', '/access/revoke', accessRevokeRequest, acted),
  setPolicy: json('POST', '/datasets/:name/policy', policyRequest, acted),
  setOrigin: json('POST', '/datasets/:name/origin', originRequest, acted),
  quarantine: json('POST', '/datasets/:name/quarantine', contentRequest, contentActed),
  release: json('POST', '/datasets/:name/release', contentRequest, contentActed),
  recall: json('POST', '/datasets/:name/recall', contentRequest, contentActed),
  readers: json('GET', '/datasets/:name/readers', versionRequest, readers),
  readable: json('GET', '/devices/:device/readable', readableRequest, readable),
  rekey: json('POST', '/datasets/:name/rekey', rekeyRequest, rekeyed),
  exportAge: stream('POST', '/datasets/:name/age', ageExportRequest, {
    progress: ageExportProgress,
    result: ageExported
  }),
  classes: json('GET', '/classes', nothing, classList),
  setClass: json('POST', '/classes/:dataClass', classRequest, acted),
  storage: json('GET', '/storage', nothing, storageReport),
  setCapacity: json('POST', '/storage/capacity', capacityRequest, ownRoom),
  scrub: json('GET', '/storage/scrub', nothing, scrubReport),
  setScrub: json('POST', '/storage/scrub', scrubRequest, scrubReport),
  setRegion: json('POST', '/storage/regions', regionRequest, acted),
  whatIf: json('POST', '/storage/whatif', whatIfRequest, whatIfReport),
  checkStoragePolicy: json('POST', '/storage/policy', policyCheckRequest, policyCheck),
  previewStoragePolicy: json('POST', '/datasets/:name/storage/preview', storagePolicyRequest, policyPreview),
  setStoragePolicy: json('POST', '/datasets/:name/storage', storagePolicyRequest, acted),
  versionStorage: json('GET', '/datasets/:name/storage', versionRequest, versionStorage),
  holds: json('GET', '/holds', nothing, holdList),
  placeHold: json('POST', '/holds', holdRequest, acted),
  liftHold: json('POST', '/holds/:id/lift', holdReference, acted),
  retention: json('GET', '/retention', nothing, retentionList),
  setRetention: json('POST', '/retention', retentionRequest, acted),
  runRetention: json('POST', '/retention/run', retentionRunRequest, retentionRun),
  risks: json('GET', '/risks', nothing, riskRegister),
  risk: json('GET', '/risks/:id', riskReference, risk),
  acceptRisk: json('POST', '/risks/:id/accept', riskAcceptRequest, acted),
  withdrawAcceptance: json('POST', '/risks/:id/withdraw', riskWithdrawRequest, acted),
  setRiskOwner: json('POST', '/risks/:id/owner', riskOwnerRequest, risk),
  setRiskTreatment: json('POST', '/risks/:id/treatment', riskTreatmentRequest, risk),
  privacyNotes: json('GET', '/privacy', nothing, privacyNotes),
  setPrivacyNote: json('POST', '/privacy/notes', privacyNoteRequest, privacyNotes),
  setPlace: json('POST', '/privacy/places', placeRequest, privacyNotes),
  describeDataset: json('POST', '/datasets/:name/description', describeRequest, privacyNotes),
  placesOutside: json('GET', '/privacy/transfers', nothing, transferRegister),
  processing: json('GET', '/privacy/processing', nothing, processingRecord),
  detections: json('GET', '/detections', detectionsRequest, detectionList),
  detection: json('GET', '/detections/:id', detectionReference, detection),
  acknowledgeDetection: json('POST', '/detections/:id/acknowledge', acknowledgeRequest, detection),
  detectionRules: json('GET', '/detection-rules', nothing, detectionRules),
  events: json('GET', '/events', eventsRequest, eventList),
  sinks: json('GET', '/siem', nothing, sinkList),
  setSink: json('POST', '/siem', sinkRequest, sink),
  removeSink: json('POST', '/siem/:id/remove', sinkReference, sink),
  setDetectionRules: json('POST', '/detection-rules', detectionRulesRequest, detectionRules),
  breaches: json('GET', '/breaches', nothing, breachList),
  openBreach: json('POST', '/breaches', breachOpenRequest, breachSummary),
  breach: json('GET', '/breaches/:id', breachReference, breachReport),
  breachPersons: json('GET', '/breaches/:id/persons', breachReference, breachPersons),
  changeBreach: json('POST', '/breaches/:id/change', breachChanges, breachSummary),
  closeBreach: json('POST', '/breaches/:id/close', breachCloseRequest, breachSummary),
  deleteBreach: json('POST', '/breaches/:id/delete', breachReference, breachSummary),
  // An id of a person is no part of an address, which logs and histories keep.
  prepareTags: json('POST', '/subjects/prepare', prepareTags, done),
  tag: json('POST', '/datasets/:name/tags', tagRequest, tagged),
  subjects: json('GET', '/subjects', nothing, subjectList),
  subject: json('POST', '/subjects/show', subjectReference, subjectRecord),
  subjectLookups: json('POST', '/subjects/lookups', subjectReference, subjectLookups),
  requests: json('GET', '/requests', nothing, requestList),
  openRequest: json('POST', '/requests', requestOpening, requestSummary),
  request: json('GET', '/requests/:id', requestReference, requestReport),
  extendRequest: json('POST', '/requests/:id/extend', requestExtension, requestSummary),
  closeRequest: json('POST', '/requests/:id/close', requestClosing, requestSummary),
  deleteRequest: json('POST', '/requests/:id/delete', requestReference, requestSummary),
  forgetSubject: json('POST', '/subjects/forget', forgetRequest, subjectForgotten),
  erase: json('POST', '/erasures', eraseRequest, eraseActed),
  erasureCases: json('GET', '/erasures', nothing, caseList),
  erasureCase: json('GET', '/erasures/:id', caseReference, erasureCase),
  erasureOf: json('GET', '/datasets/:name/erasure', caseOfVersion, erasureCase),
  approveErasure: json('POST', '/erasures/:id/approve', caseReference, eraseActed),
  finishErasure: json('POST', '/erasures/:id/finish', finishRequest, erasureCase),
  erasureCertificate: json('GET', '/erasures/:id/certificate', caseReference, certificate),
  invites: json('GET', '/invites', nothing, inviteList),
  cancelInvite: json('POST', '/invites/:id/cancel', inviteReference, acted),
  approve: json('POST', '/operations/:id/approve', operationReference, acted),
  tokens: json('GET', '/tokens', nothing, tokenList),
  createToken: json('POST', '/tokens', tokenRequest, madeToken),
  createCode: json('POST', '/session-codes', codeRequest, madeCode),
  sessions: json('GET', '/sessions', nothing, sessionList),
  /** Answers with those that are left. */
  endNamedSession: json('POST', '/sessions/:id/end', sessionReference, sessionList),
  signIn: json('GET', '/sign-in', nothing, signInReport),
  setSignIn: json('POST', '/sign-in', provider, signInReport),
  unsetSignIn: json('POST', '/sign-in/unset', nothing, signInReport),
  personName: json('POST', '/sign-in/person', personRequest, personName),
  revokeToken: json('POST', '/tokens/:id/revoke', tokenReference, token),
  caller: json('GET', '/caller', nothing, caller),
  note: json('POST', '/notes', noteRequest, acted),
  authority: json('GET', '/authority', nothing, authority),
  propose: json('POST', '/authority/proposals', proposeRequest, rootActed),
  previewRoot: json('POST', '/authority/preview', previewRequest, rootPreview),
  proposal: json('GET', '/authority/proposals/:proposal', proposalRequest, proposalBytes),
  vote: json('POST', '/authority/proposals/:proposal/vote', voteRequest, rootActed),
  overrides: json('GET', '/overrides', nothing, overrideList),
  draftOverride: json('POST', '/overrides/draft', overrideDraftRequest, overrideDraft),
  makeOverride: json('POST', '/overrides', overrideRequest, overrideActed),
  operations: json('GET', '/operations', ledgerRequest, ledgerList),
  operation: json('GET', '/operations/:id', operationReference, ledgerEntry),
  feeds: json('GET', '/feeds', nothing, ledgerFeeds),
  exportLedger: stream('POST', '/operations/export', ledgerExportRequest, {
    progress: ledgerProgress,
    result: ledgerExported
  })
}

export type Routes = typeof ROUTES
export type RouteName = keyof Routes

type OfKind<Kind extends string> = {
  [Name in RouteName]: Routes[Name]['kind'] extends Kind ? Name : never
}[RouteName]

export type JsonRoute = OfKind<'json'>
export type EventRoute = OfKind<'events'>
export type BytesRoute = OfKind<'bytes'>

/** What a caller passes. */
export type RouteArguments<Name extends RouteName> = z.input<Routes[Name]['input']>
/** What a handler gets: the arguments, checked and with defaults. */
export type RouteInput<Name extends RouteName> = z.output<Routes[Name]['input']>
/** What a handler of a `json` route returns, and what its caller gets. */
export type JsonAnswer<Name extends JsonRoute> = z.input<Routes[Name]['output']>
export type JsonOutput<Name extends JsonRoute> = z.output<Routes[Name]['output']>
export type EventProgress<Name extends EventRoute> = z.output<Routes[Name]['progress']>
export type EventResult<Name extends EventRoute> = z.output<Routes[Name]['result']>

/** The keys of the input that travel in the path. */
export function pathKeys(path: string): string[] {
  return [...path.matchAll(/:([a-z]+)/gi)].map(match => match[1] as string)
}
