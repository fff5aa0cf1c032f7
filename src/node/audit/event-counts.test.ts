import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditEvent } from '../../audit/entry.ts'
import { EventCounts } from './event-counts.ts'

const call = (route: string) =>
  ({ action: 'called', by: 'token ci', route, outcome: 'done', kind: null, object: null }) as const

test('a group has room for so many kinds, and again when one was not seen for a while', () => {
  const noted: AuditEvent[] = []
  const counts = new EventCounts({ note: event => void noted.push(event), intervalMs: 1000 })
  const group = { name: 'ci', kindsMax: 2 }
  const take = (route: string, nowMs: number) => counts.take(route, call(route), nowMs, group)
  assert.deepEqual(
    ['a', 'b', 'c', 'a'].map(route => take(route, 0)),
    [true, true, false, true]
  )
  assert.equal(counts.take('c', call('c'), 0, { ...group, name: 'other' }), true)
  counts.flush(1000)
  assert.equal(take('c', 1000), true, 'b is over')
  assert.equal(take('b', 1000), false, 'a is not: it was counted meanwhile')
  assert.deepEqual(
    noted.map(event => event.action === 'called' && [event.route, event.count]),
    [
      ['a', 1],
      ['b', 1],
      ['c', 1],
      ['a', 1],
      ['c', 1]
    ]
  )
})
