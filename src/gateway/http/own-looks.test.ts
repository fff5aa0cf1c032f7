import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OWNER } from './caller.ts'
import { ownLooks } from './own-looks.ts'

const browser = (id: string) => ({ kind: 'person', id: `browser of the owner (${id})` }) as const
const call = (by: string, route = 'status', outcome: 'done' | 'refused' | 'failed' = 'done') => ({
  by,
  route,
  outcome
})

test('own looks are what was read and answered, and nothing that was done, refused or failed', () => {
  const isLook = ownLooks({ kind: 'token', id: 'token ci (0123456789ab)' })
  const by = 'token ci (0123456789ab)'
  for (const route of ['status', 'audit', 'live', 'session', 'requests'])
    assert.ok(isLook(call(by, route)), route)
  for (const route of ['beginSession', 'endSession', 'publish', 'torrent', 'content', 'metrics', 'no-such'])
    assert.ok(!isLook(call(by, route)), route)
  assert.ok(!isLook(call(by, 'status', 'refused')))
  assert.ok(!isLook(call(by, 'status', 'failed')))
})

test('the owner is one caller in whatever browser, and nobody else is', () => {
  const [one, other] = [browser('0123456789ab'), browser('ba9876543210')]
  for (const caller of [OWNER, one]) assert.ok(ownLooks(caller)(call(other.id)), caller.id)
  const token = 'token browser of the owner (0123456789ab) (ba9876543210)'
  for (const by of [token, 'person 0123', 'token ci (0123456789ab)', '192.0.2.1'])
    assert.ok(!ownLooks(one)(call(by)), by)
  const person = ownLooks({ kind: 'person', id: 'person 0123' })
  assert.ok(person(call('person 0123')))
  assert.ok(!person(call(one.id)) && !person(call('person 01234')))
})
