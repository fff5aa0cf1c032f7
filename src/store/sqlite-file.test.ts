import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { AppError } from '../base/errors.ts'
import { openDatabase, transaction } from './sqlite-file.ts'
import { Statements } from './statements.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-sqlite-'))
after(() => rmSync(folder, { recursive: true }))

test('a database without room says so, and has nothing of what did not fit', () => {
  const path = join(folder, 'full.db')
  const database = openDatabase(path, { what: 'a test', steps: ['CREATE TABLE kept (bytes BLOB) STRICT'] })
  const statements = new Statements(database)
  database.exec('PRAGMA max_page_count = 16')
  const isFull = (error: unknown): boolean => {
    assert.ok(error instanceof AppError)
    assert.deepEqual([error.code, error.details.path], ['DISK_FULL', path])
    return true
  }
  const put = (bytes: number): number => statements.run('INSERT INTO kept VALUES (?)', new Uint8Array(bytes))
  put(10)
  assert.throws(() => put(100_000), isFull)
  assert.throws(
    () =>
      transaction(database, () => {
        put(10)
        put(100_000)
      }),
    isFull
  )
  assert.equal(statements.all('SELECT * FROM kept').length, 1)
  transaction(database, () => put(10))
  assert.equal(statements.all('SELECT * FROM kept').length, 2)
  database.close()
})
