import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { pieceIndex } from '../../base/ids.ts'
import { HOUR_MS } from '../../base/units.ts'
import { MemoryStore } from '../../store/memory.ts'
import { fetchAll, type Sample, sampleBytes, sampleVersion } from '../../store/samples.conformance.ts'
import type { Holding } from '../../store/store.ts'
import { SILENT_LOG } from '../log.ts'
import { DEFAULT_SCRUB, Scrub, type ScrubInit } from './scrub.ts'
import { decodeScrub, encodeScrub, NEW_RECORD, type ScrubRecord } from './scrub-record.ts'

const PIECES = 12
const KEY = 'storage/scrub'
const QUICK = {
  ...DEFAULT_SCRUB,
  ...{ delayMs: 0, slowestBytesPerSecond: 2 ** 40, idleBytesPerSecond: 2 ** 40, saveMs: 0, againMs: 1 }
}
let store: MemoryStore
let holdings: Holding[]
let read: string[]
let damaged: [string, number][]
let healed: [string, number][]
const running: Scrub[] = []
let onRead: () => void

const samples = ['one', 'two'].map((name, seed) =>
  sampleVersion([{ path: [name], bytes: sampleBytes(PIECES * 16384 - 9, seed) }], { name })
)

beforeEach(async () => {
  store = new MemoryStore()
  holdings = []
  read = []
  damaged = []
  healed = []
  onRead = () => undefined
  for (const { version, layers } of samples) holdings.push(await add(version, layers))
})

afterEach(() => Promise.all(running.splice(0).map(scrub => scrub.close())))

async function add(version: Sample['version'], layers: Sample['layers']): Promise<Holding> {
  const holding = await store.create({ version, destination: `/vault/${version.name}`, layers })
  await fetchAll(holding, samples.find(sample => sample.version === version) ?? assert.fail())
  const { leafHashes } = holding
  holding.leafHashes = async piece => {
    read.push(`${version.name} ${piece}`)
    onRead()
    return await leafHashes.call(holding, piece)
  }
  return holding
}

function begin(init: Partial<ScrubInit> = {}): Scrub {
  const scrub = new Scrub({
    ...{ store, settings: QUICK, lineRate: () => 0, log: SILENT_LOG },
    isOwn: () => true,
    onDamaged: ({ root }, { pieces }) => damaged.push([root, pieces]),
    onHealed: ({ root }, { pieces }) => healed.push([root, pieces]),
    ...init
  })
  running.push(scrub)
  scrub.start()
  return scrub
}

function saved(): ScrubRecord {
  const decoded = decodeScrub(store.records.getBlob(KEY) ?? assert.fail('it is saved'))
  return decoded.ok ? decoded.value : assert.fail(decoded.detail)
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise(resolve => setImmediate(resolve))
}
const all = samples.flatMap(({ version }) =>
  Array.from({ length: PIECES }, (_, at) => `${version.name} ${at}`)
)

test('each piece of all that is held is read once in a pass', async () => {
  const scrub = begin()
  await until(() => scrub.report().last !== null)
  assert.deepEqual(read, all)
  const { last, pass, readBytes, badPieces, state } = scrub.report()
  const bytes = samples.reduce((sum, { version }) => sum + version.totalBytes, 0)
  assert.deepEqual([pass, readBytes, badPieces, state, last?.readBytes], [null, bytes, 0, 'waiting', bytes])
})

test('after a restart it goes on where it was, whenever it was ended', async () => {
  for (const seen of [1, 5, PIECES, PIECES + 3]) {
    read = []
    store.records.deleteBlob(KEY)
    let kept: Uint8Array | undefined
    onRead = () => {
      if (read.length === seen) kept = store.records.getBlob(KEY)
    }
    const first = begin()
    await until(() => kept !== undefined)
    await first.close()
    // What was on disk when the last of these was being read: that one is read again.
    store.records.putBlob(KEY, kept ?? assert.fail())
    read = []
    const next = begin()
    await until(() => next.report().last !== null)
    assert.deepEqual(read, all.slice(seen - 1))
    await next.close()
  }
})

test('what is new while it runs is read in the same pass, and what goes is not', async () => {
  const sample = sampleVersion([{ path: ['three'], bytes: sampleBytes(100, 3) }], { name: 'three' })
  samples.push(sample)
  let isDone = false
  onRead = () => {
    if (isDone) return
    isDone = true
    void store.forget(holdings[1] ?? assert.fail())
    void add(sample.version, sample.layers)
  }
  const scrub = begin()
  await until(() => scrub.report().last !== null)
  samples.pop()
  const names = new Set(read.map(each => each.split(' ')[0]))
  assert.ok(names.has('three'))
  assert.deepEqual(damaged, [])
})

test('a copy that is fetched is not read, but for the rest of one whose bad pieces are fetched again', async () => {
  const fetching = new Set([holdings[1]])
  for (const holding of holdings) {
    const { state } = holding
    Object.defineProperty(holding, 'state', { get: () => (fetching.has(holding) ? 'fetching' : state) })
  }
  onRead = () => {
    if (read.length === 4) fetching.add(holdings[0])
  }
  const scrub = begin()
  await until(() => scrub.report().last !== null)
  assert.deepEqual(read, all.slice(0, PIECES))
})

