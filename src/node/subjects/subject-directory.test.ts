import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { versionIdFromBytes } from '../../base/ids.ts'
import { FilesystemStore } from '../../store/filesystem.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { keyHashOf, pseudonymOf } from './pseudonym.ts'
import { decodeSubjectRecord, encodeSubjectRecord, SubjectDirectory } from './subject-directory.ts'
import { fuzz, seeds } from './subject-messages.fuzz.ts'

const home = mkdtempSync(join(tmpdir(), 'peerage-subjects-'))
const JANE = 'jane-doe-5512@example.org'
const version = (n: number) => versionIdFromBytes(new Uint8Array(32).fill(n))
const key = (n: number) => new Uint8Array(32).fill(n)

after(() => rmSync(home, { recursive: true, force: true }))

test('a pseudonym is as it always was, and another for each person and version', () => {
  assert.equal(
    pseudonymOf(key(1), version(2)),
    // printf 'peerage subject v1\n\2\2…' | openssl dgst -sha256 -mac hmac -macopt hexkey:0101…
    'd8bdc6a820a9d385364961cf5fe79de26a4221592958d3f9b9215c404edc85ff'
  )
  assert.equal(keyHashOf(key(1)), '202153ab4b0b895ecd02c0ba5f28a4e0067a4e5e087fc2c409fa601e4e423de5')
  const all = [1, 2].flatMap(k => [3, 4].map(v => pseudonymOf(key(k), version(v))))
  assert.equal(new Set(all).size, 4)
})

test('the messages are written as they always were', () => {
  for (const seed of seeds) fuzz(seed)
  const digest = createHash('sha256')
  for (const seed of seeds) digest.update(seed)
  assert.equal(digest.digest('hex'), '832f0fefed1346ffaa56d12a231d17558bb59636e13349426ee8a1c056315ac9')
})

test('a record is read back, and what is none is not', () => {
  const entry = { id: JANE, key: key(5) }
  assert.deepEqual(decodeSubjectRecord(encodeSubjectRecord(entry)), entry)
  for (const text of ['', 'null', '[]', '{"v":2,"id":"a","key":"00"}', '{"v":1,"id":"a","key":"00"}'])
    assert.equal(decodeSubjectRecord(Buffer.from(text)), undefined)
})

test('persons are there after a restart; what is erased leaves no byte, and does not come back', async () => {
  let store = await FilesystemStore.open({ home })
  let directory = new SubjectDirectory(store.records)
  const { key: first, isNew } = directory.keyFor(JANE)
  assert.deepEqual([isNew, directory.keyFor(JANE).isNew], [true, false])
  const second = { id: JANE, key: key(9) }
  assert.equal(directory.take(second), true)
  assert.equal(directory.take(second), false)
  directory.keyFor('somebody else')
  await store.close()
  store = await FilesystemStore.open({ home })
  directory = new SubjectDirectory(store.records)
  assert.deepEqual(directory.ids(), [JANE, 'somebody else'])
  assert.equal(directory.keysOf(JANE).length, 2)
  const isOnDisk = () =>
    readdirSync(home, { recursive: true, withFileTypes: true })
      .filter(each => each.isFile())
      .some(each => readFileSync(join(each.parentPath, each.name)).includes(JANE))
  assert.equal(isOnDisk(), true)
  directory.erase([keyHashOf(first), keyHashOf(second.key)])
  assert.equal(isOnDisk(), false)
  assert.equal(directory.take({ id: JANE, key: first }), false)
  const kinds = directory.changes().map(({ kind }) => kind)
  assert.deepEqual(kinds, ['erased', 'erased', 'known'])
  await store.close()
  store = await FilesystemStore.open({ home })
  directory = new SubjectDirectory(store.records)
  assert.deepEqual(directory.ids(), ['somebody else'])
  assert.equal(directory.take(second), false)
  directory.clear()
  assert.deepEqual(directory.ids(), [])
  assert.equal(directory.areErased([keyHashOf(first)]), true)
  await store.close()
})

test('what could not be taken off the disk is not said to be erased, and is when that is asked for again', () => {
  class FullDisk extends MemoryRecords {
    isFull = false
    override scrub(): void {
      if (this.isFull) throw new AppError('DISK_FULL', 'the disk is full')
    }
  }
  const records = new FullDisk()
  const directory = new SubjectDirectory(records)
  const { key: known } = directory.keyFor(JANE)
  const hash = keyHashOf(known)
  records.isFull = true
  assert.throws(() => directory.erase([hash]), /the disk is full/)
  assert.throws(() => directory.clear(), /the disk is full/)
  assert.equal(directory.areErased([hash]), false)
  records.isFull = false
  directory.erase([hash])
  assert.deepEqual([directory.areErased([hash]), directory.ids()], [true, []])
})

test('a key that a crash left beside the word that it was erased is gone after the next start', () => {
  const records = new MemoryRecords()
  const before = new SubjectDirectory(records)
  const { key: known } = before.keyFor(JANE)
  const [left] = records.listBlobs('')
  assert.ok(left !== undefined)
  before.erase([keyHashOf(known)])
  records.putBlob(left.key, left.bytes)
  const after = new SubjectDirectory(records)
  assert.deepEqual([after.ids(), records.getBlob(left.key)], [[], undefined])
})
