/**
 * Pictures of a picker, one character per piece. First line: how many peers have it. Second line: what we have of
 * it (blank: nothing, `*`: everything, a hex digit: its blocks that have come, as a bit mask of four).
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type PieceIndex, pieceIndex } from '../base/ids.ts'
import { Bitfield } from './bitfield.ts'
import type { BlockRequest, OpenPiece } from './open-piece.ts'
import type { PeerPieces } from './peer-pieces.ts'
import { PiecePicker } from './piece-picker.ts'
import { makeVersion } from './swarm-fixture.conformance.ts'
import { peerKey } from './transfer-types.ts'
import { BLOCK_BYTES } from './wire-messages.ts'

const BLOCKS = 4
const SENDER = peerKey(1)

function fixtureOf(pieceCount: number) {
  return makeVersion([pieceCount * BLOCKS * BLOCK_BYTES], BLOCKS * BLOCK_BYTES)
}

function requestOf(open: OpenPiece, first: number, count = 1, holder = SENDER): BlockRequest {
  const run = { first, count }
  const length = open.runBytes(run)
  return {
    open,
    run,
    holder,
    begin: first * BLOCK_BYTES,
    length,
    sentAtMs: 0,
    expectedMs: 0,
    impatient: false
  }
}

/** Asks for a block, and takes its arrival. */
function receive(picker: PiecePicker, open: OpenPiece, first: number): void {
  const request = requestOf(open, first)
  open.request(request)
  open.receive(request.run, new Uint8Array(request.length), SENDER)
  open.unrequest(request)
  picker.refresh(open)
}

interface Picture {
  readonly picker: PiecePicker
  readonly peers: readonly PeerPieces[]
}

/** Peer `i` has the pieces whose availability is above `i`. */
function setupPicker(availability: string, ours = '', seed = 7): Picture {
  const { version } = fixtureOf(availability.length)
  const have = new Bitfield(availability.length)
  for (let piece = 0; piece < availability.length; piece++) if (ours[piece] === '*') have.add(piece)
  const picker = new PiecePicker({ version, have, seed })
  picker.makeVerifiable(Uint32Array.from({ length: availability.length }, (_, i) => i))
  const peers = Array.from({ length: Math.max(...[...availability].map(Number)) }, (_, peer) => {
    const bits = new Bitfield(availability.length)
    for (let piece = 0; piece < availability.length; piece++)
      if (Number(availability[piece]) > peer) bits.add(piece)
    return picker.addPeer(bits)
  })
  for (let piece = 0; piece < availability.length; piece++) {
    const mask = Number.parseInt(ours[piece] ?? ' ', 16)
    if (Number.isNaN(mask)) continue
    const open = picker.open(pieceIndex(piece))
    for (let block = 0; block < BLOCKS; block++) if (mask & (1 << block)) receive(picker, open, block)
    if (open.isWhole) picker.markReceived(open)
  }
  return { picker, peers }
}

/** Opens everything that a peer has, in the order of the picker. */
function pickAll(picker: PiecePicker, peer: PeerPieces): number[] {
  const picked: number[] = []
  for (let piece = picker.rarest(peer); piece !== undefined; piece = picker.rarest(peer)) {
    picker.open(piece)
    picked.push(piece)
  }
  return picked
}

function statesOf(picker: PiecePicker): string {
  const letters = { missing: ' ', requested: 'r', received: 'R', have: '*' } as const
  let picture = ''
  for (let piece = 0; piece < picker.version.pieceCount; piece++)
    picture += letters[picker.state(pieceIndex(piece))]
  return picture
}

function peerOf(picture: Picture, index: number): PeerPieces {
  const peer = picture.peers[index]
  assert.ok(peer !== undefined)
  return peer
}

test('rarest first', () => {
  const picture = setupPicker('4179253')
  assert.deepEqual(pickAll(picture.picker, peerOf(picture, 0)), [1, 4, 6, 0, 5, 2, 3])
})

test('rarest first among what the peer has', () => {
  const picture = setupPicker('4179253')
  assert.deepEqual(pickAll(picture.picker, peerOf(picture, 4)), [5, 2, 3])
})

test('what we have, fetch or verify is not opened again', () => {
  const picture = setupPicker('4179253', '* *3f  ')
  assert.equal(statesOf(picture.picker), '* *rR  ')
  assert.deepEqual(pickAll(picture.picker, peerOf(picture, 0)), [1, 6, 5])
})

