import assert from 'node:assert/strict'
import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { AppError } from '../base/errors.ts'
import { pieceIndex } from '../base/ids.ts'
import { leafHashes } from '../content/merkle.ts'
import type { CachedHolding } from './cached-holding.ts'
import { HashPool } from './hash-pool.ts'
import { MemoryRecords } from './memory-records.ts'
import { PieceCache } from './piece-cache.ts'
import { type Sample, sampleBytes, sampleVersion, scratchFolder } from './samples.conformance.ts'
import { sha256 } from './sha256.ts'

const PIECE_BYTES = 16_384
const PIECES = 6
let home: string
let pool: HashPool
let records: MemoryRecords
let cache: PieceCache
let sample: Sample

beforeEach(async () => {
  home = scratchFolder()
  pool = new HashPool({ size: 1 })
  records = new MemoryRecords()
  sample = sampleOf(1)
  cache = open()
  await cache.setLimit(4 * PIECE_BYTES)
})
afterEach(async () => {
  await cache.close()
  await pool.close()
  rmSync(home, { recursive: true })
})

function sampleOf(seed: number): Sample {
  const bytes = sampleBytes(PIECES * PIECE_BYTES - 5, seed)
  return sampleVersion([{ path: ['film'], bytes }], { pieceBytes: PIECE_BYTES, name: `films ${seed}` })
}

function open(): PieceCache {
  return new PieceCache({ home, pool, records, bytesMin: PIECE_BYTES })
}

async function reopened(): Promise<PieceCache> {
  await cache.close()
  cache = open()
  return cache
}

async function put(of: Sample, ...pieces: number[]): Promise<CachedHolding> {
  const holding = cache.take(of.version, of.layers)
  for (const piece of pieces) {
    const block = of.bytesOf(pieceIndex(piece)).slice()
    assert.deepEqual(await holding.writePiece(pieceIndex(piece), [block]), { outcome: 'durable' })
  }
  return holding
}

async function bytesOf(holding: CachedHolding, piece: number): Promise<Uint8Array> {
  const length = sample.bytesOf(pieceIndex(piece)).length
  return await holding.read({ piece: pieceIndex(piece), begin: 0, length })
}

function kept({ have }: CachedHolding): number[] {
  return Array.from({ length: have.pieceCount }, (_, piece) => piece).filter(piece => have.has(piece))
}

function onDisk(of: Sample): string[] {
  const folder = join(home, 'cache', of.version.id)
  return existsSync(folder) ? readdirSync(folder).filter(name => /^\d+$/.test(name)) : []
}

test('what was used longest ago goes first, over all versions, and the limit holds on the disk', async () => {
  const films = await put(sample, 0, 1, 2, 3)
  assert.deepEqual(await bytesOf(films, 0), new Uint8Array(sample.bytesOf(pieceIndex(0))))
  const other = sampleOf(2)
  const others = await put(other, 5)
  assert.deepEqual([kept(films), kept(others)], [[0, 2, 3], [5]])
  await put(other, 4)
  await cache.settled()
  assert.deepEqual(
    [kept(films), kept(others)],
    [
      [0, 3],
      [4, 5]
    ]
  )
  assert.deepEqual(onDisk(sample).sort(), ['0', '3'])
  const { usedBytes, pieces, versions } = cache.usage()
  assert.deepEqual([usedBytes, pieces, versions], [4 * PIECE_BYTES - 5, 4, 2])
  await assert.rejects(bytesOf(films, 1), { code: 'CONTENT_CHANGED' })
})

test('it lasts over a restart, in the order of use', async () => {
  await put(sample, 3, 4, 0)
  const folder = join(home, 'cache', sample.version.id)
  for (const [at, piece] of [4, 0, 3].entries()) utimesSync(join(folder, String(piece)), 1000 + at, 1000 + at)
  const holding = (await reopened()).find(sample.version.id)
  assert.ok(holding !== undefined)
  assert.deepEqual(kept(holding), [0, 3, 4])
  assert.equal(cache.usage().usedBytes, 3 * PIECE_BYTES)
  await put(sample, 1, 2)
  assert.deepEqual(kept(holding), [0, 1, 2, 3])
  assert.deepEqual(await bytesOf(holding, 3), new Uint8Array(sample.bytesOf(pieceIndex(3))))
})

