import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { manifestNameOf } from '../../content/sealing/manifest-name.ts'
import { FilesystemStore } from '../filesystem.ts'
import { HashPool } from '../hash-pool.ts'
import { hashTree } from '../publish.ts'
import { isAppError, sampleBytes, scratchFolder } from '../samples.conformance.ts'
import { hkdf } from './openssl-ciphers.ts'
import { openTree, plainVersionOf, readManifest } from './tree-opening.ts'
import { type SealedTree, sealTree } from './tree-sealing.ts'

const LARGE_BYTES = 9 * 1024 * 1024 + 77
let folder: string
let pool: HashPool
before(() => {
  pool = new HashPool({ size: 2 })
})
after(() => pool.close())
beforeEach(() => {
  folder = scratchFolder()
  const at = (...path: string[]) => join(folder, 'tree', ...path)
  mkdirSync(at('deep', 'er'), { recursive: true })
  writeFileSync(at('deep', 'er', 'large'), sampleBytes(LARGE_BYTES, 1))
  writeFileSync(at('small'), 'small', { mode: 0o755 })
  writeFileSync(at('empty'), '')
  symlinkSync('deep/er/large', at('link'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const signal = new AbortController().signal
const objects = () => join(folder, 'sealed', 'objects')
const source = () => join(folder, 'tree')

async function sealed(to = objects()): Promise<SealedTree> {
  return await sealTree({ tree: await hashTree(source(), { pool }), folder: to })
}

/** Opens a folder of objects, with what is chosen of it. */
async function opened(
  { fileKey }: SealedTree,
  to: string,
  { selected }: { selected?: ReadonlySet<number> } = {}
): Promise<FilesystemStore> {
  const store = await FilesystemStore.open({ home: join(folder, 'home') })
  try {
    const manifest = await readManifest(objects(), manifestNameOf(fileKey, hkdf), fileKey)
    const version = plainVersionOf(manifest)
    await openTree({ store, manifest, version, folder: objects(), destination: to, selected, signal })
    assert.deepEqual(store.holdings(), [])
  } finally {
    await store.close()
  }
  return store
}

describe('a tree', () => {
  test('is sealed and opened as what it was', async () => {
    const made = await sealed()
    assert.equal(made.newBytes, LARGE_BYTES + 5)
    assert.equal(readdirSync(objects()).length, 4)
    const to = join(folder, 'opened')
    await opened(made, to)
    const again = await hashTree(to, { pool })
    const before = await hashTree(source(), { pool })
    assert.deepEqual(again.version.files, before.version.files)
    assert.equal(statSync(join(to, 'small')).mode & 0o111, 0o111)
    // Once more over itself, and of a part of it.
    await opened(made, to)
    const index = before.version.files.findIndex(({ path }) => path[0] === 'small')
    await opened(made, join(folder, 'part'), { selected: new Set([index]) })
    assert.deepEqual(readdirSync(join(folder, 'part')), ['small'])
  })

  test('that changes while it is sealed is not sealed', async () => {
    const tree = await hashTree(source(), { pool })
    appendFileSync(join(source(), 'small'), 'er')
    await assert.rejects(sealTree({ tree, folder: objects() }), isAppError('CONTENT_CHANGED'))
    const other = await hashTree(source(), { pool })
    const change = () => writeFileSync(join(source(), 'deep', 'er', 'large'), sampleBytes(LARGE_BYTES, 2))
    let isChanged = false
    const sealing = sealTree({
      ...{ tree: other, folder: join(folder, 'second', 'objects') },
      onProgress: () => {
        if (!isChanged) change()
        isChanged = true
      }
    })
    await assert.rejects(sealing, isAppError('CONTENT_CHANGED'))
  })

  test('takes over what has not changed, byte for byte and key for key', async () => {
    const first = await sealed()
    writeFileSync(join(source(), 'small'), 'other')
    const tree = await hashTree(source(), { pool })
    const to = join(folder, 'second', 'objects')
    const second = await sealTree({
      tree,
      folder: to,
      previous: { manifest: first.manifest, folder: objects() }
    })
    assert.deepEqual([second.reused.size, second.newBytes], [2, 5])
    for (const name of second.reused)
      assert.deepEqual(readFileSync(join(to, name)), readFileSync(join(objects(), name)))
    assert.notDeepEqual(second.fileKey, first.fileKey)
    // An object that is gone, or of another length, is sealed anew.
    const [gone] = second.reused
    rmSync(join(objects(), gone ?? ''))
    const third = join(folder, 'third', 'objects')
    const without = await sealTree({
      tree,
      folder: third,
      previous: { manifest: first.manifest, folder: objects() }
    })
    assert.equal(without.reused.has(gone ?? ''), false)
  })

  test('of which an object is another one is not opened, and nothing is left but parts', async () => {
    const made = await sealed()
    const { object } =
      made.manifest.entries.find(({ path }) => path.at(-1) === 'large') ?? assert.fail('large')
    const path = join(objects(), object?.name ?? '')
    const bytes = readFileSync(path)
    bytes[5_000_000] = (bytes[5_000_000] ?? 0) ^ 1
    writeFileSync(path, bytes)
    const to = join(folder, 'opened')
    await assert.rejects(opened(made, to), isAppError('SEALED_INVALID'))
    assert.equal(existsSync(join(to, 'deep', 'er', 'large')), false)
    const wrongKey = { ...made, fileKey: made.fileKey.map(byte => byte ^ 1) }
    linkSync(
      join(objects(), manifestNameOf(made.fileKey, hkdf)),
      join(objects(), manifestNameOf(wrongKey.fileKey, hkdf))
    )
    await assert.rejects(opened(wrongKey, to), isAppError('SEALED_INVALID'))
    rmSync(path)
    await assert.rejects(opened(made, to), isAppError('STORAGE_FAILED'))
  })
})
