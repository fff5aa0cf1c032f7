/**
 * Which devices give slowly, and the likely reason, from what they measured of themselves and what others measured of
 * them. It is a guess with its grounds: each reason names the values that speak for it, and the strongest comes first.
 *
 * A device is slow when it gives at less than `SLOW_PART` of the median of the others. What says nothing of itself is
 * slow for a reason that is not known.
 */

import { defined } from '../base/assert.ts'
import { formatRate } from '../base/units.ts'

export type SlowReason = 'limit' | 'loss' | 'disk' | 'cpu' | 'uplink' | 'distance' | 'unknown'

/** Of the last hour, as a device says of itself; null for what it can not measure, or has no sample of. */
export interface Signals {
  /** How late the event loop was, at p95. */
  readonly loopDelayMs: number | null
  /** Busy share of one core. */
  readonly cpuShare: number | null
  /** How long a batch of writes took to be durable, at p95. */
  readonly commitMs: number | null
  /** Of the machine's TCP segments, those that it sent again. */
  readonly retransmitShare: number | null
  readonly sentPeakBytesPerSecond: number | null
  readonly receivedPeakBytesPerSecond: number | null
  /** Whether limits of bandwidth hold something up. */
  readonly isLimited: boolean
}

/** What others measured while it gave to them. */
export interface Giving {
  readonly bytesPerSecond: number
  /** How many said so. */
  readonly observers: number
  /** The median of the others. */
  readonly othersBytesPerSecond: number
  readonly rttMs: number | null
}

export interface Reason {
  readonly reason: SlowReason
  readonly because: string
}

export const SLOW_PART = 1 / 3
/** Fewer can not be compared. */
export const COMPARED_MIN = 3
const RETRANSMIT_HIGH = 0.02
const COMMIT_MS_HIGH = 200
const LOOP_DELAY_MS_HIGH = 200
const CPU_HIGH = 0.9
const RTT_MS_HIGH = 100

export function isSlow(bytesPerSecond: number, others: readonly number[]): boolean {
  return others.length + 1 >= COMPARED_MIN && bytesPerSecond < SLOW_PART * median(others)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  if (sorted.length === 0) return 0
  const above = defined(sorted[Math.floor(middle)], 'the middle')
  return Number.isInteger(middle) ? (defined(sorted[middle - 1], 'the one before') + above) / 2 : above
}

interface Ground extends Reason {
  /** How far beyond its limit. */
  readonly weight: number
}

export function slowReasons(giving: Giving, signals: Signals | undefined): Reason[] {
  const grounds: Ground[] = []
  const high = (
    reason: SlowReason,
    value: number | null | undefined,
    { limit, words }: { readonly limit: number; readonly words: (value: number) => string }
  ): void => {
    if (value != null && value >= limit)
      grounds.push({ reason, because: words(value), weight: value / limit })
  }
  if (signals?.isLimited === true)
    grounds.push({
      reason: 'limit',
      because: 'limits of bandwidth hold it up',
      weight: Number.POSITIVE_INFINITY
    })
  high('loss', signals?.retransmitShare, {
    limit: RETRANSMIT_HIGH,
    words: value => `${(value * 100).toFixed(1)} % of its TCP segments are sent again`
  })
  high('disk', signals?.commitMs, {
    limit: COMMIT_MS_HIGH,
    words: value => `writes take ${Math.round(value)} ms to be durable`
  })
  high('cpu', Math.max(signals?.loopDelayMs ?? 0, 0), {
    limit: LOOP_DELAY_MS_HIGH,
    words: value => `its event loop is ${Math.round(value)} ms late`
  })
  high('cpu', signals?.cpuShare, {
    limit: CPU_HIGH,
    words: value => `it is busy for ${Math.round(value * 100)} % of a core`
  })
  high('distance', giving.rttMs, {
    limit: RTT_MS_HIGH,
    words: value => `the round trip takes ${Math.round(value)} ms`
  })
  const reasons = grounds
    .sort((a, b) => b.weight - a.weight)
    .map(({ reason, because }) => ({ reason, because }))
  const uplink = reasons.length === 0 ? uplinkWords(giving, signals) : undefined
  if (uplink !== undefined) return [{ reason: 'uplink', because: uplink }]
  if (reasons.length > 0) return reasons
  return [
    {
      reason: 'unknown',
      because: signals === undefined ? 'it did not say how it fares' : 'nothing that it measures is high'
    }
  ]
}

/** What is left when nothing else is high: its line is slow, or shared by many readers. */
function uplinkWords(
  { observers, othersBytesPerSecond }: Giving,
  signals: Signals | undefined
): string | undefined {
  const peak = signals?.sentPeakBytesPerSecond ?? null
  if (peak === null) return undefined
  const most = `it never sent more than ${formatRate(peak)} to all together`
  if (peak < othersBytesPerSecond)
    return `${most}, where others give ${formatRate(othersBytesPerSecond)} to one`
  return observers > 1 ? `${most}, and ${observers} devices shared that` : undefined
}
