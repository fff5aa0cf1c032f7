/** Goes through copies of logs from the first entry on, wherever they lie, and gathers what they prove together. */

import type { LogId, SignedCheckpoint } from '../../audit/checkpoint.ts'
import type { AuditEntry } from '../../audit/entry.ts'
import { isTrace, type LoggedEntry, pairReads, type ReadEvidence } from '../../audit/evidence.ts'
import { cosigned, type Finding, LogVerifier, witnessesOf } from '../../audit/log-verification.ts'
import { type DeviceId, type OrgId, shortId } from '../../base/ids.ts'
import { isoTime } from '../../base/words.ts'
import type { LogItem } from '../../store/audit-rows.ts'
import { sha256 } from '../../store/sha256.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import type { DeviceName } from '../service.ts'
import type { AuditLogStatus, AuditMissing, AuditVerification } from './audit-report.ts'

/** What retention has dropped of a copy where the copy lies, beside what the log says of itself. */
export interface DroppedHere {
  readonly beforeMs: number
  readonly atMs: number
}

export interface LogCopy extends LogId {
  readonly checkpoint: SignedCheckpoint | undefined
  readonly seen: readonly SignedCheckpoint[]
  /** When the device began the log that it has after this one; undefined when this is its newest. */
  readonly endedAt: number | undefined
  readonly droppedHere: DroppedHere | undefined
  /** In order, a bounded number at a time. */
  readonly pages: AsyncIterable<readonly Omit<LogItem, 'seq'>[]>
  readonly leafHash?: (position: number) => Uint8Array | undefined
}

export interface CopiesCheckInit {
  readonly org: OrgId
  readonly isMember: (device: DeviceId) => boolean
  readonly nameOf: (device: DeviceId) => DeviceName
  readonly onProgress: (progress: { readonly entriesDone: number }) => void
}

type ReadCounts = Pick<
  AuditVerification,
  'readsComplete' | 'readsIncomplete' | 'readsExpired' | 'readsUnavailable'
>

/** What the copies that were checked so far prove together. */
export class CopiesCheck {
  readonly findings: Finding[] = []
  readonly logs: AuditLogStatus[] = []
  /** What was signed for in logs that were ended, and is not in the copies. */
  readonly gaps: AuditMissing[] = []
  readonly #init: CopiesCheckInit
  readonly #collected = new Set<DeviceId>()
  readonly #expiredBefore = new Map<DeviceId, number>()
  /** Entries that pairing looks at; the others are not needed again. */
  readonly #traces: LoggedEntry[] = []
  #entriesDone = 0

  constructor(init: CopiesCheckInit) {
    this.#init = init
  }

  async add(copy: LogCopy): Promise<void> {
    const { device, incarnation, checkpoint, seen, endedAt, leafHash } = copy
    const isEnded = endedAt !== undefined
    const verifier = new LogVerifier({
      ...{ device, incarnation, checkpoint, seen, isEnded, sha256 },
      ...(leafHash && { leafHash })
    })
    let dropped = copy.droppedHere
    for await (const page of copy.pages) {
      for (const { bytes, leaf } of page) {
        if (bytes === null) verifier.addDropped(leaf ?? new Uint8Array(0))
        else dropped = this.#note(copy, verifier.add(bytes)) ?? dropped
      }
      this.#entriesDone += page.length
      this.#init.onProgress({ entriesDone: this.#entriesDone })
    }
    this.findings.push(...verifier.finish(), ...this.#strangers(copy))
    this.#collected.add(device)
    if (dropped !== undefined)
      this.#expiredBefore.set(device, Math.max(dropped.beforeMs, this.#expiredBefore.get(device) ?? 0))
    const all = checkpoint === undefined ? seen : [checkpoint, ...seen]
    const { nameOf, isMember } = this.#init
    const log = { device, incarnation, entries: verifier.size, checkpoints: all, endedAt }
    const gap = gapOf(log, nameOf)
    if (gap !== undefined) this.gaps.push(gap)
    this.logs.push(
      statusOf({ ...log, dropped: { entries: verifier.dropped, here: dropped } }, { nameOf, isMember })
    )
  }

  /** How many reads have every trace, lack one, or lack only what was dropped or lies in a log that is not here. */
  readCounts(): ReadCounts {
    const reads = this.#reads()
    const readsComplete = reads.filter(read => isComplete(read)).length
    const lacking = reads.filter(read => !isComplete(read))
    const readsExpired = lacking.filter(read => isComplete(read, 'expired')).length
    const rest = lacking.filter(read => !isComplete(read, 'expired'))
    const readsUnavailable = rest.filter(read => isComplete(read, 'expired', 'unavailable')).length
    return { readsComplete, readsExpired, readsUnavailable, readsIncomplete: rest.length - readsUnavailable }
  }

  #reads(): ReadEvidence[] {
    return pairReads(this.#traces, {
      ...{ org: this.#init.org, collected: this.#collected, verify, sha256 },
      expiredBefore: device => this.#expiredBefore.get(device) ?? 0
    })
  }

