import assert from 'node:assert/strict'
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { concatBytes } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { MIB } from '../../base/units.ts'
import { HASH_BYTES } from '../../content/hash.ts'
import { LEAF_BYTES } from '../../content/merkle.ts'
import type { VersionFile } from '../../content/version.ts'
import { BLOCK_BUFFER_BYTES_MAX } from '../../store/block-buffers.ts'
import { FilesystemStore } from '../../store/filesystem.ts'
import { HashPool } from '../../store/hash-pool.ts'
import { MemoryStore } from '../../store/memory.ts'
import {
  fetchAll,
  type Sample,
  sampleBytes,
  sampleVersion,
  scratchFolder
} from '../../store/samples.conformance.ts'
import type { Holding } from '../../store/store.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import type { PieceReader } from './content-fetcher.ts'
import type { FileRange } from './content-terms.ts'
import { FIRST_RUN_BYTES, SoundRuns } from './sound-runs.ts'
import { type HeldVersion, verifiedBytes } from './verified-bytes.ts'

/** Of the event loop: more than another thread takes for a run. */
const TURNS_MAX = 10_000

const pool = new HashPool({ size: 1 })
after(async () => await pool.close())

interface Shelf extends HeldVersion {
  readonly sample: Sample
  readonly file: VersionFile
  readonly holding: Holding
  /** The bytes of the file as they lie on the disk. */
  readonly disk: Uint8Array
}

/** One file, after another that is there so that its pieces do not begin with zero. */
async function shelf(fileBytes: number, pieceBytes: number, runs = new SoundRuns()): Promise<Shelf> {
  const files = [
    { path: ['a'], bytes: sampleBytes(3, 1) },
    { path: ['b'], bytes: sampleBytes(fileBytes, 2) }
  ]
  const sample = sampleVersion(files, { pieceBytes })
  const { version, layers } = sample
  const store = new MemoryStore()
  const holding = await store.create({ version, layers, destination: '/held' })
  await fetchAll(holding, sample)
  const file = version.files[1] ?? assert.fail()
  const disk = store.disk.get('/held/b') ?? assert.fail()
  return { version, holdings: () => [holding], runs, sample, file, holding, disk }
}

async function read(
  held: HeldVersion & Pick<Shelf, 'file'>,
  range: FileRange
): Promise<{ parts: Uint8Array[]; fault: unknown }> {
  const parts: Uint8Array[] = []
  let fault: unknown
  try {
    // Each is of memory that is used again.
    for await (const part of verifiedBytes(held, held.file, range)) parts.push(Uint8Array.from(part))
  } catch (thrown) {
    fault = thrown
  }
  await memoryIsBack(held)
  return { parts, fault }
}

/** That of runs which were read ahead, once they have come. */
async function memoryIsBack({ runs }: HeldVersion): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX && runs.lentCount > 0; turn++)
    await new Promise(resolve => setImmediate(resolve))
  assert.equal(runs.lentCount, 0, 'all memory is back')
}

function isChanged(fault: unknown): boolean {
  return fault instanceof AppError && fault.code === 'CONTENT_CHANGED'
}

const pieceLengths = fc.constantFrom(LEAF_BYTES, 2 * LEAF_BYTES, 8 * LEAF_BYTES)
const fileLengths = fc.oneof(
  fc.integer({ min: 1, max: 20 * LEAF_BYTES }),
  fc.constantFrom(1, LEAF_BYTES - 1, LEAF_BYTES, LEAF_BYTES + 1, 8 * LEAF_BYTES, 8 * LEAF_BYTES + 1)
)
const places = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

function rangeAt(fileBytes: number, from: number, share: number): FileRange {
  const offset = Math.floor(from * fileBytes)
  return { offset, bytes: Math.max(1, Math.floor(share * (fileBytes - offset))) }
}

