import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pastRates } from './past-rates.ts'

test('series of each way are added up, as rates, by the clock of the browser and the oldest first', () => {
  const measured = (name: string, sums: readonly (readonly [number, number, number])[]) => ({
    ...{ name, sampleIntervalMs: 10_000 },
    points: sums.map(([atMs, samples, sum]) => ({ atMs, samples, sum, min: 0, max: 0, p50: 0, p95: 0 }))
  })
  const rates = pastRates(
    [
      measured('received/same-site', [
        [30_000, 1, 500],
        [40_000, 2, 600]
      ]),
      measured('received/origins', [[30_000, 1, 100]]),
      measured('sent/other-sites', [[20_000, 1, 70]])
    ],
    5_000
  )
  assert.deepEqual(rates, [
    { atMs: 15_000, receive: 0, send: 7 },
    { atMs: 25_000, receive: 60, send: 0 },
    { atMs: 35_000, receive: 30, send: 0 }
  ])
  assert.deepEqual(pastRates([], 0), [])
})
