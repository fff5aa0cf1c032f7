import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seriesText, sumUp, valueText } from './series-words.ts'

test('a series is called by what it is, one of a site by the site, and one that is new by its name', () => {
  assert.equal(seriesText('commit-time'), 'Time until writes are durable')
  assert.equal(seriesText('received/site/lyon'), 'Received from lyon')
  assert.equal(seriesText('sent/site/a/b'), 'Sent to a/b')
  assert.equal(seriesText('brand-new'), 'brand-new')
})

test('a value has its unit', () => {
  assert.equal(valueText('bytes', 2_000), '2.00 kB')
  assert.equal(valueText('ms', 1_500), '1.5 s')
  assert.equal(valueText('share', 0.12345), '12.35 %')
  assert.equal(valueText('count', 3), '3')
})

test('points are summed up, and nothing is made of none', () => {
  const point = (sum: number, max: number) => ({ atMs: 0, samples: 1, sum, min: 0, max, p50: 0, p95: 0 })
  assert.equal(sumUp({ points: [] }), null)
  assert.deepEqual(sumUp({ points: [point(5, 3), point(7, 2)] }), { sum: 12, max: 3 })
})
