/**
 * A fetching process is killed at random instants, over and over. After each kill the store must still claim
 * every piece that it had acknowledged, claim nothing whose bytes are not on disk, and have read nothing to find
 * that out. Run with `child` as argument this file is the process that is killed.
 */

import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv } from 'node:process'
import { test } from 'node:test'
import { runUntilKilled } from '../lab/killed-child.ts'
import { rounds } from '../lab/rounds.ts'
import { type PieceIndex, pieceIndex } from '../src/base/ids.ts'
import { FilesystemStore } from '../src/store/filesystem.ts'
import {
  blocksOf,
  piecesOf,
  type Sample,
  sampleBytes,
  sampleVersion,
  untilState
} from '../src/store/samples.conformance.ts'
import type { Holding } from '../src/store/store.ts'

const ROUNDS = rounds(8)
const WRITERS = 64
/** The longest a child lives after it began to fetch; some rounds complete a fetch within it. */
const LIFE_MS_MAX = 400

/** Long files whose pieces come one by one, and many that become whole at once. */
function crashSample(): Sample {
  const small = Array.from({ length: 150 }, (_, index) => ({
    path: [`folder-${index % 7}`, `small-${index}`],
    bytes: sampleBytes(1 + ((index * 7919) % 30_000), index),
    executable: index % 3 === 0
  }))
  return sampleVersion([
    ...small,
    { path: ['long'], bytes: sampleBytes(150 * 16384 + 1, 1001) },
    { path: ['folder-1', 'longer'], bytes: sampleBytes(250 * 16384, 1002) },
    { path: ['empty'], bytes: new Uint8Array(0) },
    { path: ['folder-2', 'link'], bytes: new Uint8Array(0), symlink: ['long'] }
  ])
}

async function fetchUntilKilled(home: string, destination: string, seed: number): Promise<void> {
  const sample = crashSample()
  const store = await FilesystemStore.open({ home })
  const { version, layers } = sample
  const holding = await store.create({ version, destination, layers })
  writeSync(1, 'fetching\n')
  const step = 101 + 2 * (seed % 50)
  const order = piecesOf(sample).map(piece => pieceIndex((piece * step + seed) % version.pieceCount))
  const missing = [...new Set([...order, ...piecesOf(sample)])].filter(piece => !holding.have.has(piece))
  const write = async () => {
    for (let piece = missing.pop(); piece !== undefined; piece = missing.pop()) {
      const { outcome } = await holding.writePiece(piece, blocksOf(sample.bytesOf(piece)))
      assert.equal(outcome, 'durable')
      writeSync(1, `${piece}\n`)
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, write))
  await untilState(store, holding, 'complete')
  writeSync(1, 'complete\n')
  setInterval(() => {}, 1000)
}

/** Every file that bears its final name is whole. */
function checkNamedFiles(sample: Sample, root: string): void {
  for (const [index, file] of sample.version.files.entries()) {
    const path = join(root, ...file.path)
    if (file.bytes === 0 || !existsSync(path)) continue
    assert.deepEqual(Uint8Array.from(readFileSync(path)), Uint8Array.from(sample.fileBytes(index)), path)
    assert.equal((lstatSync(path).mode & 0o100) !== 0, file.executable, path)
  }
}

function checkComplete(sample: Sample, root: string): void {
  for (const file of sample.version.files) assert(existsSync(join(root, ...file.path)), file.path.join('/'))
  assert.equal(readlinkSync(join(root, 'folder-2', 'link')), '../long')
}

async function checkClaims(
  sample: Sample,
  holding: Holding,
  acknowledged: ReadonlySet<PieceIndex>
): Promise<void> {
  for (const piece of acknowledged) assert(holding.have.has(piece), `piece ${piece} was acknowledged`)
  for (const piece of piecesOf(sample)) {
    if (!holding.have.has(piece)) continue
    const expected = sample.bytesOf(piece)
    const bytes = await holding.read({ piece, begin: 0, length: expected.length })
    assert.deepEqual(
      Uint8Array.from(bytes),
      Uint8Array.from(expected),
      `piece ${piece} is what it is claimed to be`
    )
  }
}

async function crashRounds(folder: string): Promise<void> {
  const home = join(folder, 'home')
  const sample = crashSample()
  const acknowledged = new Map<string, Set<PieceIndex>>()
  let fetches = 0
  let interrupted = 0
  // On a fast machine each fetch may be over before its child is killed: so later ones live shorter.
  for (let round = 0; round < ROUNDS || (interrupted === 0 && round < 4 * ROUNDS); round++) {
    const destination = join(folder, `dest-${fetches}`)
    const known = acknowledged.get(destination) ?? new Set()
    acknowledged.set(destination, known)
    const lines = await runUntilKilled(
      import.meta.url,
      [home, destination, String(round)],
      (Math.random() * LIFE_MS_MAX) / 2 ** Math.floor(round / ROUNDS)
    )
    const pieces = lines.filter(line => /^\d+$/.test(line)).map(line => pieceIndex(Number(line)))
    for (const piece of pieces) {
      assert(!known.has(piece), `piece ${piece} was kept and is not fetched again`)
      known.add(piece)
    }
    const store = await FilesystemStore.open({ home })
    const { hashedBytes, readBytes } = store.stats()
    assert.deepEqual({ hashedBytes, readBytes }, { hashedBytes: 0, readBytes: 0 })
    for (const holding of store.holdings()) {
      await checkClaims(sample, holding, acknowledged.get(holding.root) ?? new Set())
      checkNamedFiles(sample, holding.root)
      if (holding.state === 'complete') checkComplete(sample, holding.root)
      else assert.equal(holding.state, 'fetching')
    }
    const current = store.holdings().find(holding => holding.root === destination)
    if (current?.state === 'complete') fetches++
    else interrupted++
    if (lines.includes('complete')) assert.equal(current?.state, 'complete')
    await store.close()
  }
  assert(interrupted > 0, 'some fetch was interrupted')
}

if (argv[2] === 'child') {
  const [, , , home, destination, seed] = argv
  assert(home !== undefined && destination !== undefined, 'a child knows where to fetch to')
  await fetchUntilKilled(home, destination, Number(seed))
} else {
  test('a store that is killed at any instant loses nothing, invents nothing and hashes nothing again', async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'peerage-crash-')))
    try {
      await crashRounds(folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}
