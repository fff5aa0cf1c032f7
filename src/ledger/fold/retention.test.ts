import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS, HOUR_MS } from '../../base/units.ts'
import type { OperationContent } from '../operation/operation-content.ts'
import { DEFAULT_CLASS_RULES } from './class-policy.ts'
import { type Actor, type Cast, cast } from './governance-fixture.conformance.ts'
import { versionNamed } from './org-fixture.conformance.ts'
import { isOver, keptVersions } from './retention.ts'

function agreed({ admin, second }: Cast, content: OperationContent) {
  const operation = admin.write(content)
  second.learn(admin)
  second.approve(operation)
  admin.learn(second)
}
const classKeeps = (days: number | null): OperationContent => ({
  ...DEFAULT_CLASS_RULES.internal,
  ...{ type: 'class.policy', class: 'internal', retentionMs: days === null ? null : days * DAY_MS }
})
const datasetKeeps = (name: string, days: number): OperationContent => ({
  ...{ type: 'dataset.storage', name, copies: 1, sites: 1, regions: [], kinds: [], shares: null },
  retentionMs: days * DAY_MS
})
const rows = (actor: Actor) =>
  keptVersions(actor.ledger.state()).map(({ name, keptMs, by, holds }) => [
    name,
    keptMs === null ? null : keptMs / DAY_MS,
    by,
    holds.length
  ])

test('a version is over a day after the shorter of what its class and its dataset say', () => {
  const org = cast()
  const { admin } = org
  const at = admin.publishAs('internal', 'set', 'one').timeMs
  assert.deepEqual(rows(admin), [['set', null, 'class', 0]])
  agreed(org, classKeeps(90))
  assert.deepEqual(rows(admin), [['set', 90, 'class', 0]])
  admin.write(datasetKeeps('set', 365))
  assert.deepEqual(
    rows(admin),
    [['set', 90, 'class', 0]],
    'an owner asks for a shorter life, not for a longer one'
  )
  admin.write(datasetKeeps('set', 30))
  assert.deepEqual(rows(admin), [['set', 30, 'dataset', 0]])
  const [kept] = keptVersions(admin.ledger.state())
  assert.ok(kept !== undefined)
  const endMs = at + 30 * DAY_MS
  // Clocks that are hours ahead delete nothing before its time.
  for (const aheadMs of [0, HOUR_MS, 14 * HOUR_MS]) assert.equal(isOver(kept, endMs - 1 + aheadMs), false)
  assert.equal(isOver(kept, endMs + DAY_MS - 1), false)
  assert.equal(isOver(kept, endMs + DAY_MS), true)
})

test('it is kept while one of its names keeps it, from when it was last published, and told what holds it', () => {
  const org = cast()
  const { admin } = org
  agreed(org, classKeeps(90))
  admin.publishAs('internal', 'set', 'one')
  admin.publishAs('public', 'mirror', 'one')
  assert.deepEqual(rows(admin), [['mirror', null, 'class', 0]])
  admin.write(datasetKeeps('mirror', 10))
  assert.deepEqual(rows(admin), [['set', 90, 'class', 0]])
  const again = admin.publishAs('internal', 'set', 'one')
  const [kept] = keptVersions(admin.ledger.state())
  assert.equal(kept?.overAtMs, again.timeMs + 91 * DAY_MS)
  admin.write({ type: 'hold.place', name: 'mirror', reason: null })
  assert.deepEqual(rows(admin), [['set', 90, 'class', 1]])
  agreed(org, {
    ...{ type: 'content.erase', version: versionNamed('one'), case: 'ab'.repeat(16), reason: null },
    ...{ basis: 'retention', subject: null }
  })
  assert.deepEqual(rows(admin), [])
})
