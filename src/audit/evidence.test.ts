import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../base/ids.ts'
import { keyNamed, START_MS, versionNamed } from '../ledger/fold/org-fixture.conformance.ts'
import type { AuditEvent } from './entry.ts'
import { heldVersions, type LoggedEntry, pairReads } from './evidence.ts'
import { keys, ORG } from './log-fixture.conformance.ts'
import { reader, receiptOf, server } from './samples.conformance.ts'

const of = { version: versionNamed('one'), dataset: 'os/image' }

/** Entries of several logs in the order of time, a second apart. */
function logged(events: readonly (readonly [DeviceId, AuditEvent])[]): LoggedEntry[] {
  const sizes = new Map<DeviceId, number>()
  return events.map(([device, event], index) => {
    const seq = sizes.get(device) ?? 0
    sizes.set(device, seq + 1)
    return { device, incarnation: START_MS, seq, timeMs: START_MS + 1000 * index, event }
  })
}

const serving: AuditEvent = { action: 'serving', granted: 'study 17', peer: reader.id, ...of }
const served = (bytes: number, since = 0, done = true): AuditEvent => ({
  action: 'served',
  peer: reader.id,
  since,
  bytes,
  done,
  ...of
})
const received = (bytes: number): AuditEvent => ({
  action: 'received',
  peer: server.id,
  begunMs: START_MS,
  bytes,
  ...of
})
const receipted = (receipt = receiptOf()): AuditEvent => ({
  action: 'receipted',
  purpose: 'CHG-1234',
  peer: reader.id,
  receipt,
  ...of
})

const both = new Set([server.id, reader.id])
const pair = (events: Parameters<typeof logged>[0], collected: ReadonlySet<DeviceId> = both) =>
  pairReads(logged(events), { org: ORG, expiredBefore: () => 0, collected, ...keys })

test('what a read was for is told by its receipt where the log of the reader is not here', () => {
  const [read] = pair(
    [
      [server.id, serving],
      [server.id, receipted()]
    ],
    new Set([server.id])
  )
  assert.equal(read?.readerEntry, 'unavailable')
  assert.equal(read?.purpose, 'CHG-1234')
})

test('a trace that retention may have dropped is not missing', () => {
  const events = logged([
    [server.id, serving],
    [server.id, served(4096)]
  ])
  const traces = (beforeMs: number) =>
    pairReads(events, { org: ORG, expiredBefore: () => beforeMs, collected: both, ...keys }).map(
      ({ serverEntry, readerEntry, receipt }) => [serverEntry, readerEntry, receipt]
    )
  assert.deepEqual(traces(START_MS), [['present', 'missing', 'missing']])
  assert.deepEqual(traces(START_MS + 1), [['present', 'expired', 'expired']])
})

test('positions of two logs of one server are told apart', () => {
  const events = logged([
    [server.id, serving],
    [server.id, served(100)]
  ])
  const later = events.map(entry => ({ ...entry, incarnation: START_MS + 1 }))
  const [read] = pairReads([...events, ...later], {
    ...{ org: ORG, expiredBefore: () => 0, collected: both, ...keys }
  })
  assert.equal(read?.servedBytes, 200)
})

test('a read with all its traces: what each side says, side by side', () => {
  const purpose: AuditEvent = { action: 'read', bytes: 4096, purpose: 'CHG-1', ...of }
  const [read, ...more] = pair([
    [server.id, serving],
    [server.id, served(1000, 0, false)],
    [server.id, served(5000)],
    [reader.id, received(4096)],
    [server.id, receipted()],
    [reader.id, purpose]
  ])
  assert.deepEqual(more, [])
  assert.deepEqual(read, {
    server: server.id,
    reader: reader.id,
    ...of,
    firstMs: START_MS,
    lastMs: START_MS + 4000,
    servedBytes: 5000,
    receivedBytes: 4096,
    receiptBytes: 4096,
    purpose: 'CHG-1',
    granted: 'study 17',
    serverEntry: 'present',
    readerEntry: 'present',
    receipt: 'present'
  })
})

test('several streams of one read add up, each counted from its own beginning', () => {
  const [read] = pair([
    [server.id, serving],
    [server.id, served(100, 0, false)],
    [server.id, serving],
    [server.id, served(300, 0)],
    [server.id, served(70, 2)]
  ])
  assert.equal(read?.servedBytes, 370)
})

test('a missing half is shown as such, and a log that is not here is not held against anyone', () => {
  const traces = (events: Parameters<typeof logged>[0], collected?: ReadonlySet<DeviceId>) =>
    pair(events, collected).map(({ serverEntry, readerEntry, receipt }) => [
      serverEntry,
      readerEntry,
      receipt
    ])
  assert.deepEqual(traces([[server.id, serving]]), [['present', 'missing', 'missing']])
  assert.deepEqual(traces([[server.id, serving]], new Set([server.id])), [
    ['present', 'unavailable', 'missing']
  ])
  assert.deepEqual(traces([[reader.id, received(1)]]), [['missing', 'present', 'missing']])
  assert.deepEqual(traces([[reader.id, received(1)]], new Set([reader.id])), [
    ['unavailable', 'present', 'unavailable']
  ])
  assert.deepEqual(
    traces([[server.id, receipted()]]),
    [['missing', 'missing', 'present']],
    'a receipt does not stand in for the entry that it should be with'
  )
})

test('a receipt of another reader, server, version or org is none', () => {
  const other = keyNamed('other')
  for (const receipt of [
    receiptOf({}, other),
    receiptOf({ reader: other.id }, other),
    receiptOf({ server: other.id }),
    receiptOf({ version: versionNamed('two') }),
    new Uint8Array(3)
  ]) {
    const [read] = pair([
      [server.id, serving],
      [server.id, receipted(receipt)]
    ])
    assert.equal(read?.receipt, 'invalid')
    assert.equal(read?.receiptBytes, null)
  }
})

test('who holds a version is its last word on it', () => {
  const stored: AuditEvent = { action: 'stored', bytes: 1, kind: 'fetched', ...of }
  const deleted: AuditEvent = { action: 'deleted', reason: 'discarded', ...of }
  const ends = (events: Parameters<typeof logged>[0]) =>
    heldVersions(logged(events)).map(({ device, sinceMs, endedMs }) => [
      device,
      (sinceMs - START_MS) / 1000,
      endedMs === null ? null : (endedMs - START_MS) / 1000
    ])
  assert.deepEqual(
    ends([
      [server.id, stored],
      [reader.id, stored],
      [reader.id, deleted]
    ]),
    [
      [server.id, 0, null],
      [reader.id, 1, 2]
    ]
  )
  assert.deepEqual(
    ends([
      [reader.id, stored],
      [reader.id, deleted],
      [reader.id, stored]
    ]),
    [[reader.id, 2, null]]
  )
  assert.deepEqual(ends([[reader.id, deleted]]), [])
})