test('a complete peer makes nothing less rare than anything else', () => {
  const picture = setupPicker('4179253')
  const complete = picture.picker.addPeer(Bitfield.full(7))
  // Two of the five that have the first piece have all, and came so.
  assert.equal(picture.picker.availability(0), 5)
  assert.equal(picture.picker.spread(0), 3)
  assert.deepEqual(pickAll(picture.picker, complete), [1, 4, 6, 0, 5, 2, 3])
})

test('a piece becomes less rare when a peer announces it, and rarer when one goes', () => {
  const picture = setupPicker('1223')
  const taker = picture.picker.addPeer(new Bitfield(4))
  picture.picker.peerHas(taker, pieceIndex(0))
  picture.picker.peerHas(taker, pieceIndex(1))
  picture.picker.removePeer(peerOf(picture, 2))
  // Now 2 3 2 2.
  assert.equal(pickAll(picture.picker, peerOf(picture, 0)).at(-1), 1)
})

test('pieces that could not be verified are not opened', () => {
  const { version } = fixtureOf(4)
  const picker = new PiecePicker({ version, have: new Bitfield(4), seed: 1 })
  const peer = picker.addPeer(Bitfield.full(4))
  assert.equal(picker.rarest(peer), undefined)
  picker.makeVerifiable(Uint32Array.of(2))
  assert.deepEqual(pickAll(picker, peer), [2])
  assert.deepEqual([peer.openableCount, peer.lackingCount], [0, 4])
})

test('the way of a piece from missing to had, lost, and had again', () => {
  const picture = setupPicker('1', ' ')
  const { picker } = picture
  const open = picker.open(pieceIndex(0))
  assert.equal(statesOf(picker), 'r')
  for (let block = 0; block < BLOCKS; block++) receive(picker, open, block)
  picker.markReceived(open)
  assert.equal(statesOf(picker), 'R')
  open.discard(block => block === 2)
  picker.reopen(open)
  assert.equal(statesOf(picker), 'r')
  assert.deepEqual(open.missingRun(BLOCKS), { first: 2, count: 1 })
  receive(picker, open, 2)
  picker.markReceived(open)
  picker.markStored(open)
  assert.equal(statesOf(picker), '*')
  assert.equal(picker.openBytes, 0)
  assert.equal(picker.markLost(pieceIndex(0)), true)
  assert.equal(picker.markLost(pieceIndex(0)), false)
  assert.equal(statesOf(picker), ' ')
  assert.deepEqual(pickAll(picker, peerOf(picture, 0)), [0])
})

test('a piece that is held back is not opened until it is offered', () => {
  const picture = setupPicker('1', 'f')
  const { picker } = picture
  const open = picker.openPiece(pieceIndex(0))
  assert.ok(open !== undefined)
  picker.closeHeld(open)
  assert.equal(statesOf(picker), ' ')
  assert.equal(picker.rarest(peerOf(picture, 0)), undefined)
  picker.offer(pieceIndex(0))
  picker.offer(pieceIndex(0))
  assert.equal(picker.rarest(peerOf(picture, 0)), 0)
})

test('a peer that came complete and lacks a piece after all is counted piece by piece', () => {
  const picture = setupPicker('1111')
  const { picker } = picture
  const liar = picker.addPeer(Bitfield.full(4))
  picker.peerLacks(liar, pieceIndex(1))
  assert.deepEqual(
    [0, 1, 2, 3].map(piece => picker.availability(piece)),
    [2, 1, 2, 2]
  )
  assert.equal(liar.lackingCount, 3)
  picker.removePeer(liar)
  assert.deepEqual(
    [0, 1, 2, 3].map(piece => picker.availability(piece)),
    [1, 1, 1, 1]
  )
})

test('pieces that no incomplete peer has are counted as undelivered', () => {
  const picture = setupPicker('0120')
  const { picker } = picture
  assert.equal(picker.undeliveredCount, 2)
  picker.addPeer(Bitfield.full(4))
  assert.equal(picker.undeliveredCount, 2)
  picker.peerHas(peerOf(picture, 0), pieceIndex(0))
  assert.equal(picker.undeliveredCount, 1)
  picker.removePeer(peerOf(picture, 0))
  // What is left is 0 0 1 0.
  assert.equal(picker.undeliveredCount, 3)
})

// ---- sums against a naive oracle

const PIECES = 6
const PEERS = 3
const step = fc.record({
  kind: fc.constantFrom(
    ...['open', 'fill', 'store', 'close', 'lose', 'have', 'lacks', 'replace', 'verifiable', 'demand']
  ),
  piece: fc.nat(PIECES - 1),
  peer: fc.nat(PEERS - 1)
})

