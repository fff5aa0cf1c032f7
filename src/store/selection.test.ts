/** Some files of a version on a real disk: what is there, what is not, and what a restart makes of it. */

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, test } from 'node:test'
import { pieceIndex } from '../base/ids.ts'
import { FilesystemStore } from './filesystem.ts'
import { blocksOf, fetchAll, type Sample, untilState, variedSample } from './samples.conformance.ts'
import type { Holding } from './store.ts'

/** data/exact, data/long, empty, link, short: in the order of the file tree. */
const SAMPLE = variedSample()
const indexOf = (path: string) => SAMPLE.version.files.findIndex(file => file.path.join('/') === path)

let folder: string
let store: FilesystemStore

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'peerage-selection-'))
  store = await FilesystemStore.open({ home: join(folder, 'home') })
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

function create(paths: readonly string[] | undefined, sample: Sample = SAMPLE): Promise<Holding> {
  return store.create({
    version: sample.version,
    destination: join(folder, 'dest'),
    layers: sample.layers,
    ...(paths === undefined ? {} : { selected: new Set(paths.map(indexOf)) })
  })
}

async function fetchFile(holding: Holding, path: string): Promise<void> {
  const { firstPiece, pieceCount } = SAMPLE.version.files[indexOf(path)] ?? assert.fail(path)
  for (let piece = firstPiece + 0; piece < firstPiece + pieceCount; piece++)
    await holding.writePiece(pieceIndex(piece), blocksOf(SAMPLE.bytesOf(pieceIndex(piece))))
}

const entries = () => readdirSync(join(folder, 'dest'), { recursive: true }).map(String).sort()

async function restart(): Promise<Holding> {
  await store.close()
  store = await FilesystemStore.open({ home: join(folder, 'home') })
  return store.holdings()[0] ?? assert.fail('the holding is still there')
}

test('neither files nor folders nor room for what is not selected', async () => {
  const holding = await create(['short', 'empty'])
  assert.deepEqual(entries(), ['empty'])
  await fetchFile(holding, 'short')
  await untilState(store, holding, 'partial')
  assert.deepEqual(entries(), ['empty', 'short'])
  assert.equal(statSync(join(folder, 'dest', 'short')).mode & 0o100, 0o100)
})

test('a selection outlives a restart, in the midst of it and at its end', async () => {
  const begun = await create(['data/exact', 'short'])
  await fetchFile(begun, 'short')
  const midst = await restart()
  assert.equal(midst.state, 'fetching')
  assert.deepEqual(midst.selected, new Set([indexOf('data/exact'), indexOf('short')]))
  await fetchFile(midst, 'data/exact')
  await untilState(store, midst, 'partial')
  const after = await restart()
  assert.equal(after.state, 'partial')
  assert.equal(after.have.size, 3)
  const all = await create(undefined)
  assert.equal(all, after)
  assert.deepEqual(entries(), ['data', 'data/exact', 'empty', 'short'])
  await fetchAll(all, SAMPLE)
  await untilState(store, all, 'complete')
  assert.deepEqual(entries(), ['data', 'data/exact', 'data/long', 'empty', 'link', 'short'])
  assert.equal((await restart()).state, 'complete')
})

test('more of nothing but names: what has no bytes is made though nothing is fetched', async () => {
  const holding = await create(['short'])
  await fetchFile(holding, 'short')
  await untilState(store, holding, 'partial')
  const more = await create(['link', 'empty'])
  assert.equal(more.state, 'partial')
  assert.deepEqual(entries(), ['empty', 'link', 'short'])
})

test('what was begun of a file and is not selected any more is kept, and no reason to be unfinished', async () => {
  const begun = await create(['data/long'])
  await begun.writePiece(pieceIndex(2), blocksOf(SAMPLE.bytesOf(pieceIndex(2))))
  const other = await create(['short'])
  assert.equal(other, begun)
  await fetchFile(other, 'short')
  await untilState(store, other, 'partial')
  assert.ok(other.have.has(2))
  assert.ok(entries().includes('data/long.peerage-part'))
  assert.equal((await restart()).state, 'partial')
})

test('an index of before there were selections opens, and everything in it is whole', async () => {
  const holding = await create(undefined)
  await fetchAll(holding, SAMPLE)
  await untilState(store, holding, 'complete')
  await store.close()
  const index = new DatabaseSync(join(folder, 'home', 'index.db'))
  index.exec('ALTER TABLE holdings DROP COLUMN selected; PRAGMA user_version = 1')
  index.close()
  store = await FilesystemStore.open({ home: join(folder, 'home') })
  const [old] = store.holdings()
  assert.equal(old?.state, 'complete')
  assert.equal(old?.selected, undefined)
})
