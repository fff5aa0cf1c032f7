import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { orgIdFromBytes, versionIdFromBytes } from '../../base/ids.ts'
import { AuditStore } from '../../store/audit-store.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { AuditLog } from './audit-log.ts'
import { whoRead } from './who-read.ts'

const org = orgIdFromBytes(new Uint8Array(32).fill(1))
const version = versionIdFromBytes(new Uint8Array(32).fill(2))

test('calls that are about a dataset, however many, leave in sight who holds it', async t => {
  const home = mkdtempSync(join(tmpdir(), 'peerage-who-'))
  const store = new AuditStore({ home })
  const key = DeviceKey.generate()
  const audit = new AuditLog({ store, org, key, log: SILENT_LOG })
  t.after(async () => {
    await audit.close()
    await store.close()
    rmSync(home, { recursive: true })
  })
  await audit.record({ action: 'stored', bytes: 1, kind: 'source', version, dataset: 'os' })
  const call = { action: 'called', by: 'token ci', outcome: 'done', kind: 'dataset', count: 1 } as const
  for (let count = 0; count < 5; count++)
    await audit.record({ ...call, route: `route${count}`, object: `os@${count}` })
  const { holders } = whoRead('os', {
    ...{ org, database: store.database, missing: [], expiredBefore: () => 0, entriesMax: 3 },
    nameOf: device => ({ device, name: null, site: null })
  })
  assert.deepEqual(
    holders.map(({ device, version: held }) => [device.device, held]),
    [[key.id, version]]
  )
})
