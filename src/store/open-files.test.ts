import assert from 'node:assert/strict'
import { readSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { OpenFiles } from './open-files.ts'
import { scratchFolder } from './samples.conformance.ts'

let folder: string
let files: OpenFiles
beforeEach(() => {
  folder = scratchFolder()
  files = new OpenFiles(2)
  for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, name), name)
})
afterEach(() => {
  files.close()
  rmSync(folder, { recursive: true })
})

const acquire = (name: string) => files.acquire(name, { base: folder, path: name })

function contentOf(fd: number): string {
  const byte = new Uint8Array(1)
  readSync(fd, byte, 0, 1, 0)
  return String.fromCharCode(...byte)
}

test('a file is opened once, and the least recently used goes first', () => {
  const first = acquire('a')
  files.release(first)
  files.release(acquire('b'))
  const again = acquire('a')
  assert.equal(again.fd, first.fd)
  files.release(again)
  files.release(acquire('c'))
  assert.equal(files.size, 2)
  const kept = acquire('a')
  assert.equal(kept.fd, first.fd)
  assert.equal(contentOf(kept.fd), 'a')
  files.release(kept)
})

test('a file in use outlives the limit, and is closed by its last user once it is dropped', () => {
  const used = ['a', 'b', 'c'].map(acquire)
  assert.equal(files.size, 3)
  const [a] = used
  assert(a !== undefined)
  const second = acquire('a')
  files.drop('a')
  files.release(second)
  assert.equal(contentOf(a.fd), 'a')
  files.release(a)
  assert.throws(() => contentOf(a.fd), { code: 'EBADF' })
  for (const file of used.slice(1)) files.release(file)
})

test('what can not be opened leaves nothing behind', () => {
  assert.throws(() => acquire('missing'), { code: 'ENOENT' })
  assert.equal(files.size, 0)
})
