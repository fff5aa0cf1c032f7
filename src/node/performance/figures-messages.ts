/**
 * The messages of /peerage/figures/1, deterministic CBOR (docs/PROTOCOL.md): a device asks a peer for the sums that it
 * measured in a span, how it fares, and how the service levels stand by what it observed itself.
 */

import {
  type DeviceId,
  deviceIdFromBytes,
  idBytes,
  type OperationId,
  operationIdFromBytes
} from '../../base/ids.ts'
import {
  BUCKETS_MAX,
  decodeHistogram,
  encodeHistogram,
  type LogHistogram
} from '../../history/log-histogram.ts'
import type { Received } from '../../history/savings.ts'
import { type CborFault, type CborValue, decodeCbor, encodeCbor } from '../../ledger/encoding/cbor.ts'
import { hash, timeMs as instant, key, LABEL_CHARACTERS_MAX, label } from '../../ledger/encoding/names.ts'
import { accepted, type Outcome, rejected } from '../../ledger/encoding/outcome.ts'
import {
  bytesUpTo,
  converted,
  exactly,
  flag,
  integer,
  list,
  Misshape,
  nullable,
  type Shape,
  tuple
} from '../../ledger/encoding/shape.ts'
import type { LevelCount, LevelCounts } from '../../slo/service-level.ts'
import type { Signals } from '../../slo/slow-device.ts'

export const SITES_MAX = 32
export const RATES_MAX = 64
export const RECEIPTS_MAX = 256
export const LEVELS_MAX = 64
const HISTOGRAM_BYTES_MAX = 1 + BUCKETS_MAX * 6
/** Of an id and a number, as CBOR. */
const PAIR_BYTES_MAX = 48
export const QUESTION_BYTES_MAX = 32
export const ANSWER_BYTES_MAX =
  SITES_MAX * (4 * LABEL_CHARACTERS_MAX + 24) +
  (RATES_MAX + 2 * RECEIPTS_MAX) * PAIR_BYTES_MAX +
  LEVELS_MAX * (HISTOGRAM_BYTES_MAX + 160) +
  512
const SHARE_UNIT = 1_000_000
const SHARE_MAX = 4096 * SHARE_UNIT

export interface FiguresQuestion {
  readonly fromMs: number
  /** Null for now. */
  readonly toMs: number | null
}

export interface Totals extends Received {
  /** The first measured span that is counted; null without any. */
  readonly firstAtMs: number | null
  readonly fromMs: number
  readonly sentSiteBytes: number
  readonly sentWanBytes: number
}

/** Bytes by device: what its readers gave receipts for, and what its own log says that it received. */
export interface ReceiptSums {
  readonly given: ReadonlyMap<DeviceId, number>
  readonly taken: ReadonlyMap<DeviceId, number>
  /** There was more than could be looked through, or told. */
  readonly isCut: boolean
}

export interface Figures {
  readonly timeMs: number
  readonly totals: Totals
  /** Exchanged with other sites, for those that have series of their own. */
  readonly sites: readonly {
    readonly site: string
    readonly receivedBytes: number
    readonly sentBytes: number
  }[]
  readonly signals: Signals
  /** How fast others gave to it, in bytes per second. */
  readonly rates: ReadonlyMap<DeviceId, number>
  /** Null for who may not read its audit log. */
  readonly receipts: ReceiptSums | null
  /** By the operation that set the level. */
  readonly levels: ReadonlyMap<OperationId, LevelCounts>
}

const bytes = integer(0)
const device: Shape<DeviceId> = converted(key, deviceIdFromBytes)
const operation: Shape<OperationId> = converted(hash, operationIdFromBytes)
const pairs = (max: number): Shape<ReadonlyMap<DeviceId, number>> =>
  uniqueMap(list(tuple(device, bytes), max))
const share = nullable(converted(integer(0, SHARE_MAX), value => value / SHARE_UNIT))
const histogram: Shape<LogHistogram> = value => {
  const raw = bytesUpTo(HISTOGRAM_BYTES_MAX)(value)
  if (raw instanceof Misshape) return raw
  return decodeHistogram(raw) ?? new Misshape('', 'a histogram')
}
const levelCount = converted(
  tuple(bytes, bytes, bytes, histogram, nullable(instant), nullable(instant)),
  ([good, bad, worst, values, firstAtMs, lastAtMs]): LevelCount => ({
    ...{ good, bad, worst, values, firstAtMs, lastAtMs }
  })
)
const levels: Shape<ReadonlyMap<OperationId, LevelCounts>> = uniqueMap(
  converted(list(tuple(operation, levelCount, levelCount, levelCount), LEVELS_MAX), entries =>
    entries.map(([of, window, day, hour]) => [of, { window, day, hour }] as const)
  )
)
const question = tuple(exactly(1), instant, nullable(instant))
const answer = tuple(
  exactly(1),
  instant,
  tuple(nullable(instant), instant, bytes, bytes, bytes, bytes, bytes),
  list(tuple(label, bytes, bytes), SITES_MAX),
  tuple(
    ...([nullable(bytes), share, share, nullable(bytes), nullable(bytes), share] as const),
    ...([nullable(bytes), nullable(bytes), flag] as const)
  ),
  pairs(RATES_MAX),
  nullable(tuple(pairs(RECEIPTS_MAX), pairs(RECEIPTS_MAX), flag)),
  levels
)

