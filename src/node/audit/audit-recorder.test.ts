import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { decodeEntry } from '../../audit/entry.ts'
import { decodeReceipt } from '../../audit/receipt.ts'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, orgIdFromBytes, versionIdFromBytes } from '../../base/ids.ts'
import { AuditStore } from '../../store/audit-store.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import { SILENT_LOG } from '../log.ts'
import { AuditLog } from './audit-log.ts'
import { AuditRecorder, type StreamTotals } from './audit-recorder.ts'

const org = orgIdFromBytes(new Uint8Array(32).fill(1))
const version = versionIdFromBytes(new Uint8Array(32).fill(2))
const peer = DeviceKey.generate().id
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function open({ pagesMax }: { pagesMax?: number } = {}) {
  const home = mkdtempSync(join(tmpdir(), 'peerage-audit-'))
  const store = new AuditStore({ home, ...(pagesMax && { pagesMax }) })
  const key = DeviceKey.generate()
  const audit = new AuditLog({ store, org, key, log: SILENT_LOG })
  const given: { server: DeviceId; bytes: number }[] = []
  const world = { streams: [] as StreamTotals[], isReachable: true, copies: 0 }
  const recorder = new AuditRecorder({
    ...{ audit, key, log: SILENT_LOG, datasetOf: () => 'os', streams: () => world.streams },
    grantedFor: () => 'study 17',
    isHeld: () => world.copies > 0,
    purposeOf: () => 'CHG-1',
    giveReceipt: async (server, receipt) => {
      if (!world.isReachable) throw new AppError('PEER_UNREACHABLE', 'gone')
      const decoded = decodeReceipt(receipt, { verify, sha256 })
      assert.ok(decoded.ok)
      given.push({ server, bytes: decoded.value.bytes })
      return true
    }
  })
  cleanups.push(async () => {
    recorder.close()
    await audit.close()
    await store.close()
    rmSync(home, { recursive: true, force: true })
  })
  const events = async () => {
    await audit.close()
    return store.database.entries(audit.id, { from: 0, limit: 1000 }).map(bytes => {
      const entry = decodeEntry(bytes)
      assert.ok(entry.ok)
      const { event } = entry.value
      return 'bytes' in event ? [event.action, event.bytes] : [event.action]
    })
  }
  return { recorder, audit, store, given, world, events }
}

const totals = (sentBytes: number, receivedBytes: number): StreamTotals => ({
  ...{ device: peer, version, sentBytes, receivedBytes }
})

test('serving is durable when it is allowed, and once for a stream', async () => {
  const { recorder, store, audit, events } = open()
  recorder.streamOpened(peer, version)
  await recorder.serving(peer, version)
  assert.equal(store.database.entries(audit.id, { from: 0, limit: 9 }).length, 1)
  await recorder.serving(peer, version)
  recorder.streamEnded(totals(500, 0))
  recorder.streamOpened(peer, version)
  await recorder.serving(peer, version)
  assert.deepEqual(await events(), [['serving'], ['served', 500], ['serving']])
})

test('a log that can not be written serves nobody', async () => {
  const { recorder, audit } = open({ pagesMax: 1 })
  recorder.streamOpened(peer, version)
  await audit
    .record({ action: 'stored', version, dataset: 'os', bytes: 1, kind: 'source' })
    .catch(() => undefined)
  const many = Array.from({ length: 400 }, () => recorder.serving(peer, version))
  const outcomes = await Promise.allSettled(many)
  assert.ok(outcomes.some(({ status }) => status === 'rejected'))
})

test('what goes over a stream that lasts is noted now and then, each byte once', async () => {
  const { recorder, world, given, events } = open()
  recorder.streamOpened(peer, version)
  await recorder.serving(peer, version)
  world.streams = [totals(100, 40)]
  recorder.account()
  recorder.account()
  world.streams = [totals(100, 60)]
  recorder.read({ version, bytes: 60, purpose: 'CHG-1' })
  recorder.streamEnded(totals(300, 60))
  assert.deepEqual(await events(), [
    ['serving'],
    ['served', 100],
    ['received', 40],
    ['received', 20],
    ['stored', 60],
    ['read', 60],
    ['served', 300]
  ])
  assert.deepEqual(given, [
    { server: peer, bytes: 40 },
    { server: peer, bytes: 20 }
  ])
})

test('a receipt that can not be given now is offered again', async () => {
  const { recorder, world, given } = open()
  world.isReachable = false
  recorder.streamOpened(peer, version)
  recorder.streamEnded(totals(0, 70))
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(given, [])
  world.isReachable = true
  recorder.account()
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(given, [{ server: peer, bytes: 70 }])
})

test('a version is deleted with the last copy of it that is here', async () => {
  const { recorder, world, events } = open()
  for (const purpose of ['malware scan', null]) recorder.read({ version, bytes: 7, purpose })
  world.copies = 1
  recorder.deleted(version, 'scanned')
  world.copies = 0
  recorder.deleted(version, 'discarded')
  const stored = [
    ['stored', 7],
    ['read', 7]
  ]
  assert.deepEqual(await events(), [...stored, ...stored, ['deleted']])
})
