import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { HOUR_MS } from '../../base/units.ts'
import { GivingRates, PEERS_MAX } from './giving-rates.ts'

const peer = (name: number, downloadRate: number, inFlightBytes = 1) => ({
  ...{ device: name.toString(16).padStart(64, '0') as DeviceId, downloadRate, inFlightBytes }
})
const of = (rates: GivingRates, nowMs: number) => [...rates.rates(nowMs).values()]

it('a peer is as fast as its streams together, over the samples in which it was asked', () => {
  const rates = new GivingRates()
  rates.sample([peer(1, 100), peer(1, 50), peer(2, 0, 0)], 0)
  assert.deepEqual(of(rates, 0), [150])
  rates.sample([peer(1, 0, 0)], 1)
  assert.deepEqual(of(rates, 1), [150], 'at rest it is not slow')
  rates.sample([peer(1, 0)], 2)
  assert.deepEqual(of(rates, 2), [145], 'asked and silent it is')
  assert.deepEqual(of(rates, 2 + HOUR_MS), [])
})

it('only so many are kept, those that gave last', () => {
  const rates = new GivingRates()
  for (let name = 0; name < PEERS_MAX + 5; name++) rates.sample([peer(name, name + 1)], name)
  const kept = of(rates, 0)
  assert.equal(kept.length, PEERS_MAX)
  assert.equal(Math.min(...kept), 6)
})