function apply(
  picker: PiecePicker,
  peers: PeerPieces[],
  { kind, piece, peer }: { kind: string; piece: number; peer: number }
): void {
  const index = pieceIndex(piece)
  const one = peers[peer]
  const open = picker.openPiece(index)
  const state = picker.state(index)
  if (one === undefined) return
  if (kind === 'open' && picker.isOpenable(piece)) picker.open(index)
  else if (kind === 'fill' && open !== undefined && state === 'requested') {
    for (let block = 0; block < BLOCKS; block++) receive(picker, open, block)
    picker.markReceived(open)
  } else if (kind === 'store' && open !== undefined && state === 'received') picker.markStored(open)
  else if (kind === 'close' && open !== undefined) picker.close(open)
  else if (kind === 'lose') picker.markLost(index)
  else if (kind === 'have') picker.peerHas(one, index)
  else if (kind === 'lacks') picker.peerLacks(one, index)
  else if (kind === 'verifiable') picker.makeVerifiable(Uint32Array.of(piece))
  else if (kind === 'demand') {
    const pieces = Array.from({ length: peer + 1 }, (_, i) => pieceIndex((piece + i) % PIECES))
    for (const left of picker.demand(pieces)) assert.ok(picker.isOnDemand && !pieces.includes(left.piece))
  } else if (kind === 'replace') {
    picker.removePeer(one)
    const bits = new Bitfield(PIECES)
    for (let i = 0; i < PIECES; i++) if (piece === 0 || i % piece === 0) bits.add(i)
    peers[peer] = picker.addPeer(bits)
  }
}

function assertSums(picker: PiecePicker, peers: readonly PeerPieces[]): void {
  const pieces = Array.from({ length: PIECES }, (_, i) => i as PieceIndex)
  for (const piece of pieces) {
    assert.equal(picker.availability(piece), peers.filter(peer => peer.bits.has(piece)).length)
    const isLeft = picker.state(piece) === 'missing' && picker.isVerifiable(piece)
    const openable = isLeft && picker.isWanted(piece)
    assert.equal(picker.isOpenable(piece), openable)
  }
  for (const peer of peers) {
    const has = pieces.filter(piece => peer.bits.has(piece))
    const lacks = (piece: PieceIndex) => picker.state(piece) !== 'have' && picker.isWanted(piece)
    assert.equal(peer.lackingCount, has.filter(lacks).length)
    assert.equal(peer.openableCount, has.filter(piece => picker.isOpenable(piece)).length)
    const rarest = picker.rarest(peer)
    const rarities = has.filter(piece => picker.isOpenable(piece)).map(piece => picker.availability(piece))
    if (rarest === undefined) assert.equal(rarities.length, 0)
    else assert.equal(picker.availability(rarest), Math.min(...rarities))
  }
  const count = (state: string) => pieces.filter(piece => picker.state(piece) === state).length
  assert.equal(picker.have.count, count('have'))
  assert.equal(picker.requestedCount, count('requested'))
  assert.equal(picker.receivedCount, count('received'))
  const pieceBytes = BLOCKS * BLOCK_BYTES
  assert.equal(picker.haveBytes, count('have') * pieceBytes)
  const wanted = pieces.filter(piece => picker.isWanted(piece))
  const lacking = wanted.filter(piece => picker.state(piece) !== 'have')
  assert.equal(picker.wantedBytes, wanted.length * pieceBytes)
  assert.equal(picker.lackingBytes, lacking.length * pieceBytes)
  assert.equal(picker.isSatisfied, lacking.length === 0)
  assert.equal(picker.isDone, picker.isOnDemand ? picker.isComplete : picker.isSatisfied)
  assert.equal(picker.openBytes, (count('requested') + count('received')) * pieceBytes)
  assert.equal(picker.openableCount, pieces.filter(piece => picker.isOpenable(piece)).length)
}

test('every sum is what counting anew gives, whatever happens', () => {
  const { version } = fixtureOf(PIECES)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer(), fc.boolean(), (steps, seed, onDemand) => {
      const nothing = new Bitfield(PIECES)
      const chosen = onDemand ? { onDemand, wanted: nothing } : {}
      const picker = new PiecePicker({ version, have: nothing, ...chosen, seed })
      const peers = Array.from({ length: PEERS }, () => picker.addPeer(new Bitfield(PIECES)))
      for (const one of steps) {
        apply(picker, peers, one)
        assertSums(picker, peers)
      }
    })
  )
})