test('any range of any file is what was published, whether its leaves are known or not', async () => {
  await fc.assert(
    fc.asyncProperty(
      fileLengths,
      pieceLengths,
      fc.array(fc.tuple(places, places), { maxLength: 4 }),
      async (fileBytes, pieceBytes, asked) => {
        const held = await shelf(fileBytes, pieceBytes)
        for (const [from, share] of asked) {
          const range = rangeAt(fileBytes, from, share)
          const { parts, fault } = await read(held, range)
          assert.equal(fault, undefined)
          assert.deepEqual(
            concatBytes(parts),
            held.sample.fileBytes(1).slice(range.offset, range.offset + range.bytes)
          )
        }
      }
    ),
    { numRuns: 60 }
  )
})

test('of what was changed on the disk nothing is given, before or after its leaves are known', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ fileBytes: fileLengths, pieceBytes: pieceLengths, isKnown: fc.boolean() }),
      fc.record({ changed: places, from: places, share: places }),
      async ({ fileBytes, pieceBytes, isKnown }, { changed, from, share }) => {
        const held = await shelf(fileBytes, pieceBytes)
        if (isKnown) await read(held, { offset: 0, bytes: fileBytes })
        const at = Math.floor(changed * fileBytes)
        held.disk[at] = (held.disk[at] ?? 0) ^ 0x40
        const range = rangeAt(fileBytes, from, share)
        const { parts, fault } = await read(held, range)
        const given = concatBytes(parts)
        assert.deepEqual(given, held.sample.fileBytes(1).slice(range.offset, range.offset + given.length))
        const isAsked = range.offset <= at && at < range.offset + range.bytes
        if (isAsked) assert.ok(isChanged(fault) && range.offset + given.length <= at)
        else if (fault === undefined) assert.equal(given.length, range.bytes)
        else assert.ok(isChanged(fault))
      }
    ),
    { numRuns: 100 }
  )
})

test('a block whose leaf is known is given although another of its piece was changed', async () => {
  const held = await shelf(8 * LEAF_BYTES, 8 * LEAF_BYTES)
  assert.equal((await read(held, { offset: 0, bytes: 1 })).fault, undefined)
  held.disk[5 * LEAF_BYTES] = (held.disk[5 * LEAF_BYTES] ?? 0) ^ 1
  const sound = await read(held, { offset: 4 * LEAF_BYTES + 7, bytes: 20 })
  assert.deepEqual([sound.fault, concatBytes(sound.parts).length], [undefined, 20])
  const spoiled = await read(held, { offset: 5 * LEAF_BYTES + 7, bytes: 20 })
  assert.ok(isChanged(spoiled.fault) && spoiled.parts.length === 0)
})

for (const [where, runs] of [
  ['on this thread', () => new SoundRuns()],
  ['on another thread', () => new SoundRuns({ pool })]
] as const)
  test(`long pieces are read in short runs, the first the shortest, verified ${where}`, async () => {
    const held = await shelf(5 * MIB + 5, 2 * MIB, runs())
    const range = { offset: MIB - 1, bytes: 3 * MIB }
    for (let round = 0; round < 2; round++) {
      const { parts, fault } = await read(held, range)
      assert.equal(fault, undefined)
      assert.ok((parts[0]?.length ?? 0) <= FIRST_RUN_BYTES + LEAF_BYTES)
      assert.ok(parts.every(({ length }) => length <= BLOCK_BUFFER_BYTES_MAX))
      assert.deepEqual(concatBytes(parts), held.sample.fileBytes(1).slice(MIB - 1, 4 * MIB - 1))
    }
    held.disk[3 * MIB] = (held.disk[3 * MIB] ?? 0) ^ 1
    const { parts, fault } = await read(held, range)
    assert.ok(isChanged(fault))
    const given = concatBytes(parts)
    assert.ok(given.length > 0 && given.length <= 2 * MIB + 1)
    assert.deepEqual(given, held.sample.fileBytes(1).slice(MIB - 1, MIB - 1 + given.length))
  })

