import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes, formatDuration, formatRate, parseDurationMs } from './units.ts'

test('sizes keep three significant digits and never print 1000 of a unit', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [12_345, '12.3 kB'],
    [999_499, '999 kB'],
    [999_600, '1.00 MB'],
    [1_000_000_000, '1.00 GB'],
    [40_000_000_000, '40.0 GB'],
    [3e15, '3.00 PB'],
    [5e18, '5000 PB']
  ]
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text)
  assert.equal(formatRate(125_000_000), '125 MB/s')
})

test('durations read as people say them', () => {
  const cases: [number, string][] = [
    [12, '12 ms'],
    [1500, '1.5 s'],
    [59_400, '59 s'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h 0 min']
  ]
  for (const [ms, text] of cases) assert.equal(formatDuration(ms), text)
})

test('a duration needs a number and a unit', () => {
  assert.equal(parseDurationMs('90s'), 90_000)
  assert.equal(parseDurationMs('24h'), 86_400_000)
  assert.equal(parseDurationMs('7d'), 604_800_000)
  for (const text of ['', '5', '-1s', '1.5h', '1w', 'h', '99999999999s'])
    assert.equal(parseDurationMs(text), undefined)
})