test('what was spoiled while it was not looked at is not given, and is let go of', async () => {
  await put(sample, 0, 1)
  const folder = join(home, 'cache', sample.version.id)
  writeFileSync(join(folder, '0'), new Uint8Array(PIECE_BYTES))
  writeFileSync(join(folder, '2'), 'short')
  writeFileSync(join(folder, 'else'), 'x')
  writeFileSync(join(home, 'cache', 'stray'), 'x')
  const holding = (await reopened()).find(sample.version.id)
  assert.ok(holding !== undefined)
  assert.deepEqual(kept(holding), [0, 1])
  await assert.rejects(bytesOf(holding, 0), { code: 'CONTENT_CHANGED' })
  assert.deepEqual(kept(holding), [1])
  assert.equal(holding.isDamaged(pieceIndex(0)), true)
  await put(sample, 0)
  assert.equal(holding.isDamaged(pieceIndex(0)), false, 'it is here again')
  assert.equal((await bytesOf(holding, 1)).length, PIECE_BYTES)
  rmSync(join(folder, '1'))
  assert.equal(existsSync(join(home, 'cache', 'stray')), false)
})

test('of what comes its leaves are known, and of what lay there once it was verified', async () => {
  const leafBytes = 16_384
  const large = sampleVersion([{ path: ['file'], bytes: sampleBytes(5 * leafBytes - 7, 1) }], {
    pieceBytes: 4 * leafBytes
  })
  const expected = leafHashes(large.bytesOf(pieceIndex(0)), sha256)
  await cache.setLimit(16 * PIECE_BYTES)
  await put(large, 0, 1)
  assert.deepEqual(cache.leaves.find(large.version.id, pieceIndex(0)), new Uint8Array(expected))
  const holding = (await reopened()).find(large.version.id)
  assert.equal(cache.leaves.find(large.version.id, pieceIndex(0)), undefined)
  assert.ok(holding !== undefined)
  await holding.read({ piece: pieceIndex(0), begin: 0, length: 1 })
  assert.deepEqual(cache.leaves.find(large.version.id, pieceIndex(0)), new Uint8Array(expected))
})

test('bytes that are not the piece are not kept', async () => {
  const holding = cache.take(sample.version, sample.layers)
  const outcome = await holding.writePiece(pieceIndex(0), [new Uint8Array(PIECE_BYTES)])
  assert.deepEqual([outcome, kept(holding)], [{ outcome: 'mismatch' }, []])
})

test('a version is dropped with all that is of it, and nothing of it comes after', async () => {
  const holding = await put(sample, 0, 5)
  const writing = holding.writePiece(pieceIndex(2), [sample.bytesOf(pieceIndex(2)).slice()])
  const outcome = writing.then(
    () => 'kept',
    (thrown: AppError) => thrown.code
  )
  assert.equal(await cache.drop(sample.version.id), 2 * PIECE_BYTES - 5)
  assert.equal(await outcome, 'CONTENT_CHANGED')
  assert.deepEqual([kept(holding), cache.find(sample.version.id)], [[], undefined])
  await cache.drop(sample.version.id)
  assert.deepEqual(readdirSync(join(home, 'cache')), [])
  assert.equal(cache.usage().usedBytes, 0)
})

test('a limit of zero empties it, and one that is too small is refused', async () => {
  const holding = await put(sample, 0, 1)
  const told: number[] = []
  cache.onChange(({ have }) => told.push(have.size))
  await cache.setLimit(0)
  assert.deepEqual([kept(holding), onDisk(sample), told.at(-1)], [[], [], 0])
  assert.equal(holding.isDamaged(pieceIndex(0)), false, 'what is let go of is no failure')
  await assert.rejects(cache.setLimit(5), AppError)
  assert.equal((await reopened()).usage().limitBytes, 0)
})
