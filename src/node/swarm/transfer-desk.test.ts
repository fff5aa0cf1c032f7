/** The desk over a store in memory, and a hub that fetches nothing but what a test says. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { MemoryStore } from '../../store/memory.ts'
import {
  blocksOf,
  piecesOf,
  type Sample,
  sampleBytes,
  sampleVersion
} from '../../store/samples.conformance.ts'
import type { Holding } from '../../store/store.ts'
import type { PeerStatus, TransferStatus } from '../../swarm/transfer-types.ts'
import { SILENT_LOG } from '../log.ts'
import type { DataWant } from './swarm-driver-types.ts'
import type { VersionFetcher, Want } from './swarm-hub.ts'
import type { Tally } from './tally.ts'
import { TransferDesk, type TransferRead, type TransferView } from './transfer-desk.ts'
import type { StartOrder } from './transfer-orders.ts'

const PIECE = 16384

/** Three files of two pieces each; no two samples alike. */
function sampleOf(seed: number): Sample {
  return sampleVersion(
    ['a/one', 'b/two', 'three'].map((path, at) => ({
      path: path.split('/'),
      bytes: sampleBytes(2 * PIECE, 10 * seed + at)
    }))
  )
}

class ScriptedHub implements VersionFetcher {
  readonly wants = new Map<VersionId, Want>()
  readonly allowed = new Map<VersionId, DataWant>()
  readonly holdings = new Map<VersionId, Holding>()
  readonly rested: VersionId[] = []
  /** Versions that a peer has. */
  readonly sources = new Set<VersionId>()
  readonly openBytes = new Map<VersionId, number>()

  want(want: Want): void {
    this.wants.set(want.versionId, want)
    if (want.holding !== undefined) this.holdings.set(want.versionId, want.holding)
  }

  allow(version: VersionId, want: DataWant): void {
    this.allowed.set(version, want)
  }

  rest(version: VersionId): void {
    this.rested.push(version)
    this.unwant(version)
  }

  settle(version: VersionId): void {
    this.unwant(version)
  }

  unwant(version: VersionId): void {
    this.wants.delete(version)
    this.allowed.delete(version)
  }

  useHolding(version: VersionId, holding: Holding): void {
    this.holdings.set(version, holding)
  }

  status(version: VersionId): TransferStatus | undefined {
    if (!this.wants.has(version)) return undefined
    const lackingCount = this.sources.has(version) ? 1 : 0
    return {
      phase: 'metadata',
      peers: [{ lackingCount, haveCount: lackingCount } as PeerStatus],
      downloadedBytes: 0,
      openBytes: this.openBytes.get(version) ?? 0,
      origin: { isReady: false, need: null, bytes: 0, rate: 0 }
    } as unknown as TransferStatus
  }

  talliesOf(): Map<DeviceId, Tally> {
    return new Map()
  }

  fetches(sample: Sample): boolean {
    return this.allowed.get(sample.version.id)?.wantsData === true
  }
}

let store: MemoryStore
let hub: ScriptedHub
let desk: TransferDesk
let reads: TransferRead[]

function open(): void {
  hub = new ScriptedHub()
  desk = new TransferDesk({
    ...{
      store,
      records: store.records,
      hub,
      reuse: { find: () => Promise.resolve(undefined) },
      log: SILENT_LOG
    },
    onRead: read => reads.push(read),
    onForgotten: () => undefined
  })
}

beforeEach(() => {
  store = new MemoryStore()
  reads = []
  open()
})

afterEach(() => desk.close())

function orderOf(sample: Sample, change: Partial<StartOrder> = {}): StartOrder {
  const { version } = sample
  const name = `data-${version.id.slice(0, 4)}`
  return {
    ...{ name, version: version.id, ordinal: 1, files: version.files.length, totalBytes: version.totalBytes },
    ...{ destination: `/d/${name}`, purpose: null, priority: null },
    ...{ deadlineAtMs: null, only: [] },
    ...change
  }
}

function viewOf(id: string): TransferView {
  return desk.view(id) ?? assert.fail(id)
}

/** The info dictionary comes; resolves to where the pieces go. */
async function giveInfo(sample: Sample): Promise<Holding> {
  const { id, infoBytes } = sample.version
  hub.sources.add(id)
  hub.wants.get(id)?.onInfo(infoBytes)
  await until(() => hub.holdings.has(id))
  return hub.holdings.get(id) ?? assert.fail('a holding')
}

