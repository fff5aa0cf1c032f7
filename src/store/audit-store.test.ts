import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { AppError } from '../base/errors.ts'
import { deviceIdFromBytes } from '../base/ids.ts'
import type { EntryPlace, EntryRow, LogGrowth } from './audit-rows.ts'
import { AuditStore } from './audit-store.ts'

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'peerage-audit-'))
  cleanups.push(() => rmSync(home, { recursive: true, force: true }))
  return home
}

function open(home: string, options: { pagesMax?: number } = {}): AuditStore {
  const store = new AuditStore({ home, ...options })
  let isOpen = true
  cleanups.push(async () => {
    if (isOpen) await store.close()
  })
  const close = store.close.bind(store)
  store.close = async () => {
    isOpen = false
    await close()
  }
  return store
}

const filled = (byte: number, length = 32) => new Uint8Array(length).fill(byte)
const own = { device: deviceIdFromBytes(filled(1)), incarnation: 10 }
const other = { device: deviceIdFromBytes(filled(2)), incarnation: 20 }

function entry(seq: number, changes: Partial<EntryRow> = {}): EntryRow {
  const bytes = filled(seq % 256, 100)
  return {
    seq,
    bytes,
    leaf: null,
    timeMs: 1000 + seq,
    action: 'stored',
    dataset: 'os',
    version: 'aa',
    ...changes
  }
}

function growth(from: number, entries: readonly EntryRow[], changes: Partial<LogGrowth> = {}): LogGrowth {
  const edge = { size: from + entries.length, hashes: [filled(7), filled(8)] }
  return { ...own, from, entries, nodes: [], edge, note: null, ...changes }
}

test('a log goes on where it was, after it is opened again', async () => {
  const home = newHome()
  const store = open(home)
  assert.equal(store.database.log(own), undefined)
  await store.grow(growth(0, [entry(0), entry(1)], { nodes: [{ level: 1, position: 0, hash: filled(9) }] }))
  await store.grow(growth(2, [entry(2)], { note: filled(5) }))
  await store.grow(growth(3, [entry(3)]))
  await store.close()
  const { database } = open(home)
  assert.deepEqual(database.log(own), {
    ...own,
    size: 4,
    hashes: [filled(7), filled(8)],
    note: filled(5),
    ...{ dropped: 0, droppedMs: null, droppedBeforeMs: null }
  })
  assert.deepEqual(database.entries(own, { from: 1, limit: 2 }), [entry(1).bytes, entry(2).bytes])
  assert.deepEqual(database.entries(own, { from: 4, limit: 2 }), [])
  assert.deepEqual(database.node(own, 1, 0), filled(9))
  assert.equal(database.node(own, 1, 1), undefined)
})

test('searches find the newest that match, over all logs', async () => {
  const store = open(newHome())
  await store.grow(growth(0, [entry(0), entry(1, { action: 'read' }), entry(2, { dataset: 'tool' })]))
  await store.grow(growth(0, [entry(0, { timeMs: 1001 }), entry(1, { timeMs: null })], other))
  const find = (search: object) =>
    store.database.search({ limit: 10, ...search }).map(({ device, seq }) => [device === own.device, seq])
  assert.deepEqual(find({ limit: 2 }), [
    [true, 2],
    [true, 1]
  ])
  assert.deepEqual(find({ action: 'read' }), [[true, 1]])
  assert.deepEqual(find({ dataset: 'tool' }), [[true, 2]])
  assert.deepEqual(find({ device: other.device }), [
    [false, 0],
    [false, 1]
  ])
  assert.deepEqual(find({ sinceMs: 1001, dataset: 'os', device: own.device }), [[true, 1]])
  assert.equal(find({ version: 'aa' }).length, 5)
  assert.deepEqual(find({ version: 'bb' }), [])
})

