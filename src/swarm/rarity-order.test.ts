import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RarityOrder } from './rarity-order.ts'

const PIECES = 12
const step = fc.tuple(fc.constantFrom('insert', 'remove', 'raise', 'lower'), fc.nat(PIECES - 1))

test('keeps exactly the inserted pieces, rarest first, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer(), (steps, seed) => {
      const order = new RarityOrder(PIECES, seed)
      const members = new Set<number>()
      const available = new Array<number>(PIECES).fill(0)
      const of = (piece: number) => available[piece] ?? 0
      for (const [kind, piece] of steps) {
        if (kind === 'insert' && !members.has(piece)) {
          order.insert(piece)
          members.add(piece)
        } else if (kind === 'remove' && members.delete(piece)) order.remove(piece)
        else if (kind === 'raise') {
          order.raise(piece)
          available[piece] = of(piece) + 1
        } else if (kind === 'lower' && of(piece) > 0) {
          order.lower(piece)
          available[piece] = of(piece) - 1
        }
        const listed = order.toArray()
        assert.deepEqual(
          [...listed].sort((a, b) => a - b),
          [...members].sort((a, b) => a - b)
        )
        assert.deepEqual(
          listed.map(of),
          listed.map(of).sort((a, b) => a - b)
        )
        assert.deepEqual(
          [...available.keys()].map(i => order.availability(i)),
          available
        )
      }
    })
  )
})

test('a long search brings more than one piece, in order, and a short one does not', () => {
  const order = new RarityOrder(1000, 3)
  for (let piece = 0; piece < 1000; piece++) order.insert(piece)
  assert.equal(order.find(() => true).length, 1)
  const late = order.toArray().slice(640)
  const accepted = new Set(late)
  assert.deepEqual(
    order.find(piece => accepted.has(piece)),
    late.slice(0, 21)
  )
  assert.deepEqual(
    order.find(() => false),
    []
  )
})

test('devices differ in the order of equally rare pieces', () => {
  const firsts = new Set<number | undefined>()
  for (let seed = 0; seed < 64; seed++) {
    const order = new RarityOrder(1000, seed)
    for (let piece = 0; piece < 1000; piece++) order.insert(piece)
    firsts.add(order.find(() => true)[0])
  }
  assert.ok(firsts.size > 50, `${firsts.size} different first pieces on 64 devices`)
})

test('a piece that just became available is no likelier to be first than its equals', () => {
  let first = 0
  for (let seed = 0; seed < 400; seed++) {
    const order = new RarityOrder(50, seed)
    for (let piece = 0; piece < 50; piece++) order.insert(piece)
    for (let piece = 0; piece < 50; piece++) order.raise(piece)
    if (order.find(() => true)[0] === 49) first++
  }
  assert.ok(first < 40, `the last of 50 pieces was first in ${first} of 400 orders`)
})
