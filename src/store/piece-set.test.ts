import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PieceSet } from './piece-set.ts'

test('a piece set is a set, whatever the order of adding and deleting', () => {
  const step = fc.tuple(fc.boolean(), fc.nat(40))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 41, max: 60 }), (steps, pieceCount) => {
      const set = new PieceSet(pieceCount)
      const model = new Set<number>()
      for (const [isAdd, piece] of steps) {
        const changes = model.has(piece) !== isAdd
        assert.equal(isAdd ? set.add(piece) : set.delete(piece), changes)
        if (isAdd) model.add(piece)
        else model.delete(piece)
      }
      assert.equal(set.size, model.size)
      for (let piece = 0; piece < pieceCount; piece++) assert.equal(set.has(piece), model.has(piece))
      const inside = [...model].filter(piece => piece >= 7 && piece < 7 + 20).length
      assert.equal(set.countIn(7, 20), inside)
      const copy = PieceSet.fromBytes(set.toBytes(), pieceCount)
      assert.deepEqual(copy?.toBytes(), set.toBytes())
      assert.equal(copy?.size, model.size)
    })
  )
})

test('the bytes are those of a BEP 3 bitfield', () => {
  const set = new PieceSet(11)
  for (const piece of [0, 7, 8, 10]) set.add(piece)
  assert.deepEqual(set.toBytes(), Uint8Array.of(0b1000_0001, 0b1010_0000))
})

test('bytes of another length, or with a spare bit set, are refused', () => {
  assert.equal(PieceSet.fromBytes(Uint8Array.of(0), 9), undefined)
  assert.equal(PieceSet.fromBytes(Uint8Array.of(0, 0b0100_0000), 9), undefined)
  assert.equal(PieceSet.fromBytes(Uint8Array.of(0, 0b1000_0000), 9)?.size, 1)
  assert.equal(PieceSet.fromBytes(new Uint8Array(0), 0)?.size, 0)
})

test('pieces outside the version are in no set', () => {
  const set = new PieceSet(3)
  assert.throws(() => set.add(3))
  assert.equal(set.has(3), false)
  assert.equal(set.has(1000), false)
})
