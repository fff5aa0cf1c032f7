import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { utf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { makeOutputFolder, writeFileAtomically } from './file-writer.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-writer-'))
after(() => rmSync(folder, { recursive: true }))

const failsWith = (code: string) => (error: unknown) => error instanceof AppError && error.code === code

describe('writeFileAtomically', () => {
  const path = join(folder, 'a.torrent')

  it('writes the file and leaves nothing else', async () => {
    await writeFileAtomically(path, utf8('one'), { replace: false })
    assert.equal(readFileSync(path, 'utf8'), 'one')
    assert.deepEqual(readdirSync(folder), ['a.torrent'])
  })

  it('does not touch a file that is there, unless told to', async () => {
    await assert.rejects(writeFileAtomically(path, utf8('two'), { replace: false }), failsWith('DEST_EXISTS'))
    assert.equal(readFileSync(path, 'utf8'), 'one')
    await writeFileAtomically(path, utf8('two'), { replace: true })
    assert.equal(readFileSync(path, 'utf8'), 'two')
    assert.deepEqual(readdirSync(folder), ['a.torrent'])
  })

  it('lets one of many writers win, whole', async () => {
    const raced = join(folder, 'raced')
    const writers = Array.from({ length: 8 }, (_, index) => utf8(`${index}`.repeat(50_000)))
    const outcomes = await Promise.allSettled(
      writers.map(bytes => writeFileAtomically(raced, bytes, { replace: false }))
    )
    assert.equal(outcomes.filter(outcome => outcome.status === 'fulfilled').length, 1)
    const winner = outcomes.findIndex(outcome => outcome.status === 'fulfilled')
    assert.deepEqual(new Uint8Array(readFileSync(raced)), writers[winner])
    assert.deepEqual(readdirSync(folder).sort(), ['a.torrent', 'raced'])
  })

  it('makes no folder where a file stands, and says so', async () => {
    await makeOutputFolder(join(folder, 'reports', '2031'))
    await assert.rejects(makeOutputFolder(path), failsWith('DEST_EXISTS'))
    await assert.rejects(makeOutputFolder(join(path, 'below')), failsWith('STORAGE_FAILED'))
    rmSync(join(folder, 'reports'), { recursive: true })
  })

  it('says what it could not write', async () => {
    const missing = join(folder, 'none', 'a')
    await assert.rejects(
      writeFileAtomically(missing, utf8(''), { replace: false }),
      (error: unknown) =>
        error instanceof AppError &&
        error.message === `can not write ${missing}: there is no folder ${dirname(missing)}`
    )
  })
})
