import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defined } from '../base/assert.ts'
import { KIB, MIB } from '../base/units.ts'
import { Bitfield } from './bitfield.ts'
import { Stage } from './scripted-peers.conformance.ts'
import { makeVersion } from './swarm-fixture.conformance.ts'
import { BLOCK_BYTES, type BlockRange } from './wire-messages.ts'

const PIECE = 64 * KIB
const BLOCKS = PIECE / BLOCK_BYTES
/** Five pieces, the last of them 24 KiB. */
const FIXTURE = makeVersion([4 * PIECE + 24 * KIB], PIECE)

/** A row of marks for each piece: `#` is a block that is said to be here. */
function local(picture: string): Bitfield {
  const blocks = new Bitfield(FIXTURE.version.pieceCount * BLOCKS)
  for (const [piece, row] of picture.split(' ').entries())
    for (const [block, mark] of [...row].entries()) if (mark === '#') blocks.add(piece * BLOCKS + block)
  return blocks
}

/** A device that has been told of blocks of its own, before or after a source is there. */
function stageWith(picture: string): Stage {
  const stage = new Stage({
    fixture: FIXTURE,
    have: 'none',
    limits: { pipelineStartBytes: MIB },
    local: local(picture)
  })
  stage.post({ type: 'tick' })
  return stage
}

function truth({ piece, begin, length }: BlockRange): Uint8Array {
  return FIXTURE.piece(piece).slice(begin, begin + length)
}

/** Answers every read that has not been answered. */
function readAll(stage: Stage, read: (range: BlockRange) => Uint8Array | undefined = truth): BlockRange[] {
  const done: BlockRange[] = []
  for (let asked = stage.all('readLocal'); asked.length > done.length; asked = stage.all('readLocal')) {
    const { piece, begin, length } = defined(asked[done.length], 'a read')
    done.push({ piece, begin, length })
    stage.post({ type: 'localRead', piece, begin, length, block: read({ piece, begin, length }) })
    stage.storeAll()
  }
  return done
}

const askedOf = (peer: { got(type: 'request'): BlockRange[] }): string =>
  peer
    .got('request')
    .map(({ piece, begin, length }) => `${piece}:${begin / BLOCK_BYTES}+${Math.ceil(length / BLOCK_BYTES)}`)
    .sort()
    .join(' ')

test('pieces that are here in full are read and stored without any peer', () => {
  const stage = stageWith('.... #### .... .... ##')
  const reads = readAll(stage)
  assert.deepEqual(
    reads.map(({ piece, begin, length }) => [piece, begin, length]),
    [
      [1, 0, PIECE],
      [4, 0, 24 * KIB]
    ]
  )
  const { haveCount, verifiedBytes, reusedBytes, downloadedBytes } = stage.transfer.status(0)
  assert.deepEqual([haveCount, verifiedBytes, reusedBytes, downloadedBytes], [2, 88 * KIB, 88 * KIB, 0])
})

test('of a piece that is here in part only the rest is asked of a peer', () => {
  const stage = stageWith('#..# .... .### #### ..')
  const source = stage.join('all')
  readAll(stage)
  source.serveAll()
  readAll(stage)
  assert.equal(askedOf(source), '0:1+2 1:0+2 1:2+2 2:0+1 4:0+2')
  const { phase, reusedBytes, wastedBytes } = stage.transfer.status(0)
  assert.deepEqual([phase, reusedBytes, wastedBytes], ['complete', 9 * BLOCK_BYTES, 0])
  assert.equal(stage.all('misbehaviour').length, 0)
})

test('what can not be read is asked of the peers, with all that is left of its piece', () => {
  const stage = stageWith('#..# #### .... .... ..')
  const source = stage.join('all')
  readAll(stage, () => undefined)
  source.serveAll()
  stage.storeAll()
  assert.equal(stage.transfer.status(0).phase, 'complete')
  assert.equal(stage.transfer.status(0).reusedBytes, 0)
})

test('when a piece does not match, its local blocks go first and nobody is blamed', () => {
  const stage = stageWith('#..# .... .... .... ..')
  const source = stage.join('all')
  stage.post({
    type: 'localRead',
    piece: 0,
    begin: 0,
    length: BLOCK_BYTES,
    block: new Uint8Array(BLOCK_BYTES)
  })
  stage.post({
    type: 'localRead',
    piece: 0,
    begin: 3 * BLOCK_BYTES,
    length: BLOCK_BYTES,
    block: truth({ piece: 0, begin: 3 * BLOCK_BYTES, length: BLOCK_BYTES })
  })
  source.serveAll()
  const bad = defined(
    stage.all('storePiece').find(({ piece }) => piece === 0),
    'piece 0'
  )
  stage.post({ type: 'pieceRejected', piece: bad.piece })
  assert.equal(stage.all('misbehaviour').length, 0)
  source.serveAll()
  stage.storeAll()
  assert.equal(stage.transfer.status(0).phase, 'complete')
  assert.deepEqual(
    source.got('request').filter(({ piece, begin }) => piece === 0 && begin === 3 * BLOCK_BYTES).length,
    1
  )
  assert.equal(stage.transfer.status(0).wastedBytes, 0)
})

test('a peer that sends a bad block into such a piece is found out all the same', () => {
  const stage = stageWith('#... .... .... .... ..')
  const source = stage.join('all')
  readAll(stage)
  source.serveAll(block => block.fill(0, 0, 1))
  for (let round = 0; round < 2; round++) {
    const rejected = stage.all('storePiece').filter(({ piece }) => piece === 0)
    const last = rejected.at(-1)
    if (last !== undefined) stage.post({ type: 'pieceRejected', piece: last.piece })
    source.serveAll(block => block.fill(0, 0, 1))
  }
  assert.equal(stage.all('misbehaviour').length, 1)
  assert.equal(stage.all('misbehaviour')[0]?.reason, 'bad-block')
})

test('a read that comes for a piece that was given up meanwhile gives its buffer back', () => {
  const stage = stageWith('#... .... .... .... ..')
  stage.join('all')
  assert.equal(stage.all('readLocal').length, 1)
  stage.post({ type: 'wantData', wantsData: false })
  const before = stage.all('release').length
  stage.post({
    type: 'localRead',
    piece: 0,
    begin: 0,
    length: BLOCK_BYTES,
    block: new Uint8Array(BLOCK_BYTES)
  })
  assert.equal(stage.all('release').length, before + 1)
})

test('reading ahead is bounded', () => {
  const fixture = makeVersion([64 * MIB], MIB)
  const blocks = new Bitfield(64 * 64)
  for (let block = 0; block < blocks.size; block++) blocks.add(block)
  const stage = new Stage({ fixture, have: 'none', local: blocks })
  stage.post({ type: 'tick' })
  const bytes = stage.all('readLocal').reduce((sum, { length }) => sum + length, 0)
  assert.ok(bytes > 4 * MIB && bytes <= 16 * MIB, `${bytes} are being read`)
})
