import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { commitName } from '../../ledger/fold/invite.ts'
import { foundOrg, keyNamed, TestDevice } from '../../ledger/fold/org-fixture.conformance.ts'
import { createPresence } from '../../ledger/sync/presence.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Identity } from '../home.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import type { Transport, TransportEvents } from '../transport/transport.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'
import { PresenceBoard } from './presence-board.ts'

const SALT = new Uint8Array(16)

test('a device that states where it is again and again does not wear out the disks of all', t => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  const [admin, hostile] = [keyNamed('admin'), keyNamed('hostile')]
  const founder = new TestDevice(admin, foundOrg([admin]))
  const { org } = founder.ledger
  founder.write({
    ...{ type: 'device.enrol', device: hostile.id, kind: 'server', redemption: null },
    nameCommitment: commitName('hostile', SALT, sha256)
  })
  let hear: (record: Uint8Array) => void = () => assert.fail('nobody listens')
  const transport = scripted<Transport>({
    handle: () => undefined,
    on: () => undefined,
    subscribe: (_topic, listener) => {
      hear = record => listener(hostile.id, record)
    }
  })
  const records = new MemoryRecords()
  const board = new PresenceBoard({
    ...{ transport, records, key: DeviceKey.generate(), log: SILENT_LOG },
    keeper: scripted<LedgerKeeper>({ state: () => founder.ledger.state(), on: () => undefined }),
    identity: { org, device: admin.id, name: 'admin' } as Identity
  })
  t.after(() => board.close())
  let taken = 0
  board.onStatement(() => taken++)
  const startMs = Date.now()
  const state = (address: string): void => {
    const timeMs = Date.now()
    const terms = { org, device: hostile.id, name: 'hostile', nameSalt: SALT, site: 'berlin' }
    const presence = createPresence(
      { ...terms, kind: 'server', addresses: [address], timeMs, expiresMs: startMs + 60 * MINUTE_MS },
      { sign: hostile.sign, sha256 }
    )
    hear(presence.record)
  }
  for (let count = 0; count < 200; count++) {
    t.mock.timers.tick(1)
    state(`/ip4/10.0.0.1/tcp/${count + 1}`)
  }
  assert.equal(taken, 65, 'the first, and as many at once as one that restarts may need')
  t.mock.timers.tick(10 * SECOND_MS)
  state('/ip4/10.0.0.2/tcp/1')
  assert.equal(taken, 66)
  assert.deepEqual(board.find(hostile.id)?.addresses, ['/ip4/10.0.0.2/tcp/1'])
})

test('a device was last heard when its last link ended, or when it last said where it is', t => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  const admin = keyNamed('admin')
  const founder = new TestDevice(admin, foundOrg([admin]))
  const other = keyNamed('other')
  founder.enrol(other)
  const events: Partial<TransportEvents>[] = []
  const board = new PresenceBoard({
    transport: scripted<Transport>({
      ...{ handle: () => undefined, subscribe: () => undefined },
      on: listener => void events.push(listener)
    }),
    ...{ records: new MemoryRecords(), key: DeviceKey.generate(), log: SILENT_LOG },
    keeper: scripted<LedgerKeeper>({ state: () => founder.ledger.state(), on: () => undefined }),
    identity: { org: founder.ledger.org, device: admin.id, name: 'admin' } as Identity
  })
  t.after(() => board.close())
  const end = (device: DeviceId) => {
    for (const { onDisconnect } of events) onDisconnect?.(device, 'gone')
  }
  assert.equal(board.lastHeardMs(other.id), null)
  end(other.id)
  t.mock.timers.tick(5 * MINUTE_MS)
  assert.equal(board.lastHeardMs(other.id), 1_000_000)
  end(other.id)
  assert.equal(board.lastHeardMs(other.id), 1_000_000 + 5 * MINUTE_MS)
  end(keyNamed('stranger').id)
  assert.equal(board.lastHeardMs(keyNamed('stranger').id), null)
})
