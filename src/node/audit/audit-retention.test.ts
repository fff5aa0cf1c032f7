/** What retention takes, what it leaves, and that everything which was signed still holds. */

import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { decodeEntry } from '../../audit/entry.ts'
import { equalBytes, toHex } from '../../base/bytes.ts'
import { DAY_MS } from '../../base/units.ts'
import { SILENT_LOG } from '../log.ts'
import { MemoryNetwork } from '../transport/memory-transport.ts'
import {
  check,
  copyOf,
  fill,
  findings,
  link,
  linkedPair,
  newHome,
  type Party,
  party,
  START_MS,
  version
} from './audit-party.conformance.ts'
import { AuditRetention } from './audit-retention.ts'

const AFTER_MS = START_MS + 401 * DAY_MS

async function expire({ audit }: Party, nowMs = AFTER_MS): Promise<number> {
  const retention = new AuditRetention({
    ...{ audit, log: SILENT_LOG, retentionMs: 400 * DAY_MS },
    nowMs: () => nowMs
  })
  const dropped = await retention.run()
  await retention.close()
  return dropped
}

test('entries go, their hashes stay: every root and proof that there was is as before', async () => {
  const [log, peer] = await linkedPair()
  for (let round = 0; round < 4; round++) {
    await fill(log, 5)
    await log.exchange.witness.round()
  }
  await fill(log, 3, 'unsigned')
  const roots = Array.from({ length: 20 }, (_, size) => log.audit.rootAt(size + 1))
  const prove = (size: number): string[] => log.audit.prove(size, 20).map(toHex)
  const proofs = roots.map((_, index) => prove(index + 1))
  assert.equal(await expire(log, START_MS + 400 * DAY_MS), 0, 'not before it is time')
  assert.equal(await expire(log), 20, 'what nobody signed for is kept')
  assert.equal(await expire(log), 0)
  const { database } = log.store
  const kept = database.search({ device: log.key.id, limit: 100 }).map(({ bytes }) => {
    const entry = decodeEntry(bytes)
    assert.ok(entry.ok)
    return entry.value.event
  })
  assert.equal(kept.filter(event => 'dataset' in event && event.dataset === 'unsigned').length, 3)
  assert.deepEqual(
    kept.filter(({ action }) => action === 'expired'),
    [{ action: 'expired', before: AFTER_MS - 400 * DAY_MS, entries: 20 }]
  )
  assert.equal(kept.length, 4, 'and nothing else can be found')
  for (const [index, root] of roots.entries()) {
    assert.ok(equalBytes(log.audit.rootAt(index + 1), root), `root of ${index + 1}`)
    assert.deepEqual(prove(index + 1), proofs[index])
  }
  await fill(log, 5)
  assert.equal((await log.exchange.witness.round())?.size, 29)
  assert.deepEqual([findings(log), findings(peer)], [[], []])
})

test('who collects a log that has dropped entries can check all of it, and is told', async () => {
  const network = new MemoryNetwork()
  const [log, auditor, late] = [await party(network), await party(network), await party(network)]
  await link(auditor, log)
  await link(late, log)
  await fill(log, 12)
  await auditor.exchange.collect(log.key.id)
  assert.equal(await expire(log), 12)
  await fill(log, 3)
  for (const each of [auditor, late]) await each.exchange.collect(log.key.id)
  assert.deepEqual([findings(auditor), findings(late)], [[], []])
  const [whole] = (await check(auditor, copyOf(auditor, log))).logs
  assert.deepEqual([whole?.entries, whole?.droppedEntries], [16, 0], 'its own copy is kept')
  const checked = await check(late, copyOf(late, log))
  assert.deepEqual(checked.findings, [])
  const [status] = checked.logs
  assert.deepEqual([status?.entries, status?.signedEntries, status?.droppedEntries], [16, 16, 12])
  assert.equal(status?.droppedBeforeMs, AFTER_MS - 400 * DAY_MS)
  assert.equal(await expire(auditor), 15, 'an auditor drops what it collected by its own setting')
  const [copy] = (await check(auditor, copyOf(auditor, log))).logs
  assert.deepEqual([copy?.entries, copy?.droppedEntries], [16, 15])
})

test('a hash in the place of an entry vouches for nothing but itself', async () => {
  const network = new MemoryNetwork()
  const log = await party(network)
  await fill(log, 9)
  await log.audit.checkpoint()
  await expire(log)
  const items = log.store.database.items(log.audit.id, { from: 0, limit: 100 })
  const swapped = items.map((item, at) => (at === 4 ? { ...item, leaf: items[5]?.leaf ?? null } : item))
  const found = (await check(log, copyOf(log, log, { pages: Readable.from([swapped]) }))).findings
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ['edited']
  )
  const absent = items.map((item, at) => (at === 4 ? { ...item, leaf: null } : item))
  const without = (await check(log, copyOf(log, log, { pages: Readable.from([absent]) }))).findings
  assert.equal(without[0]?.kind, 'edited')
})

test('a read that retention took on one side only is not held against the other', async () => {
  const network = new MemoryNetwork()
  const [server, reader] = [await party(network), await party(network)]
  const of = { version, dataset: 'os' } as const
  await server.audit.record({ action: 'serving', peer: reader.key.id, granted: null, ...of })
  await reader.audit.record({ action: 'received', peer: server.key.id, begunMs: START_MS, bytes: 5, ...of })
  for (const each of [server, reader]) await each.audit.checkpoint()
  await expire(server)
  const checked = await check(server, copyOf(server, server))
  await checked.add(copyOf(reader, reader))
  assert.deepEqual(checked.readCounts(), {
    readsComplete: 0,
    readsIncomplete: 0,
    readsExpired: 1,
    readsUnavailable: 0
  })
})

test('a log whose entries were dropped is opened again, and goes on', async () => {
  const network = new MemoryNetwork()
  const home = newHome()
  const before = await party(network, { home })
  await fill(before, 6)
  const signed = await before.audit.checkpoint()
  await expire(before)
  await before.stop()
  const after = await party(network, { home, key: before.key })
  after.audit.confirm()
  await fill(after, 2)
  assert.equal((await after.audit.checkpoint())?.size, 9)
  assert.ok(signed !== undefined && equalBytes(after.audit.rootAt(6), signed.root))
  assert.deepEqual((await check(after, copyOf(after, after))).findings, [])
})
