/** Fuzz target of stored histograms: what decodes is written again to the very same bytes, and answers quantiles. */

import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { bucketOf, decodeHistogram, encodeHistogram, quantileOf, VALUE_MAX } from './log-histogram.ts'

export const seeds: Uint8Array[] = [
  encodeHistogram(new Map()),
  encodeHistogram(
    new Map([
      [bucketOf(0), 3],
      [bucketOf(1500), 1],
      [bucketOf(VALUE_MAX), 2]
    ])
  )
]

export function fuzz(input: Uint8Array): void {
  const histogram = decodeHistogram(input)
  if (histogram === undefined) return
  assert(equalBytes(encodeHistogram(histogram), input), 'a histogram has one encoding')
  const median = quantileOf(histogram, 0.5)
  assert((median === undefined) === (histogram.size === 0), 'what has values has a median')
}