test('what is found comes in parts, each once, also where several logs have one time', async () => {
  const store = open(newHome())
  const at = (times: readonly number[]) => times.map((timeMs, seq) => entry(seq, { timeMs }))
  await store.grow(growth(0, at([1, 5, 5, 5, 9])))
  await store.grow(growth(0, at([5, 5, 5, 7]), other))
  const all = store.database.search({ limit: 100, sinceMs: 5 })
  assert.equal(all.length, 8)
  for (const limit of [1, 2, 3, 8, 9]) {
    const parts: unknown[] = []
    for (let after: EntryPlace | null = null, isMore = true; isMore; ) {
      const { found, next } = store.database.page({ limit, sinceMs: 5 }, after)
      assert.ok(found.length <= limit)
      parts.push(...found)
      isMore = next !== null
      after = next
    }
    assert.deepEqual(parts, all, String(limit))
  }
})

test('a witness advances from where it was judged, and only from there', async () => {
  const store = open(newHome())
  const head = (size: number) => ({ ...other, size, root: filled(size), note: filled(size, 9) })
  assert.equal(await store.advanceWitness({ ...head(5), expected: 0 }), true)
  assert.equal(await store.advanceWitness({ ...head(9), expected: 0 }), false)
  assert.equal(store.database.witnessed(other)?.size, 5)
  const both = [
    store.advanceWitness({ ...head(7), expected: 5 }),
    store.advanceWitness({ ...head(8), expected: 5 })
  ]
  assert.deepEqual(await Promise.all(both), [true, false], 'of two at once one is first')
  assert.deepEqual(store.database.witnessed(other), { size: 7, root: filled(7), note: filled(7, 9) })
  assert.equal(store.database.witnessedCount(), 1)
  assert.equal(store.database.witnessedFrom(0, 9)[0]?.size, 7)
  assert.deepEqual(store.database.witnessedFrom(1, 9), [])
})

test('checkpoints, sightings and findings are kept; of sightings the smallest go first', async () => {
  const store = open(newHome())
  await store.grow(growth(0, [entry(0)]))
  await store.putCheckpoint(own, 3, filled(3))
  await store.putCheckpoint(own, 9, filled(9))
  await store.putCheckpoint(own, 9, filled(10))
  assert.deepEqual(store.database.latestCheckpoint(own), filled(10))
  assert.deepEqual(store.database.checkpoints(own, { limit: 9 }), [filled(10), filled(3)])
  for (let size = 1; size <= 300; size++)
    await store.putSighting({ ...other, size, root: filled(1), note: filled(1) })
  await store.putSighting({ ...other, size: 300, root: filled(2), note: filled(2) })
  const sizes = store.database.sightings(other).map(({ size }) => size)
  assert.equal(sizes.length, 256)
  assert.deepEqual(sizes.slice(-2), [300, 300], 'two roots of one size are two sightings')
  assert.equal(store.database.sightingsOfSize(other, 300).length, 2)
  const finding = {
    ...other,
    kind: 'forked',
    position: null,
    witnesses: [own.device],
    detail: 'x',
    timeMs: 1
  }
  await store.putFinding(finding)
  await store.putFinding({ ...finding, timeMs: 2 })
  assert.deepEqual(store.database.findings(), [finding])
})

test('on a full disk nothing is half written, and what was stays', async () => {
  const home = newHome()
  const first = open(home)
  await first.grow(growth(0, [entry(0)]))
  await first.close()
  const store = open(home, { pagesMax: 28 })
  const many = Array.from({ length: 2000 }, (_, index) => entry(1 + index))
  await assert.rejects(store.grow(growth(1, many)), thrown => {
    assert(thrown instanceof AppError)
    assert.equal(thrown.code, 'DISK_FULL')
    assert.match(thrown.message, /can not write .*audit\.db.*free space/)
    return true
  })
  assert.equal(store.database.log(own)?.size, 1)
  assert.equal(store.database.entries(own, { from: 0, limit: 10 }).length, 1)
  await store.grow(growth(1, [entry(1)]))
  assert.equal(store.database.log(own)?.size, 2, 'and it goes on when there is room')
})

