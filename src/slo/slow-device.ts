/**
 * Which devices give slowly, and the likely reason, from what they measured of themselves and what others measured of
 * them. It is a guess with its grounds: each reason names the values that speak for it.
 *
 * A device is slow when it gives at less than `SLOW_PART` of the median of the others, both to one and to all together:
 * one of whom many ask at once gives little to each, and is not slow. It is slow, too, when its disk holds it up. Where
 * writes do, it takes, or gives to one, at less than that part and they take very long: what it has given up to now may
 * have come from memory, and all that it takes is here, and can be given on, no sooner than it is durable. Where reads
 * do, it gives at less than that part to one and reads no faster than it sends, as one from whom all comes: then the
 * others have as little to give on.
 *
 * A value speaks for a reason when it is beyond its limit, and `OTHERS_FACTOR` times what the others have: what is high
 * everywhere makes none slower than the rest. What explains other values comes before them: without a processor writes
 * are late, too, and a slow disk holds up the event loop; a thin uplink is what is left. What says nothing of itself is
 * slow for a reason that is not known.
 */

import { defined } from '../base/assert.ts'
import { formatRate, MIB, SECOND_MS } from '../base/units.ts'

export type SlowReason = 'limit' | 'loss' | 'disk' | 'cpu' | 'uplink' | 'distance' | 'unknown'

/**
 * Of the last hour, as a device says of itself: of the time in which it gave to others, if it did. Null for what it can
 * not measure, or has no sample of.
 */
export interface Signals {
  /** How late the event loop was, at p95. */
  readonly loopDelayMs: number | null
  /** Busy share of one core. */
  readonly cpuShare: number | null
  /** Of the time, that in which the event loop could have gone on and had no processor. */
  readonly cpuWaitShare: number | null
  /** How long a batch of writes took to be durable, at p95. */
  readonly commitMs: number | null
  /** How long a MiB of content took to read, at p95. */
  readonly readMsPerMib: number | null
  /** Of the machine's TCP segments with data, those that it sent again. */
  readonly retransmitShare: number | null
  /** The most to all together in a while, of the last minutes in which it gave. */
  readonly sentPeakBytesPerSecond: number | null
  readonly receivedPeakBytesPerSecond: number | null
  /** Whether limits of bandwidth hold something up. */
  readonly isLimited: boolean
}

/** How far away it is from who asks, and what the others give. Null where it is not known. */
export interface Surroundings {
  readonly rttMs: number | null
  /** The median of the others. */
  readonly othersRttMs: number | null
  /** To one, the median of the others. */
  readonly othersToOne: number | null
}

export interface Reason {
  readonly reason: SlowReason
  readonly because: string
}

export const SLOW_PART = 1 / 2
/** Fewer can not be compared. */
export const COMPARED_MIN = 3
const OTHERS_FACTOR = 2
const CPU_HIGH = 0.9
const CPU_WAIT_HIGH = 0.3
const COMMIT_MS_HIGH = 200
/** A device whose writes take so long is slow for that alone, where it takes little. */
const COMMIT_MS_SLOW = 1000
/**
 * And so long, where it is so many times as long as with the others, whatever it takes: what is durable at once may
 * have come over many spans, and is counted in one of them.
 */
const COMMIT_MS_STUCK = 5 * SECOND_MS
const STUCK_FACTOR = 10
/** A disk that reads a MiB in less is not what holds up its device, however fast the others are. */
const READ_MS_PER_MIB_MIN = 50
const RETRANSMIT_HIGH = 0.02
const LOOP_DELAY_MS_HIGH = 1000
const RTT_MS_HIGH = 100

/** In bytes per second, of one device: to one other as those say, and the most to all together as it says itself. */
export interface Gives {
  readonly toOne: number
  /** Null when it does not say. */
  readonly toAll: number | null
}

export function isSlow({ toOne, toAll }: Gives, others: readonly Gives[]): boolean {
  const othersGiveAll = medianKnown(others.map(each => each.toAll))
  // What it gives to all is not known yet, or it does not say: it may be one of whom many ask.
  const givesLittle = toAll !== null && othersGiveAll !== null && toAll < SLOW_PART * othersGiveAll
  return givesLittle && givesLittleToOne({ toOne, othersToOne: others.map(each => each.toOne) })
}

/** In bytes per second, to one: what a device gives, and each of the others of which that is known. */
export interface GivesToOne {
  readonly toOne: number
  readonly othersToOne: readonly number[]
}

function givesLittleToOne({ toOne, othersToOne }: GivesToOne): boolean {
  return othersToOne.length + 1 >= COMPARED_MIN && toOne < SLOW_PART * median(othersToOne)
}

/**
 * Whether its disk keeps a device from taking what the others take, or from giving it to one: nothing is given on
 * before it is durable. `gives` is left out where it is not known.
 */
export function isHeldByWrites(signals: Signals, others: readonly Signals[], gives?: GivesToOne): boolean {
  if (others.length + 1 < COMPARED_MIN) return false
  const { commitMs, receivedPeakBytesPerSecond: took } = signals
  const othersCommitMs = medianKnown(others.map(each => each.commitMs))
  if (!isFarBeyond(commitMs, { limit: COMMIT_MS_SLOW, others: othersCommitMs })) return false
  if (gives !== undefined && givesLittleToOne(gives)) return true
  const takers = others.map(each => each.receivedPeakBytesPerSecond).filter(rate => rate !== null && rate > 0)
  const othersTook = medianKnown(takers)
  if (took === null || took === 0 || othersTook === null) return false
  return (
    took < SLOW_PART * othersTook ||
    isFarBeyond(commitMs, { limit: COMMIT_MS_STUCK, others: othersCommitMs, factor: STUCK_FACTOR })
  )
}

