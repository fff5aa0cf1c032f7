import assert from 'node:assert/strict'
import { closeSync, openSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { failureOf, httpStatusOf } from './http-status.ts'

/** What SQLite throws when a database may not grow any more, as on a full disk. */
function sqliteFull(): unknown {
  const database = new DatabaseSync(':memory:')
  database.exec('PRAGMA max_page_count = 2; CREATE TABLE t (b BLOB)')
  try {
    database.exec('INSERT INTO t VALUES (zeroblob(100000))')
  } catch (thrown) {
    return thrown
  } finally {
    database.close()
  }
  return assert.fail('the database took more than it has room for')
}

/** What the system throws, where it has a device that is always full. */
function systemFull(): unknown {
  const full = openSync('/dev/full', 'w')
  try {
    writeSync(full, 'x')
  } catch (thrown) {
    return thrown
  } finally {
    closeSync(full)
  }
  return assert.fail('/dev/full took something')
}

test('a full disk is told as that, and kept for the log', () => {
  const thrown = [sqliteFull(), ...(process.platform === 'linux' ? [systemFull()] : [])]
  for (const each of thrown) {
    const { status, error, fault } = failureOf(each)
    assert.deepEqual([status, error.code, fault], [httpStatusOf('DISK_FULL'), 'DISK_FULL', each])
    assert.match(error.message, /free space on the disk/)
  }
})

test('what is foreseen is told as it is, and nothing else is blamed on who asked', () => {
  const foreseen = new AppError('RISK_UNKNOWN', 'there is no such risk')
  assert.deepEqual(failureOf(foreseen), { status: 404, error: foreseen, fault: undefined })
  const { status, error, fault } = failureOf(new TypeError('no such function'))
  assert.deepEqual([status, error.code], [500, 'NODE_INTERNAL'])
  assert.ok(fault instanceof TypeError)
})
