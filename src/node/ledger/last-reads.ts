/**
 * When each device last read a version, as far as audit logs tell. A reader's own log has each of its reads, and what
 * it only keeps for others is none. So of a reader whose log is here all is known, back to what its retention has
 * dropped; of another one there is what servers wrote down, which do not know what it was served for.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { AuditRecord, AuditReport, AuditSurvey } from '../audit/audit-report.ts'

export interface LastRead {
  readonly atMs: number
  /** Whose log tells of it. */
  readonly by: 'reader' | 'server'
  readonly purpose: string | null
}

export interface Reading {
  /** Null for none that is known. */
  readonly lastRead: LastRead | null
  /** Since when no read of the device is missing, 0 for ever; null while its log can not be had. */
  readonly readsKnownSinceMs: number | null
}

/** Since when all reads of a device are known by its own logs. */
function knownSinceMs({ logs, missing }: AuditSurvey, device: DeviceId): number | null {
  const own = logs.filter(log => log.device.device === device)
  if (own.length === 0 || missing.some(each => each.device.device === device)) return null
  return Math.max(...own.map(({ droppedBeforeMs }) => droppedBeforeMs ?? 0))
}

/** Of a version, for any device, by all logs about its dataset. */
export function readingsOf(report: AuditReport, version: VersionId): (device: DeviceId) => Reading {
  const read = new Map<DeviceId, LastRead>()
  const served = new Map<DeviceId, LastRead>()
  for (const entry of report.entries) {
    if (entry.version !== version) continue
    if (entry.action === 'read') keepLatest(read, entry.device.device, readOf(entry))
    else if (entry.peer !== null && SERVING.has(entry.action))
      keepLatest(served, entry.peer.device, { atMs: entry.atMs, by: 'server', purpose: null })
  }
  return device => {
    const readsKnownSinceMs = knownSinceMs(report, device)
    const own = read.get(device) ?? null
    const others = readsKnownSinceMs === null ? (served.get(device) ?? null) : null
    const isLater = others !== null && others.atMs > (own?.atMs ?? -1)
    return { lastRead: isLater ? others : own, readsKnownSinceMs }
  }
}

const SERVING: ReadonlySet<AuditRecord['action']> = new Set(['serving', 'served', 'receipted'])

/** Of a device, for any version, by its own log. */
export function ownReadingsOf(report: AuditReport, device: DeviceId): (version: VersionId) => Reading {
  const read = new Map<VersionId, LastRead>()
  for (const entry of report.entries)
    if (entry.version !== null && entry.action === 'read') keepLatest(read, entry.version, readOf(entry))
  const since = knownSinceMs(report, device)
  return version => ({ lastRead: read.get(version) ?? null, readsKnownSinceMs: since })
}

function readOf({ atMs, event }: AuditRecord): LastRead {
  return { atMs, by: 'reader', purpose: typeof event.purpose === 'string' ? event.purpose : null }
}

function keepLatest<Key>(reads: Map<Key, LastRead>, key: Key, read: LastRead): void {
  if ((reads.get(key)?.atMs ?? -1) < read.atMs) reads.set(key, read)
}
