/** A transfer at work: what the desk keeps of it beside its record on disk. */

import { createHash } from 'node:crypto'
import type { DeviceId } from '../../base/ids.ts'
import type { Holding } from '../../store/store.ts'
import type { TransferStatus } from '../../swarm/transfer-types.ts'
import { transferSpan } from '../tracing/transfer-span.ts'
import { outlookOf } from './deadline-outlook.ts'
import { haveBytesOf } from './selection.ts'
import type { Tally } from './tally.ts'
import type { TransferView } from './transfer-desk-terms.ts'
import type { TransferRecord } from './transfer-record.ts'
import type { Contender, Grant } from './transfer-slots.ts'

export interface Job {
  record: TransferRecord
  holding: Holding | undefined
  resumedBytes: number
  /** Of the run that ended last, as the tallies. */
  reusedBytes: number
  originBytes: number
  /** Of the run that ended last; a running one asks the hub. */
  tallies: ReadonlyMap<DeviceId, Tally>
  /** The org does not allow it now. */
  isRefused: boolean
  /** What is sealed is being opened into its destination. */
  opening: Promise<unknown> | undefined
  /** Set while it runs. */
  run: AbortController | undefined
  /** The hub fetches for it; before that its place is made ready, and other folders are looked through. */
  isFetching: boolean
  /** What it fetches is made on this device of something else, and given to it. */
  isSupplied: boolean
  /** Its right to fetch data now. */
  grant: Grant | undefined
  /** When it last got a slot or a byte, and how many bytes those were. */
  movedAtMs: number
  movedBytes: number
  restsUntilMs: number
  readonly listeners: Set<() => void>
}

export function newJob(record: TransferRecord): Job {
  const job: Job = {
    record,
    holding: undefined,
    resumedBytes: 0,
    reusedBytes: 0,
    originBytes: 0,
    tallies: new Map(),
    isRefused: false,
    opening: undefined,
    run: undefined,
    isFetching: false,
    isSupplied: false,
    grant: undefined,
    movedAtMs: 0,
    movedBytes: 0,
    restsUntilMs: 0,
    listeners: new Set()
  }
  job.listeners.add(transferSpan(() => job))
  return job
}

const ID_DIGITS = 16

/** One transfer of a version into a destination is under way at a time. */
export function transferIdOf({
  version,
  destination
}: Pick<TransferRecord, 'version' | 'destination'>): string {
  return createHash('sha256').update(`${version}\0${destination}`).digest('hex').slice(0, ID_DIGITS)
}

export function viewOf(
  job: Job,
  status: TransferStatus | undefined,
  tallies: ReadonlyMap<DeviceId, Tally>
): TransferView {
  const { record, holding, resumedBytes } = job
  const toFetch = record.selected?.bytes ?? record.totalBytes
  const isKnown = status !== undefined && status.phase !== 'metadata' && !job.isSupplied
  let haveBytes = isKnown ? status.wantedBytes - status.lackingBytes : haveBytesOf(holding)
  if (record.state === 'complete') haveBytes = toFetch
  const reusedBytes = status?.reusedBytes ?? job.reusedBytes
  const originBytes = status?.origin.bytes ?? job.originBytes
  return { ...record, holding, haveBytes, resumedBytes, reusedBytes, originBytes, tallies }
}

export function hasSource(status: TransferStatus): boolean {
  return status.origin.isReady || status.peers.some(peer => peer.lackingCount > 0)
}

export function contenderOf(job: Job, status: TransferStatus): Contender {
  const { id, priority, startedAtMs, deadlineAtMs, finishedAtMs } = job.record
  const { lackingBytes, downloadRate: bytesPerSecond } = status
  const isLate =
    deadlineAtMs !== null &&
    outlookOf({ deadlineAtMs, lackingBytes, bytesPerSecond, finishedAtMs, nowMs: Date.now() }).outlook ===
      'late'
  const { grant, movedAtMs, restsUntilMs } = job
  const isBusy = status.openBytes > 0
  return {
    ...{ id, priority, startedAtMs, deadlineAtMs, isLate, movedAtMs, restsUntilMs, isBusy },
    hasSource: hasSource(status) && !job.isRefused,
    holdsSlot: grant !== undefined
  }
}
