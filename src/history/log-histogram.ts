/**
 * A histogram with logarithmic buckets, for quantiles of values over many orders of magnitude: the DDSketch of Masson,
 * Rim and Lee (VLDB 2019) over a fixed range, so that nothing is ever collapsed.
 *
 * Bucket i has the values in (γ^(i-1), γ^i], with γ = (1 + α) / (1 - α), and answers 2γ^i / (γ + 1), which is within α
 * of each of them. So a quantile is within α of the value of that rank, and merging, which adds counts, is exact: each
 * order of merging gives the same histogram. Values up to `VALUE_MIN` count as zero; those beyond `VALUE_MAX` count in
 * the last bucket.
 */

import { assert } from '../base/assert.ts'

export const RELATIVE_ERROR = 0.05
export const VALUE_MIN = 1e-3
export const VALUE_MAX = 1e15
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
const LOG_GAMMA = Math.log(GAMMA)
/** The bucket of what is not above `VALUE_MIN`: below every other. */
const ZERO = Math.floor(Math.log(VALUE_MIN) / LOG_GAMMA)
const LAST = Math.ceil(Math.log(VALUE_MAX) / LOG_GAMMA)
export const BUCKETS_MAX = LAST - ZERO + 1

/** Counts by bucket. */
export type LogHistogram = ReadonlyMap<number, number>

export function bucketOf(value: number): number {
  assert(value >= 0, 'a measured value is not negative')
  if (value <= VALUE_MIN) return ZERO
  return Math.min(LAST, Math.max(ZERO + 1, Math.ceil(Math.log(value) / LOG_GAMMA)))
}

export function histogramOf(value: number): LogHistogram {
  return new Map([[bucketOf(value), 1]])
}

export function mergeHistograms(a: LogHistogram, b: LogHistogram): LogHistogram {
  const sum = new Map(a)
  for (const [bucket, count] of b) sum.set(bucket, (sum.get(bucket) ?? 0) + count)
  return sum
}

/** The value of rank ⌈q·n⌉, within `RELATIVE_ERROR`; undefined when there is none. */
export function quantileOf(histogram: LogHistogram, q: number): number | undefined {
  assert(q >= 0 && q <= 1, 'a quantile is between 0 and 1')
  let total = 0
  for (const count of histogram.values()) total += count
  const rank = Math.max(1, Math.ceil(q * total))
  let below = 0
  for (const bucket of [...histogram.keys()].sort((a, b) => a - b)) {
    below += histogram.get(bucket) ?? 0
    if (below >= rank) return bucket === ZERO ? 0 : (2 * GAMMA ** bucket) / (GAMMA + 1)
  }
  return undefined
}

const FORMAT_VERSION = 1
const ENTRY_BYTES = 6
const COUNT_MAX = 2 ** 32 - 1

/** A version (u8), then bucket (i16) and count (u32) of each that is not empty, ascending, big-endian. */
export function encodeHistogram(histogram: LogHistogram): Uint8Array {
  const bytes = new Uint8Array(1 + histogram.size * ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, FORMAT_VERSION)
  const entries = [...histogram].sort(([a], [b]) => a - b)
  entries.forEach(([bucket, count], index) => {
    assert(count > 0 && count <= COUNT_MAX, 'a count fits its field')
    view.setInt16(1 + index * ENTRY_BYTES, bucket)
    view.setUint32(3 + index * ENTRY_BYTES, count)
  })
  return bytes
}

/** Undefined for what `encodeHistogram` never makes. */
export function decodeHistogram(bytes: Uint8Array): LogHistogram | undefined {
  const entries = (bytes.length - 1) / ENTRY_BYTES
  if (bytes[0] !== FORMAT_VERSION || !Number.isInteger(entries) || entries > BUCKETS_MAX) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const histogram = new Map<number, number>()
  let before = ZERO - 1
  for (let at = 1; at < bytes.length; at += ENTRY_BYTES) {
    const bucket = view.getInt16(at)
    const count = view.getUint32(at + 2)
    if (bucket <= before || bucket > LAST || count === 0) return undefined
    histogram.set(bucket, count)
    before = bucket
  }
  return histogram
}
