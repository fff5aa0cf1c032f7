import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { pieceIndex } from '../base/ids.ts'
import { FilesystemStore } from './filesystem.ts'
import { HashPool } from './hash-pool.ts'
import { linkedInodes } from './linked-inodes.ts'
import { hashTree, type PublishProgress } from './publish.ts'
import {
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

let folder: string
let pool: HashPool
before(() => {
  pool = new HashPool({ size: 2 })
})
after(() => pool.close())
beforeEach(() => {
  folder = scratchFolder()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const tree = (...path: string[]) => join(folder, 'sample', ...path)

function plant(sample: Sample): void {
  for (const [index, file] of sample.version.files.entries()) {
    mkdirSync(join(tree(...file.path), '..'), { recursive: true })
    if (file.symlink !== undefined) symlinkSync(file.symlink.join('/'), tree(...file.path))
    else writeFileSync(tree(...file.path), sample.fileBytes(index), { mode: file.executable ? 0o755 : 0o644 })
  }
}

describe('what is published', () => {
  test('is the version that its bytes, modes and links make, with layers and fingerprints', async () => {
    const sample = variedSample()
    plant(sample)
    mkdirSync(tree('empty-folder', 'in', 'it'), { recursive: true })
    const progress: PublishProgress[] = []
    const hashed = await hashTree(tree(), { pool, onProgress: one => progress.push(one) })
    assert.equal(hashed.version.id, sample.version.id)
    assert.equal(hashed.source, tree())
    assert.deepEqual([...hashed.layers.keys()].sort(), [...sample.layers.keys()].sort())
    for (const [fileIndex, layer] of sample.layers)
      assert.deepEqual(Uint8Array.from(hashed.layers.get(fileIndex) ?? []), Uint8Array.from(layer))
    const withBytes = sample.version.files.flatMap((file, index) => (file.bytes > 0 ? [index] : []))
    assert.deepEqual([...hashed.fingerprints.keys()].sort(), withBytes.sort())
    const last = progress.at(-1)
    assert.equal(last?.bytesDone, sample.version.totalBytes)
    assert.equal(last?.filesDone, sample.version.files.length)
    assert.equal(progress[0]?.phase, 'scanning')
    assert.equal(progress[0]?.filesTotal, null)
  })

  test('a file alone is a version of a single file, by whatever path it is named', async () => {
    mkdirSync(tree())
    writeFileSync(tree('one.bin'), sampleBytes(30_000, 1))
    symlinkSync(tree('one.bin'), join(folder, 'alias.bin'))
    const sample = sampleVersion([{ path: ['one.bin'], bytes: sampleBytes(30_000, 1) }], { name: 'one.bin' })
    const direct = await hashTree(tree('one.bin'), { pool })
    assert.equal(direct.version.id, sample.version.id)
    const alias = await hashTree(join(folder, 'alias.bin'), { pool })
    assert.equal(alias.version.name, 'alias.bin')
    assert.equal(alias.source, tree('one.bin'))
    const store = await FilesystemStore.open({ home: join(folder, 'home') })
    const holding = await store.adopt(alias)
    assert.equal((await holding.read({ piece: pieceIndex(1), begin: 0, length: 9 })).length, 9)
    await store.close()
  })

  test('a folder with nothing but a file of its own name is that file', async () => {
    mkdirSync(tree())
    writeFileSync(tree('sample'), sampleBytes(100, 1))
    const hashed = await hashTree(tree(), { pool })
    assert.equal(hashed.version.isSingleFile, true)
    assert.equal(hashed.source, tree('sample'))
    const store = await FilesystemStore.open({ home: join(folder, 'home') })
    const holding = await store.adopt(hashed)
    assert.equal((await holding.read({ piece: pieceIndex(0), begin: 0, length: 100 })).length, 100)
    await store.close()
  })

  test('links inside the tree are kept, as what they finally lead to', async () => {
    mkdirSync(tree('lib'), { recursive: true })
    writeFileSync(tree('lib', 'liba.so.1.2'), 'library')
    symlinkSync('liba.so.1.2', tree('lib', 'liba.so.1'))
    symlinkSync('lib/liba.so.1', tree('current'))
    const { version } = await hashTree(tree(), { pool })
    const links = version.files.filter(file => file.symlink !== undefined)
    assert.deepEqual(
      links.map(file => file.symlink),
      [
        ['lib', 'liba.so.1.2'],
        ['lib', 'liba.so.1.2']
      ]
    )
  })

  test('what one store publishes, another fetches, and it publishes as the same version', async () => {
    const sample = variedSample()
    plant(sample)
    const hashed = await hashTree(tree(), { pool })
    const source = await FilesystemStore.open({ home: join(folder, 'a') })
    const target = await FilesystemStore.open({ home: join(folder, 'b') })
    const from = await source.adopt(hashed)
    const to = await target.create({
      version: hashed.version,
      destination: join(folder, 'fetched', 'sample'),
      layers: hashed.layers
    })
    for (const piece of piecesOf(sample)) {
      const { length } = sample.bytesOf(piece)
      assert.equal(
        (await to.writePiece(piece, [await from.read({ piece, begin: 0, length })])).outcome,
        'durable'
      )
    }
    await untilState(target, to, 'complete')
    assert.equal(readlinkSync(join(to.root, 'link')), 'data/long')
    const again = await hashTree(to.root, { pool })
    assert.equal(again.version.id, hashed.version.id)
    // Published where it was fetched: one holding, one copy.
    assert.equal(await target.adopt(again), to)
    await source.close()
    await target.close()
  })
})

describe('what is refused', () => {
  const publish = () => hashTree(tree(), { pool })

  test('nothing at the path, or nothing in the folder', async () => {
    await assert.rejects(publish(), isAppError('SOURCE_MISSING', tree()))
    mkdirSync(tree('only', 'folders'), { recursive: true })
    await assert.rejects(publish(), isAppError('SOURCE_EMPTY', tree()))
  })

  test('links that leave the tree, are absolute, or lead nowhere', async () => {
    mkdirSync(tree(), { recursive: true })
    writeFileSync(tree('file'), 'x')
    for (const target of ['../outside', '/etc/passwd', 'nowhere', '.']) {
      symlinkSync(target, tree('link'))
      await assert.rejects(publish(), isAppError('PATH_UNSAFE', 'link'), target)
      rmSync(tree('link'))
    }
    await publish()
  })

  test('another name of a file that is guarded, and no other hard link', async () => {
    const guarded = join(folder, 'home')
    mkdirSync(join(guarded, 'web'), { recursive: true })
    mkdirSync(tree('deep'), { recursive: true })
    writeFileSync(join(guarded, 'web', 'key.pem'), 'key')
    writeFileSync(tree('file'), 'x')
    linkSync(tree('file'), tree('deep', 'same'))
    const publishGuarded = () => hashTree(tree(), { pool, guarded: () => linkedInodes(guarded) })
    await publishGuarded()
    linkSync(join(guarded, 'web', 'key.pem'), tree('deep', 'key'))
    await assert.rejects(publishGuarded(), isAppError('SOURCE_UNSUPPORTED', tree('deep', 'key')))
  })

  test('names that another system can not hold', async () => {
    for (const name of ['nul', 'a:b', 'x.peerage-part', 'trailing.']) {
      mkdirSync(tree(), { recursive: true })
      writeFileSync(tree(name), 'x')
      await assert.rejects(publish(), isAppError('PATH_UNSAFE', name))
      rmSync(tree(), { recursive: true })
    }
    mkdirSync(tree())
    for (const name of ['Readme', 'README']) writeFileSync(tree(name), name)
    await assert.rejects(publish(), isAppError('PATH_UNSAFE', 'README'))
  })

  test('what is no file, by name', { skip: process.platform === 'win32' && 'needs mkfifo' }, async () => {
    mkdirSync(tree())
    execFileSync('mkfifo', [tree('pipe')])
    await assert.rejects(publish(), isAppError('SOURCE_UNSUPPORTED', tree('pipe')))
    await assert.rejects(hashTree(tree('pipe'), { pool }), isAppError('SOURCE_UNSUPPORTED', tree('pipe')))
    rmSync(tree('pipe'))
    const notUnicode = Buffer.concat([Buffer.from(`${tree()}/bad-`), Buffer.of(0xff)])
    writeFileSync(notUnicode, 'x')
    await assert.rejects(publish(), isAppError('SOURCE_UNSUPPORTED', 'bad-'))
  })

  test('what can not be read, by name', {
    skip: process.getuid?.() === 0 && 'root may read anything'
  }, async () => {
    plant(variedSample())
    chmodSync(tree('short'), 0)
    await assert.rejects(publish(), isAppError('STORAGE_FAILED', tree('short')))
    chmodSync(tree('short'), 0o600)
    chmodSync(tree('data'), 0)
    await assert.rejects(publish(), isAppError('SOURCE_MISSING', tree('data')))
    chmodSync(tree('data'), 0o700)
  })

  test('a file that changes between scan and hash, by name', async () => {
    const changes: readonly ((path: string) => void)[] = [
      path => appendFileSync(path, 'more'),
      path => truncateSync(path, 5),
      path => rmSync(path)
    ]
    for (const change of changes) {
      plant(variedSample())
      const onProgress = ({ phase, bytesDone }: PublishProgress) => {
        if (phase === 'hashing' && bytesDone === 0) change(tree('data', 'long'))
      }
      await assert.rejects(
        hashTree(tree(), { pool, onProgress: once(onProgress) }),
        isAppError('CONTENT_CHANGED', tree('data', 'long'))
      )
      rmSync(tree(), { recursive: true })
    }
  })

  test('going on after an abort', async () => {
    plant(variedSample())
    const reason = new Error('no more')
    await assert.rejects(hashTree(tree(), { pool, signal: AbortSignal.abort(reason) }), reason)
    const controller = new AbortController()
    const onProgress = ({ phase }: PublishProgress) => {
      if (phase === 'hashing') controller.abort(reason)
    }
    await assert.rejects(hashTree(tree(), { pool, signal: controller.signal, onProgress }), reason)
  })

  test('a published tree is fetched into its own place only while it is whole', async () => {
    const sample = variedSample()
    plant(sample)
    const store = await FilesystemStore.open({ home: join(folder, 'home') })
    const holding = await store.adopt(await hashTree(tree(), { pool }))
    const target = { version: sample.version, destination: tree(), layers: sample.layers }
    assert.equal(await store.create(target), holding)
    appendFileSync(tree('short'), 'more')
    await holding.verify()
    assert.equal(holding.state, 'damaged')
    await assert.rejects(store.create(target), isAppError('DEST_EXISTS', tree()))
    await assert.rejects(fetchAll(holding, sample))
    truncateSync(tree('short'), 100)
    assert.equal(await store.adopt(await hashTree(tree(), { pool })), holding)
    assert.equal(holding.state, 'complete')
    await store.close()
  })
})

/** Runs a listener for the first report of hashing only. */
function once(listener: (progress: PublishProgress) => void): (progress: PublishProgress) => void {
  let isDone = false
  return progress => {
    if (isDone || progress.phase !== 'hashing') return
    isDone = true
    listener(progress)
  }
}
