import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDeviceId } from '../../base/ids.ts'
import { MisbehaviourBook } from './misbehaviour-book.ts'

function idOf(n: number) {
  const id = parseDeviceId(n.toString(16).padStart(64, '0'))
  assert.ok(id !== undefined)
  return id
}

const [a, b] = [idOf(1), idOf(2)]

describe('the book of misbehaviour', () => {
  it('counts by device, keeps the last reason, and names the latest first', () => {
    const book = new MisbehaviourBook()
    book.note({ device: a, reason: 'bad-block', detail: 'piece 3' }, 10)
    book.note({ device: b, reason: 'flood', detail: 'too many' }, 20)
    book.note({ device: a, reason: 'bad-index', detail: 'piece 9 of 8' }, 30)
    const first = { firstAtMs: 10, lastAtMs: 30, bannedUntilMs: null }
    assert.deepEqual(book.entries(40)[0], {
      device: a,
      reason: 'bad-index',
      detail: 'piece 9 of 8',
      count: 2,
      ...first
    })
    assert.deepEqual(
      book.entries(40).map(({ device }) => device),
      [a, b]
    )
  })

  it('says until when a device is banned, and stays when that is over', () => {
    const book = new MisbehaviourBook()
    book.note({ device: a, reason: 'bad-block', detail: 'piece 3' }, 10)
    book.ban({ device: a, reason: 'bad-block', untilMs: 100 }, 10)
    book.ban({ device: a, reason: 'bad-block', untilMs: 50 }, 11)
    assert.equal(book.entries(99)[0]?.bannedUntilMs, 100)
    const later = book.entries(100)[0]
    assert.deepEqual([later?.bannedUntilMs, later?.count], [null, 1])
  })

  it('names who is banned without a word before', () => {
    const book = new MisbehaviourBook()
    book.ban({ device: b, reason: 'handshake-timeout', untilMs: 50 }, 10)
    assert.deepEqual([book.entries(20)[0]?.reason, book.entries(20)[0]?.count], ['handshake-timeout', 1])
  })

  it('is bounded: who was heard of the longest ago goes', () => {
    const book = new MisbehaviourBook()
    for (let n = 0; n < 1030; n++) book.note({ device: idOf(n), reason: 'flood', detail: '' }, n)
    const entries = book.entries(2000)
    assert.equal(entries.length, 1024)
    assert.equal(entries[0]?.device, idOf(1029))
    assert.equal(entries.at(-1)?.device, idOf(6))
  })
})
