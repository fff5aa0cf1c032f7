import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { SECOND_MS } from '../base/units.ts'
import { MemoryRecords } from '../store/memory-records.ts'
import type { NamedBlob } from '../store/records.ts'
import { SILENT_LOG } from './log.ts'
import { OwedBlobs } from './owed-blobs.ts'

class Disk extends MemoryRecords {
  isFull = false
  tries = 0
  writes = 0

  override putBlobs(blobs: readonly NamedBlob[]): void {
    this.#write()
    super.putBlobs(blobs)
  }

  override deleteBlobs(prefix: string): number {
    this.#write()
    return super.deleteBlobs(prefix)
  }

  #write(): void {
    this.tries++
    if (this.isFull)
      throw new AppError('DISK_FULL', 'the disk is full', { details: { path: '/home/ledger.db' } })
    this.writes++
  }
}

const WITHIN_MS = 5 * SECOND_MS
let disk: Disk
beforeEach(() => {
  disk = new Disk()
})

const open = (withinMs: number) =>
  new OwedBlobs({ records: disk, what: 'what they said', withinMs, log: SILENT_LOG })
const texts = (blobs: readonly NamedBlob[]) => blobs.map(({ key, bytes }) => `${key}=${fromUtf8(bytes)}`)

describe('blobs that are owed to the disk', () => {
  it('are seen at once, and written together in time', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    disk.putBlob('said/a', utf8('before'))
    disk.putBlob('said/c', utf8('before'))
    const blobs = open(WITHIN_MS)
    for (const key of ['said/b', 'said/a', 'other']) blobs.putBlob(key, utf8('new'))
    assert.equal(blobs.deleteBlob('said/c'), true)
    assert.equal(blobs.deleteBlob('said/c'), false)
    assert.deepEqual(texts(blobs.listBlobs('said/')), ['said/a=new', 'said/b=new'])
    assert.equal(blobs.getBlob('said/c'), undefined)
    t.mock.timers.tick(WITHIN_MS - 1)
    assert.equal(disk.writes, 0)
    t.mock.timers.tick(1)
    assert.equal(disk.writes, 2, 'what is put, and what is deleted')
    assert.deepEqual(texts(disk.listBlobs('')), ['other=new', 'said/a=new', 'said/b=new'])
    blobs.putBlob('said/d', utf8('last'))
    blobs.close()
    assert.equal(fromUtf8(disk.getBlob('said/d') ?? utf8('')), 'last')
    t.mock.timers.tick(10 * WITHIN_MS)
    assert.equal(disk.writes, 3)
  })

  it('that are written at once are owed while the disk is full, which is told of, and tried again', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const blobs = open(0)
    blobs.putBlob('a', utf8('1'))
    assert.equal(disk.writes, 1)
    disk.isFull = true
    blobs.putBlob('a', utf8('2'))
    assert.equal(blobs.deleteBlobs(''), 1)
    blobs.putBlob('b', utf8('3'))
    assert.equal(disk.tries, 2, 'not with each that comes')
    assert.deepEqual(texts(blobs.listBlobs('')), ['b=3'])
    assert.deepEqual(texts(disk.listBlobs('')), ['a=1'])
    assert.deepEqual(blobs.problems(), [
      {
        code: 'DISK_FULL',
        message: 'what they said: some of it is not on disk: the disk is full',
        path: '/home/ledger.db'
      }
    ])
    t.mock.timers.tick(60 * SECOND_MS)
    assert.equal(blobs.problems().length, 1)
    disk.isFull = false
    t.mock.timers.tick(10 * SECOND_MS)
    assert.deepEqual(blobs.problems(), [])
    assert.deepEqual(texts(disk.listBlobs('')), ['b=3'])
    blobs.close()
  })
})
