import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { afterEach, beforeEach, test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { type PieceIndex, pieceIndex, type VersionId } from '../../base/ids.ts'
import { HashPool } from '../../store/hash-pool.ts'
import { MemoryStore } from '../../store/memory.ts'
import { PieceCache } from '../../store/piece-cache.ts'
import { sampleBytes, sampleVersion, scratchFolder } from '../../store/samples.conformance.ts'
import type { Holding } from '../../store/store.ts'
import type { TransferStatus } from '../../swarm/transfer-types.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import type { SwarmHub, Want } from '../swarm/swarm-hub.ts'
import { ContentFetcher } from './content-fetcher.ts'

const PATIENCE_MS = 60
const PIECE_BYTES = 16_384
const sample = sampleVersion(
  [
    { path: ['film'], bytes: sampleBytes(8 * PIECE_BYTES, 1) },
    { path: ['other'], bytes: sampleBytes(8 * PIECE_BYTES, 2) }
  ],
  { pieceBytes: PIECE_BYTES }
)
const { version } = sample
const forever = new AbortController().signal
const named = { name: 'films', signal: forever }
let home: string
let pool: HashPool
let cache: PieceCache
let store: MemoryStore
let fetcher: ContentFetcher
let impatient: ContentFetcher
let wanted: Want | undefined
let demanded: readonly PieceIndex[]
let downloadedBytes: number

beforeEach(() => {
  home = scratchFolder()
  pool = new HashPool({ size: 1 })
  store = new MemoryStore()
  cache = new PieceCache({ home, pool, records: store.records })
  wanted = undefined
  demanded = []
  downloadedBytes = 0
  const hub = scripted<SwarmHub>({
    want: want => {
      wanted = want
    },
    wantOf: () => wanted,
    unwant: () => {
      wanted = undefined
    },
    demand: (_: VersionId, pieces: readonly PieceIndex[]) => {
      demanded = pieces
    },
    useHolding: (_: VersionId, holding: Holding) => {
      wanted = wanted && { ...wanted, holding }
    },
    status: () => scripted<TransferStatus>({ downloadedBytes, metadataBytes: 0 })
  })
  const parts = { holdings: () => store.holdings(), onChange: store.onChange.bind(store), cache }
  fetcher = new ContentFetcher({ hub, store: parts })
  impatient = new ContentFetcher({ hub, store: parts, patienceMs: PATIENCE_MS })
})
afterEach(async () => {
  fetcher.close()
  impatient.close()
  await cache.close()
  await pool.close()
  rmSync(home, { recursive: true })
})

async function bring(piece: number): Promise<void> {
  const holding = wanted?.holding ?? cache.take(version, sample.layers)
  for (const [fileIndex, layer] of sample.layers) await holding.setLayer(fileIndex, layer)
  await holding.writePiece(pieceIndex(piece), [sample.bytesOf(pieceIndex(piece)).slice()])
}

test('a reader has its pieces asked for, the next first, and goes on when they come', async () => {
  const reader = fetcher.reader(version, { first: 2, end: 6 }, named)
  const ready = reader.ready(pieceIndex(2))
  assert.deepEqual(demanded, [2, 3, 4, 5])
  await bring(3)
  await bring(2)
  await ready
  await reader.ready(pieceIndex(3))
  assert.deepEqual([...(wanted?.holding?.selected ?? [0])], [], 'it goes into the cache')
  reader.close()
  assert.deepEqual(demanded, [])
})

test('what nobody gives is waited for as long as anything comes, and a while longer', async () => {
  const reader = impatient.reader(version, { first: 0, end: 4 }, named)
  const beganMs = performance.now()
  const ready = assert.rejects(reader.ready(pieceIndex(0)), (thrown: AppError) => {
    assert.equal(thrown.code, 'NO_SOURCES')
    assert.match(thrown.message, /films can not be read now: no device that is linked gives all of that/)
    return true
  })
  downloadedBytes = 5
  await ready
  assert.ok(performance.now() - beganMs >= PATIENCE_MS)
  reader.close()
})

test('what is refused, or can not be kept, is told to who reads', async () => {
  const reader = fetcher.reader(version, { first: 0, end: 4 }, named)
  const refused = assert.rejects(reader.ready(pieceIndex(0)), { code: 'NOT_AUTHORISED' })
  wanted?.onRefused('it is quarantined')
  await refused
  reader.close()
  const again = fetcher.reader(version, { first: 0, end: 4 }, named)
  const failed = assert.rejects(again.ready(pieceIndex(0)), { code: 'DISK_FULL' })
  wanted?.onStorageFailure(new AppError('DISK_FULL', 'no room'))
  await failed
  again.close()
})

test('who leaves is not waited for', async () => {
  const leaving = new AbortController()
  const reader = fetcher.reader(version, { first: 0, end: 4 }, { name: 'films', signal: leaving.signal })
  const ready = assert.rejects(reader.ready(pieceIndex(0)), /gone/)
  leaving.abort(new Error('gone'))
  await ready
  reader.close()
})

test('what a version has in it is asked for, and told once it is known', async () => {
  const described = fetcher.describe(version.id, named)
  assert.equal(wanted?.holding, undefined)
  wanted?.onInfo(version.infoBytes, sample.layers)
  assert.equal((await described).id, version.id)
  assert.ok(cache.find(version.id) !== undefined)
})

test('where somebody fetches it as a whole, that goes on, and a file that is left out of it is not waited for', async () => {
  const some = await store.create({ ...sample, destination: '/films', selected: new Set([1]) })
  const others = scripted<Want>({ versionId: version.id, holding: some })
  wanted = others
  const reader = impatient.reader(version, { first: 0, end: 4 }, named)
  await assert.rejects(reader.ready(pieceIndex(0)), /leaves out/)
  reader.close()
  const second = fetcher.reader(version, { first: 9, end: 10 }, named)
  const ready = second.ready(pieceIndex(9))
  await some.writePiece(pieceIndex(9), [sample.bytesOf(pieceIndex(9)).slice()])
  await ready
  assert.equal(wanted, others)
  second.close()
})
