import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRelayed, parseRelayCount } from './wan-relay.ts'

test('a relay stands in the way where there is delay or loss', () => {
  assert.equal(isRelayed({ delayMs: 0, loss: 0, seed: 1 }), false)
  assert.equal(isRelayed({ delayMs: 20, loss: 0, seed: 1 }), true)
  assert.equal(isRelayed({ delayMs: 0, loss: 0.01, seed: 1 }), true)
})

test('the counts of the relay', () => {
  assert.deepEqual(parseRelayCount('9002 37'), { carriedPackets: 9002, lostPackets: 37 })
  for (const line of ['', 'ready', '9002', '9002 -1'])
    assert.throws(() => parseRelayCount(line), /which is no count/)
})
