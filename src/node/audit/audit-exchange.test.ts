import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEntry } from '../../audit/entry.ts'
import { createReceipt } from '../../audit/receipt.ts'
import { versionIdFromBytes } from '../../base/ids.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { MemoryNetwork } from '../transport/memory-transport.ts'
import {
  fill,
  findings,
  link,
  linkedPair,
  org,
  party,
  tampering,
  version
} from './audit-party.conformance.ts'

test('a checkpoint gets the cosignatures of as many peers as are wanted, round after round', async () => {
  const network = new MemoryNetwork()
  const log = await party(network)
  const peers = await Promise.all(Array.from({ length: 5 }, () => party(network)))
  for (const peer of peers) await link(log, peer)
  await fill(log, 5)
  const first = await log.exchange.witness.round()
  assert.equal(first?.size, 5)
  assert.equal(first.cosignatures.length, 3)
  for (let round = 0; round < 4; round++) {
    await fill(log, 7)
    const checkpoint = await log.exchange.witness.round()
    assert.equal(checkpoint?.size, 12 + 7 * round)
    assert.equal(checkpoint.cosignatures.length, 3, 'each witness is asked from where it was')
  }
  const witnesses = peers.filter(({ store }) => store.database.witnessed(log.audit.id) !== undefined)
  assert.equal(witnesses.length, 5, 'all get their turn')
  assert.deepEqual(findings(log), [])
})

test('an asker that has forgotten what was cosigned is told, and asks again from there', async () => {
  const [log, peer] = await linkedPair()
  await fill(log, 4)
  await log.exchange.witness.round()
  await fill(log, 4)
  const checkpoint = await log.audit.checkpoint()
  assert.ok(checkpoint !== undefined)
  const verdict = await peer.exchange.witness.answer(log.key.id, {
    kind: 'cosign',
    old: 0,
    proof: [],
    note: checkpoint.note
  })
  assert.equal(verdict.kind, 'conflict')
  if (verdict.kind === 'conflict') assert.equal(verdict.size, 4)
})

test('a log is collected in pages, page by page verified, and only goes on from there', async () => {
  const [auditor, log] = await linkedPair()
  await fill(log, 2500)
  await auditor.exchange.collect(log.key.id)
  assert.equal(auditor.store.database.log(log.audit.id)?.size, 2500)
  await fill(log, 3, 'tool')
  await auditor.exchange.collect(log.key.id)
  assert.equal(auditor.store.database.log(log.audit.id)?.size, 2503)
  assert.deepEqual(
    auditor.store.database.search({ dataset: 'tool', limit: 9 }).map(({ seq }) => seq),
    [2502, 2501, 2500]
  )
  assert.deepEqual(findings(auditor), [])
})

test('whoever collects is given what is not signed yet as well, signed for it', async () => {
  const [auditor, log] = await linkedPair()
  await fill(log, 5)
  await log.exchange.witness.round()
  await fill(log, 4)
  await auditor.exchange.collect(log.key.id)
  assert.equal(auditor.store.database.log(log.audit.id)?.size, 9)
  assert.equal(log.audit.latest()?.size, 9)
})

test('whoever is no auditor gets no entry, and the asking is in the log', async () => {
  const network = new MemoryNetwork()
  const log = await party(network, { isAuditor: () => false })
  const curious = await party(network)
  await link(curious, log)
  await fill(log, 3)
  await assert.rejects(curious.exchange.collect(log.key.id), {
    code: 'PEER_REFUSED',
    message: /not-an-auditor/
  })
  await log.audit.close()
  const [denied] = log.store.database.search({ action: 'denied', limit: 1 })
  assert.ok(denied)
})

test('a device that rewrites what it gave is found out by whoever collected it', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const [before, auditor] = [await party(network, { key }), await party(network)]
  await link(auditor, before)
  await fill(before, 10)
  await auditor.exchange.collect(key.id)
  await before.transport.stop()
  const after = tampering(await party(network, { key }))
  await link(auditor, after)
  await fill(after, 12, 'rewritten')
  await assert.rejects(auditor.exchange.collect(key.id), { code: 'AUDIT_BROKEN' })
  assert.deepEqual(findings(auditor), [['forked', key.id]])
  assert.match(auditor.store.database.findings()[0]?.detail ?? '', /rewrote its history/)
  assert.equal(auditor.store.database.log(before.audit.id)?.size, 10, 'nothing of it is kept')
})

