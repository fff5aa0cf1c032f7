/** The desk over a store in memory, a ledger of its own, and a clamd on loopback that says what a test has it say. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { HOUR_MS, MIB } from '../../base/units.ts'
import { DEFAULT_CLASS_RULES } from '../../ledger/fold/class-policy.ts'
import { MemoryStore } from '../../store/memory.ts'
import { fetchAll, type Sample, sampleBytes, sampleVersion } from '../../store/samples.conformance.ts'
import type { Holding } from '../../store/store.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { foundedBy } from '../ledger/founded-org.conformance.ts'
import { saveRoots } from '../ledger/kept-records.ts'
import { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import { SILENT_LOG } from '../log.ts'
import type { TransferView } from '../swarm/transfer-desk.ts'
import type { StartOrder } from '../swarm/transfer-orders.ts'
import type { ClamdAddress } from './clamd-address.ts'
import { FAKE_VERSION, FakeClamd, type Incoming } from './fake-clamd.conformance.ts'
import { ScanDesk } from './scan-desk.ts'

const TOO_DEEP = 'stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND\0'
const FOREVER_MS = 20_000

let home: string
let store: MemoryStore
let keeper: LedgerKeeper
let fake: FakeClamd
let clamd: ClamdAddress
let desk: ScanDesk
let transfers: Map<string, TransferView>
/** Whatever is fetched. */
let offered: Sample[]
/** What a stream is answered with. */
let says: (content: Uint8Array, incoming: Incoming) => string | undefined

const key = DeviceKey.generate()

function sampleOf(seed: number): Sample {
  return sampleVersion([{ path: ['data'], bytes: sampleBytes(40_000, seed) }])
}

async function hold(sample: Sample, destination: string): Promise<Holding> {
  const holding = await store.create({ version: sample.version, destination, layers: sample.layers })
  await fetchAll(holding, sample)
  return holding
}

/** Transfers that are complete at once. */
function start(order: StartOrder): string {
  const sample = offered.find(({ version }) => version.id === order.version)
  const base = {
    ...order,
    priority: 'low',
    id: order.version,
    startedAtMs: 1,
    finishedAtMs: null,
    selected: null
  }
  const view = { ...base, state: 'waiting', problem: null, haveBytes: 0 } as unknown as TransferView
  transfers.set(order.version, view)
  if (sample === undefined) {
    const problem = { code: 'STORAGE_FAILED', message: 'the disk is broken', path: null }
    transfers.set(order.version, { ...view, state: 'failed', problem })
  } else
    void hold(sample, order.destination).then(holding =>
      transfers.set(order.version, { ...view, state: 'complete', holding })
    )
  return order.version
}

function open(): void {
  desk = new ScanDesk({
    ...{ home, store, keeper, self: key.id, mayFetch: () => true, log: SILENT_LOG },
    ...{ opens: () => false, fileKeyOf: () => undefined },
    reset: () => undefined,
    onForgotten: () => undefined,
    transfers: {
      start,
      stop: id => {
        const view = transfers.get(id)
        transfers.delete(id)
        return view
      },
      view: id => transfers.get(id),
      views: () => [...transfers.values()],
      placed: () => Promise.resolve()
    }
  })
  desk.start()
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'peerage-scan-desk-'))
  store = new MemoryStore()
  transfers = new Map()
  offered = []
  saveRoots(store.records, [foundedBy([key])])
  keeper = new LedgerKeeper({ records: store.records, key, log: SILENT_LOG })
  keeper.append({ ...DEFAULT_CLASS_RULES.internal, type: 'class.policy', class: 'internal', scan: true })
  fake = new FakeClamd()
  says = () => undefined
  fake.script.onStream = (content, incoming) => {
    const isProbe = content[0] === 0x1f && content[1] === 0x8b
    incoming.socket.end((isProbe ? TOO_DEEP : says(content, incoming)) ?? 'stream: OK\0')
  }
  clamd = await fake.listen(undefined)
  open()
})

afterEach(async () => {
  await desk.close()
  fake.close()
  await store.close()
  rmSync(home, { recursive: true })
})

const setUp = () => desk.setUp({ clamd, bytesPerSecond: 100 * MIB })

function publish(name: string, { version }: Sample) {
  keeper.append({
    ...{ type: 'dataset.publish', name, version: version.id, class: 'internal', files: version.files.length },
    ...{ pieceBytes: version.pieceBytes, bytes: version.totalBytes, sealed: false }
  })
  const published = keeper.state().datasets.get(name)?.versions.at(-1) ?? assert.fail('a publication')
  desk.look()
  return { name, published }
}

