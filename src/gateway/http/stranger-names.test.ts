import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINUTE_MS } from '../../base/units.ts'
import { STRANGERS_MAX, StrangerNames } from './stranger-names.ts'

test('strangers are called by their addresses, and those that are too many by one name, for a minute', () => {
  let nowMs = 1_800_000_000_000
  const names = new StrangerNames(() => nowMs)
  const of = (count: number) =>
    Array.from({ length: count }, (_, at) => names.nameOf(`2001:db8:0:${at.toString(16)}::1`))
  const called = of(STRANGERS_MAX + 5)
  assert.equal(called[1], 'address 2001:db8:0:1::/64')
  assert.equal(new Set(called).size, STRANGERS_MAX + 1)
  assert.equal(names.nameOf('2001:db8:0:1::2'), 'address 2001:db8:0:1::/64')
  assert.equal(names.nameOf('192.0.2.1'), 'other addresses')
  nowMs += MINUTE_MS
  assert.equal(names.nameOf('192.0.2.1'), 'address 192.0.2.1')
})

test('whoever has a network of IPv6 has one name, and leaves those of others', () => {
  const names = new StrangerNames(() => 0)
  const called = Array.from({ length: 2 * STRANGERS_MAX }, (_, at) =>
    names.nameOf(`2001:db8::${at.toString(16)}`)
  )
  assert.deepEqual([...new Set(called)], ['address 2001:db8::/64'])
  assert.equal(names.nameOf('192.0.2.1'), 'address 192.0.2.1')
  assert.equal(names.nameOf('::ffff:192.0.2.1'), 'address 192.0.2.1')
})
