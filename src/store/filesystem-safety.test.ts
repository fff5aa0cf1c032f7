/** The file system store against what others do to its files, its disk and its index. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { PART_SUFFIX } from '../content/path-rules.ts'
import { FilesystemStore, type FilesystemStoreOptions } from './filesystem.ts'
import { readAtOffset } from './read-at.ts'
import {
  blocksOf,
  fetchAll,
  isAppError,
  piecesOf,
  type Sample,
  sampleBytes,
  sampleVersion,
  scratchFolder,
  untilState,
  variedSample
} from './samples.conformance.ts'
import type { Holding } from './store.ts'

const IS_ROOT = process.getuid?.() === 0
const IS_LINUX = process.platform === 'linux'

let folder: string
let store: FilesystemStore
let nowMs = 0

async function open(options: Partial<FilesystemStoreOptions> = {}): Promise<FilesystemStore> {
  store = await FilesystemStore.open({ home: join(folder, 'home'), nowMs: () => nowMs, ...options })
  return store
}

async function reopen(): Promise<Holding> {
  await store.close()
  await open()
  const [holding] = store.holdings()
  assert(holding !== undefined, 'the holding is still there')
  return holding
}

beforeEach(async () => {
  folder = scratchFolder()
  nowMs = 0
  await open()
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const destination = () => join(folder, 'dest')

function create(sample: Sample, place = destination()): Promise<Holding> {
  return store.create({ version: sample.version, destination: place, layers: sample.layers })
}

function write(holding: Holding, sample: Sample, piece: PieceIndex) {
  return holding.writePiece(piece, blocksOf(sample.bytesOf(piece)))
}

function fileIndexOf(sample: Sample, path: string): number {
  const index = sample.version.files.findIndex(file => file.path.join('/') === path)
  assert(index >= 0, path)
  return index
}

function piecesIn(sample: Sample, path: string): PieceIndex[] {
  const file = sample.version.files[fileIndexOf(sample, path)]
  assert(file !== undefined)
  return Array.from({ length: file.pieceCount }, (_, at) => pieceIndex(file.firstPiece + at))
}

function assertWhole(sample: Sample, root = destination()): void {
  for (const [index, file] of sample.version.files.entries())
    if (file.symlink === undefined)
      assert(readFileSync(join(root, ...file.path)).equals(sample.fileBytes(index)), file.path.join('/'))
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  assert.deepEqual(
    names.filter(name => name.endsWith(PART_SUFFIX)),
    []
  )
}

async function complete(sample: Sample, place?: string): Promise<Holding> {
  const holding = await create(sample, place)
  await fetchAll(holding, sample)
  await untilState(store, holding, 'complete')
  return holding
}

describe('what a fetched tree looks like', () => {
  test('modes, links, empty files and folders are as published, without part files', async () => {
    const sample = variedSample()
    await complete(sample)
    assertWhole(sample)
    assert.equal(lstatSync(join(destination(), 'short')).mode & 0o100, 0o100)
    assert.equal(lstatSync(join(destination(), 'data', 'long')).mode & 0o100, 0)
    assert.equal(readlinkSync(join(destination(), 'link')), 'data/long')
  })

  test('a file that is taken over becomes executable if it should be', async () => {
    const sample = variedSample()
    mkdirSync(destination())
    writeFileSync(join(destination(), 'short'), sample.fileBytes(fileIndexOf(sample, 'short')), {
      mode: 0o640
    })
    await complete(sample)
    assert.equal(lstatSync(join(destination(), 'short')).mode & 0o777, 0o750)
    assertWhole(sample)
  })

  test('a single file goes to the path that is given, or into the folder that is', async () => {
    const sample = sampleVersion([{ path: ['os.img'], bytes: sampleBytes(40_000, 1) }], { name: 'os.img' })
    mkdirSync(join(folder, 'existing'))
    const places = [
      [join(folder, 'new', 'deep', 'renamed.img'), join(folder, 'new', 'deep', 'renamed.img')],
      [join(folder, 'existing'), join(folder, 'existing', 'os.img')],
      [`${join(folder, 'fresh')}/`, join(folder, 'fresh', 'os.img')]
    ] as const
    for (const [given, expected] of places) {
      const holding = await complete(sample, given)
      assert.equal(holding.root, expected)
      assert.deepEqual(Uint8Array.from(readFileSync(expected)), Uint8Array.from(sample.fileBytes(0)))
    }
  })

  test('a name with no room for the suffix of part files is fetched like any other', async () => {
    const sample = sampleVersion([{ path: ['n'.repeat(255)], bytes: sampleBytes(40_000, 1) }])
    const holding = await create(sample)
    await write(holding, sample, pieceIndex(0))
    assert(readdirSync(destination())[0]?.endsWith(PART_SUFFIX))
    await fetchAll(holding, sample)
    await untilState(store, holding, 'complete')
    assertWhole(sample)
  })

  test('many files at once are durable also where no program can flush a file system', async () => {
    const sample = sampleVersion(
      Array.from({ length: 200 }, (_, index) => ({ path: [`file-${index}`], bytes: sampleBytes(100, index) }))
    )
    await store.close()
    const path = process.env.PATH
    process.env.PATH = folder
    try {
      await open()
    } finally {
      process.env.PATH = path
    }
    await complete(sample)
    assert(store.stats().commits < 200, 'pieces share commits')
    assertWhole(sample)
    assert.equal((await reopen()).state, 'complete')
  })

  test('many small files are as durable as few large ones', async () => {
    const count = 20_000
    const sample = sampleVersion(
      Array.from({ length: count }, (_, index) => ({
        path: [`folder-${index % 50}`, `file-${index}`],
        bytes: sampleBytes(64 + (index % 64), index)
      }))
    )
    const holding = await complete(sample)
    assert.equal(holding.have.size, count)
    const again = await reopen()
    assert.equal(again.state, 'complete')
    assert.equal(again.have.size, count)
    assert.equal(store.stats().hashedBytes, 0)
    assertWhole(sample)
  })
})

describe('a store that is opened again', () => {
  test('goes on where it was, without hashing', async () => {
    const sample = variedSample()
    const kept = piecesOf(sample).filter(piece => piece % 2 === 1)
    await fetchAll(await create(sample), sample, kept)
    const holding = await reopen()
    assert.equal(holding.state, 'fetching')
    assert.deepEqual(
      piecesOf(sample).filter(piece => holding.have.has(piece)),
      kept
    )
    for (const [fileIndex, layer] of sample.layers) assert.deepEqual(holding.layer(fileIndex), layer)
    assert.equal(await create(sample), holding)
    assert.equal(store.stats().hashedBytes, 0)
    await fetchAll(holding, sample)
    await untilState(store, holding, 'complete')
    assertWhole(sample)
  })

  test('gives a whole file its name if it died before it could', async () => {
    const sample = variedSample()
    await complete(sample)
    await store.close()
    renameSync(join(destination(), 'short'), join(destination(), `short${PART_SUFFIX}`))
    await open()
    const [holding] = store.holdings()
    assert.equal(holding?.state, 'complete')
    assert.equal(holding.have.size, sample.version.pieceCount)
    assertWhole(sample)
  })

  test('claims nothing of a part file that was shortened or replaced, and all of the others', async () => {
    const sample = variedSample()
    const holding = await create(sample)
    const [first, ...rest] = piecesIn(sample, 'data/long')
    const exact = piecesIn(sample, 'data/exact')
    assert(first !== undefined && exact[0] !== undefined && rest[0] !== undefined)
    await fetchAll(holding, sample, [first, rest[0], exact[0]])
    await store.close()
    truncateSync(join(destination(), 'data', `long${PART_SUFFIX}`), 20_000)
    const exactPart = join(destination(), 'data', `exact${PART_SUFFIX}`)
    const copy = readFileSync(exactPart)
    writeFileSync(`${exactPart}.copy`, copy)
    renameSync(`${exactPart}.copy`, exactPart)
    await open()
    const [again] = store.holdings()
    assert(again !== undefined)
    assert.equal(again.have.size, 0)
    assert.equal(again.state, 'fetching')
    await fetchAll(again, sample)
    await untilState(store, again, 'complete')
    assertWhole(sample)
  })

  test('names the whole file that changed, serves the rest, and fetches it again once it is out of the way', async () => {
    const sample = variedSample()
    await complete(sample)
    await store.close()
    const path = join(destination(), 'data', 'exact')
    writeFileSync(path, sampleBytes(2 * 16384, 77))
    await open()
    const [holding] = store.holdings()
    assert(holding !== undefined)
    assert.equal(holding.state, 'damaged')
    assert.equal(holding.problem?.path, path)
    assert.equal(holding.have.size, sample.version.pieceCount - 2)
    const [long] = piecesIn(sample, 'data/long')
    assert(long !== undefined)
    assert.equal((await holding.read({ piece: long, begin: 0, length: 9 })).length, 9)
    await assert.rejects(create(sample), isAppError('DEST_EXISTS', path))
    rmSync(path)
    assert.equal(await create(sample), holding)
    assert.equal(holding.state, 'fetching')
    await fetchAll(holding, sample, piecesIn(sample, 'data/exact'))
    await untilState(store, holding, 'complete')
    assertWhole(sample)
  })

  test('takes a file that was only touched for damaged, until it is checked', async () => {
    const sample = variedSample()
    await complete(sample)
    await store.close()
    utimesSync(join(destination(), 'short'), 1, 1)
    await open()
    const [holding] = store.holdings()
    assert.equal(holding?.state, 'damaged')
    assert.deepEqual((await holding.verify()).badPieces, [])
    assert.equal(holding.state, 'complete')
    assert.equal((await reopen()).state, 'complete')
  })

  test('forgets nothing while the disk is not mounted', async () => {
    const sample = variedSample()
    await complete(sample)
    await store.close()
    renameSync(destination(), `${destination()}-unmounted`)
    await open()
    const [gone] = store.holdings()
    assert.equal(gone?.state, 'damaged')
    assert.equal(gone.have.size, 0)
    assert.equal(gone.problem?.path, destination())
    await store.close()
    renameSync(`${destination()}-unmounted`, destination())
    await open()
    const [back] = store.holdings()
    assert.equal(back?.state, 'complete')
    assert.equal(back.have.size, sample.version.pieceCount)
    assert.equal(store.stats().hashedBytes, 0)
  })

  test('starts anew in a place that was emptied while it was away', async () => {
    const sample = variedSample()
    await complete(sample)
    await store.close()
    rmSync(destination(), { recursive: true })
    await open()
    const holding = await create(sample)
    assert.equal(holding.have.size, 0)
    await fetchAll(holding, sample)
    await untilState(store, holding, 'complete')
    assertWhole(sample)
    assert.equal((await reopen()).state, 'complete')
  })

  test('refuses an index that it can not read, and says which file', async () => {
    await store.close()
    const index = join(folder, 'home', 'index.db')
    const database = new DatabaseSync(index)
    database.exec('PRAGMA user_version = 1000')
    database.close()
    await assert.rejects(open(), isAppError('HOME_CORRUPT', index))
    for (const suffix of ['', '-wal', '-shm']) rmSync(index + suffix, { force: true })
    writeFileSync(index, 'this is no database, but long enough to look at')
    await assert.rejects(open(), isAppError('HOME_CORRUPT', index))
    rmSync(index)
    await open()
  })
})

describe('a place that is not safe', () => {
  const outside = () => join(folder, 'outside')

  test('a folder that is a link is refused before anything is written', async () => {
    const sample = variedSample()
    mkdirSync(outside())
    mkdirSync(destination())
    symlinkSync(outside(), join(destination(), 'data'))
    await assert.rejects(create(sample), isAppError('DEST_UNSAFE', join(destination(), 'data')))
    assert.deepEqual(readdirSync(outside()), [])
    assert.deepEqual(readdirSync(destination()), ['data'])
  })

  test('a folder that becomes a link while it is fetched into is not passed through', async () => {
    const sample = variedSample()
    const holding = await create(sample)
    mkdirSync(outside())
    renameSync(join(destination(), 'data'), join(folder, 'moved'))
    symlinkSync(outside(), join(destination(), 'data'))
    const [piece] = piecesIn(sample, 'data/exact')
    assert(piece !== undefined)
    await assert.rejects(write(holding, sample, piece), isAppError('DEST_UNSAFE', 'data'))
    assert.equal(holding.state, 'failed')
    assert.deepEqual(readdirSync(outside()), [])
  })

  test('a part file that is a link, or another name of a file, is not written to', async () => {
    const sample = variedSample()
    const holding = await create(sample)
    const victim = join(folder, 'victim')
    const part = join(destination(), `short${PART_SUFFIX}`)
    const [piece] = piecesIn(sample, 'short')
    assert(piece !== undefined)
    for (const plant of [symlinkSync, linkSync]) {
      writeFileSync(victim, 'precious')
      plant(victim, part)
      await assert.rejects(write(holding, sample, piece), isAppError('DEST_UNSAFE', part))
      assert.equal(readFileSync(victim, 'utf8'), 'precious')
      rmSync(part)
    }
    assert.deepEqual(await write(holding, sample, piece), { outcome: 'durable' })
    assert.equal(holding.state, 'fetching')
  })

  test('a FIFO in place of a file hangs nobody', { skip: !IS_LINUX && 'needs mkfifo' }, async () => {
    const sample = variedSample()
    const holding = await complete(sample)
    const path = join(destination(), 'short')
    rmSync(path)
    execFileSync('mkfifo', [path])
    nowMs += 60_000
    const [piece] = piecesIn(sample, 'short')
    assert(piece !== undefined)
    await assert.rejects(holding.read({ piece, begin: 0, length: 1 }), isAppError('CONTENT_CHANGED', path))
    assert.equal(holding.state, 'damaged')
    await assert.rejects(create(sample), isAppError('DEST_EXISTS', path))
  })

  test('a file that takes the name of one that is fetched is left alone until it is moved away', async () => {
    const sample = variedSample()
    const holding = await create(sample)
    const path = join(destination(), 'short')
    writeFileSync(path, 'mine')
    await fetchAll(holding, sample)
    await untilState(store, holding, 'failed')
    assert.equal(holding.problem?.code, 'DEST_EXISTS')
    assert.equal(readFileSync(path, 'utf8'), 'mine')
    const [piece] = piecesIn(sample, 'short')
    assert(piece !== undefined)
    assert.equal((await holding.read({ piece, begin: 0, length: 100 })).length, 100)
    await assert.rejects(create(sample), isAppError('DEST_EXISTS', path))
    rmSync(path)
    assert.equal(await create(sample), holding)
    assert.equal(holding.state, 'complete')
    assertWhole(sample)
  })

  test('what stands where folders, links and empty files go is refused', async () => {
    const sample = variedSample()
    const plants: readonly (readonly [string, (path: string) => void])[] = [
      ['data', path => writeFileSync(path, '')],
      ['short', path => mkdirSync(path)],
      ['link', path => writeFileSync(path, '')],
      ['link', path => symlinkSync('/etc/passwd', path)],
      ['empty', path => writeFileSync(path, 'full')]
    ]
    for (const [name, plant] of plants) {
      mkdirSync(destination())
      plant(join(destination(), name))
      await assert.rejects(create(sample), isAppError('DEST_EXISTS', join(destination(), name)))
      assert.deepEqual(readdirSync(destination()), [name])
      rmSync(destination(), { recursive: true })
    }
  })

  test('destinations that lead nowhere are refused', async () => {
    const sample = variedSample()
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
    writeFileSync(join(folder, 'file'), '')
    await assert.rejects(create(sample, join(folder, 'dangling', 'x')), isAppError('DEST_UNSAFE', 'dangling'))
    await assert.rejects(
      create(sample, join(folder, 'file', 'x')),
      isAppError('DEST_EXISTS', join(folder, 'file'))
    )
    await assert.rejects(
      create(sample, join(folder, `x${PART_SUFFIX}`)),
      isAppError('DEST_UNSAFE', PART_SUFFIX)
    )
  })

  test('two versions are not fetched into the same files at the same time', async () => {
    const sample = variedSample()
    const other = sampleVersion([{ path: ['short'], bytes: sampleBytes(100, 55) }])
    const holding = await create(sample)
    await assert.rejects(create(other), isAppError('DEST_EXISTS', join(destination(), 'short')))
    await store.forget(holding)
    await complete(other)
  })
})

describe('files that change behind our back', () => {
  test('a part file that is shortened or removed is begun anew, and what it held is not claimed', async () => {
    const sample = variedSample()
    const holding = await create(sample)
    const [first, second, third, ...rest] = piecesIn(sample, 'data/long')
    assert(first !== undefined && second !== undefined && third !== undefined)
    const part = join(destination(), 'data', `long${PART_SUFFIX}`)
    await write(holding, sample, first)
    truncateSync(part, 10)
    await write(holding, sample, second)
    assert.deepEqual([holding.have.has(first), holding.have.has(second)], [false, true])
    rmSync(part)
    await write(holding, sample, third)
    assert.deepEqual([holding.have.has(second), holding.have.has(third)], [false, true])
    await fetchAll(holding, sample, [first, second, ...rest])
    await fetchAll(holding, sample)
    await untilState(store, holding, 'complete')
    assertWhole(sample)
  })

  test('a file that shrinks between checks is found out by the read itself', async () => {
    const sample = variedSample()
    const holding = await complete(sample)
    truncateSync(join(destination(), 'short'), 10)
    const [piece] = piecesIn(sample, 'short')
    assert(piece !== undefined)
    await assert.rejects(holding.leafHashes(piece), isAppError('CONTENT_CHANGED', 'short'))
    assert.equal(holding.state, 'damaged')
    assert(!holding.have.has(piece))
  })

  test('a device that can not read a file takes down that file alone; a lack of descriptors takes down none', async () => {
    const sample = variedSample()
    await complete(sample)
    await store.close()
    let code: string | undefined
    await open({
      readAt: (fd, into, offset) =>
        code === undefined
          ? readAtOffset(fd, into, offset)
          : Promise.reject(Object.assign(new Error(`${code}: injected`), { code }))
    })
    const [holding] = store.holdings()
    const [piece] = piecesIn(sample, 'short')
    assert(holding !== undefined && piece !== undefined)
    const read = () => holding.read({ piece, begin: 0, length: 5 })
    code = 'EMFILE'
    await assert.rejects(read(), isAppError('STORAGE_FAILED', 'ulimit'))
    assert.equal(holding.state, 'complete')
    code = 'EIO'
    await assert.rejects(read(), isAppError('STORAGE_FAILED', join(destination(), 'short')))
    assert.equal(holding.state, 'damaged')
    assert.equal(holding.problem?.code, 'STORAGE_FAILED')
    code = undefined
    assert.equal(holding.have.size, sample.version.pieceCount - 1)
    await holding.verify()
    assert.equal(holding.state, 'complete')
    assert.equal((await read()).length, 5)
  })

  test('forgetting removes part files and leaves whole ones', async () => {
    const sample = variedSample()
    const holding = await create(sample)
    const [long] = piecesIn(sample, 'data/long')
    assert(long !== undefined)
    await fetchAll(holding, sample, [long, ...piecesIn(sample, 'short')])
    assert(existsSync(join(destination(), 'data', `long${PART_SUFFIX}`)))
    await store.forget(holding)
    assert(!existsSync(join(destination(), 'data', `long${PART_SUFFIX}`)))
    assert(existsSync(join(destination(), 'short')))
    await assert.rejects(write(holding, sample, pieceIndex(1)), isAppError('TRANSFER_STOPPED'))
  })
})

describe('a disk that does not do as it is told', () => {
  test('too little room is said before anything is written', async () => {
    const sample = variedSample()
    const huge = {
      ...sample.version,
      files: sample.version.files.map(file => ({ ...file, bytes: file.bytes * 2 ** 40 }))
    }
    await assert.rejects(
      store.create({ version: huge, destination: destination(), layers: new Map() }),
      isAppError('DISK_FULL', destination())
    )
    assert(!existsSync(destination()))
    assert.deepEqual(store.holdings(), [])
  })

  const canMount = IS_ROOT && IS_LINUX
  test('a disk that fills up fails the fetch, which goes on when there is room', {
    skip: !canMount && 'needs root on Linux to mount a small file system'
  }, async () => {
    mkdirSync(destination())
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', destination()])
    try {
      const sample = sampleVersion([{ path: ['disk', 'image'], bytes: sampleBytes(2_000_000, 5) }])
      const holding = await create(sample)
      const pieces = piecesOf(sample)
      await fetchAll(holding, sample, pieces.slice(0, 10))
      const filler = join(destination(), 'filler')
      writeFileSync(filler, new Uint8Array(4 * 1024 * 1024 - 300_000))
      const results = await Promise.allSettled(pieces.map(piece => write(holding, sample, piece)))
      const failed = results.filter(result => result.status === 'rejected')
      assert(failed.length > 0, 'the disk is full')
      for (const { reason } of failed) isAppError('DISK_FULL', 'image')(reason)
      assert.equal(holding.problem?.code, 'DISK_FULL')
      assert.equal(holding.state, 'failed')
      assert(holding.have.size >= 10 && holding.have.size < pieces.length)
      for (const piece of pieces.filter(each => holding.have.has(each))) {
        const expected = Uint8Array.from(sample.bytesOf(piece))
        const bytes = await holding.read({ piece, begin: 0, length: expected.length })
        assert.deepEqual(Uint8Array.from(bytes), expected)
      }
      rmSync(filler)
      assert.equal(await create(sample), holding)
      assert.equal(holding.state, 'fetching')
      await fetchAll(holding, sample)
      await untilState(store, holding, 'complete')
      assertWhole(sample)
      await store.forget(holding)
    } finally {
      await store.close()
      execFileSync('umount', [destination()])
      await open()
    }
  })

  test('an index without room claims nothing that it could not note, and goes on when there is room', {
    skip: !canMount && 'needs root on Linux to mount a small file system'
  }, async () => {
    await store.close()
    const home = join(folder, 'small-home')
    mkdirSync(home)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', home])
    try {
      await open({ home })
      const sample = variedSample()
      const holding = await create(sample)
      const [first, second] = piecesOf(sample)
      assert(first !== undefined && second !== undefined)
      await write(holding, sample, first)
      const filler = join(home, 'filler')
      assert.throws(() => writeFileSync(filler, new Uint8Array(2 ** 20)), { code: 'ENOSPC' })
      let refused: PieceIndex | undefined
      for (const piece of piecesOf(sample)) {
        const outcome = await write(holding, sample, piece).catch(isAppError('DISK_FULL'))
        if (outcome === true) refused = piece
        if (outcome === true) break
      }
      assert(refused !== undefined, 'the index is full before the fetch is complete')
      assert(!holding.have.has(refused))
      assert.equal(holding.problem?.code, 'DISK_FULL')
      rmSync(filler)
      await fetchAll(holding, sample)
      await untilState(store, holding, 'complete')
      assertWhole(sample)
    } finally {
      await store.close()
      execFileSync('umount', [home])
      await open()
    }
  })

  /** Makes a folder unwritable in a way that also holds for root; false when this system has none. */
  function forbid(path: string, isForbidden: boolean): boolean {
    if (!IS_ROOT) {
      chmodSync(path, isForbidden ? 0o500 : 0o700)
      return true
    }
    try {
      execFileSync('chattr', [isForbidden ? '+i' : '-i', path], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  }

  test('a folder without permission fails the fetch with its name, and not the store', async t => {
    const sample = variedSample()
    const holding = await create(sample)
    const data = join(destination(), 'data')
    if (!forbid(data, true)) {
      t.skip('runs as root on a file system without immutable folders')
      return
    }
    try {
      const [piece] = piecesIn(sample, 'data/long')
      assert(piece !== undefined)
      await assert.rejects(write(holding, sample, piece), isAppError('STORAGE_FAILED', data))
      assert.equal(holding.state, 'failed')
      await fetchAll(holding, sample, piecesIn(sample, 'short'))
      assert(existsSync(join(destination(), 'short')))
    } finally {
      forbid(data, false)
    }
    await fetchAll(holding, sample)
    await untilState(store, holding, 'complete')
    assertWhole(sample)
  })
})

test('a store that is closed while it hashes ends that first, and says of what comes later that it was closed', async () => {
  const sample = variedSample()
  const holding = await complete(sample)
  const pieces = piecesIn(sample, 'data/long')
  const hashing = Promise.all(pieces.map(piece => holding.leafHashes(piece)))
  await store.close()
  assert.equal((await hashing).length, pieces.length)
  const [first] = pieces
  assert(first !== undefined)
  await assert.rejects(holding.leafHashes(first), isAppError('TRANSFER_STOPPED', 'was closed'))
  await open()
})