test('bad pieces are found and told of once, what is good stays, and what is whole again is told', async () => {
  const [one = assert.fail()] = holdings
  const [sample = assert.fail()] = samples
  const [path = assert.fail()] = [...store.disk.keys()]
  const bytes = store.disk.get(path) ?? assert.fail()
  for (const piece of [2, 7]) bytes[piece * 16384] = (bytes[piece * 16384] ?? 0) ^ 1
  const scrub = begin()
  await until(() => scrub.report().last !== null)
  assert.deepEqual(damaged, [
    [one.root, 1],
    [one.root, 1]
  ])
  assert.equal(one.have.size, PIECES - 2)
  assert.deepEqual(scrub.report().damaged, [
    { version: one.version.id, path: one.root, kind: 'fetched', pieces: 2 }
  ])
  assert.deepEqual([...saved().ailing], [[Number(one.id), 2]])
  await fetchAll(one, sample, [pieceIndex(2)])
  assert.deepEqual(healed, [])
  await fetchAll(one, sample, [pieceIndex(7)])
  await store.create({ version: sample.version, destination: one.root, layers: sample.layers })
  assert.deepEqual(healed, [[one.root, 2]])
  const { badPieces, healedPieces, damagedCount } = scrub.report()
  assert.deepEqual([badPieces, healedPieces, damagedCount], [2, 2, 0])
})

test('what is not this device’s own is given up and told of, and nothing is written to it', async () => {
  const [one = assert.fail()] = holdings
  const [path = assert.fail()] = [...store.disk.keys()]
  const bytes = store.disk.get(path) ?? assert.fail()
  bytes[5] = (bytes[5] ?? 0) ^ 1
  const before = bytes.slice()
  const scrub = begin({ isOwn: () => false })
  await until(() => scrub.report().last !== null)
  assert.deepEqual(damaged, [[one.root, 1]])
  assert.equal(one.state, 'damaged')
  assert.deepEqual(store.disk.get(path), before)
})

test('a pause lasts, over restarts, until it is started', async () => {
  onRead = () => {
    if (read.length === 4) running[0]?.pause()
  }
  const first = begin()
  await until(() => first.report().state === 'paused')
  await first.close()
  assert.equal(saved().isPaused, true)
  const seen = read.length
  const next = begin()
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.deepEqual([next.report().state, read.length], ['paused', seen])
  next.resume()
  await until(() => next.report().last !== null)
  assert.deepEqual(read, all)
})

test('it waits after a start, and after a pass, and start ends that', async () => {
  const scrub = begin({ settings: { ...QUICK, delayMs: HOUR_MS } })
  await new Promise(resolve => setTimeout(resolve, 20))
  assert.deepEqual([scrub.report().state, read.length], ['waiting', 0])
  scrub.resume()
  await until(() => scrub.report().last !== null)
  assert.equal(read.length, all.length)
  const { nextAtMs, last } = scrub.report()
  assert.equal(nextAtMs, (last?.beganAtMs ?? 0) + DEFAULT_SCRUB.passMs)
  scrub.resume()
  await until(() => read.length === 2 * all.length)
})

test('the rate is what a pass needs, slower while the line is used, and what is set before all', () => {
  let lineRate = 0
  const settings = { ...DEFAULT_SCRUB, delayMs: HOUR_MS }
  const rateOf = (changes: Partial<typeof settings>) => {
    const scrub = new Scrub({
      ...{ store, settings: { ...settings, ...changes }, lineRate: () => lineRate, log: SILENT_LOG },
      ...{ isOwn: () => true, onDamaged: () => undefined, onHealed: () => undefined }
    })
    return { scrub, rate: () => scrub.report().bytesPerSecond }
  }
  const { scrub, rate } = rateOf({})
  assert.equal(rate(), settings.slowestBytesPerSecond)
  const hurried = { passMs: 1, busyBytesPerSecond: 1_000_000, slowestBytesPerSecond: 1 }
  assert.equal(rateOf(hurried).rate(), settings.idleBytesPerSecond)
  lineRate = 10_000_000
  assert.equal(rateOf(hurried).rate(), 1_000_000)
  scrub.setRate(5_000_000)
  assert.equal(rate(), 5_000_000)
  assert.equal(rateOf({}).rate(), 5_000_000, 'it is on disk')
  scrub.setRate(null)
  assert.equal(saved().rate, null)
})

test('the record is written in the bytes of its golden vector, and nothing else is read as one', () => {
  const pass = { beganMs: 1000, readBytes: 70_000, badPieces: 2 }
  const record = {
    ...{
      isPaused: true,
      rate: 4096,
      pass: { ...pass, holding: 12, piece: 3 },
      last: { ...pass, endedMs: 2000 }
    },
    ...{ readBytes: 140_000, badPieces: 4, healedPieces: 1, ailing: new Map([[12, 2]]) }
  }
  const golden =
    'a96176016362616404646c617374a4636261640265626567616e1903e86562797465731a0001117065656e6465641907d0' +
    '6470617373a5636261640265626567616e1903e86562797465731a000111706570696563650367686f6c64696e670c' +
    '64726174651910006562797465731a000222e06661696c696e6781820c02666865616c65640166706175736564f5'
  const bytes = encodeScrub(record)
  assert.deepEqual(decodeScrub(bytes), { ok: true, value: record })
  assert.equal(Buffer.from(bytes).toString('hex'), golden)
  assert.deepEqual(decodeScrub(encodeScrub(NEW_RECORD)), { ok: true, value: NEW_RECORD })
  for (let cut = 0; cut < bytes.length; cut++) assert.equal(decodeScrub(bytes.slice(0, cut)).ok, false)
  store.records.putBlob(KEY, bytes.slice(1))
  assert.equal(begin().report().badPieces, 0)
})
