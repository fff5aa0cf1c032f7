import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import type { Version } from '../../content/version.ts'
import { sampleVersion } from '../../store/samples.conformance.ts'
import { deleteLeftSource } from './left-source.ts'

const { version } = sampleVersion([
  { path: ['one'], bytes: new Uint8Array(5) },
  { path: ['in', 'two'], bytes: new Uint8Array(5) }
])
const folder = mkdtempSync(join(tmpdir(), 'peerage-source-'))
const path = join(folder, 'source')
const source = { path, info: Buffer.from(version.infoBytes).toString('base64') }
let removed: string[]
const store = {
  removeSource: async (of: Version, root: string) => {
    assert.equal(of.id, version.id)
    removed.push(root)
    return 10
  }
}

before(() => mkdirSync(join(path, 'in'), { recursive: true }))
beforeEach(() => {
  removed = []
})
after(() => rmSync(folder, { recursive: true }))

test('a source is left while any file of it is there, unless somebody agreed', async () => {
  writeFileSync(join(path, 'in', 'two'), 'x')
  assert.equal(await deleteLeftSource(source, store, { isAgreed: false, isAsked: true }), 'left')
  assert.deepEqual(removed, [])
  assert.deepEqual(await deleteLeftSource(source, store, { isAgreed: true, isAsked: false }), { bytes: 10 })
  assert.deepEqual(removed, [path])
})

test('one that is not there is gone only when a person says so', async () => {
  rmSync(path, { recursive: true })
  assert.equal(await deleteLeftSource(source, store, { isAgreed: true, isAsked: false }), 'left')
  assert.deepEqual(await deleteLeftSource(source, store, { isAgreed: false, isAsked: true }), { bytes: 0 })
  assert.deepEqual(removed, [])
})
