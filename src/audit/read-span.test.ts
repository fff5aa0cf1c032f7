import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sha256, verify } from '../ledger/fold/org-fixture.conformance.ts'
import type { LoggedEntry } from './evidence.ts'
import { tracesWithin } from './read-span.ts'
import { reader, receiptOf, SAMPLE_EVENTS, server } from './samples.conformance.ts'

const of = { version: versionOf(), dataset: 'os/image' }

function versionOf() {
  const [serving] = SAMPLE_EVENTS
  assert.ok(serving?.action === 'serving')
  return serving.version
}

const entry = (seq: number, timeMs: number, event: LoggedEntry['event']): LoggedEntry => ({
  ...{ device: event.action === 'received' ? reader.id : server.id, incarnation: 1, seq, timeMs, event }
})
const serving = (seq: number, timeMs: number) =>
  entry(seq, timeMs, { action: 'serving', peer: reader.id, granted: null, ...of })
const served = (seq: number, timeMs: number, since: number) =>
  entry(seq, timeMs, { action: 'served', peer: reader.id, since, bytes: 5, done: true, ...of })
const received = (timeMs: number, begunMs: number) =>
  entry(9, timeMs, { action: 'received', peer: server.id, begunMs, bytes: 5, ...of })

/** Times of those that are left. */
function within(entries: readonly LoggedEntry[], fromMs: number | null, toMs: number | null): number[] {
  return tracesWithin(entries, { fromMs, toMs }, { verify, sha256 }).map(({ timeMs }) => timeMs)
}

test('a read that goes over the whole span, or into it at either end, is in it; one beside it is not', () => {
  const all = [serving(0, 10), served(1, 90, 0), serving(2, 200), served(3, 210, 2), received(95, 12)]
  assert.deepEqual(
    within(all, 40, 50),
    [10, 90, 95],
    'nothing was noted within, and it went on all the while'
  )
  assert.deepEqual(within(all, 90, 199), [10, 90, 95])
  assert.deepEqual(within(all, 96, 199), [])
  assert.deepEqual(within(all, 205, null), [200, 210])
  assert.deepEqual(within(all, null, 9), [])
  assert.deepEqual(within(all, null, null), [10, 90, 200, 210, 95])
})

test('of a read whose beginning retention has dropped, the beginning is not known, and it is in', () => {
  assert.deepEqual(within([served(7, 90, 3)], 20, 30), [90])
  assert.deepEqual(within([served(7, 90, 3)], 91, 100), [])
})

test('a receipt is of the time that it says; what says nothing of reading is left out', () => {
  const receipt = receiptOf({ begunMs: 100, timeMs: 105 })
  const at = (bytes: Uint8Array) =>
    entry(4, 120, { action: 'receipted', peer: reader.id, receipt: bytes, purpose: null, ...of })
  assert.deepEqual(within([at(receipt)], 101, 102), [120])
  assert.deepEqual(within([at(new Uint8Array(3))], 101, 102), [], 'one that can not be read, by its entry')
  assert.deepEqual(within([at(new Uint8Array(3))], 119, 120), [120])
  const deleted = entry(5, 120, { action: 'deleted', reason: 'discarded', ...of })
  const read = entry(6, 500, { action: 'read', bytes: 1, purpose: 'CHG-1', ...of })
  assert.deepEqual(within([deleted, read], 119, 120), [500], 'what a read was for is told for all of it')
})
