import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Bitfield } from './bitfield.ts'

test('the first piece is the high bit of the first byte', () => {
  const field = new Bitfield(10)
  field.add(0)
  field.add(9)
  assert.deepEqual([...field.toBytes()], [0x80, 0x40])
})

test('spare bits and wrong lengths are refused', () => {
  assert.equal(Bitfield.fromBytes(Uint8Array.of(0xff, 0xc0), 10)?.isFull, true)
  assert.equal(Bitfield.fromBytes(Uint8Array.of(0xff, 0xe0), 10), undefined)
  assert.equal(Bitfield.fromBytes(Uint8Array.of(0xff), 10), undefined)
  assert.equal(Bitfield.fromBytes(Uint8Array.of(0xff, 0, 0), 10), undefined)
  assert.equal(Bitfield.fromBytes(new Uint8Array(0), 0)?.isFull, true)
})

test('behaves as a set of numbers', () => {
  const step = fc.tuple(fc.constantFrom('add', 'delete'), fc.nat(40))
  fc.assert(
    fc.property(fc.array(step), steps => {
      const field = new Bitfield(41)
      const oracle = new Set<number>()
      for (const [kind, index] of steps) {
        if (kind === 'add') {
          assert.equal(field.add(index), !oracle.has(index))
          oracle.add(index)
        } else assert.equal(field.delete(index), oracle.delete(index))
      }
      const members: number[] = []
      field.each(index => members.push(index))
      assert.deepEqual(
        members,
        [...oracle].sort((a, b) => a - b)
      )
      assert.equal(field.count, oracle.size)
      const again = Bitfield.fromBytes(field.toBytes(), 41)
      assert.equal(again?.count, oracle.size)
      assert.deepEqual(field.clone().toBytes(), field.toBytes())
    })
  )
})

test('full has every index and no spare bit', () => {
  for (const size of [0, 1, 7, 8, 9, 64, 65]) {
    const field = Bitfield.full(size)
    assert.equal(Bitfield.fromBytes(field.toBytes(), size)?.count, size)
  }
})