test('a log is ended where it is signed, another begins, and both go on being found', async () => {
  const store = open(newHome())
  await store.grow(
    growth(0, [entry(0), entry(1), entry(2)], { nodes: [{ level: 1, position: 0, hash: filled(9) }] })
  )
  const next = { ...own, incarnation: 11 }
  const ended = { ...own, edge: { size: 1, hashes: [filled(3)] } }
  await store.renew({ ended, begun: growth(0, [entry(0), entry(1)], next) })
  assert.deepEqual(
    store.database.logsOf(own.device).map(({ incarnation, size }) => [incarnation, size]),
    [
      [10, 1],
      [11, 2]
    ]
  )
  assert.equal(store.database.entries(own, { from: 0, limit: 9 }).length, 1)
  await store.putSighting({ ...other, size: 4, root: filled(1), note: filled(1) })
  assert.deepEqual(store.database.knownLogs(), [own, next, other])
  assert.deepEqual(store.database.knownIncarnations(own.device), [10, 11])
})

test('of one device only the newest log that was cosigned advances', async () => {
  const store = open(newHome())
  const head = (incarnation: number, size: number) => ({
    ...{ device: other.device, incarnation, expected: 0, size, root: filled(size), note: filled(size) }
  })
  assert.equal(await store.advanceWitness(head(21, 5)), true)
  assert.equal(await store.advanceWitness(head(20, 5)), false)
  assert.equal(await store.advanceWitness(head(22, 2)), true)
  assert.deepEqual(store.database.witnessedIncarnations(other.device), [21, 22])
})

test('retention leaves hashes where entries were, and says how many and when', async () => {
  const store = open(newHome())
  await store.grow(
    growth(0, [entry(0), entry(1, { action: 'renewed' }), entry(2), entry(3, { timeMs: 9999 })])
  )
  const old = store.database.expiring(own, { beforeMs: 5000, signedSize: 3, limit: 9 })
  assert.deepEqual(
    old.map(({ seq }) => seq),
    [0, 2]
  )
  assert.deepEqual(store.database.expiring(own, { beforeMs: 5000, signedSize: 2, limit: 9 }).length, 1)
  const leaves = old.map(({ seq }) => ({ seq, leaf: filled(60 + seq) }))
  await store.expire({ ...own, beforeMs: 5000, leaves, timeMs: 7000 })
  await store.expire({ ...own, beforeMs: 5000, leaves, timeMs: 7000 })
  const log = store.database.log(own)
  assert.deepEqual([log?.dropped, log?.droppedMs, log?.droppedBeforeMs], [2, 7000, 5000])
  assert.deepEqual(
    store.database
      .items(own, { from: 0, limit: 9 })
      .map(({ leaf, bytes }) => [leaf?.[0] ?? null, bytes === null]),
    [
      [60, true],
      [null, false],
      [62, true],
      [null, false]
    ]
  )
  assert.equal(store.database.search({ limit: 9 }).length, 2, 'nothing of them is found')
})

test('a copy of the file is told from the file', async () => {
  const home = newHome()
  const store = open(home)
  assert.equal(store.isCopied, false)
  await store.grow(growth(0, [entry(0)]))
  await store.close()
  const same = open(home)
  assert.equal(same.isCopied, false)
  await same.close()
  const restored = newHome()
  cpSync(home, restored, { recursive: true })
  const copy = open(restored)
  assert.equal(copy.isCopied, true)
  await copy.adoptFile()
  await copy.close()
  assert.equal(open(restored).isCopied, false)
})

test('a file that is no database is refused by name', () => {
  const home = newHome()
  assert.throws(() => new AuditStore({ home: join(home, 'missing') }), { code: 'HOME_CORRUPT' })
})
