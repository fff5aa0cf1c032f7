import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MIB } from '../../base/units.ts'
import { RECENT_BYTES_MAX, RecentPieces } from './recent-pieces.ts'

function piece(bytes: number, blockBytes: number): { whole: Uint8Array; blocks: Uint8Array[] } {
  const whole = Uint8Array.from({ length: bytes }, (_, at) => (at * 7 + (at >> 8)) & 0xff)
  const blocks: Uint8Array[] = []
  for (let at = 0; at < bytes; at += blockBytes) blocks.push(whole.slice(at, at + blockBytes))
  return { whole, blocks }
}

test('any range of what is kept reads as it was, over the borders of blocks', () => {
  const recent = new RecentPieces(() => undefined)
  const { whole, blocks } = piece(1000, 300)
  recent.keep(3, blocks)
  for (const [begin, length] of [
    [0, 1000],
    [0, 1],
    [299, 2],
    [250, 700],
    [600, 300],
    [999, 1]
  ] as const) {
    const into = new Uint8Array(length + 1)
    assert.equal(recent.read({ piece: 3, begin, length }, into), true)
    assert.deepEqual(into.subarray(0, length), whole.subarray(begin, begin + length))
    assert.equal(into[length], 0)
  }
  const into = new Uint8Array(1000)
  assert.equal(recent.read({ piece: 4, begin: 0, length: 1 }, into), false)
  assert.equal(recent.read({ piece: 3, begin: 900, length: 101 }, into), false)
})

test('what is kept is bounded, and every block comes back once', () => {
  const freed: Uint8Array[] = []
  const recent = new RecentPieces(blocks => freed.push(...blocks))
  const kept: Uint8Array[] = []
  for (let index = 0; index < 12; index++) {
    const blocks = [new Uint8Array(MIB)]
    kept.push(...blocks)
    recent.keep(index, blocks)
  }
  assert.equal(freed.length, 12 - RECENT_BYTES_MAX / MIB)
  assert.equal(recent.read({ piece: 0, begin: 0, length: 1 }, new Uint8Array(1)), false)
  assert.equal(recent.read({ piece: 11, begin: 0, length: 1 }, new Uint8Array(1)), true)
  const again = new Uint8Array(MIB)
  recent.keep(11, [again])
  recent.drop(11)
  recent.drop(11)
  recent.clear()
  assert.equal(new Set(freed).size, freed.length)
  assert.deepEqual(new Set(freed), new Set([...kept, again]))
})
