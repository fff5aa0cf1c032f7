/** A log that was lost or restored: begun anew by itself, seen by all, never taken for tampering, nor a way out. */

import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type AuditEvent, decodeEntry } from '../../audit/entry.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { MemoryNetwork } from '../transport/memory-transport.ts'
import { gapOf } from './audit-copy.ts'
import {
  fill,
  findings,
  link,
  newHome,
  type Party,
  party,
  START_MS,
  tampering,
  version
} from './audit-party.conformance.ts'
import { nameless } from './audit-report.ts'

const LATER_MS = START_MS + 60_000

function eventsOf(of: Party, incarnation = of.audit.id.incarnation): AuditEvent[] {
  const log = { device: of.key.id, incarnation }
  return of.store.database.entries(log, { from: 0, limit: 1000 }).map(bytes => {
    const entry = decodeEntry(bytes)
    assert.ok(entry.ok)
    return entry.value.event
  })
}

const renewals = (of: Party) => eventsOf(of).filter(({ action }) => action === 'renewed')

/** What an auditor reports as lost of a device's earlier logs: entries here, and entries gone. */
function gaps(auditor: Party, { key }: Party): (readonly [number, number])[] {
  const { database } = auditor.store
  const incarnations = database.knownIncarnations(key.id)
  return incarnations.flatMap((incarnation, index) => {
    const log = { device: key.id, incarnation }
    const entries = database.log(log)?.size ?? 0
    const checkpoints = auditor.exchange.sightings.known(log)
    const gap = gapOf({ ...log, entries, checkpoints, endedAt: incarnations[index + 1] }, nameless)
    return gap === undefined ? [] : [[entries, gap.lostEntries] as const]
  })
}

/** The very same file with what it had before: as a snapshot of the whole disk brings it back. */
function backup(home: string): () => void {
  const files = readdirSync(home).map(name => [join(home, name), readFileSync(join(home, name))] as const)
  return () => {
    for (const name of readdirSync(home))
      if (!files.some(([path]) => path === join(home, name))) rmSync(join(home, name))
    for (const [path, bytes] of files) writeFileSync(path, bytes)
  }
}

test('a log whose database was lost begins anew, and says so once it hears of the one before', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const [before, auditor] = [await party(network, { key }), await party(network)]
  await link(auditor, before)
  await fill(before, 10)
  await before.exchange.witness.round()
  await before.stop()
  const after = await party(network, { key, nowMs: LATER_MS })
  await link(auditor, after)
  await fill(after, 3)
  assert.equal((await after.exchange.witness.round())?.cosignatures.length, 1, 'it is witnessed as ever')
  await auditor.exchange.collect(key.id)
  await auditor.exchange.collect(key.id)
  assert.deepEqual(renewals(after), [
    { action: 'renewed', reason: 'lost', earlier: START_MS, entries: 10, held: 0 }
  ])
  assert.deepEqual([findings(auditor), findings(after)], [[], []], 'nobody takes it for tampering')
  assert.deepEqual(gaps(auditor, after), [[0, 10]], 'and what is lost is told')
})

test('what an auditor has collected of a lost log is all there, and no gap', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const [before, auditor] = [await party(network, { key }), await party(network)]
  await link(auditor, before)
  await fill(before, 10)
  await auditor.exchange.collect(key.id)
  await before.stop()
  const after = await party(network, { key, nowMs: LATER_MS })
  await link(auditor, after)
  await fill(after, 3)
  await auditor.exchange.collect(key.id)
  assert.deepEqual([findings(auditor), gaps(auditor, after)], [[], []])
  assert.deepEqual(
    auditor.store.database.logsOf(key.id).map(({ incarnation, size }) => [incarnation, size]),
    [
      [START_MS, 10],
      [LATER_MS, 4]
    ]
  )
})

test('a restored snapshot is noticed before anything is signed against what was signed before', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const home = newHome()
  const peer = await party(network)
  let device = await party(network, { key, home })
  await link(peer, device)
  await fill(device, 5)
  await device.exchange.witness.round()
  await fill(device, 2, 'unsigned-then')
  await device.stop()
  const restore = backup(home)
  device = await party(network, { key, home })
  await link(peer, device)
  await fill(device, 5, 'lost')
  assert.equal((await device.exchange.witness.round())?.size, 12)
  await peer.exchange.collect(key.id)
  await device.stop()
  restore()

  const restored = await party(network, { key, home, nowMs: LATER_MS })
  assert.equal(restored.store.isCopied, false, 'the file itself tells nothing')
  await fill(restored, 4, 'since')
  assert.equal((await restored.audit.checkpoint())?.size, 5, 'nothing new is signed before a peer was asked')
  await link(peer, restored)
  const checkpoint = await restored.exchange.witness.round()
  assert.deepEqual([checkpoint?.incarnation, checkpoint?.cosignatures.length], [LATER_MS, 1])
  assert.deepEqual(
    eventsOf(restored).map(event => ('dataset' in event ? event.dataset : event)),
    [
      { action: 'renewed', reason: 'restored', earlier: START_MS, entries: 12, held: 5 },
      ...['unsigned-then', 'unsigned-then', 'since', 'since', 'since', 'since']
    ],
    'what was recorded and never signed moved over'
  )
  assert.equal(eventsOf(restored, START_MS).length, 5)
  await peer.exchange.collect(key.id)
  assert.deepEqual([findings(peer), findings(restored)], [[], []])
  assert.deepEqual(gaps(peer, restored), [], 'the peer has all of the log before')
  const stranger = await party(network)
  await link(stranger, restored)
  await link(stranger, peer)
  await peer.exchange.witness.round()
  await fill(peer, 1)
  await peer.exchange.witness.round()
  await stranger.exchange.collect(key.id)
  assert.deepEqual(findings(stranger), [])
})

