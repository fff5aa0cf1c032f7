import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { type AuditEvent, decodeEntry } from '../../audit/entry.ts'
import { CompactRange, hashLeaf, verifyConsistency } from '../../audit/tree.ts'
import { equalBytes } from '../../base/bytes.ts'
import { orgIdFromBytes, versionIdFromBytes } from '../../base/ids.ts'
import { AuditStore } from '../../store/audit-store.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { AuditLog } from './audit-log.ts'

const org = orgIdFromBytes(new Uint8Array(32).fill(1))
const version = versionIdFromBytes(new Uint8Array(32).fill(2))
const peer = DeviceKey.generate().id
const NOTHING = { kind: null, object: null }
const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Opened {
  readonly audit: AuditLog
  readonly store: AuditStore
  readonly home: string
  readonly key: DeviceKey
  readonly clock: { ms: number }
}

function open(options: { home?: string; key?: DeviceKey; pagesMax?: number } = {}): Opened {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'peerage-audit-'))
  const { key = DeviceKey.generate(), pagesMax } = options
  const store = new AuditStore({ home, ...(pagesMax && { pagesMax }) })
  const clock = { ms: 1_800_000_000_000 }
  const opened: Opened = {
    ...{ store, home, key, clock },
    audit: new AuditLog({ store, org, key, log: SILENT_LOG, nowMs: () => clock.ms })
  }
  cleanups.push(async () => {
    await opened.audit.close()
    await store.close()
    rmSync(home, { recursive: true, force: true })
  })
  return opened
}

const stored = (bytes: number): AuditEvent => ({
  action: 'stored',
  version,
  dataset: 'os',
  bytes,
  kind: 'source'
})
const eventsOf = ({ audit, store }: Opened) =>
  store.database.entries(audit.id, { from: 0, limit: 100_000 }).map(bytes => {
    const entry = decodeEntry(bytes)
    assert.ok(entry.ok)
    return entry.value
  })

test('events at once are one batch, in the order in which they came', async () => {
  const opened = open()
  const { audit } = opened
  const seqs = await Promise.all(Array.from({ length: 3000 }, (_, index) => audit.record(stored(index))))
  assert.deepEqual(seqs, [...Array(3000).keys()])
  const entries = eventsOf(opened)
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    seqs
  )
  assert.deepEqual(entries[2999]?.event, stored(2999))
})

test('the tree is the one over the entries, at every size, also after it is opened again', async () => {
  const { audit, store, home, key } = open()
  await Promise.all(Array.from({ length: 37 }, (_, index) => audit.record(stored(index))))
  await audit.close()
  await store.close()
  cleanups.length = 0
  const again = open({ home, key })
  for (let index = 37; index < 50; index++) await again.audit.record(stored(index))
  const range = CompactRange.empty(sha256)
  const roots = [range.root()]
  for (const bytes of again.store.database.entries(again.audit.id, { from: 0, limit: 100 })) {
    range.append(hashLeaf(bytes, sha256))
    roots.push(range.root())
  }
  assert.equal(roots.length, 51)
  for (const [size, root] of roots.entries())
    assert.ok(equalBytes(again.audit.rootAt(size), root), `root of ${size}`)
  for (let oldSize = 1; oldSize < 50; oldSize += 6) {
    const proof = again.audit.prove(oldSize, 50)
    const [oldRoot, root] = [roots[oldSize] as Uint8Array, roots[50] as Uint8Array]
    assert.ok(verifyConsistency({ oldSize, size: 50, oldRoot, root, proof }, sha256), `from ${oldSize}`)
  }
})

test('a checkpoint is signed once for a size, and only over what is durable', async () => {
  const { audit } = open()
  assert.equal(audit.latest(), undefined)
  await audit.record(stored(1))
  const late = audit.record(stored(2))
  const [first, second] = await Promise.all([audit.checkpoint(), audit.checkpoint()])
  assert.equal(first?.size, 1)
  assert.deepEqual(first, second)
  await late
  const next = await audit.checkpoint()
  assert.equal(next?.size, 2)
  assert.deepEqual(audit.latest(), next)
})

