/** What a transfer tells people about itself, gathered from its parts. */

import type { Version } from '../content/version.ts'
import type { MetadataExchange } from './metadata-exchange.ts'
import type { Session } from './session.ts'
import type { TransferContext } from './transfer-context.ts'
import type { PeerStatus, TransferStatus } from './transfer-types.ts'
import type { VersionParts } from './version-parts.ts'

export function transferStatus(of: {
  readonly context: TransferContext
  readonly metadata: MetadataExchange
  readonly parts: VersionParts | undefined
  readonly version: Version | undefined
  readonly nowMs: number
}): TransferStatus {
  const { context, metadata, parts, version, nowMs } = of
  return {
    phase: phaseOf(context, parts),
    peers: [...context.sessions.values()].map(session => peerStatus(session, nowMs)),
    pieceCount: version?.pieceCount ?? 0,
    haveCount: parts?.picker.have.count ?? 0,
    haveBytes: parts?.picker.haveBytes ?? 0,
    totalBytes: version?.totalBytes ?? 0,
    wantedBytes: parts?.picker.wantedBytes ?? 0,
    lackingBytes: parts?.picker.lackingBytes ?? 0,
    openBytes: parts?.picker.openBytes ?? 0,
    requestedCount: parts?.picker.requestedCount ?? 0,
    receivedCount: parts?.picker.receivedCount ?? 0,
    inFlightBytes: parts?.downloads.inFlightBytes ?? 0,
    verifiedBytes: parts?.downloads.verifiedBytes ?? 0,
    reusedBytes: parts?.downloads.reusedBytes ?? 0,
    downloadedBytes: (parts?.downloads.rate.totalBytes ?? 0) + (parts?.origin.arrivedBytes ?? 0),
    uploadedBytes: parts?.uploads.rate.totalBytes ?? 0,
    wastedBytes: parts?.downloads.wastedBytes ?? 0,
    downloadRate: (parts?.downloads.rate.rate(nowMs) ?? 0) + (parts?.origin.status.rate ?? 0),
    uploadRate: parts?.uploads.rate.rate(nowMs) ?? 0,
    endgame: parts?.schedule.isEndgame ?? false,
    metadataBytes: metadata.receivedBytes,
    layersMissing: parts?.layers.missingCount ?? 0,
    misbehaviours: Object.fromEntries(context.misbehaviours),
    pieceFailures: { ...context.pieceFailures },
    origin: parts?.origin.status ?? {
      ...{ isReady: context.origin.isReady, need: null, bytes: 0, wastedBytes: 0, rate: 0 }
    }
  }
}

function phaseOf(context: TransferContext, parts: VersionParts | undefined): TransferStatus['phase'] {
  if (parts === undefined) return 'metadata'
  if (parts.picker.isDone) return 'complete'
  return context.wantsData ? 'downloading' : 'idle'
}

function peerStatus(session: Session, nowMs: number): PeerStatus {
  return {
    peer: session.key,
    device: session.facts.device,
    site: session.facts.site,
    verifiedBytes: session.verifiedBytes,
    downloadedBytes: session.downloaded.totalBytes,
    uploadedBytes: session.uploaded.totalBytes,
    wastedBytes: session.wastedBytes,
    downloadRate: session.downloaded.rate(nowMs),
    uploadRate: session.uploaded.rate(nowMs),
    haveCount: session.pieces?.bits.count ?? 0,
    isComplete: session.isComplete,
    isSatisfied: session.isSatisfied,
    lackingCount: session.pieces?.lackingCount ?? 0,
    inFlightBytes: session.inFlightBytes,
    askedMs: session.askedMs(nowMs),
    snubbed: session.snubbed,
    pace: session.pace ?? null,
    chokesUs: session.chokesUs
  }
}
