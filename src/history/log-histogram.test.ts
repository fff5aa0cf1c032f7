import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toHex } from '../base/bytes.ts'
import {
  BUCKETS_MAX,
  bucketOf,
  decodeHistogram,
  encodeHistogram,
  histogramOf,
  type LogHistogram,
  mergeHistograms,
  quantileOf,
  RELATIVE_ERROR,
  VALUE_MAX,
  VALUE_MIN
} from './log-histogram.ts'

const measured = fc.oneof(
  fc.constant(0),
  fc.double({ min: VALUE_MIN * 1.0001, max: VALUE_MAX, noNaN: true }),
  fc.integer({ min: 1, max: 10_000_000 })
)
const empty: LogHistogram = new Map()
const of = (values: readonly number[]): LogHistogram => values.map(histogramOf).reduce(mergeHistograms, empty)

describe('a histogram', () => {
  it('answers each quantile within its relative error of the value of that rank', () => {
    fc.assert(
      fc.property(
        fc.array(measured, { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          const sorted = values.toSorted((a, b) => a - b)
          const exact = sorted[Math.max(1, Math.ceil(q * values.length)) - 1] ?? Number.NaN
          const told = quantileOf(of(values), q) ?? Number.NaN
          // Logarithms are rounded: a value at the edge of a bucket may be counted in the next one.
          assert.ok(Math.abs(told - exact) <= exact * (RELATIVE_ERROR + 1e-9), `${told} for ${exact}`)
        }
      )
    )
  })

  it('is the same in whatever order parts are merged', () => {
    const part = fc.array(measured, { maxLength: 20 })
    fc.assert(
      fc.property(part, part, part, (a, b, c) => {
        const left = mergeHistograms(mergeHistograms(of(a), of(b)), of(c))
        const right = mergeHistograms(of(c), mergeHistograms(of(b), of(a)))
        assert.deepEqual(encodeHistogram(left), encodeHistogram(right))
        assert.deepEqual(encodeHistogram(left), encodeHistogram(of([...a, ...b, ...c])))
      })
    )
  })

  it('has no quantile of nothing, and keeps apart what is zero', () => {
    assert.equal(quantileOf(empty, 0.5), undefined)
    assert.equal(quantileOf(of([0, 0, 9]), 0.5), 0)
    assert.equal(bucketOf(VALUE_MAX * 1000), bucketOf(VALUE_MAX))
    assert.throws(() => bucketOf(-1), /negative/)
  })

  it('has these bytes, and reads them back', () => {
    const bytes = encodeHistogram(of([0, 1, 1, 1000, 1e15]))
    assert.equal(toHex(bytes), GOLDEN)
    assert.deepEqual(decodeHistogram(bytes), of([0, 1, 1, 1000, 1e15]))
  })

  it('is not read from a newer version, out of order, with an empty bucket, cut off, or with too many', () => {
    const good = encodeHistogram(of([1, 1000]))
    const changed = (at: number, value: number) => good.with(at, value)
    for (const bad of [
      new Uint8Array(0),
      changed(0, 2),
      good.slice(0, -1),
      Uint8Array.of(1, ...good.slice(7), ...good.slice(1, 7)),
      Uint8Array.of(1, 0, 5, 0, 0, 0, 0),
      Uint8Array.of(1, 0x7f, 0xff, 0, 0, 0, 1),
      new Uint8Array(1 + 6 * (BUCKETS_MAX + 1)).with(0, 1)
    ])
      assert.equal(decodeHistogram(bad), undefined, toHex(bad.slice(0, 20)))
    assert.notEqual(decodeHistogram(good), undefined)
  })
})

const GOLDEN = '01ffba00000001000000000002004600000001015a00000001'
