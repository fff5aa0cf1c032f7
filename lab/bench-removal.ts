/**
 * `npm run bench:removal -- [files]`: whether reads and writes of a store wait while a version of many small files is
 * removed. Reads of 16 KiB at random and pieces of 16 KiB that are written and fsynced go on all the while; what is
 * printed is how long each took, before and meanwhile, and the longest turn of the event loop.
 */

import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { assert } from '../src/base/assert.ts'
import { pieceIndex } from '../src/base/ids.ts'
import { KIB } from '../src/base/units.ts'
import { FilesystemStore } from '../src/store/filesystem.ts'
import { hashTree } from '../src/store/publish.ts'
import { blocksOf, sampleBytes, sampleVersion } from '../src/store/samples.conformance.ts'
import type { Holding } from '../src/store/store.ts'

const FILES = Number(process.argv[2] ?? 20_000)
const PIECES = 8192
const BEFORE_MS = 2000

interface Times {
  readonly reads: number[]
  readonly writes: number[]
  longestTurnMs: number
}

async function plant(folder: string, files: number): Promise<void> {
  for (let index = 0; index < files; index++) {
    const below = join(folder, String(index % 100))
    mkdirSync(below, { recursive: true })
    writeFileSync(join(below, `file-${index}`), `content ${index}`)
  }
}

/** Reads and writes without pause until told to stop. */
async function beside(
  { read, written, blocks }: { read: Holding; written: Holding; blocks: (piece: number) => Uint8Array[] },
  next: { piece: number },
  signal: AbortSignal
): Promise<Times> {
  const times: Times = { reads: [], writes: [], longestTurnMs: 0 }
  const timed = async (into: number[], work: () => Promise<unknown>): Promise<void> => {
    while (!signal.aborted) {
      const startMs = performance.now()
      await work()
      into.push(performance.now() - startMs)
      await nextTurn()
    }
  }
  const turns = async (): Promise<void> => {
    for (let lastMs = performance.now(); !signal.aborted; ) {
      await nextTurn()
      const nowMs = performance.now()
      times.longestTurnMs = Math.max(times.longestTurnMs, nowMs - lastMs)
      lastMs = nowMs
    }
  }
  const piece = () => pieceIndex(randomInt(PIECES))
  await Promise.all([
    turns(),
    timed(times.reads, () => read.read({ piece: piece(), begin: 0, length: 16 * KIB })),
    timed(times.writes, async () => {
      const index = next.piece++
      assert(index < PIECES, 'there is a piece left to write')
      await written.writePiece(pieceIndex(index), blocks(index))
    })
  ])
  return times
}

function say(what: string, { reads, writes, longestTurnMs }: Times): void {
  const at = (times: number[], share: number): string =>
    (times.sort((a, b) => a - b)[Math.floor(share * (times.length - 1))] ?? 0).toFixed(2)
  const of = (times: number[]): string => `${at(times, 0.5)} / ${at(times, 0.99)} / ${at(times, 1)}`
  console.log(`| ${what} | ${of(reads)} | ${of(writes)} | ${longestTurnMs.toFixed(0)} |`)
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'peerage-bench-removal-'))
  const store = await FilesystemStore.open({ home: join(folder, 'home') })
  try {
    const sample = sampleVersion([{ path: ['large'], bytes: sampleBytes(PIECES * 16 * KIB, 1) }])
    const other = sampleVersion([{ path: ['other'], bytes: sampleBytes(PIECES * 16 * KIB, 2) }])
    const open = ({ version, layers }: typeof sample, place: string) =>
      store.create({ version, destination: join(folder, place), layers })
    const read = await open(sample, 'read')
    const pieces = Array.from({ length: PIECES }, (_, piece) => pieceIndex(piece))
    await Promise.all(pieces.map(piece => read.writePiece(piece, blocksOf(sample.bytesOf(piece), 16 * KIB))))
    const written = await open(other, 'written')
    await plant(join(folder, 'many'), FILES)
    const tree = await hashTree(join(folder, 'many'), { pool: store.pool })
    const { version, layers } = tree
    const many = await store.create({ version, destination: join(folder, 'many'), layers })
    const scene = {
      ...{ read, written },
      blocks: (piece: number) => blocksOf(other.bytesOf(pieceIndex(piece)), 16 * KIB)
    }
    const next = { piece: 0 }
    console.log('| | reads: ms, median / p99 / longest | writes: the same | longest turn, ms |')
    console.log('|---|---|---|---|')
    const calm = new AbortController()
    const before = beside(scene, next, calm.signal)
    await delay(BEFORE_MS)
    calm.abort()
    say('before', await before)
    const busy = new AbortController()
    const meanwhile = beside(scene, next, busy.signal)
    const startMs = performance.now()
    await store.erase(many, { source: 'keep', missing: 'wait' })
    const tookMs = performance.now() - startMs
    busy.abort()
    say(`while ${FILES} files go, in ${tookMs.toFixed(0)} ms`, await meanwhile)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

await main()
