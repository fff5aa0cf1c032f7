/** Files that are taken up again on a disk where others did something, or the process died at the worst time. */

import assert from 'node:assert/strict'
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { pieceIndex } from '../base/ids.ts'
import { PART_SUFFIX } from '../content/path-rules.ts'
import { FilesystemStore } from './filesystem.ts'
import {
  blocksOf,
  fetchAll,
  sampleBytes,
  sampleVersion,
  scratchFolder,
  untilState
} from './samples.conformance.ts'
import type { Holding } from './store.ts'

const PIECES = 40
const sample = sampleVersion([
  { path: ['long'], bytes: sampleBytes(PIECES * 16384 - 5, 1) },
  { path: ['other'], bytes: sampleBytes(100, 2) }
])
let folder: string
let store: FilesystemStore
let holding: Holding
let path: string

async function open(): Promise<void> {
  store = await FilesystemStore.open({ home: join(folder, 'home') })
}

async function reopen(): Promise<void> {
  await store.close()
  await open()
  holding = store.holdings()[0] ?? assert.fail('the holding is still there')
}

function create(): Promise<Holding> {
  return store.create({ version: sample.version, destination: join(folder, 'dest'), layers: sample.layers })
}

/** Of the file of many pieces, as somebody without regard for the store would. */
function flip(...pieces: number[]): void {
  const bytes = readFileSync(path)
  for (const piece of pieces) bytes[piece * 16384 + 7] = (bytes[piece * 16384 + 7] ?? 0) ^ 0x10
  writeFileSync(path, bytes)
}

async function heal(): Promise<number> {
  const again = await create()
  let fetched = 0
  for (let index = 0; index < sample.version.pieceCount; index++) {
    const piece = pieceIndex(index)
    if (again.have.has(piece)) continue
    await again.writePiece(piece, blocksOf(sample.bytesOf(piece)))
    fetched++
  }
  await untilState(store, again, 'complete')
  assert.ok(readFileSync(path).equals(sample.fileBytes(0)))
  assert.equal(existsSync(path + PART_SUFFIX), false)
  return fetched
}

beforeEach(async () => {
  folder = scratchFolder()
  await open()
  holding = await create()
  await fetchAll(holding, sample)
  await untilState(store, holding, 'complete')
  path = join(holding.root, 'long')
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

test('only bad pieces are fetched again, also after a restart in between', async () => {
  flip(3, 17, 39)
  holding.disclaim(pieceIndex(17))
  assert.equal((await holding.salvage()).keptPieces, PIECES - 3)
  await reopen()
  assert.equal(holding.have.size, PIECES - 3 + 1)
  assert.equal(await heal(), 3)
})

test('a process that died before anything was claimed, with one name or with both, loses no good piece', async () => {
  for (const dying of [renameSync, linkSync]) {
    flip(5)
    holding.disclaim(pieceIndex(5))
    await store.close()
    dying(path, path + PART_SUFFIX)
    await open()
    holding = store.holdings()[0] ?? assert.fail()
    assert.equal((await holding.salvage()).keptPieces, PIECES - 1)
    assert.equal(existsSync(path), false)
    assert.equal(await heal(), 1)
    holding = store.holdings()[0] ?? assert.fail()
  }
})

test('a file with another name, and one beside a part file of its own, stay as they are and are told of', async () => {
  const elsewhere = join(folder, 'elsewhere')
  linkSync(path, elsewhere)
  flip(1)
  holding.disclaim(pieceIndex(1))
  assert.deepEqual(await holding.salvage(), { keptPieces: 0, stuckFiles: [path] })
  rmSync(elsewhere)
  const before = readFileSync(path)
  writeFileSync(path + PART_SUFFIX, 'not much')
  const { stuckFiles } = await holding.salvage()
  assert.deepEqual(stuckFiles, [path])
  assert.ok(readFileSync(path).equals(before))
  rmSync(path)
  assert.equal(await heal(), PIECES)
})

test('what lacks nothing that is on the disk keeps its claims', async () => {
  rmSync(path)
  await holding.verify()
  assert.deepEqual(await holding.salvage(), { keptPieces: 0, stuckFiles: [] })
  assert.equal(holding.have.size, 1)
  assert.equal(holding.state, 'damaged')
})
