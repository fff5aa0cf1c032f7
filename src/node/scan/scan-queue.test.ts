import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VersionId } from '../../base/ids.ts'
import { DEFAULT_CLASS_RULES } from '../../ledger/fold/class-policy.ts'
import {
  foundOrg,
  keyNamed,
  publication,
  TestDevice,
  versionNamed
} from '../../ledger/fold/org-fixture.conformance.ts'
import type { OperationContent, ScanVerdict } from '../../ledger/operation/operation-content.ts'
import { dueScans, type ScanScene, waitingVersions } from './scan-queue.ts'
import type { ScanNote } from './scan-record.ts'

const SEVEN = { engine: 'ClamAV 1', database: 'daily 7' }
const EIGHT = { engine: 'ClamAV 1', database: 'daily 8' }

/** An org whose class internal asks for a scan, with the versions `one`, `two` and `three`, and a public one. */
function org() {
  const key = keyNamed('admin')
  const admin = new TestDevice(key, foundOrg([key]))
  admin.write({ ...DEFAULT_CLASS_RULES.internal, type: 'class.policy', class: 'internal', scan: true })
  for (const name of ['one', 'two', 'three']) admin.publish(name, name)
  const open = publication('open', 'open')
  assert.ok(open.type === 'dataset.publish')
  admin.write({ ...open, class: 'public' })
  const notes = new Map<VersionId, ScanNote>()
  const note = (name: string, verdict: ScanVerdict, change: Partial<ScanNote> = {}) =>
    notes.set(versionNamed(name), {
      ...{ version: versionNamed(name), name, ...SEVEN, verdict, found: null, findings: [], detail: null },
      ...{ atMs: admin.nowMs, failures: 0, retryAtMs: null, ...change }
    })
  const scan = (name: string, verdict: ScanVerdict) =>
    admin.write({ type: 'content.scan', version: versionNamed(name), ...SEVEN, verdict, found: null })
  const due = (held: readonly string[], change: Partial<ScanScene> = {}): string[] =>
    dueScans({
      ...{ state: admin.ledger.state(), self: key.id, nowMs: admin.nowMs, scanner: SEVEN },
      ...{ held: new Set(held.map(versionNamed)), note: version => notes.get(version), mayFetch: () => true },
      opens: () => true,
      ...change
    }).map(({ name, why }) => `${name} ${why}`)
  return { admin, note, scan, due }
}

test('what readers wait for is scanned, what is here first, the oldest first', () => {
  const { due } = org()
  assert.deepEqual(due(['three', 'two', 'open']), ['two new', 'three new', 'one new'])
})

test('what can not be fetched, or others found clean, is not fetched', () => {
  const { due, scan } = org()
  const two = versionNamed('two')
  assert.deepEqual(due([], { mayFetch: version => version !== two }), ['one new', 'three new'])
  scan('one', 'clean')
  const self = keyNamed('other').id
  assert.deepEqual(due([], { self }), ['two new', 'three new'])
  assert.deepEqual(due(['one'], { self }), ['one new', 'two new', 'three new'])
})

test('when the signatures change what is held is scanned again after all that is new, the longest ago first', () => {
  const { due, note, scan } = org()
  note('one', 'clean', { atMs: 20 })
  note('open', 'clean', { atMs: 10 })
  scan('one', 'clean')
  const held = ['one', 'open', 'three']
  assert.deepEqual(due(held), ['three new', 'two new'])
  assert.deepEqual(due(held, { scanner: EIGHT }), ['three new', 'two new', 'open again', 'one again'])
  assert.deepEqual(due(['three'], { scanner: EIGHT }), ['three new', 'two new'])
})

test('what is sealed is scanned by who can open it, and waits for them in the whole org', () => {
  const { admin, due } = org()
  const rules = { ...DEFAULT_CLASS_RULES.confidential, scan: true }
  admin.write({ ...rules, type: 'class.policy', class: 'confidential' })
  admin.write({ ...publication('secret', 'four'), class: 'confidential', sealed: true } as OperationContent)
  const held = ['one', 'two', 'three', 'four']
  assert.deepEqual(due(held).at(-1), 'secret new')
  assert.equal(due(held, { opens: () => false }).includes('secret new'), false)
  assert.equal(due([], { opens: version => version === versionNamed('four') }).at(-1), 'secret new')
  const waiting = waitingVersions(admin.ledger.state(), admin.nowMs).map(({ name }) => name)
  assert.deepEqual(waiting, ['one', 'two', 'three', 'secret'])
})

test('what was unscanned is due when its time has come', () => {
  const { due, note, admin } = org()
  note('one', 'unscanned', { retryAtMs: admin.nowMs + 1, atMs: admin.nowMs })
  assert.deepEqual(due(['one', 'two', 'three'], { scanner: EIGHT }), ['two new', 'three new'])
  const later = { nowMs: admin.nowMs + 1 }
  assert.deepEqual(due(['one'], later), ['one retry', 'two new', 'three new'])
})

test('a device that lost its notes goes by its word in the ledger', () => {
  const { due, scan } = org()
  scan('one', 'clean')
  scan('two', 'unscanned')
  assert.deepEqual(due(['one', 'two', 'three']), ['two new', 'three new'])
})

test('what nobody reads is not scanned, and what waits is told', () => {
  const { due, scan, admin } = org()
  const waiting = () => waitingVersions(admin.ledger.state(), admin.nowMs).map(({ name }) => name)
  assert.deepEqual(waiting(), ['one', 'two', 'three'])
  admin.retire('one')
  scan('two', 'infected')
  assert.deepEqual(waiting(), ['three'])
  assert.deepEqual(due(['one', 'two', 'three'], { scanner: EIGHT }), ['three new'])
  scan('three', 'unscanned')
  assert.deepEqual(waiting(), ['three'])
  scan('three', 'clean')
  assert.deepEqual(waiting(), [])
})
