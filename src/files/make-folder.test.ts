import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { makeFolder, makeFolderSync } from './make-folder.ts'

const MAKERS = {
  makeFolder,
  makeFolderSync: async (...[path, options]: Parameters<typeof makeFolderSync>) =>
    makeFolderSync(path, options)
}

let base: string

before(async () => {
  base = await mkdtemp(join(tmpdir(), 'peerage-folder-'))
})

after(async () => {
  await rm(base, { recursive: true })
})

for (const [name, make] of Object.entries(MAKERS))
  describe(name, () => {
    test('makes what is missing above too, each with the mode, and leaves alone what is there', async () => {
      const path = join(base, name, 'a', 'b')
      await make(path, { mode: 0o700 })
      await make(path)
      for (const each of [path, join(path, '..'), join(base, name)])
        assert.equal((await stat(each)).mode & 0o777, 0o700, each)
    })

    test('refuses what is no folder, and what is below it', async () => {
      const file = join(base, `${name}.txt`)
      await writeFile(file, '')
      await assert.rejects(() => make(file), { code: 'EEXIST' })
      await assert.rejects(() => make(join(file, 'below')), { code: 'ENOTDIR' })
    })

    test('ends where the file system has folders and lets nobody make one', {
      skip: process.platform !== 'linux' && 'no /proc'
    }, async () => {
      await assert.rejects(() => make('/proc/peerage/home'), { code: 'ENOENT' })
    })
  })