test('leaves that are not those of the piece are not believed, and not kept', async () => {
  const held = await shelf(2 * MIB, 2 * MIB)
  const { holding } = held
  const forged = scripted<Holding>({
    ...{ id: 'forged', version: held.version, root: holding.root, have: holding.have },
    pieceHash: piece => holding.pieceHash(piece),
    leafHashes: async () => sampleBytes(128 * HASH_BYTES, 3)
  })
  const { fault } = await read({ ...held, holdings: () => [forged] }, { offset: 0, bytes: 10 })
  assert.ok(isChanged(fault))
  assert.deepEqual(held.runs.leaves.versions, [])
  const both = { ...held, holdings: () => [forged, held.holding] }
  assert.equal((await read(both, { offset: 0, bytes: 10 })).fault, undefined, 'another place has it')
})

test('who goes away in the middle leaves no memory behind', async () => {
  const held = await shelf(20 * LEAF_BYTES, 8 * LEAF_BYTES)
  const parts = verifiedBytes(held, held.file, { offset: 5, bytes: 19 * LEAF_BYTES })
  await parts.next()
  assert.ok(held.runs.lentCount > 0)
  await parts.return()
  await memoryIsBack(held)
})

test('what is held is read ahead while a part goes, up to a bound', async () => {
  for (const isKnown of [false, true]) {
    const held = await shelf(5 * MIB, 2 * MIB)
    const whole = { offset: 0, bytes: 5 * MIB }
    if (isKnown) await read(held, whole)
    const lent: number[] = []
    for await (const _ of verifiedBytes(held, held.file, whole)) {
      await new Promise(resolve => setImmediate(resolve))
      lent.push(held.runs.lentCount)
    }
    assert.equal(Math.max(...lent), 3, lent.join())
    await memoryIsBack(held)
  }
})

test('what is fetched is asked for piece by piece: the next not before the one before has come', async () => {
  const held = await shelf(MIB, MIB / 4)
  const asked: number[] = []
  let open = 0
  const reader = (): PieceReader => ({
    ready: async piece => {
      assert.equal(++open, 1)
      asked.push(piece - held.file.firstPiece)
      await new Promise(resolve => setImmediate(resolve))
      open--
    },
    took: () => undefined,
    close: () => undefined
  })
  const { parts, fault } = await read({ ...held, reader }, { offset: 0, bytes: MIB })
  assert.equal(fault, undefined)
  assert.equal(concatBytes(parts).length, MIB)
  assert.deepEqual([...new Set(asked)], [0, 1, 2, 3])
  assert.deepEqual(asked, asked.toSorted())
})

for (const [what, lie] of [
  ['changed', (bytes: Uint8Array) => bytes.map((byte, at) => (at === 4 * MIB ? byte ^ 1 : byte))],
  ['cut short', (bytes: Uint8Array) => bytes.subarray(0, 4 * MIB + 7)]
] as const)
  test(`a file on a disk is read by other threads, and where it was ${what} nothing of that is given`, async () => {
    const home = scratchFolder()
    const bytes = sampleBytes(5 * MIB + 5, 4)
    const sample = sampleVersion([{ path: ['film'], bytes }], { pieceBytes: MIB })
    const { version, layers } = sample
    const destination = join(home, 'destination')
    // Its clock stands: that the file was touched is not looked at, only what lies in it.
    const store = await FilesystemStore.open({ home: join(home, 'store'), nowMs: () => 0 })
    try {
      const holding = await store.create({ version, layers, destination })
      await fetchAll(holding, sample)
      const [file = assert.fail()] = version.files
      const held = { version, holdings: () => [holding], runs: new SoundRuns(store), file }
      const whole = { offset: 0, bytes: bytes.length }
      for (let round = 0; round < 2; round++) {
        const { parts, fault } = await read(held, whole)
        assert.equal(fault, undefined)
        assert.deepEqual(concatBytes(parts), bytes)
      }
      const fd = openSync(join(destination, 'film'), 'r+')
      const lies = lie(bytes)
      ftruncateSync(fd, lies.length)
      writeSync(fd, lies, 0, lies.length, 0)
      closeSync(fd)
      const { parts, fault } = await read(held, whole)
      assert.ok(isChanged(fault))
      const given = concatBytes(parts)
      assert.ok(given.length > 0 && given.length <= 4 * MIB)
      assert.deepEqual(given, bytes.subarray(0, given.length))
    } finally {
      await store.close()
      rmSync(home, { recursive: true })
    }
  })
