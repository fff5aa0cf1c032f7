import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRootRecord, decodeRoot, foundingTerms, rootBytes } from '../../ledger/chain/root.ts'
import { feedKey } from '../../ledger/fold/feed.ts'
import { foundOrg, keyNamed, TestDevice } from '../../ledger/fold/org-fixture.conformance.ts'
import type { ClockVerdict } from '../../ledger/freshness/freshness.ts'
import { Orphans } from '../../ledger/sync/orphans.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { LedgerKeeper, saveRoots, verify } from './ledger-keeper.ts'

test('a ledger whose feeds build on each other is read back whole, however little may wait', () => {
  const root = foundOrg([keyNamed('admin')])
  const admin = new TestDevice(keyNamed('admin'), root)
  const devices = ['b', 'c', 'd'].map(name => {
    const key = keyNamed(name)
    admin.enrol(key)
    return new TestDevice(key, root)
  })
  // Each publishes under the names of the others, so that every feed waits for every other again and again.
  for (let turn = 0; turn < 12; turn++)
    for (const device of [...devices, admin]) {
      for (const other of [...devices, admin]) if (other !== device) device.learn(other)
      device.publish(`name-${turn % 2}`, `${turn} ${device.id}`)
    }
  for (const device of devices) admin.learn(device)
  const records = new MemoryRecords()
  saveRoots(records, [root])
  for (const operation of admin.ledger.operations()) {
    const { id, seq, record } = operation
    records.append([{ feed: feedKey(operation), seq, id, bytes: record }])
  }
  for (const countMax of [1, 5, 10_000]) {
    const orphans = new Orphans({ countMax, bytesMax: 1e9 })
    const keeper = new LedgerKeeper({ records, key: DeviceKey.generate(), log: SILENT_LOG, orphans })
    assert.equal(keeper.ledger.size, admin.ledger.size, `${countMax} may wait`)
    assert.deepEqual([...keeper.ledger.hello().digest], [...admin.ledger.hello().digest])
  }
})

test('under a clock that is known to be wrong nothing is signed that gives, and what takes is', () => {
  const key = DeviceKey.generate()
  const record = createRootRecord(foundingTerms({ orgName: 'Acme', admin: key.id, timeMs: Date.now() }), {
    signers: [{ key: key.id, sign: message => key.sign(message) }],
    sha256
  })
  const root = decodeRoot(record, { verify, sha256 })
  assert.ok(root.ok)
  const records = new MemoryRecords()
  saveRoots(records, [root.value])
  let clock: ClockVerdict = { kind: 'behind', offsetMs: 3_600_000 }
  const keeper = new LedgerKeeper({ records, key, log: SILENT_LOG, clock: () => clock })
  const note = { type: 'note', about: null, text: 'now' } as const
  assert.throws(() => keeper.append(note), {
    code: 'CLOCK_SKEWED',
    message:
      /^nothing was signed: the clock of this device is about 1 h 0 min behind by the org's beacons, at most 10 min 0 s is allowed for note; set the clock$/
  })
  assert.equal(keeper.ledger.size, 0)
  keeper.append({ type: 'device.suspend', device: keyNamed('stranger').id, cutoffs: [], reason: null })
  const next = { ...root.value, version: 2, prev: root.value.hash, orgName: 'Acme Ltd' }
  const bytes = rootBytes(next)
  keeper.append({ type: 'root.propose', hash: sha256(bytes), bytes })
  assert.equal(keeper.ledger.size, 2)
  clock = { kind: 'ok' }
  keeper.append(note)
  assert.equal(keeper.ledger.size, 3)
})
