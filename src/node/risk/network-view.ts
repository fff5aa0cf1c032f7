/**
 * What the register reads of the running network, at one time: answers of the node's services. A part that can not be
 * had is there as the reason why, so that what depends on it is said to be not known.
 */

import { messageOf } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { DAY_MS } from '../../base/units.ts'
import type { State } from '../../ledger/fold/state.ts'
import type { AuditReport, AuditRequest } from '../audit/audit-report.ts'
import type { LimitsStatus } from '../bandwidth/limits-terms.ts'
import type { Detection } from '../detection/detection-terms.ts'
import type { CaseSummary } from '../erasure/erasure-terms.ts'
import type { RetainedVersion } from '../erasure/retention-terms.ts'
import type { AuthorityRecord } from '../ledger/authority-terms.ts'
import type { ClassRecord } from '../ledger/custody-terms.ts'
import type { InviteRecord } from '../ledger/governance-terms.ts'
import type { FoundMalware } from '../scan/scan-terms.ts'
import type { NodeService, NodeStatus, PeerStatus } from '../service.ts'
import type { StorageReport } from '../storage/storage-terms.ts'

export type Known<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly why: string }

/** Versions that nobody could read after the worst loss of one device, and of one site. */
export interface WorstLosses {
  readonly byDevice: { readonly versions: number; readonly name: string | null }
  readonly bySite: { readonly versions: number; readonly name: string | null }
}

/** What the register needs to know of a token of the API. */
export interface TokenFacts {
  readonly scopes: readonly string[]
  readonly createdAtMs: number
  readonly expiresAtMs: number
}

export interface NetworkView {
  readonly nowMs: number
  readonly self: DeviceId
  readonly state: State
  readonly status: Known<NodeStatus>
  readonly peers: Known<readonly PeerStatus[]>
  readonly storage: Known<StorageReport>
  readonly losses: Known<WorstLosses>
  /** With the reads of the last day that were refused as its entries. */
  readonly audit: Known<AuditReport>
  readonly cases: Known<readonly CaseSummary[]>
  readonly retention: Known<readonly RetainedVersion[]>
  readonly malware: Known<readonly FoundMalware[]>
  /** Findings that are open. */
  readonly detections: Known<readonly Detection[]>
  readonly limits: Known<LimitsStatus>
  readonly authority: Known<AuthorityRecord>
  readonly classes: Known<readonly ClassRecord[]>
  readonly invites: Known<readonly InviteRecord[]>
  readonly tokens: Known<readonly TokenFacts[]>
}

export type ReadServices = Pick<
  NodeService,
  | 'status'
  | 'peers'
  | 'storage'
  | 'audit'
  | 'erasures'
  | 'retention'
  | 'scans'
  | 'limits'
  | 'detection'
  | 'authority'
  | 'custody'
  | 'governance'
>

/** Sites, and devices, whose loss is played through: those with the most on them. */
export const LOSSES_MAX = 32
export const REFUSED_READS_MAX = 1000
const OPEN_DETECTIONS = { state: 'open', rule: null, limit: 1000 } as const

async function asked<T>(question: () => Promise<T>): Promise<Known<T>> {
  try {
    return { known: true, value: await question() }
  } catch (thrown) {
    return { known: false, why: messageOf(thrown) }
  }
}

export async function readNetwork(
  services: ReadServices,
  {
    self,
    state,
    tokens,
    nowMs
  }: {
    readonly self: DeviceId
    readonly state: () => State
    readonly tokens: (() => readonly TokenFacts[]) | undefined
    readonly nowMs: number
  }
): Promise<NetworkView> {
  const storage = await asked(() => services.storage.storage())
  const denied: AuditRequest = {
    device: null,
    dataset: null,
    action: 'denied',
    sinceMs: nowMs - DAY_MS,
    limit: REFUSED_READS_MAX,
    isUnattended: true
  }
  return {
    ...{ nowMs, self, storage },
    losses: storage.known ? await asked(() => worstLosses(services, storage.value)) : storage,
    audit: await asked(() => services.audit(denied)),
    status: await asked(() => services.status()),
    peers: await asked(() => services.peers()),
    cases: await asked(() => services.erasures.cases()),
    retention: await asked(() => services.retention.retention()),
    malware: await asked(() => services.scans.malware()),
    detections: await asked(() => services.detection.detections(OPEN_DETECTIONS)),
    limits: await asked(() => services.limits.limits()),
    authority: await asked(() => services.authority.authority()),
    classes: await asked(() => services.custody.classes()),
    invites: await asked(() => services.governance.invites()),
    tokens:
      tokens === undefined
        ? { known: false, why: 'this node has no API that takes tokens' }
        : { known: true, value: tokens() },
    // Last: what the services waited for is in it.
    state: state()
  }
}

async function worstLosses({ storage }: ReadServices, report: StorageReport): Promise<WorstLosses> {
  const most = <T extends { readonly usedBytes: number; readonly offeredBytes: number }>(
    all: readonly T[]
  ): T[] =>
    all.toSorted((a, b) => b.usedBytes - a.usedBytes || b.offeredBytes - a.offeredBytes).slice(0, LOSSES_MAX)
  const worst = async (losses: readonly { readonly lose: string; readonly name: string }[]) => {
    const reports = await storage.whatIfEach(losses.map(({ lose }) => [lose]))
    let found: { versions: number; name: string | null } = { versions: 0, name: null }
    for (const [at, { datasets }] of reports.entries()) {
      const versions = datasets.reduce((sum, { unreadable }) => sum + unreadable, 0)
      if (versions > found.versions) found = { versions, name: losses[at]?.name ?? null }
    }
    return found
  }
  return {
    byDevice: await worst(
      most(report.devices).map(({ device, name }) => ({ lose: `device:${device}`, name: name ?? device }))
    ),
    bySite: await worst(most(report.sites).map(({ site }) => ({ lose: `site:${site}`, name: site })))
  }
}
