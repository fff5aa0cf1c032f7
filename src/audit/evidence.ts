/**
 * What the logs of several devices prove together about who read and who holds a version.
 *
 * A read leaves three traces: the server's entries (`serving`, `served`), the reader's entries (`received`), and the
 * reader's signed receipt in the server's log (`receipted`). They are paired by server, reader and version, over the
 * whole time that is asked for: streams come and go within one read. A trace that should be there and is not is shown
 * as missing; one that lies in a log which nobody could collect, as unavailable. Neither is ever filled in from the
 * other.
 */

import type { DeviceId, OrgId, VersionId } from '../base/ids.ts'
import type { Sha256, Verify } from '../ledger/encoding/signature.ts'
import type { LogId } from './checkpoint.ts'
import type { AuditEntry, AuditEvent } from './entry.ts'
import { decodeReceipt } from './receipt.ts'

/** An entry and the log that it is in. */
export interface LoggedEntry extends AuditEntry, LogId {}

export type Trace =
  | 'present'
  /** The log is here and complete, and has it not. */
  | 'missing'
  /** The log is here, and has dropped what it had of that time by retention. */
  | 'expired'
  /** The log that would have it is not here. */
  | 'unavailable'
  /** There is a receipt, and the reader did not sign it, or it is for something else. */
  | 'invalid'

export interface ReadEvidence {
  readonly server: DeviceId
  readonly reader: DeviceId
  readonly version: VersionId
  readonly dataset: string | null
  readonly firstMs: number
  readonly lastMs: number
  /** Null where the trace is not present. Sent bytes include what was sent twice; the others do not. */
  readonly servedBytes: number | null
  readonly receivedBytes: number | null
  readonly receiptBytes: number | null
  /** What the version was read for, as the reader's own log says, or else its receipt at the server. */
  readonly purpose: string | null
  /** What the grant was for by which the server let it read. */
  readonly granted: string | null
  readonly serverEntry: Trace
  readonly readerEntry: Trace
  readonly receipt: Trace
}

export interface EvidenceInit {
  readonly org: OrgId
  /** Devices whose logs are here. */
  readonly collected: ReadonlySet<DeviceId>
  /** Up to when a log has dropped its entries, in ms; 0 when it has dropped none. */
  readonly expiredBefore: (device: DeviceId) => number
  readonly verify: Verify
  readonly sha256: Sha256
}

interface Read {
  readonly server: DeviceId
  readonly reader: DeviceId
  readonly version: VersionId
  dataset: string | null
  firstMs: number
  lastMs: number
  /** Bytes by the log and position of the `serving` entry; each `served` counts from there on. */
  readonly served: Map<string, number>
  granted: string | null
  receiptPurpose: string | null
  receivedBytes: number | undefined
  receiptBytes: number | undefined
  hasInvalidReceipt: boolean
}

/** Reads among `entries`, oldest first. */
export function pairReads(entries: Iterable<LoggedEntry>, init: EvidenceInit): ReadEvidence[] {
  const reads = new Map<string, Read>()
  const purposes = new Map<string, string>()
  for (const entry of entries) {
    const { device, event } = entry
    if (event.action === 'read' && event.purpose !== null)
      purposes.set(`${device} ${event.version}`, event.purpose)
    if (isTrace(event)) note(readOf(reads, entry, event), entry, event, init)
  }
  return [...reads.values()]
    .map(read => evidenceOf(read, purposes.get(`${read.reader} ${read.version}`) ?? null, init))
    .sort((a, b) => a.firstMs - b.firstMs)
}

type TraceEvent = Extract<AuditEvent, { action: 'serving' | 'served' | 'received' | 'receipted' }>

export function isTrace(event: AuditEvent): event is TraceEvent {
  return (
    event.action === 'serving' ||
    event.action === 'served' ||
    event.action === 'received' ||
    event.action === 'receipted'
  )
}

