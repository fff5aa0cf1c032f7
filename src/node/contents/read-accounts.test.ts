import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { AuditEvent } from '../../audit/entry.ts'
import type { VersionId } from '../../base/ids.ts'
import { READ_WINDOW_MS, ReadAccounts } from './read-accounts.ts'

const VERSION = 'ab'.repeat(32) as VersionId
let events: [bytes: number, purpose: string | null][]
let nowMs: number
let isDiskFull: boolean
let accounts: ReadAccounts

beforeEach(() => {
  events = []
  nowMs = 0
  isDiskFull = false
  const note = (event: AuditEvent): void => {
    assert.ok(event.action === 'read')
    events.push([event.bytes, event.purpose])
  }
  const record = async (event: AuditEvent): Promise<number> => {
    if (isDiskFull) throw new Error('disk full')
    note(event)
    return 0
  }
  accounts = new ReadAccounts({ audit: { record, note }, nowMs: () => nowMs })
})
afterEach(() => accounts.close())

const read = (by: string) => ({ dataset: 'films', version: VERSION, by })

test('many ranges of one reader are one entry, and one more for what went beyond it', async () => {
  for (let range = 0; range < 100; range++) {
    const sent = await accounts.begin(read('token a (0123)'), 10)
    sent(10)
  }
  assert.deepEqual(events, [[10, 'http: token a (0123)']])
  nowMs = READ_WINDOW_MS
  accounts.settle()
  assert.deepEqual(events[1], [990, 'http: token a (0123)'])
  accounts.settle()
  assert.equal(events.length, 2)
})

test('each reader has an entry of its own, and each window', async () => {
  await accounts.begin(read('a'), 1)
  await accounts.begin(read('b'), 2)
  nowMs = READ_WINDOW_MS
  await accounts.begin(read('a'), 3)
  assert.deepEqual(events, [
    [1, 'http: a'],
    [2, 'http: b'],
    [3, 'http: a']
  ])
})

test('bytes that go after the window are accounted for too', async () => {
  const sent = await accounts.begin(read('a'), 5)
  nowMs = READ_WINDOW_MS
  accounts.settle()
  sent(7)
  accounts.close()
  assert.deepEqual(events.at(-1), [7, 'http: a'])
})

test('without an entry nobody reads, and the next one who asks tries again', async () => {
  isDiskFull = true
  await assert.rejects(accounts.begin(read('a'), 1), /disk full/)
  isDiskFull = false
  await accounts.begin(read('a'), 1)
  assert.deepEqual(events, [[1, 'http: a']])
})

test('a name that is too long keeps its end, which is the id', async () => {
  await accounts.begin(read(`token ${'x'.repeat(100)} (0123456789ab)`), 1)
  assert.match(events[0]?.[1] ?? '', /^http: x+ \(0123456789ab\)$/)
})