test('a copy of the file is noticed at once, with nobody to ask', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const peer = await party(network)
  const before = await party(network, { key })
  await link(peer, before)
  await fill(before, 5)
  await before.exchange.witness.round()
  await before.stop()
  const home = newHome()
  cpSync(before.home, home, { recursive: true })
  const after = await party(network, { key, home, nowMs: LATER_MS })
  await fill(after, 1)
  assert.deepEqual(renewals(after), [
    { action: 'renewed', reason: 'copied', earlier: START_MS, entries: 5, held: 5 }
  ])
  await after.stop()
  const again = await party(network, { key, home, nowMs: LATER_MS + 1 })
  assert.equal(again.audit.id.incarnation, LATER_MS, 'and only once')
  await link(peer, again)
  await peer.exchange.collect(key.id)
  assert.deepEqual([findings(peer), gaps(peer, again)], [[], []])
  assert.equal(peer.store.database.log({ device: key.id, incarnation: START_MS })?.size, 5)
})

test('a log restored from before it was begun anew does not go on as if it had not been', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const home = newHome()
  const peer = await party(network)
  const first = await party(network, { key, home })
  await link(peer, first)
  await fill(first, 5)
  await first.exchange.witness.round()
  await first.stop()
  const restore = backup(home)
  rmSync(join(home, 'audit.db'))
  const second = await party(network, { key, home, nowMs: LATER_MS })
  await link(peer, second)
  await fill(second, 3)
  await second.exchange.witness.round()
  await second.stop()
  rmSync(join(home, 'audit.db'))
  restore()
  const third = await party(network, { key, home, nowMs: LATER_MS - 1 })
  await link(peer, third)
  await fill(third, 1)
  const checkpoint = await third.exchange.witness.round()
  assert.equal(
    checkpoint?.incarnation,
    LATER_MS + 1,
    'later than the one that it has forgotten, whatever its clock'
  )
  assert.equal(checkpoint?.cosignatures.length, 1)
  await peer.exchange.collect(key.id)
  assert.deepEqual(findings(peer), [])
  assert.deepEqual(gaps(peer, third), [[0, 3]], 'the log that was begun in between is lost')
})

test('nobody escapes by beginning anew: what was cosigned stays known, and is told as missing', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const [before, witness, auditor] = [
    await party(network, { key }),
    await party(network),
    await party(network)
  ]
  await link(before, witness)
  await fill(before, 8, 'regretted')
  await before.exchange.witness.round()
  await before.stop()
  const after = tampering(await party(network, { key, nowMs: LATER_MS }))
  await link(after, witness)
  await link(auditor, after)
  await link(auditor, witness)
  await fill(after, 2)
  await after.exchange.witness.round()
  await auditor.exchange.collect(key.id)
  assert.deepEqual(gaps(auditor, after), [], 'it shows only its new log')
  await auditor.exchange.collect(witness.key.id)
  assert.deepEqual(gaps(auditor, after), [[0, 8]])
  const gap = auditor.exchange.sightings.known({ device: key.id, incarnation: START_MS })
  assert.equal(gap[0]?.size, 8)
})

test('an earlier log is not grown again, and a fork of it is a fork as ever', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const [before, witness] = [await party(network, { key }), await party(network)]
  await link(before, witness)
  await fill(before, 6)
  await before.exchange.witness.round()
  await before.stop()
  const after = await party(network, { key, nowMs: LATER_MS })
  await link(after, witness)
  await fill(after, 2)
  await after.exchange.witness.round()
  await after.stop()
  const back = tampering(await party(network, { key }))
  await link(back, witness)
  await fill(back, 6, 'rewritten')
  assert.deepEqual(
    (await back.exchange.witness.round())?.cosignatures,
    [],
    'of one device the newest log grows'
  )
  await witness.exchange.sightings.take([(await back.audit.checkpoint())?.note ?? new Uint8Array(0)])
  assert.deepEqual(findings(witness), [['forked', key.id]])
})

test('a device that is alone in its org has nobody to ask, and signs', async () => {
  const network = new MemoryNetwork()
  const home = newHome()
  const key = DeviceKey.generate()
  const first = await party(network, { key, home, hasCompany: false })
  await fill(first, 2)
  await first.exchange.witness.round()
  await first.stop()
  const again = await party(network, { key, home, hasCompany: false })
  await fill(again, 2)
  assert.equal((await again.exchange.witness.round())?.size, 4)
})

test('a stream that was being served goes on under the position that its entry has now', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const home = newHome()
  const peer = await party(network)
  const before = await party(network, { key, home })
  await link(peer, before)
  await fill(before, 4)
  await before.stop()
  const restore = backup(home)
  const between = await party(network, { key, home })
  await link(peer, between)
  await fill(between, 4)
  await between.exchange.witness.round()
  await between.stop()
  restore()
  const after = await party(network, { key, home, nowMs: LATER_MS })
  const of = { peer: peer.key.id, version, dataset: 'os' } as const
  const seq = await after.audit.record({ action: 'serving', granted: null, ...of })
  const place = { incarnation: after.audit.id.incarnation, seq }
  await link(peer, after)
  await after.exchange.witness.round()
  const now = after.audit.placeOf(place)
  assert.equal(now.incarnation, LATER_MS)
  assert.equal(eventsOf(after)[now.seq]?.action, 'serving')
})
