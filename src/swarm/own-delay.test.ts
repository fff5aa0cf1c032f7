import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OwnDelay } from './own-delay.ts'

/** The peer's clock is this far ahead. */
const OFFSET_MS = 123_456_789

/** Says the time at `nowMs`, over a way of `wayMs`. */
function exchange(delay: OwnDelay, nowMs: number, wayMs: number): void {
  const sentMs = delay.ask(nowMs, true)
  assert.ok(sentMs !== undefined)
  delay.answered({ sentMs, heardMs: Math.floor(nowMs + wayMs + OFFSET_MS) }, nowMs + 2 * wayMs)
}

test('it is what the way takes beyond the least, whatever the other clock says', () => {
  const delay = new OwnDelay()
  assert.equal(delay.ms, 0)
  exchange(delay, 1000, 5)
  assert.equal(delay.ms, 0)
  exchange(delay, 2000, 405)
  assert.equal(delay.ms, 400)
  exchange(delay, 3000, 5)
  assert.equal(delay.ms, 0)
})

test('a queue that never empties is remembered for what it is over minutes', () => {
  const delay = new OwnDelay()
  exchange(delay, 0, 5)
  for (let nowMs = 1000; nowMs <= 240_000; nowMs += 1000) exchange(delay, nowMs, 305)
  assert.equal(delay.ms, 300)
})

test('the time is said first of all, then now and then while blocks leave, and not while an answer is due', () => {
  const delay = new OwnDelay()
  assert.equal(delay.ask(100.7, false), 100)
  assert.equal(delay.ask(5000, true), undefined)
  delay.answered({ sentMs: 100, heardMs: 0 }, 5000)
  assert.equal(delay.ask(5100, false), undefined, 'nothing leaves that it could wait behind')
  assert.equal(delay.ask(5100, true), 5100)
  assert.equal(delay.ask(15_099, true), undefined)
  assert.equal(delay.ask(15_100, true), 15_100, 'the peer may have forgotten')
})

test('a queue that was seen is looked at again after the last block has left', () => {
  const delay = new OwnDelay()
  exchange(delay, 0, 5)
  exchange(delay, 1000, 905)
  exchange(delay, 4000, 5)
  assert.equal(delay.ms, 0)
})

test('what was not asked is not heeded, and a lie has an end', () => {
  const delay = new OwnDelay()
  exchange(delay, 0, 0)
  delay.answered({ sentMs: 0, heardMs: 10 ** 12 }, 100)
  assert.equal(delay.ms, 0)
  const sentMs = delay.ask(1000, true)
  assert.ok(sentMs !== undefined)
  delay.answered({ sentMs: sentMs - 1, heardMs: 10 ** 12 }, 1100)
  assert.equal(delay.ms, 0)
  delay.answered({ sentMs, heardMs: Number.MAX_SAFE_INTEGER }, 1100)
  assert.equal(delay.ms, 2000)
})