/** What this device said of a version, and how often it said anything. */
function said({ version }: Sample): string | undefined {
  const word = keeper.state().content.get(version.id)?.scans.at(-1)
  return word && `${word.verdict} by ${word.database}: ${word.found}`
}

const timesSaid = (): number =>
  [...keeper.ledger.operations()].filter(({ type }) => type === 'content.scan').length

async function until(what: string, holds: () => boolean): Promise<void> {
  const endMs = performance.now() + FOREVER_MS
  while (!holds()) {
    assert.ok(performance.now() < endMs, what)
    await delay(10)
  }
}

const noted = ({ version }: Sample) => desk.notes.of(version.id)
const now = { signal: new AbortController().signal, onProgress: () => undefined }

test('what is held is scanned where it is, and what is not is fetched, scanned and removed', async () => {
  const [here, elsewhere] = [sampleOf(1), sampleOf(2)]
  await hold(here, '/here')
  offered = [elsewhere]
  publish('here', here)
  publish('elsewhere', elsewhere)
  await setUp()
  await until('both are clean', () =>
    [here, elsewhere].every(each => said(each) === 'clean by daily 7: null')
  )
  await until('the scratch is gone', () => !existsSync(join(home, 'scan', elsewhere.version.id)))
  await until('it is idle', () => desk.running().length === 0)
  assert.deepEqual(
    store.holdings().map(({ root }) => root),
    ['/here']
  )
  assert.deepEqual(desk.due(), [])
})

test('a change of the signatures has what is held scanned again, and the ledger told only what is new', async () => {
  const sample = sampleOf(1)
  await hold(sample, '/here')
  publish('set', sample)
  await setUp()
  await until('it is clean', () => noted(sample)?.database === 'daily 7')
  fake.script.versions = [FAKE_VERSION.replace('/7/', '/8/')]
  await setUp()
  await until('it is looked at again', () => noted(sample)?.database === 'daily 8')
  assert.deepEqual([said(sample), timesSaid()], ['clean by daily 7: null', 1])
  says = () => 'stream: Evil FOUND\0'
  fake.script.versions = [FAKE_VERSION.replace('/7/', '/9/')]
  await setUp()
  await until('it is found', () => said(sample) === 'infected by daily 9: Evil in 1 file')
  assert.equal(keeper.state().content.get(sample.version.id)?.quarantines.length, 1)
  await until('it is noted', () => noted(sample)?.verdict === 'infected')
  assert.deepEqual(noted(sample)?.findings, [{ path: 'data', signature: 'Evil' }])
  assert.deepEqual(
    desk.problems().map(({ code, path }) => [code, path]),
    [['MALWARE_FOUND', '/here']]
  )
})

test('who let it go is not overruled by the same finding, and a clean scan by hand is told', async () => {
  const sample = sampleOf(1)
  await hold(sample, '/here')
  const target = publish('set', sample)
  says = () => 'stream: Evil FOUND\0'
  await setUp()
  await until('it is found', () => noted(sample)?.verdict === 'infected')
  keeper.append({ type: 'content.release', version: sample.version.id })
  assert.equal((await desk.scanNow(target, now)).isTold, false)
  assert.deepEqual(keeper.state().content.get(sample.version.id)?.quarantines, [])
  says = () => undefined
  assert.equal((await desk.scanNow(target, now)).isTold, true)
  assert.equal(said(sample), 'clean by daily 7: null')
})

test('what can not be looked at is unscanned, tried again later each time, and takes nothing back', async () => {
  const [large, known] = [sampleOf(1), sampleOf(2)]
  await hold(large, '/large')
  await hold(known, '/known')
  says = () => 'INSTREAM size limit exceeded. ERROR\0'
  const target = publish('large', large)
  await setUp()
  await until('it is unscanned', () => noted(large)?.verdict === 'unscanned')
  assert.equal(said(large), 'unscanned by daily 7: too-large: 1 file')
  assert.equal(noted(large)?.detail, 'data: INSTREAM size limit exceeded.')
  const waits = []
  for (let i = 0; i < 3; i++) {
    const { note, isTold } = await desk.scanNow(target, now)
    assert.equal(isTold, false)
    waits.push(((note.retryAtMs ?? 0) - note.atMs) / 60_000)
  }
  assert.deepEqual(waits, [2, 4, 8])
  assert.deepEqual(desk.due(), [])
  keeper.append({
    ...{ type: 'content.scan', version: known.version.id, engine: 'e', database: 'd' },
    ...{ verdict: 'clean', found: null }
  })
  await desk.scanNow(publish('known', known), now)
  assert.equal(said(known), 'clean by d: null')
})

