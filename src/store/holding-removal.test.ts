/** What is left of a holding that was erased, and of what was deleted from a database. */

import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import { pieceIndex } from '../base/ids.ts'
import { FilesystemStore } from './filesystem.ts'
import {
  blocksOf,
  fetchAll,
  isAppError,
  type Sample,
  sampleBytes,
  sampleVersion,
  scratchFolder,
  untilState,
  variedSample
} from './samples.conformance.ts'
import { SqliteRecords } from './sqlite-records.ts'
import type { Holding } from './store.ts'

let folder: string
let store: FilesystemStore

beforeEach(async () => {
  folder = scratchFolder()
  store = await FilesystemStore.open({ home: join(folder, 'home') })
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

async function fetched(sample: Sample, place = 'dest'): Promise<Holding> {
  const { version, layers } = sample
  const holding = await store.create({ version, destination: join(folder, place), layers })
  await fetchAll(holding, sample)
  await untilState(store, holding, 'complete')
  return holding
}

const erase = (holding: Holding) => store.erase(holding, { source: 'keep', missing: 'wait' })

/** Whether any file of the home has the bytes anywhere in it. */
function homeHas(needle: string): boolean {
  const home = join(folder, 'home')
  return readdirSync(home).some(name => readFileSync(join(home, name)).includes(needle))
}

test('every file, link and folder of the version goes, and nothing of it stays in the index', async () => {
  const marker = 'a-name-that-is-searched-for'
  const files = [
    { path: [marker, 'deep', 'one'], bytes: sampleBytes(40_000, 1) },
    { path: [marker, 'empty'], bytes: new Uint8Array(0) },
    { path: [marker, 'link'], bytes: new Uint8Array(0), symlink: [marker, 'deep', 'one'] },
    { path: ['two'], bytes: sampleBytes(10, 2) }
  ]
  const holding = await fetched(sampleVersion(files))
  assert(homeHas(marker))
  const erased = await erase(holding)
  assert.deepEqual(erased, { outcome: 'erased', bytes: 40_010 })
  assert(!existsSync(join(folder, 'dest')))
  assert(!homeHas(marker))
})

test('what others put beside the files stays, and what another version has at the same place', async () => {
  const shared = { path: ['shared'], bytes: sampleBytes(50_000, 3) }
  const one = await fetched(sampleVersion([shared, { path: ['own', 'old'], bytes: sampleBytes(9, 4) }]))
  const two = await fetched(sampleVersion([shared, { path: ['new'], bytes: sampleBytes(9, 5) }]))
  mkdirSync(join(folder, 'dest', 'own', 'mine'))
  assert.deepEqual(await erase(one), { outcome: 'erased', bytes: 9 })
  assert.deepEqual(readdirSync(join(folder, 'dest')).sort(), ['new', 'own', 'shared'])
  assert.deepEqual(readdirSync(join(folder, 'dest', 'own')), ['mine'])
  assert.deepEqual(await two.verify().then(({ badPieces, missingFiles }) => [badPieces, missingFiles]), [
    [],
    []
  ])
})

test('through a link that was planted nothing is deleted, and the holding stays to be erased', async () => {
  const holding = await fetched(variedSample())
  const data = join(folder, 'dest', 'data')
  renameSync(data, join(folder, 'elsewhere'))
  symlinkSync(join(folder, 'elsewhere'), data)
  const before = readdirSync(join(folder, 'elsewhere'))
  await assert.rejects(erase(holding), isAppError('DEST_UNSAFE', data))
  assert.deepEqual(readdirSync(join(folder, 'elsewhere')), before)
  assert.equal(store.holdings().length, 1)
  rmSync(data)
  renameSync(join(folder, 'elsewhere'), data)
  assert.equal((await erase(holding)).outcome, 'erased')
  assert(!existsSync(join(folder, 'dest')))
})

test('a folder that is not there may be on a disk that is not mounted: it waits', async () => {
  const holding = await fetched(variedSample())
  renameSync(join(folder, 'dest'), join(folder, 'away'))
  assert.deepEqual(await erase(holding), { outcome: 'missing' })
  assert.deepEqual(store.holdings(), [holding])
  assert.deepEqual(await store.erase(holding, { source: 'keep', missing: 'forget' }), {
    outcome: 'erased',
    bytes: 0
  })
  assert.deepEqual(store.holdings(), [])
})

test('an erasure that a crash cut off after its files is done again', async () => {
  await fetched(variedSample())
  await store.close()
  rmSync(join(folder, 'dest'), { recursive: true })
  mkdirSync(join(folder, 'dest'))
  store = await FilesystemStore.open({ home: join(folder, 'home') })
  const [holding] = store.holdings()
  assert(holding !== undefined)
  assert.deepEqual(await erase(holding), { outcome: 'erased', bytes: 0 })
  assert(!existsSync(join(folder, 'dest')))
})

test('what is deleted or replaced in a database is in no byte of its files, nor is what an earlier program deleted', () => {
  const path = join(folder, 'records.db')
  const secret = 'what must not stay'
  let records = new SqliteRecords(path)
  records.putBlob('kept', new Uint8Array(20_000).fill(1))
  records.close()
  const earlier = new DatabaseSync(path)
  earlier.exec('PRAGMA secure_delete = OFF; PRAGMA application_id = 0')
  earlier.prepare('INSERT INTO blobs VALUES (?, ?)').run('old', Buffer.from(`${secret} `.repeat(1000)))
  earlier.exec("DELETE FROM blobs WHERE key = 'old'")
  earlier.close()
  const has = () =>
    ['', '-wal'].some(end => existsSync(path + end) && readFileSync(path + end).includes(secret))
  assert(has(), 'a database that is not told to leaves what it deleted')
  records = new SqliteRecords(path)
  records.scrub()
  assert(!has())
  records.putBlob('one', Buffer.from(secret))
  records.putBlob('one', Buffer.from('x'))
  records.putBlob('two', Buffer.from(`${secret} `.repeat(1000)))
  records.deleteBlob('two')
  assert(has(), 'the WAL has it until it is scrubbed')
  records.scrub()
  assert(!has())
  assert.equal(records.getBlob('kept')?.length, 20_000)
  records.close()
  writeFileSync(path, '')
})

test('a version of many files goes a few at a time, so that a write that comes meanwhile does not wait for all', async () => {
  const files = Array.from({ length: 1200 }, (_, index) => ({
    path: ['many', String(index)],
    bytes: sampleBytes(10, index)
  }))
  for (const [index, { path, bytes }] of files.entries()) {
    if (index === 0) mkdirSync(join(folder, 'dest', 'many'), { recursive: true })
    writeFileSync(join(folder, 'dest', ...path), bytes)
  }
  const many = sampleVersion(files)
  const holding = await store.create({
    ...{ version: many.version, layers: many.layers, destination: join(folder, 'dest') }
  })
  await untilState(store, holding, 'complete')
  const other = variedSample()
  const written = await store.create({
    ...{ version: other.version, layers: other.layers, destination: join(folder, 'other') }
  })
  const settled: string[] = []
  const erasing = erase(holding).then(erased => {
    settled.push('erased')
    return erased
  })
  const writing = written
    .writePiece(pieceIndex(0), blocksOf(other.bytesOf(pieceIndex(0)), 16384))
    .then(() => settled.push('written'))
  assert.deepEqual(await erasing, { outcome: 'erased', bytes: 12_000 })
  await writing
  assert.deepEqual(settled, ['written', 'erased'])
  assert(!existsSync(join(folder, 'dest')))
})