test('a device that cuts its log back is found out likewise', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const [before, auditor] = [await party(network, { key }), await party(network)]
  await link(auditor, before)
  await fill(before, 10)
  await auditor.exchange.collect(key.id)
  await before.transport.stop()
  const after = tampering(await party(network, { key }))
  await link(auditor, after)
  await fill(after, 4)
  await assert.rejects(auditor.exchange.collect(key.id), { code: 'AUDIT_BROKEN' })
  assert.deepEqual(findings(auditor), [['truncated', key.id]])
})

test('a device that gives entries which it did not sign for is found out', async () => {
  const [auditor, log] = await linkedPair()
  await fill(log, 5)
  await auditor.exchange.collect(log.key.id)
  await fill(log, 5)
  const { database } = log.store
  const items = database.items.bind(database)
  const event = { action: 'stored', version, dataset: null, bytes: 2, kind: 'source' } as const
  database.items = (id, range) =>
    range.limit === 1
      ? items(id, range)
      : items(id, range).map(({ seq }) => ({
          seq,
          leaf: null,
          bytes: encodeEntry({ seq, timeMs: 1, event })
        }))
  await assert.rejects(auditor.exchange.collect(log.key.id), { code: 'AUDIT_BROKEN' })
  assert.deepEqual(findings(auditor), [['edited', log.key.id]])
})

test('a device that shows two histories is found out as soon as its two audiences talk', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const [toAlice, toBob] = [
    tampering(await party(network, { key })),
    tampering(await party(network, { key }))
  ]
  const [alice, bob] = [await party(network), await party(network)]
  await link(toAlice, alice)
  await link(toBob, bob)
  await fill(toAlice, 6, 'for-alice')
  await fill(toBob, 6, 'for-bob')
  assert.equal((await toAlice.exchange.witness.round())?.cosignatures.length, 1)
  assert.equal((await toBob.exchange.witness.round())?.cosignatures.length, 1)
  assert.deepEqual([findings(alice), findings(bob)], [[], []], 'neither can know')
  await link(alice, bob)
  await fill(alice, 1)
  await alice.exchange.witness.round()
  assert.deepEqual(findings(alice), [['forked', key.id]])
  assert.deepEqual(findings(bob), [['forked', key.id]])
})

test('a witness refuses a log that does not grow out of what it cosigned', async () => {
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const [before, witness] = [await party(network, { key }), await party(network)]
  await link(before, witness)
  await fill(before, 6)
  await before.exchange.witness.round()
  await before.transport.stop()
  const after = tampering(await party(network, { key }))
  await link(after, witness)
  await fill(after, 9, 'rewritten')
  const checkpoint = await after.exchange.witness.round()
  assert.deepEqual(checkpoint?.cosignatures, [])
  assert.deepEqual(findings(witness), [['forked', key.id]])
})

test('a receipt is taken from the reader itself, for what it was served, and becomes an entry', async () => {
  const [reader, server] = await linkedPair()
  const give = (changes: object, sign = reader.key) =>
    reader.exchange.giveReceipt(
      server.key.id,
      createReceipt(
        {
          org,
          reader: reader.key.id,
          server: server.key.id,
          version,
          purpose: null,
          bytes: 5,
          begunMs: 1,
          timeMs: 2,
          ...changes
        },
        { sign: message => sign.sign(message), sha256 }
      )
    )
  assert.equal(await give({}), true)
  assert.equal(await give({ server: DeviceKey.generate().id }), false)
  assert.equal(await give({ version: versionIdFromBytes(new Uint8Array(32).fill(3)) }), false)
  const other = DeviceKey.generate()
  assert.equal(await give({ reader: other.id }, other), false, 'of another reader')
  assert.equal(await give({}, other), false, 'signed by another')
  assert.equal(server.audit.size, 1)
})
