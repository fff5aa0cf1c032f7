import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { ASKED_MS_MIN, GivingRates, PEERS_MAX } from './giving-rates.ts'

const peer = (name: number, downloadedBytes: number, askedMs: number, stream = `${name}`) => ({
  ...{ device: name.toString(16).padStart(64, '0') as DeviceId, downloadedBytes, askedMs, stream }
})
const of = (rates: GivingRates, nowMs: number) =>
  [...rates.rates(nowMs).values()].map(rate => Math.round(rate))

it('a peer is as fast as what came over the time in which it was asked', () => {
  const rates = new GivingRates()
  rates.sample([peer(1, 3000, 3 * SECOND_MS), peer(2, 0, 0)], 0)
  assert.deepEqual(of(rates, 0), [1000])
  rates.sample([peer(1, 3000, 3 * SECOND_MS)], 1)
  assert.deepEqual(of(rates, 1), [1000], 'at rest it is not slow')
  rates.sample([peer(1, 3000, 6 * SECOND_MS)], 0)
  assert.deepEqual(of(rates, 0), [498], 'asked and silent it is')
  assert.deepEqual(of(rates, HOUR_MS), [])
})

it('streams of one device are asked at the same time', () => {
  const rates = new GivingRates()
  rates.sample([peer(1, 4000, 4 * SECOND_MS, 'a'), peer(1, 2000, 2 * SECOND_MS, 'b')], 0)
  assert.deepEqual(of(rates, 0), [1500])
})

it('a stream that has less than before is another one, and counts from its beginning', () => {
  const rates = new GivingRates()
  rates.sample([peer(1, 2000, 2 * SECOND_MS)], 0)
  rates.sample([peer(1, 1000, 2 * SECOND_MS)], 1)
  assert.deepEqual(of(rates, 1), [749])
})

it('how it gave long ago counts for little, and a moment for nothing', () => {
  const rates = new GivingRates()
  rates.sample([peer(1, 5000, ASKED_MS_MIN - 1)], 0)
  assert.deepEqual(of(rates, 0), [])
  for (let minute = 1; minute <= 30; minute++)
    rates.sample([peer(1, 5000 + minute * 60, ASKED_MS_MIN + minute * MINUTE_MS)], minute)
  assert.deepEqual(of(rates, 30), [1])
})

it('what it gives today is not told by the sums of yesterday', () => {
  const rates = new GivingRates()
  const yesterday = { bytes: 60_000_000, askedMs: 10 * MINUTE_MS }
  rates.sample([peer(1, yesterday.bytes, yesterday.askedMs)], 0)
  assert.deepEqual(of(rates, 0), [100_000])
  const later = (restMs: number): number[] => {
    const again = new GivingRates()
    again.sample([peer(1, yesterday.bytes, yesterday.askedMs)], 0)
    again.sample([peer(1, yesterday.bytes + 30_000, yesterday.askedMs + 3 * SECOND_MS)], restMs)
    return of(again, restMs)
  }
  assert.deepEqual(later(24 * HOUR_MS), [10_000])
  assert.deepEqual(later(HOUR_MS), [10_000])
  const [atOnce = 0, soon = 0, late = 0] = [later(0), later(MINUTE_MS), later(HOUR_MS - 1)].flat()
  assert.ok(atOnce > soon && soon > late && late > 10_000, `${atOnce}, ${soon}, ${late}`)
  assert.ok(atOnce > 99_000)
})

it('a clock that is set back lets nothing grow', () => {
  const rates = new GivingRates()
  rates.sample([peer(1, 3000, 3 * SECOND_MS)], 10 * HOUR_MS)
  rates.sample([peer(1, 3000 + 6000, 6 * SECOND_MS)], 0)
  assert.deepEqual(of(rates, 0), [1502])
})

it('only so many are kept, those that gave last', () => {
  const rates = new GivingRates()
  for (let name = 0; name < PEERS_MAX + 5; name++)
    rates.sample([peer(name, 2 * (name + 1), 2 * SECOND_MS)], name)
  const kept = of(rates, 0)
  assert.equal(kept.length, PEERS_MAX)
  assert.equal(Math.min(...kept), 6)
})
