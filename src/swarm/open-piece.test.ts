import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pieceIndex } from '../base/ids.ts'
import { type BlockRequest, type BlockRun, OpenPiece } from './open-piece.ts'
import { peerKey } from './transfer-types.ts'
import { BLOCK_BYTES } from './wire-messages.ts'

const A = peerKey(1)
const B = peerKey(2)
const SHORT_BYTES = 100

function pieceOf(blocks: number): OpenPiece {
  return new OpenPiece(pieceIndex(3), (blocks - 1) * BLOCK_BYTES + SHORT_BYTES)
}

function request(open: OpenPiece, run: BlockRun, holder = A): BlockRequest {
  const length = open.runBytes(run)
  const one = {
    open,
    run,
    holder,
    begin: run.first * BLOCK_BYTES,
    length,
    sentAtMs: 0,
    expectedMs: 0,
    impatient: false
  }
  open.request(one)
  return one
}

function bytesOf(open: OpenPiece, run: BlockRun, fill: number): Uint8Array {
  return new Uint8Array(open.runBytes(run)).fill(fill)
}

/** One character per block: `.` missing, digits: asked for from so many, letter: who sent it. */
function picture(open: OpenPiece): string {
  let text = ''
  const missing = new Set<number>()
  for (let block = 0; block < open.blockCount; block++) {
    const sender = open.sender(block)
    if (sender !== undefined) text += sender === A ? 'A' : 'B'
    else if (open.requesters(block) > 0) text += open.requesters(block)
    else {
      text += '.'
      missing.add(block)
    }
  }
  assert.equal(open.missingCount, missing.size)
  return text
}

test('the last block of a piece is as short as the piece demands', () => {
  const open = pieceOf(4)
  assert.equal(open.runBytes({ first: 2, count: 2 }), BLOCK_BYTES + SHORT_BYTES)
})

test('blocks go from missing to requested to received, and back when a request is given up', () => {
  const open = pieceOf(6)
  const first = request(open, { first: 0, count: 2 })
  const second = request(open, { first: 1, count: 3 }, B)
  assert.equal(picture(open), '1211..')
  assert.deepEqual(open.missingRun(8), { first: 4, count: 2 })
  open.unrequest(first)
  assert.equal(picture(open), '.111..')
  assert.deepEqual(open.missingRun(8), { first: 0, count: 1 })
  open.receive(second.run, bytesOf(open, second.run, 1), B)
  open.unrequest(second)
  assert.equal(picture(open), '.BBB..')
})

test('of a run that is partly here only the rest is used, as a view', () => {
  const open = pieceOf(4)
  const run = { first: 1, count: 1 }
  open.receive(run, bytesOf(open, run, 9), A)
  const whole = { first: 0, count: 4 }
  const bytes = bytesOf(open, whole, 5)
  assert.equal(open.receive(whole, bytes, B), 2 * BLOCK_BYTES + SHORT_BYTES)
  assert.equal(picture(open), 'BABB')
  const blocks = open.wholeBlocks()
  assert.deepEqual(
    blocks.map(block => [block.length, block[0]]),
    [
      [BLOCK_BYTES, 5],
      [BLOCK_BYTES, 9],
      [BLOCK_BYTES + SHORT_BYTES, 5]
    ]
  )
  assert.equal(blocks[0]?.buffer, bytes.buffer)
  assert.equal(open.receive(whole, bytesOf(open, whole, 7), A), 0)
})

test('bad blocks are fetched again, good ones stay, and a buffer is given up only when nothing of it is good', () => {
  const open = pieceOf(4)
  const left = bytesOf(open, { first: 0, count: 2 }, 1)
  const right = bytesOf(open, { first: 2, count: 2 }, 2)
  open.receive({ first: 0, count: 2 }, left, A)
  open.receive({ first: 2, count: 2 }, right, B)
  assert.deepEqual(
    open.discard(block => block === 1),
    []
  )
  assert.equal(picture(open), 'A.BB')
  assert.deepEqual(
    open.discard(block => block >= 2),
    [right]
  )
  assert.equal(picture(open), 'A...')
  const again = { first: 1, count: 3 }
  open.receive(again, bytesOf(open, again, 3), B)
  assert.deepEqual(open.takeBuffers().length, 2)
})

test('blocks and their senders, whatever the order of requests, answers and losses', () => {
  const step = fc.record({
    kind: fc.constantFrom('request', 'unrequest', 'receive', 'discard'),
    first: fc.nat(7),
    count: fc.integer({ min: 1, max: 4 }),
    holder: fc.constantFrom(A, B)
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const open = pieceOf(8)
      const outstanding: BlockRequest[] = []
      const given = new Set<Uint8Array>()
      const kept = new Map<number, number>()
      let stamp = 0
      for (const { kind, first, count, holder } of steps) {
        const run = { first, count: Math.min(count, 8 - first) }
        const inRun = (block: number) => block >= run.first && block < run.first + run.count
        if (kind === 'request' && ![...kept.keys()].some(inRun)) outstanding.push(request(open, run, holder))
        else if (kind === 'unrequest') {
          const one = outstanding.shift()
          if (one !== undefined) open.unrequest(one)
        } else if (kind === 'receive') {
          stamp = (stamp + 1) % 251
          const bytes = bytesOf(open, run, stamp)
          if (open.receive(run, bytes, holder) > 0) given.add(bytes)
          for (let block = run.first; block < run.first + run.count; block++)
            if (!kept.has(block)) kept.set(block, stamp)
        } else if (kind === 'discard') {
          for (const dropped of open.discard(inRun)) assert.ok(given.delete(dropped))
          for (const block of [...kept.keys()]) if (inRun(block)) kept.delete(block)
        }
        const seen = new Map<number, number>()
        open.eachBlock((block, _, bytes) => seen.set(block, bytes[0] ?? -1))
        assert.deepEqual(
          [...seen].sort((a, b) => a[0] - b[0]),
          [...kept].sort((a, b) => a[0] - b[0])
        )
        assert.equal(open.receivedCount, kept.size)
        picture(open)
      }
      assert.deepEqual(new Set(open.takeBuffers()), given)
    })
  )
})