test('a flood of refusals is an entry for the first, and one a minute that counts the others', async () => {
  const opened = open()
  const { audit } = opened
  for (let count = 0; count < 500; count++)
    audit.refused({ action: 'denied', peer, reason: 'This device is not enrolled', version: null })
  audit.refused({ action: 'violation', peer, reason: 'bad-block', version })
  await audit.close()
  const refusals = eventsOf(opened).map(({ event }) =>
    'reason' in event && 'count' in event ? [event.action, event.reason, event.count] : []
  )
  assert.deepEqual(refusals, [
    ['denied', 'this-device-is-not-enrolled', 1],
    ['violation', 'bad-block', 1],
    ['denied', 'this-device-is-not-enrolled', 499]
  ])
})

test('uses of an override are counted by what they opened, and a flood of refusals hides none', async () => {
  const opened = open()
  const { audit } = opened
  for (let count = 0; count < 300; count++)
    audit.refused({ action: 'denied', peer, reason: `reason ${count}`, version: null })
  const use = { action: 'overridden' as const, override: 'ab'.repeat(32), peer, version }
  for (let count = 0; count < 5; count++) audit.overridden({ ...use, class: 'restricted' })
  audit.overridden({ ...use, class: 'confidential' })
  await audit.close()
  const uses = eventsOf(opened).flatMap(({ event }) =>
    event.action === 'overridden' ? [[event.class, event.count]] : []
  )
  assert.deepEqual(uses, [
    ['restricted', 1],
    ['confidential', 1],
    ['restricted', 4]
  ])
})

test('who uses the API much hides no refusal', async () => {
  const opened = open()
  const { audit } = opened
  for (let count = 0; count < 300; count++)
    audit.called({ action: 'called', by: 'token ci', route: `route${count}`, outcome: 'done', ...NOTHING })
  audit.refused({ action: 'violation', peer, reason: 'bad-block', version })
  await audit.close()
  const told = eventsOf(opened).flatMap(({ event }) => (event.action === 'violation' ? [event.reason] : []))
  assert.deepEqual(told, ['bad-block'])
})

test('uses of the API are told apart by what they are about, up to a bound, beyond which they are counted', async () => {
  const opened = open()
  const { audit } = opened
  const call = { action: 'called' as const, by: 'token ci', route: 'dataset', outcome: 'done' as const }
  const callAll = () => {
    for (let count = 0; count < 100; count++)
      audit.called({ ...call, kind: 'dataset', object: `set-${count}` })
  }
  callAll()
  audit.called({ ...call, route: 'recall', kind: 'dataset', object: 'set-99' })
  await audit.close()
  const told = () =>
    eventsOf(opened).flatMap(({ event }) => (event.action === 'called' ? [[event.object, event.count]] : []))
  const apart = Array.from({ length: 64 }, (_, at) => [`set-${at}`, 1])
  assert.deepEqual(told(), [...apart, [null, 1], ['set-99', 1], [null, 35]])
})

test('strangers without number share one count', async () => {
  const opened = open()
  for (let index = 0; index < 1000; index++) {
    const stranger = DeviceKey.generate().id
    opened.audit.refused({ action: 'denied', peer: stranger, reason: 'not enrolled', version: null })
  }
  await opened.audit.close()
  const counts = eventsOf(opened).map(({ event }) => ('count' in event ? event.count : 0))
  assert.ok(counts.length < 300)
  assert.equal(
    counts.reduce((sum, count) => sum + count, 0),
    1000
  )
})

test('on a full disk the caller hears of it, and the log goes on without a gap', async () => {
  const opened = open({ pagesMax: 30 })
  const { audit, store } = opened
  await audit.record(stored(0))
  const many = await Promise.allSettled(
    Array.from({ length: 1000 }, (_, index) => audit.record(stored(index)))
  )
  for (const each of many) {
    assert.equal(each.status, 'rejected')
    if (each.status === 'rejected') assert.equal(each.reason.code, 'DISK_FULL')
  }
  assert.equal(store.database.log(audit.id)?.size, 1)
  assert.equal(await audit.record(stored(1)), 1)
  assert.deepEqual(
    eventsOf(opened).map(({ seq }) => seq),
    [0, 1]
  )
})