  /** Returns what the log says of its retention, when that is what the entry is. */
  #note({ device, incarnation }: LogId, entry: AuditEntry | undefined): DroppedHere | undefined {
    if (entry === undefined) return undefined
    const { event, timeMs } = entry
    if (isTrace(event) || event.action === 'read') this.#traces.push({ ...entry, device, incarnation })
    return event.action === 'expired' ? { beforeMs: event.before, atMs: timeMs } : undefined
  }

  #strangers({ device, incarnation, checkpoint }: LogCopy): Finding[] {
    const { isMember } = this.#init
    const findings: Finding[] = []
    const add = (stranger: DeviceId, detail: string): void => {
      findings.push({
        ...{ kind: 'stranger', device, incarnation, position: null, witnesses: [stranger] },
        detail: `log of ${shortId(device)}: ${detail}`
      })
    }
    if (!isMember(device)) add(device, 'the ledger knows no such device in this org')
    for (const { witness } of checkpoint?.cosignatures ?? [])
      if (!isMember(witness))
        add(witness, `${shortId(witness)} cosigned it, and is no device of this org by the ledger`)
    return findings
  }
}

export function isComplete(
  read: Pick<ReadEvidence, 'serverEntry' | 'readerEntry' | 'receipt'>,
  ...also: ReadEvidence['receipt'][]
): boolean {
  return [read.serverEntry, read.readerEntry, read.receipt].every(
    trace => trace === 'present' || also.includes(trace)
  )
}

interface KnownLog extends LogId {
  /** That are here. */
  readonly entries: number
  readonly checkpoints: readonly SignedCheckpoint[]
  readonly endedAt: number | undefined
}

/** What was signed for in a log that its device could not go on with, and is not here. */
export function gapOf(log: KnownLog, nameOf: (device: DeviceId) => DeviceName): AuditMissing | undefined {
  const { device, incarnation, entries, checkpoints, endedAt } = log
  const largest = checkpoints.reduce<SignedCheckpoint | undefined>(
    (best, each) => (best === undefined || each.size > best.size ? each : best),
    undefined
  )
  if (endedAt === undefined || largest === undefined || largest.size <= entries) return undefined
  return {
    device: nameOf(device),
    lostEntries: largest.size - entries,
    reason:
      `it began a new log at ${isoTime(endedAt)}; the one before, of ${isoTime(incarnation)}, ended at ` +
      `${largest.size} entries as far as others know (${cosigned(largest)}), and ${entries} of them are here`
  }
}

export function statusOf(
  log: KnownLog & { readonly dropped: { readonly entries: number; readonly here: DroppedHere | undefined } },
  of: { readonly nameOf: (device: DeviceId) => DeviceName; readonly isMember: (device: DeviceId) => boolean }
): AuditLogStatus {
  const { device, incarnation, entries, endedAt, dropped } = log
  const checkpoints = log.checkpoints.filter(({ size }) => size <= entries)
  const vouched = checkpoints.map(checkpoint => ({
    size: checkpoint.size,
    witnesses: witnessesOf([checkpoint]).filter(witness => witness !== device && of.isMember(witness)).length
  }))
  const most = Math.max(0, ...vouched.map(({ witnesses }) => witnesses))
  const outside = new Map<string, number>()
  for (const { size, outsiders } of checkpoints)
    for (const { name } of outsiders) outside.set(name, Math.max(size, outside.get(name) ?? 0))
  return {
    ...{ device: of.nameOf(device), incarnation, ended: endedAt !== undefined, entries },
    signedEntries: Math.max(0, ...checkpoints.map(({ size }) => size)),
    cosigned: Array.from({ length: most }, (_, index) => ({
      witnesses: index + 1,
      entries: Math.max(...vouched.filter(({ witnesses }) => witnesses > index).map(({ size }) => size))
    })),
    outside: [...outside].map(([name, size]) => ({ name, entries: size })),
    droppedEntries: dropped.entries,
    droppedBeforeMs: dropped.entries === 0 ? null : (dropped.here?.beforeMs ?? null),
    droppedAtMs: dropped.entries === 0 ? null : (dropped.here?.atMs ?? null)
  }
}