function readOf(reads: Map<string, Read>, { device, timeMs }: LoggedEntry, event: TraceEvent): Read {
  const isReader = event.action === 'received'
  const server = isReader ? event.peer : device
  const reader = isReader ? device : event.peer
  const key = `${server} ${reader} ${event.version}`
  const known = reads.get(key)
  if (known !== undefined) return known
  const read: Read = {
    server,
    reader,
    version: event.version,
    dataset: null,
    firstMs: timeMs,
    lastMs: timeMs,
    served: new Map(),
    granted: null,
    receiptPurpose: null,
    receivedBytes: undefined,
    receiptBytes: undefined,
    hasInvalidReceipt: false
  }
  reads.set(key, read)
  return read
}

function note(read: Read, entry: LoggedEntry, event: TraceEvent, init: EvidenceInit): void {
  const { seq, timeMs, incarnation } = entry
  const at = (position: number): string => `${incarnation}/${position}`
  read.dataset ??= event.dataset
  read.firstMs = Math.min(read.firstMs, event.action === 'received' ? event.begunMs : timeMs)
  read.lastMs = Math.max(read.lastMs, timeMs)
  switch (event.action) {
    case 'serving':
      read.granted = event.granted ?? read.granted
      read.served.set(at(seq), read.served.get(at(seq)) ?? 0)
      return
    case 'served':
      read.served.set(at(event.since), Math.max(event.bytes, read.served.get(at(event.since)) ?? 0))
      return
    case 'received':
      read.receivedBytes = (read.receivedBytes ?? 0) + event.bytes
      return
    case 'receipted': {
      const receipt = decodeReceipt(event.receipt, init)
      const isFor =
        receipt.ok &&
        receipt.value.org === init.org &&
        receipt.value.server === read.server &&
        receipt.value.reader === read.reader &&
        receipt.value.version === read.version
      if (isFor) {
        read.receiptBytes = (read.receiptBytes ?? 0) + receipt.value.bytes
        read.receiptPurpose = receipt.value.purpose ?? read.receiptPurpose
      } else read.hasInvalidReceipt = true
    }
  }
}

function evidenceOf(read: Read, ownPurpose: string | null, init: EvidenceInit): ReadEvidence {
  const absent = (device: DeviceId): Trace => {
    if (!init.collected.has(device)) return 'unavailable'
    return read.firstMs < init.expiredBefore(device) ? 'expired' : 'missing'
  }
  const { server, reader, version, dataset, firstMs, lastMs, served, granted } = read
  const purpose = ownPurpose ?? read.receiptPurpose
  const servedBytes = served.size === 0 ? null : [...served.values()].reduce((sum, bytes) => sum + bytes, 0)
  const lacking = read.hasInvalidReceipt ? 'invalid' : absent(server)
  return {
    ...{ server, reader, version, dataset, firstMs, lastMs, servedBytes, purpose, granted },
    receivedBytes: read.receivedBytes ?? null,
    receiptBytes: read.receiptBytes ?? null,
    serverEntry: servedBytes === null ? absent(server) : 'present',
    readerEntry: read.receivedBytes === undefined ? absent(reader) : 'present',
    receipt: read.receiptBytes === undefined ? lacking : 'present'
  }
}

/** That a device holds a version, or held it, by its own word. */
export interface HoldingEvidence {
  readonly device: DeviceId
  readonly version: VersionId
  readonly dataset: string | null
  readonly kind: 'source' | 'fetched'
  readonly sinceMs: number
  /** When its log says that it was deleted; null while it is held. */
  readonly endedMs: number | null
}

/** By device and version, the newest holding; `entries` of each log are in order. */
export function heldVersions(entries: Iterable<LoggedEntry>): HoldingEvidence[] {
  const held = new Map<string, HoldingEvidence>()
  for (const { device, timeMs, event } of entries) {
    if (event.action !== 'stored' && event.action !== 'deleted') continue
    const key = `${device} ${event.version}`
    const { version, dataset } = event
    if (event.action === 'stored')
      held.set(key, { device, version, dataset, kind: event.kind, sinceMs: timeMs, endedMs: null })
    else {
      const before = held.get(key)
      if (before !== undefined && before.endedMs === null) held.set(key, { ...before, endedMs: timeMs })
    }
  }
  return [...held.values()].sort((a, b) => a.sinceMs - b.sinceMs)
}
