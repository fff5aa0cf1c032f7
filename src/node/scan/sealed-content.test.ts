import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { concatBytes } from '../../base/bytes.ts'
import { manifestNameOf } from '../../content/sealing/manifest-name.ts'
import { FilesystemStore } from '../../store/filesystem.ts'
import { hashTree } from '../../store/publish.ts'
import { isAppError, sampleBytes, scratchFolder } from '../../store/samples.conformance.ts'
import { hkdf } from '../../store/sealing/openssl-ciphers.ts'
import { type SealedTree, sealTree } from '../../store/sealing/tree-sealing.ts'
import type { Holding } from '../../store/store.ts'
import { sealedContent } from './sealed-content.ts'

const NEVER = new AbortController().signal
const CHUNK = 65536
/** Of plaintext: chunks that pieces cut anywhere, one that is empty, one that is full, padding behind. */
const LENGTHS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 9 * CHUNK + 77]

const folder = scratchFolder()
const objects = join(folder, 'sealed', 'objects')
let store: FilesystemStore
let sealed: SealedTree
let holding: Holding

before(async () => {
  const source = join(folder, 'tree')
  mkdirSync(join(source, 'in'), { recursive: true })
  for (const [at, bytes] of LENGTHS.entries())
    writeFileSync(join(source, 'in', `file-${at}`), sampleBytes(bytes, at))
  symlinkSync('in/file-1', join(source, 'link'))
  store = await FilesystemStore.open({ home: join(folder, 'home') })
  sealed = await sealTree({ tree: await hashTree(source, { pool: store.pool }), folder: objects })
  holding = await store.adopt(await hashTree(objects, { pool: store.pool }))
})

after(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const contentOf = (fileKey = sealed.fileKey) =>
  sealedContent({ holding, fileKey, pace: undefined, signal: NEVER })

async function readAll(): Promise<Map<string, Uint8Array | unknown>> {
  const found = new Map<string, Uint8Array | unknown>()
  for await (const { path, stream } of (await contentOf()).read(NEVER)) {
    const parts: Uint8Array[] = []
    try {
      for await (const part of stream(NEVER)) parts.push(part.slice())
      found.set(path, concatBytes(parts))
    } catch (thrown) {
      found.set(path, thrown)
    }
  }
  return found
}

test('all bytes of all files are given as they were before they were sealed', async () => {
  const { files, bytes } = await contentOf()
  assert.deepEqual([files, bytes], [LENGTHS.length, LENGTHS.reduce((sum, length) => sum + length)])
  assert.deepEqual(
    [...(await readAll())],
    LENGTHS.map((length, at) => [`in/file-${at}`, sampleBytes(length, at)])
  )
})

test('what lies there and is not the version’s is not given, though its key would open it', async () => {
  const entry = sealed.manifest.entries.find(({ bytes }) => bytes === 9 * CHUNK + 77)
  const other = sealed.manifest.entries.find(({ bytes }) => bytes === CHUNK + 1)
  const path = join(objects, entry?.object?.name ?? '')
  const before = readFileSync(path)
  // In the padding, where no tag covers it, and in the nonce.
  for (const at of [before.length - 1, 0]) {
    const changed = Buffer.from(before)
    changed[at] = (changed[at] ?? 0) ^ 1
    writeFileSync(path, changed)
    const found = await readAll()
    assert.ok(isAppError('CONTENT_CHANGED')(found.get('in/file-5')), `byte ${at}`)
    assert.deepEqual(found.get('in/file-4'), sampleBytes(other?.bytes ?? 0, 4))
  }
  writeFileSync(path, before)
  assert.deepEqual((await readAll()).get('in/file-5'), sampleBytes(9 * CHUNK + 77, 5))
})

test('a manifest that was changed, or of another key, is refused', async () => {
  await assert.rejects(contentOf(new Uint8Array(16)), isAppError('SEALED_INVALID'))
  const path = join(objects, manifestNameOf(sealed.fileKey, hkdf))
  assert.equal(readdirSync(objects).length, LENGTHS.length + 1)
  const before = readFileSync(path)
  const changed = Buffer.from(before)
  changed[100] = (changed[100] ?? 0) ^ 1
  writeFileSync(path, changed)
  await assert.rejects(contentOf(), isAppError('CONTENT_CHANGED'))
  writeFileSync(path, before)
})
