import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { scratchFolder } from './samples.conformance.ts'
import { SqliteRecords } from './sqlite-records.ts'

const folder = scratchFolder()
after(() => rmSync(folder, { recursive: true, force: true }))

test('blobs that were deleted together are nowhere in the files of the database', () => {
  const records = new SqliteRecords(join(folder, 'ledger.db'))
  const onDisk = () => Buffer.concat(readdirSync(folder).map(name => readFileSync(join(folder, name))))
  // Long ones have pages of their own, short ones share theirs.
  for (const [at, bytes] of [40, 400, 40_000].entries())
    records.putBlob(`envelope/one/${at}`, Buffer.alloc(bytes, `the-key-of-${at} `))
  records.putBlob('envelope/two/0', Buffer.from('stays'))
  assert.ok(onDisk().includes('the-key-of-1'))
  assert.equal(records.deleteBlobs('envelope/one/'), 3)
  assert.equal(onDisk().includes('the-key-of-'), false)
  assert.ok(onDisk().includes('stays'))
  records.close()
})
