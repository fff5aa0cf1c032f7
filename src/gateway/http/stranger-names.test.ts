import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINUTE_MS } from '../../base/units.ts'
import { STRANGERS_MAX, StrangerNames } from './stranger-names.ts'

test('strangers are called by their addresses, and those that are too many by one name, for a minute', () => {
  let nowMs = 1_800_000_000_000
  const names = new StrangerNames(() => nowMs)
  const of = (count: number) => Array.from({ length: count }, (_, at) => names.nameOf(`2001:db8::${at}`))
  const called = of(STRANGERS_MAX + 5)
  assert.equal(called[0], 'address 2001:db8::0')
  assert.equal(new Set(called).size, STRANGERS_MAX + 1)
  assert.equal(names.nameOf('2001:db8::0'), 'address 2001:db8::0')
  assert.equal(names.nameOf('192.0.2.1'), 'other addresses')
  nowMs += MINUTE_MS
  assert.equal(names.nameOf('192.0.2.1'), 'address 192.0.2.1')
})