/** Whether a device gives little to one, and its disk is not fast enough for more. */
export function isHeldByReads(
  gives: GivesToOne,
  { readMsPerMib, sentPeakBytesPerSecond }: Signals,
  others: readonly Signals[]
): boolean {
  if (!givesLittleToOne(gives)) return false
  const limit = readLimitMs([SLOW_PART * median(gives.othersToOne), sentPeakBytesPerSecond])
  return isFarBeyond(readMsPerMib, { limit, others: medianKnown(others.map(each => each.readMsPerMib)) })
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  if (sorted.length === 0) return 0
  const above = defined(sorted[Math.floor(middle)], 'the middle')
  return Number.isInteger(middle) ? (defined(sorted[middle - 1], 'the one before') + above) / 2 : above
}

/** The likeliest first. `others` is what the other devices say of themselves. */
export function slowReasons(
  { rttMs, othersRttMs, othersToOne }: Surroundings,
  signals: Signals | undefined,
  others: readonly Signals[]
): Reason[] {
  if (signals === undefined) return [{ reason: 'unknown', because: 'it did not say how it fares' }]
  const isHigh = (of: (from: Signals) => number | null, limit: number): boolean =>
    isFarBeyond(of(signals), { limit, others: medianKnown(others.map(of)) })
  const { loopDelayMs, cpuShare, cpuWaitShare, commitMs, readMsPerMib, retransmitShare } = signals
  const slowRates = [othersToOne, othersToAll(others)].map(rate => SLOW_PART * (rate ?? 0))
  const readLimit = readLimitMs([...slowRates, signals.sentPeakBytesPerSecond])
  const reasons: Reason[] = []
  const add = (reason: SlowReason, ...grounds: readonly (string | false)[]): void => {
    const because = grounds.filter(ground => ground !== false).join(', and ')
    if (because !== '') reasons.push({ reason, because })
  }
  if (signals.isLimited) add('limit', 'limits of bandwidth hold it up')
  add(
    'cpu',
    isHigh(from => from.cpuShare, CPU_HIGH) && `it is busy for ${percent(cpuShare)} of a core`,
    (isHigh(from => from.cpuWaitShare, CPU_WAIT_HIGH) || hasLittleLeft(cpuWaitShare, others)) &&
      `it waits for a processor for ${percent(cpuWaitShare)} of the time`
  )
  add(
    'disk',
    isHigh(from => from.commitMs, COMMIT_MS_HIGH) &&
      `writes take ${Math.round(commitMs ?? 0)} ms to be durable`,
    isHigh(from => from.readMsPerMib, readLimit) && `a MiB takes ${Math.round(readMsPerMib ?? 0)} ms to read`
  )
  if (isHigh(from => from.retransmitShare, RETRANSMIT_HIGH))
    add('loss', `${((retransmitShare ?? 0) * 100).toFixed(1)} % of its TCP segments are sent again`)
  // One long turn in ten seconds makes it late, whatever held it up: where waiting is measured, that tells more.
  const isTold = cpuWaitShare !== null || reasons.some(({ reason }) => reason === 'cpu' || reason === 'disk')
  if (!isTold && isHigh(from => from.loopDelayMs, LOOP_DELAY_MS_HIGH))
    add('cpu', `its event loop is ${Math.round(loopDelayMs ?? 0)} ms late`)
  if (isFarBeyond(rttMs, { limit: RTT_MS_HIGH, others: othersRttMs }))
    add('distance', `the round trip takes ${Math.round(rttMs ?? 0)} ms`)
  if (reasons.length > 0) return reasons
  const uplink = uplinkWords(signals, others)
  if (uplink !== undefined) return [{ reason: 'uplink', because: uplink }]
  return [{ reason: 'unknown', because: 'nothing that it measures is high' }]
}

/**
 * In which a MiB is read at the fastest of some rates, in bytes per second: those below which a device is slow, and the
 * most that it sends. A disk that is faster leaves room to give more.
 */
function readLimitMs(rates: readonly (number | null)[]): number {
  const fastest = Math.max(...rates.map(rate => rate ?? 0))
  return Math.max(READ_MS_PER_MIB_MIN, (SECOND_MS * MIB) / fastest)
}

function othersToAll(others: readonly Signals[]): number | null {
  return medianKnown(others.map(({ sentPeakBytesPerSecond }) => sentPeakBytesPerSecond))
}

function isFarBeyond(
  value: number | null,
  {
    limit,
    others,
    factor = OTHERS_FACTOR
  }: { readonly limit: number; readonly others: number | null; readonly factor?: number }
): boolean {
  return value !== null && value >= limit && value >= factor * (others ?? 0)
}

/** Where all wait for a processor most of the time, none can wait for twice as long: what is left to it is far less. */
function hasLittleLeft(cpuWaitShare: number | null, others: readonly Signals[]): boolean {
  const othersWait = medianKnown(others.map(each => each.cpuWaitShare)) ?? 0
  return (
    cpuWaitShare !== null &&
    cpuWaitShare >= CPU_WAIT_HIGH &&
    OTHERS_FACTOR * (1 - cpuWaitShare) <= 1 - othersWait
  )
}

/** Null when none is known. */
export function medianKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter(value => value !== null)
  return known.length === 0 ? null : median(known)
}

function percent(share: number | null): string {
  return `${Math.round((share ?? 0) * 100)} %`
}

function uplinkWords(
  { sentPeakBytesPerSecond: peak }: Signals,
  others: readonly Signals[]
): string | undefined {
  const othersPeak = othersToAll(others)
  if (peak === null || othersPeak === null || peak >= SLOW_PART * othersPeak) return undefined
  return `it never sent more than ${formatRate(peak)} to all together, where others sent ${formatRate(othersPeak)}`
}
