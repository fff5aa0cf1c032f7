import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cast, meet } from '../../ledger/fold/governance-fixture.conformance.ts'
import {
  keyNamed,
  publication,
  type TestKey,
  versionNamed
} from '../../ledger/fold/org-fixture.conformance.ts'
import type { OperationContent } from '../../ledger/operation/operation-content.ts'
import { createEnvelopeRecord, type EnvelopeTerms } from '../../ledger/sealing/envelope-record.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { sha256 } from '../../store/sha256.ts'
import { SILENT_LOG } from '../log.ts'
import { EnvelopeShelf } from './envelope-shelf.ts'

const ONE = versionNamed('one')
const NOW_MS = Date.now()

function library() {
  const { admin, second, laptop, keys } = cast()
  laptop.write({ ...publication('set', 'one'), class: 'confidential', sealed: true } as OperationContent)
  meet(admin, second, laptop)
  const state = () => admin.ledger.state()
  const records = new MemoryRecords()
  const open = () => new EnvelopeShelf({ records, state, log: SILENT_LOG })
  const write = (by: TestKey, change: Partial<EnvelopeTerms> = {}) => {
    const terms = {
      ...{ org: state().org, version: ONE, author: by.id, timeMs: NOW_MS, floorMs: 0 },
      ...{ envelope: new Uint8Array(8).fill(7), ...change }
    }
    return createEnvelopeRecord(terms, { sign: by.sign, sha256 }).record
  }
  const authors = (shelf: EnvelopeShelf) =>
    shelf.recordsOf(ONE).map(({ author, timeMs }) => {
      const name = Object.entries(keys).find(([, { id }]) => id === author)?.[0]
      return `${name} ${timeMs - NOW_MS}`
    })
  return { admin, keys, records, open, write, authors }
}

describe('envelopes on a shelf', () => {
  test('are the newest of each author, also after the next start', () => {
    const { keys, open, write, authors } = library()
    const shelf = open()
    const changed: string[] = []
    shelf.onChange(version => changed.push(version))
    assert.equal(shelf.take(write(keys.laptop)), 'taken')
    assert.equal(shelf.take(write(keys.laptop)), 'known')
    assert.equal(shelf.take(write(keys.laptop, { timeMs: NOW_MS - 1 })), 'older')
    assert.equal(shelf.take(write(keys.admin, { timeMs: NOW_MS - 5 })), 'taken')
    assert.equal(shelf.take(write(keys.laptop, { timeMs: NOW_MS + 1 })), 'taken')
    assert.deepEqual(changed, [ONE, ONE, ONE])
    assert.deepEqual(authors(shelf), ['laptop 1', 'admin -5'])
    assert.deepEqual(authors(open()), ['laptop 1', 'admin -5'])
    assert.deepEqual(open().digestOf(ONE), shelf.digestOf(ONE))
  })

  test('are taken only of who may write them, for this org, and not from the future', () => {
    const { keys, open, write, authors } = library()
    const shelf = open()
    assert.equal(shelf.take(write(keys.desktop)), 'unauthorised')
    assert.equal(shelf.take(write(keyNamed('stranger'))), 'unauthorised')
    assert.equal(shelf.take(write(keys.laptop, { version: versionNamed('two') })), 'unauthorised')
    assert.equal(shelf.take(write(keys.laptop, { timeMs: NOW_MS + 3_600_000 })), 'ahead')
    const org = `${'ab'.repeat(32)}` as EnvelopeTerms['org']
    assert.equal(shelf.take(write(keys.laptop, { org })), 'foreign')
    const record = write(keys.laptop)
    record[record.length - 1] = (record.at(-1) ?? 0) ^ 1
    assert.equal(shelf.take(record), 'malformed')
    assert.deepEqual(authors(shelf), [])
  })

  test('end below the floor of another, whoever wrote it, and whichever comes first', () => {
    const { keys, open, write, authors } = library()
    const shelf = open()
    shelf.take(write(keys.laptop))
    shelf.take(write(keys.second, { timeMs: NOW_MS + 9 }))
    assert.equal(shelf.take(write(keys.admin, { timeMs: NOW_MS + 5, floorMs: NOW_MS + 5 })), 'taken')
    assert.deepEqual(authors(shelf), ['second 9', 'admin 5'])
    assert.equal(shelf.take(write(keys.laptop, { timeMs: NOW_MS + 4 })), 'older')
    assert.equal(shelf.take(write(keys.laptop, { timeMs: NOW_MS + 6 })), 'taken')
    assert.deepEqual(authors(open()), ['second 9', 'laptop 6', 'admin 5'])
    // A later record of who set the floor carries it on: what was ended does not come back.
    shelf.take(write(keys.admin, { timeMs: NOW_MS + 20, floorMs: NOW_MS + 5 }))
    const fresh = library()
    const newcomer = fresh.open()
    assert.equal(newcomer.take(write(keys.admin, { timeMs: NOW_MS + 20, floorMs: NOW_MS + 5 })), 'taken')
    assert.equal(newcomer.take(write(keys.laptop)), 'older')
  })

  test('of what was destroyed are gone, and none is taken again', () => {
    const { keys, records, open, write, authors } = library()
    const shelf = open()
    shelf.take(write(keys.laptop))
    shelf.take(write(keys.admin))
    assert.equal(shelf.destroy(ONE), 2)
    assert.equal(records.listBlobs('envelope/').length, 0)
    assert.equal(shelf.take(write(keys.laptop, { timeMs: NOW_MS + 1 })), 'destroyed')
    const later = open()
    assert.equal(later.isDestroyed(ONE), true)
    assert.equal(later.take(write(keys.laptop, { timeMs: NOW_MS + 1 })), 'destroyed')
    assert.deepEqual(authors(later), [])
    assert.equal(later.destroy(ONE), 0)
  })
})