/** All that is selected comes. */
async function give(sample: Sample, holding: Holding): Promise<void> {
  for (const [index, layer] of sample.layers) await holding.setLayer(index, layer)
  for (const piece of piecesOf(sample)) {
    const fileIndex = sample.version.files.findIndex(
      ({ firstPiece, pieceCount }) => piece >= firstPiece && piece < firstPiece + pieceCount
    )
    if (holding.selected?.has(fileIndex) !== false)
      await holding.writePiece(piece, blocksOf(sample.bytesOf(piece)))
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (let looks = 0; !isSo(); looks++) {
    assert.ok(looks < 400, 'it comes to be so')
    await delay(10)
  }
}

const stateIs = (id: string, state: string) => until(() => viewOf(id).state === state)

test('globs choose files once the version is known; the transfer is complete with them, and the read says so', async () => {
  const sample = sampleOf(1)
  const id = desk.start(orderOf(sample, { only: [['a/*', 'three']] }))
  assert.deepEqual([viewOf(id).only, viewOf(id).selected], [[['a/*', 'three']], null])
  const holding = await giveInfo(sample)
  await until(() => viewOf(id).selected !== null)
  assert.deepEqual(viewOf(id).selected, { files: 2, bytes: 4 * PIECE })
  await give(sample, holding)
  await stateIs(id, 'complete')
  assert.equal(viewOf(id).haveBytes, 4 * PIECE)
  const [{ destination: _, ...read } = assert.fail('it was read')] = reads
  assert.deepEqual(read, { version: sample.version.id, bytes: 4 * PIECE, purpose: null })
})

test('globs that name no file: failed with the number of files, and nothing is made', async () => {
  const sample = sampleOf(1)
  const id = desk.start(orderOf(sample, { only: [['*.deb']] }))
  hub.wants.get(sample.version.id)?.onInfo(sample.version.infoBytes)
  await stateIs(id, 'failed')
  const { problem } = viewOf(id)
  assert.equal(problem?.code, 'NOTHING_SELECTED')
  assert.match(problem?.message ?? '', /it has 3 files, as a\/one, b\/two, three/)
  assert.deepEqual([store.holdings().length, store.disk.size], [0, 0])
  assert.throws(
    () => desk.start(orderOf(sample, { only: [['[a']] })),
    (thrown: unknown) => thrown instanceof AppError && thrown.code === 'USAGE'
  )
})

test('a second order for what is under way adds to it, and one for all takes in the rest', async () => {
  const sample = sampleOf(1)
  const id = desk.start(orderOf(sample, { only: [['a/*']] }))
  await giveInfo(sample)
  assert.equal(desk.start(orderOf(sample, { only: [['a/*']] })), id)
  assert.deepEqual(viewOf(id).only, [['a/*']], 'the same again is the same')
  desk.start(orderOf(sample, { only: [['b/*']], priority: 'high' }))
  await until(() => viewOf(id).selected?.files === 2)
  assert.deepEqual([viewOf(id).only, viewOf(id).priority], [[['a/*'], ['b/*']], 'high'])
  desk.start(orderOf(sample))
  await until(() => viewOf(id).selected === null)
  assert.equal(viewOf(id).priority, 'high', 'what is not said stays')
  await until(() => hub.wants.has(sample.version.id))
  await give(sample, hub.holdings.get(sample.version.id) ?? assert.fail())
  await stateIs(id, 'complete')
})

test('paused: the hub rests, over a restart too; resumed it goes on with what is here', async () => {
  const sample = sampleOf(1)
  const id = desk.start(orderOf(sample))
  const holding = await giveInfo(sample)
  for (const [index, layer] of sample.layers) await holding.setLayer(index, layer)
  const [first] = piecesOf(sample)
  assert.ok(first !== undefined)
  await holding.writePiece(first, blocksOf(sample.bytesOf(first)))
  assert.equal(desk.pause(id)?.state, 'paused')
  assert.deepEqual(hub.rested, [sample.version.id])
  assert.equal(desk.pause(id)?.state, 'paused', 'twice is once')
  desk.close()
  open()
  desk.resume()
  await delay(300)
  assert.deepEqual([viewOf(id).state, viewOf(id).haveBytes, hub.wants.size], ['paused', PIECE, 0])
  desk.goOn(id)
  await until(() => hub.wants.has(sample.version.id))
  assert.equal(viewOf(id).resumedBytes, PIECE)
  hub.sources.add(sample.version.id)
  await stateIs(id, 'fetching')
  assert.equal(desk.start(orderOf(sample)), id)
  desk.pause(id)
  assert.equal(desk.start(orderOf(sample)), id, 'and asked for again it goes on as well')
  await stateIs(id, 'fetching')
  await give(sample, holding)
  await stateIs(id, 'complete')
  for (const ask of [() => desk.pause(id), () => desk.goOn(id), () => desk.prioritise(id, 'low')])
    assert.throws(ask, (thrown: unknown) => thrown instanceof AppError && thrown.code === 'TRANSFER_SETTLED')
})

test('more than fit: the rest is queued, a high one goes first, a low one last, and a stopped one makes room', async () => {
  const samples = [1, 2, 3, 4, 5].map(sampleOf)
  const ids: string[] = []
  for (const sample of samples) {
    ids.push(desk.start(orderOf(sample)))
    hub.sources.add(sample.version.id)
    await delay(2) // so that each is older than the next
  }
  const states = () => ids.map(id => viewOf(id).state)
  await until(() => states().join() === 'fetching,fetching,fetching,queued,queued')
  assert.deepEqual(
    samples.map(sample => hub.fetches(sample)),
    [true, true, true, false, false]
  )
  // The one that has to give way still has blocks in memory.
  const third = samples[2]?.version.id ?? assert.fail()
  hub.openBytes.set(third, PIECE)
  desk.prioritise(ids[4] ?? '', 'high')
  assert.equal(states().join(), 'fetching,fetching,queued,queued,queued')
  hub.openBytes.clear()
  await until(() => states().join() === 'fetching,fetching,queued,queued,fetching')
  desk.prioritise(ids[0] ?? '', 'low')
  await until(() => states().join() === 'queued,fetching,fetching,queued,fetching')
  desk.stop(ids[1] ?? '', { discard: false })
  await until(() => states().join() === 'queued,stopped,fetching,fetching,fetching')
  desk.pause(ids[2] ?? '')
  desk.pause(ids[3] ?? '')
  await delay(300)
  assert.equal(
    states().join(),
    'queued,stopped,paused,paused,fetching',
    'a low one yields though there is room'
  )
  hub.sources.delete(samples[4]?.version.id ?? assert.fail())
  await until(() => states().join() === 'fetching,stopped,paused,paused,waiting')
})

test('a second folder takes from the first what that has, and the first that rests or stops lets the second fetch', async () => {
  const sample = sampleOf(1)
  const first = desk.start(orderOf(sample, { only: [['a/*']] }))
  const second = desk.start(orderOf(sample, { destination: '/elsewhere' }))
  const holding = await giveInfo(sample)
  await until(() => viewOf(second).state === 'queued')
  await give(sample, holding)
  await stateIs(first, 'complete')
  await until(() => hub.wants.has(sample.version.id))
  assert.equal(viewOf(second).haveBytes, 2 * PIECE, 'copied from the first')
  const third = desk.start(orderOf(sample, { destination: '/third' }))
  desk.pause(second)
  await until(() => hub.holdings.get(sample.version.id)?.root === '/third')
  assert.equal(viewOf(third).haveBytes, 2 * PIECE)
})

test('who waits until places are made ready finds the holding of each in the store', async () => {
  const sample = sampleOf(1)
  const create = store.create.bind(store)
  const { promise: creating, resolve: onCreate } = Promise.withResolvers<void>()
  const { promise: mayCreate, resolve: letCreate } = Promise.withResolvers<void>()
  store.create = async target => {
    onCreate()
    await mayCreate
    return await create(target)
  }
  await desk.placed() // nothing is being made ready yet
  desk.start(orderOf(sample))
  hub.sources.add(sample.version.id)
  hub.wants.get(sample.version.id)?.onInfo(sample.version.infoBytes)
  await creating
  let isPlaced = false
  const placed = desk.placed().then(() => {
    isPlaced = true
  })
  await delay(20)
  assert.deepEqual([isPlaced, store.holdings().length], [false, 0])
  letCreate()
  await placed
  assert.equal(store.holdings().length, 1)
})
