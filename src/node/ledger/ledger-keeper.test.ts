import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feedKey } from '../../ledger/fold/feed.ts'
import { foundOrg, keyNamed, TestDevice } from '../../ledger/fold/org-fixture.conformance.ts'
import { Orphans } from '../../ledger/sync/orphans.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { LedgerKeeper, saveRoots } from './ledger-keeper.ts'

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
