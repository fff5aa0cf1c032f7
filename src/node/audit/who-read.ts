/** Who holds a dataset and who has read it, by the entries of all logs that are here; of all time, or of a span. */

import { heldVersions, pairReads, type ReadEvidence } from '../../audit/evidence.ts'
import { type Span, tracesWithin } from '../../audit/read-span.ts'
import type { DeviceId, OrgId } from '../../base/ids.ts'
import type { AuditDatabase } from '../../store/audit-database.ts'
import { sha256 } from '../../store/sha256.ts'
import type { DeviceName } from '../keys/device-name.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import type { AuditMissing, AuditRead, AuditSurvey, AuditWho } from './audit-report.ts'
import { loggedOf } from './audit-tail.ts'

const ENTRIES_MAX = 200_000

export interface WhoReadInit {
  readonly org: OrgId
  readonly database: Pick<AuditDatabase, 'search' | 'logs' | 'logsOf'>
  /** Logs that could not be had now. */
  readonly missing: readonly AuditMissing[]
  readonly expiredBefore: (device: DeviceId) => number
  readonly nameOf: (device: DeviceId) => DeviceName
  /** Entries of one dataset that are looked at, the newest first. */
  readonly entriesMax?: number
}

export type Who = Pick<AuditWho, 'holders' | 'reads'>

/** Of several datasets, by name, with what is known of the logs. */
export interface WhoWithin extends AuditSurvey {
  readonly of: ReadonlyMap<string, Who>
}

/**
 * With a span, reads that fall into it, of which bytes and times are those of traces within it; whether a trace is
 * there is said of the read as a whole, so that the edge of a span looks like no gap.
 */
export function whoRead(name: string, init: WhoReadInit, span?: Span): Who {
  const { database, missing, org, expiredBefore, nameOf, entriesMax: limit = ENTRIES_MAX } = init
  // Calls of the API that were about it say nothing of who holds or reads, and whoever may call could write many.
  const found = database.search({ dataset: name, isOfVersion: true, limit })
  const entries = found.flatMap(each => loggedOf(each) ?? []).reverse()
  const unavailable = new Set(missing.map(({ device }) => device.device))
  const collected = new Set(
    database
      .logs()
      .map(({ device }) => device)
      .filter(device => !unavailable.has(device))
  )
  const evidence = { org, collected, expiredBefore, verify, sha256 }
  const all = pairReads(entries, evidence)
  return {
    holders: heldVersions(entries).map(({ device, version, kind, sinceMs, endedMs }) => ({
      ...{ device: nameOf(device), version, kind, sinceAtMs: sinceMs, endedAtMs: endedMs }
    })),
    reads: (span === undefined
      ? all
      : within(all, pairReads(tracesWithin(entries, span, evidence), evidence))
    ).map(read => named(read, nameOf))
  }
}

function within(all: readonly ReadEvidence[], some: readonly ReadEvidence[]): ReadEvidence[] {
  const keyOf = ({ server, reader, version }: ReadEvidence) => `${server} ${reader} ${version}`
  const wholes = new Map(all.map(read => [keyOf(read), read]))
  return some.map(read => {
    const { serverEntry, readerEntry, receipt, granted, purpose } = wholes.get(keyOf(read)) ?? read
    return { ...read, serverEntry, readerEntry, receipt, granted, purpose }
  })
}

function named(
  { server, reader, firstMs, lastMs, dataset: _, ...read }: ReadEvidence,
  nameOf: (device: DeviceId) => DeviceName
): AuditRead {
  return {
    ...read,
    server: nameOf(server),
    reader: nameOf(reader),
    firstAtMs: firstMs,
    lastAtMs: lastMs
  }
}
