import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes, formatDuration, formatRate, parseBytes, parseDurationMs, parseRate } from './units.ts'

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

test('sizes and rates are read in the units in which people write them', () => {
  for (const [text, bytes] of [
    ['1B', 1],
    ['500 kB', 500_000],
    ['2.5GB', 2_500_000_000],
    ['1GiB', 1_073_741_824],
    ['7mb', 7_000_000]
  ] as const)
    assert.equal(parseBytes(text), bytes, text)
  for (const [text, rate] of [
    ['0', 0],
    ['5MB/s', 5_000_000],
    ['5 MB', 5_000_000],
    ['20Mbit/s', 2_500_000],
    ['64kbit', 8000],
    ['1.5MiB/s', 1_572_864]
  ] as const)
    assert.equal(parseRate(text), rate, text)
  assert.equal(parseRate('0.0001kB/s'), 1, 'more than nothing')
  for (const text of ['20Mb/s', '20Mb', '5kb/s', '5mb/s']) assert.equal(parseRate(text), undefined, text)
  for (const text of ['', '5', '-5MB', '5 MB s', '5MB/h', 'fast', '5e3kB', '1,5MB', 'MB'])
    assert.equal(parseRate(text), undefined, text)
  assert.equal(parseBytes('20Mbit'), undefined)
})