test('what can not be fetched is noted, and nothing is said of it', async () => {
  const sample = sampleOf(1)
  publish('set', sample)
  await setUp()
  await until('it is noted', () => noted(sample) !== undefined)
  const { verdict, engine, detail, failures } = noted(sample) ?? assert.fail('a note')
  assert.deepEqual(
    [verdict, engine, detail, failures],
    ['unscanned', null, 'the disk is broken (STORAGE_FAILED)', 1]
  )
  assert.equal(timesSaid(), 0)
})

test('that there is no scanner is a problem where versions wait for one in vain', async t => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
  publish('set', sampleOf(1))
  assert.deepEqual(desk.problems(), [])
  t.mock.timers.tick(2 * HOUR_MS)
  const [problem] = desk.problems()
  assert.equal(problem?.code, 'SCANNER_MISSING')
  assert.match(problem?.message ?? '', /^1 version of the org wait/)
  await setUp()
  assert.deepEqual(desk.problems(), [])
})

test('a scanner is not set up, or changed, when it can not be said who did it', async () => {
  const settings = { clamd, bytesPerSecond: 100 * MIB }
  await assert.rejects(
    desk.setUp(settings, () => Promise.reject(new Error('full'))),
    /full/
  )
  assert.equal(desk.notes.settings, undefined)
})

test('a scanner that does not answer is a problem with what waits for it, until it does', async () => {
  await setUp()
  fake.close()
  const sample = sampleOf(1)
  await hold(sample, '/here')
  publish('set', sample)
  await until('it is a problem', () => desk.problems().length > 0)
  const [problem] = desk.problems()
  assert.equal(problem?.code, 'SCANNER_DOWN')
  assert.match(problem?.message ?? '', /^1 version of the org wait/)
  assert.equal(timesSaid(), 0)
  fake = new FakeClamd()
  fake.script.onStream = (content, { socket }) =>
    void socket.end(content[0] === 0x1f && content[1] === 0x8b ? TOO_DEEP : 'stream: OK\0')
  clamd = await fake.listen(undefined)
  await setUp()
  await until('it is clean', () => said(sample) === 'clean by daily 7: null')
  await until('nothing is wrong', () => desk.problems().length === 0)
})

test('a scanner that would call clean what it did not look at is not set up', async () => {
  fake.script.onStream = (_content, { socket }) => void socket.end('stream: OK\0')
  await assert.rejects(setUp(), { code: 'SCANNER_UNFIT' })
  assert.equal(desk.notes.settings, undefined)
  fake.script.versions = ['ClamAV 1.4.6']
  await assert.rejects(setUp(), { code: 'SCANNER_UNFIT' })
})

test('it goes on after a restart, from what is noted, and what a crash left is removed', async () => {
  const [done, left] = [sampleOf(1), sampleOf(2)]
  await hold(done, '/here')
  publish('set', done)
  await setUp()
  await until('it is noted', () => noted(done) !== undefined)
  await desk.close()
  const streams = fake.streams.length
  await hold(left, join(home, 'scan', left.version.id, 'data'))
  open()
  await until('what was left is gone', () => store.holdings().length === 1)
  await until('it has asked', () => desk.known !== undefined)
  assert.deepEqual(desk.due(), [])
  assert.equal(fake.streams.length, streams)
})

test('it ends when it is turned off, in the middle of a scan, and says nothing of that', async () => {
  const sample = sampleOf(1)
  await hold(sample, '/here')
  const target = publish('set', sample)
  let isWaiting = false
  fake.script.onStream = (content, { socket }) => {
    if (content[0] === 0x1f && content[1] === 0x8b) socket.end(TOO_DEEP)
    else isWaiting = true
  }
  await setUp()
  await until('it scans', () => isWaiting)
  await desk.end()
  assert.deepEqual([timesSaid(), noted(sample), desk.running()], [0, undefined, []])
  await assert.rejects(desk.scanNow(target, now), { code: 'SCANNER_MISSING' })
})

test('what is called off by hand is interrupted', async () => {
  const sample = sampleOf(1)
  await hold(sample, '/here')
  const target = publish('set', sample)
  await setUp()
  await until('it is noted', () => noted(sample) !== undefined)
  const abort = new AbortController()
  fake.script.onStream = (content, { socket }) => {
    if (content[0] === 0x1f && content[1] === 0x8b) socket.end(TOO_DEEP)
    else abort.abort()
  }
  await assert.rejects(desk.scanNow(target, { ...now, signal: abort.signal }), { code: 'INTERRUPTED' })
})
