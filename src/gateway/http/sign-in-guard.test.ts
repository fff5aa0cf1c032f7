import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINUTE_MS } from '../../base/units.ts'
import { SHOWN_MAX, SignInGuard } from './sign-in-guard.ts'

test('an address that guesses waits for the rest of its minute, and others do not', () => {
  let nowMs = 1000
  const guard = new SignInGuard(() => nowMs)
  for (let count = 1; count < SHOWN_MAX; count++) guard.wrong('10.0.0.1')
  assert.equal(guard.waitMs('10.0.0.1'), 0)
  guard.wrong('10.0.0.1')
  assert.equal(guard.waitMs('10.0.0.1'), MINUTE_MS)
  assert.equal(guard.waitMs('10.0.0.2'), 0)
  nowMs += MINUTE_MS
  assert.equal(guard.waitMs('10.0.0.1'), 0)
  guard.wrong('10.0.0.1')
  assert.equal(guard.waitMs('10.0.0.1'), 0)
})

test('what it remembers is bounded', () => {
  const guard = new SignInGuard(() => 0)
  for (let count = 0; count < SHOWN_MAX; count++) guard.wrong('first')
  for (let address = 0; address < 20_000; address++) guard.wrong(String(address))
  assert.equal(guard.waitMs('first'), 0)
})

test('whoever has a network of IPv6 guesses no more often than who has one address', () => {
  const guard = new SignInGuard(() => 0)
  for (let count = 0; count < SHOWN_MAX; count++) guard.wrong(`2001:db8:0:1::${count}`)
  assert.equal(guard.waitMs('2001:db8:0:1:ffff::'), MINUTE_MS)
  assert.equal(guard.waitMs('2001:db8:0:2::1'), 0)
})