function uniqueMap<K, V>(entries: Shape<readonly (readonly [K, V])[]>): Shape<ReadonlyMap<K, V>> {
  return value => {
    const read = entries(value)
    if (read instanceof Misshape) return read
    const map = new Map(read)
    return map.size === read.length ? map : new Misshape('', 'free of repeats')
  }
}

export function encodeQuestion({ fromMs, toMs }: FiguresQuestion): Uint8Array {
  return encodeCbor([1, fromMs, toMs])
}

export function decodeQuestion(message: Uint8Array): Outcome<FiguresQuestion, CborFault | 'malformed'> {
  const decoded = decodeCbor(message, { bytesMax: QUESTION_BYTES_MAX, depthMax: 1 })
  if (!decoded.ok) return decoded
  const read = question(decoded.value)
  if (read instanceof Misshape) return rejected('malformed', String(read))
  const [, fromMs, toMs] = read
  if (toMs !== null && toMs < fromMs) return rejected('malformed', 'the span ends before it begins')
  return accepted({ fromMs, toMs })
}

/** The values are whole numbers, and shares millionths. */
export function encodeAnswer({
  timeMs,
  totals,
  sites,
  signals,
  rates,
  receipts,
  levels: of
}: Figures): Uint8Array {
  const { firstAtMs, fromMs, siteBytes, wanBytes, originBytes, sentSiteBytes, sentWanBytes } = totals
  return encodeCbor([
    ...[1, timeMs],
    [firstAtMs, fromMs, siteBytes, wanBytes, originBytes, sentSiteBytes, sentWanBytes],
    sites.map(({ site, receivedBytes, sentBytes }) => [site, receivedBytes, sentBytes]),
    [
      ...[rounded(signals.loopDelayMs), millionths(signals.cpuShare), millionths(signals.cpuWaitShare)],
      ...[rounded(signals.commitMs), rounded(signals.readMsPerMib)],
      ...[millionths(signals.retransmitShare), rounded(signals.sentPeakBytesPerSecond)],
      ...[rounded(signals.receivedPeakBytesPerSecond), signals.isLimited]
    ],
    writePairs(rates),
    receipts && [writePairs(receipts.given), writePairs(receipts.taken), receipts.isCut],
    [...of].map(([id, { window, day, hour }]) => [idBytes(id), ...[window, day, hour].map(writeCount)])
  ])
}

function writePairs(of: ReadonlyMap<DeviceId, number>): CborValue {
  return [...of].map(([id, value]) => [idBytes(id), Math.round(value)])
}

function writeCount({ good, bad, worst, values, firstAtMs, lastAtMs }: LevelCount): CborValue {
  return [good, bad, Math.round(worst), encodeHistogram(values), firstAtMs, lastAtMs]
}

function rounded(value: number | null): number | null {
  return value && Math.round(value)
}

function millionths(value: number | null): number | null {
  return value && Math.min(SHARE_MAX, Math.round(value * SHARE_UNIT))
}

export function decodeAnswer(message: Uint8Array): Outcome<Figures, CborFault | 'malformed'> {
  const decoded = decodeCbor(message, { bytesMax: ANSWER_BYTES_MAX, depthMax: 4 })
  if (!decoded.ok) return decoded
  const read = answer(decoded.value)
  if (read instanceof Misshape) return rejected('malformed', String(read))
  const [, timeMs, totals, sites, signals, rates, receipts, of] = read
  const [firstAtMs, fromMs, siteBytes, wanBytes, originBytes, sentSiteBytes, sentWanBytes] = totals
  const [loopDelayMs, cpuShare, cpuWaitShare, commitMs, ...rest] = signals
  const [readMsPerMib, retransmitShare, sentPeak, receivedPeak, isLimited] = rest
  return accepted({
    timeMs,
    totals: { firstAtMs, fromMs, siteBytes, wanBytes, originBytes, sentSiteBytes, sentWanBytes },
    sites: sites.map(([site, receivedBytes, sentBytes]) => ({ site, receivedBytes, sentBytes })),
    signals: {
      ...{ loopDelayMs, cpuShare, cpuWaitShare, commitMs, readMsPerMib, retransmitShare, isLimited },
      sentPeakBytesPerSecond: sentPeak,
      receivedPeakBytesPerSecond: receivedPeak
    },
    rates,
    receipts: receipts && { given: receipts[0], taken: receipts[1], isCut: receipts[2] },
    levels: of
  })
}
