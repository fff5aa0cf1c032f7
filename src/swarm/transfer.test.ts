import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '../base/bytes.ts'
import { pieceIndex } from '../base/ids.ts'
import { KIB, MIB } from '../base/units.ts'
import { HASH_BYTES } from '../content/hash.ts'
import { LEAF_BYTES, leafHashes, pieceRootOfLeaves } from '../content/merkle.ts'
import { verifyRange } from '../content/merkle-proof.ts'
import { Bitfield } from './bitfield.ts'
import {
  encodeMetadata,
  encodePeerage,
  isViolation,
  readMetadata,
  readPeerage
} from './extension-messages.ts'
import { FIRST, type ScriptedPeer, Stage } from './scripted-peers.conformance.ts'
import { makeVersion, sha256 } from './swarm-fixture.conformance.ts'
import { TRANSFER_LIMITS } from './transfer-limits.ts'
import { BLOCK_BYTES, METADATA_PIECE_BYTES, type MessageOf, REQUEST_BYTES_MAX } from './wire-messages.ts'

const FIXTURE = makeVersion([640 * KIB, 10, 100 * KIB], 64 * KIB)
const LARGE = makeVersion([8 * MIB], MIB)
const LIMITS = TRANSFER_LIMITS

function statusOf(stage: Stage) {
  return stage.transfer.status(stage.nowMs)
}

function rangeOf({ piece, begin, length }: MessageOf<'request'>) {
  return { piece, begin, length }
}

// ---- opening

test('what is said at first: handshake, what we have, unchoke, extensions, in this order', () => {
  const openings = { all: 'have-all', none: 'have-none', some: 'bitfield' } as const
  for (const [have, announcement] of Object.entries(openings)) {
    const stage = new Stage({
      fixture: FIXTURE,
      have: have === 'some' ? [3] : have === 'all' ? 'all' : 'none'
    })
    const peer = stage.connect()
    assert.deepEqual(
      peer.inbox.map(message => message.type),
      ['handshake']
    )
    peer.greet()
    assert.deepEqual(
      peer.inbox.map(message => message.type),
      ['handshake', announcement, 'unchoke', 'extended']
    )
  }
})

test('a peer of the base protocol gets only what it understands', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const peer = stage.connect()
  peer.greet({ fast: false, extended: false })
  assert.deepEqual(
    peer.inbox.map(message => message.type),
    ['handshake', 'unchoke']
  )
  peer.say({ type: 'unchoke' })
  peer.say({ type: 'have', piece: 0 })
  assert.equal(peer.got('interested').length, 1)
  assert.ok(peer.takeRequests().every(request => request.length === BLOCK_BYTES))
  peer.say({ type: 'request', piece: 5, begin: 0, length: BLOCK_BYTES })
  assert.equal(peer.got('reject').length, 0)
  assert.equal(peer.isCutOff, false)
})

test('requests are longer than a block only toward peers that announced it, and never past the piece', () => {
  const stage = new Stage({ fixture: LARGE, have: 'none' })
  const plain = stage.connect()
  plain.greet()
  plain.say({ type: 'have-all' })
  plain.say({ type: 'unchoke' })
  assert.ok(plain.takeRequests().every(request => request.length === BLOCK_BYTES))
  plain.leave()
  const ours = stage.join('all')
  ours.serveAll()
  const longest = Math.max(...ours.got('request').map(request => request.length))
  assert.equal(longest, REQUEST_BYTES_MAX)
  for (const { begin, length } of ours.got('request')) {
    assert.equal(begin % BLOCK_BYTES, 0)
    assert.ok(begin + length <= MIB)
  }
})

// ---- a piece's way

test('a piece is announced only once it is durable', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const source = stage.join([0])
  const other = stage.join('none')
  source.serveAll()
  const [handed] = stage.all('storePiece')
  assert.ok(handed !== undefined)
  assert.deepEqual(concatBytes(handed.blocks), FIXTURE.piece(0).slice())
  assert.deepEqual(handed.hash, FIXTURE.pieceHash(0))
  assert.equal(handed.leafWidth, 4)
  assert.equal(other.got('have').length, 0)
  assert.equal(stage.transfer.has(FIRST), false)
  stage.post({ type: 'pieceStored', piece: FIRST })
  assert.deepEqual(other.got('have'), [{ type: 'have', piece: 0 }])
  assert.equal(stage.transfer.has(FIRST), true)
  assert.equal(statusOf(stage).verifiedBytes, 64 * KIB)
})

test('the last piece completes the transfer, once', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const source = stage.join('all')
  source.serveAll()
  assert.equal(stage.all('complete').length, 0)
  stage.storeAll()
  assert.equal(stage.all('complete').length, 1)
  assert.equal(statusOf(stage).phase, 'complete')
  assert.equal(source.got('not-interested').length, 1)
  assert.equal(stage.transfer.nextWakeMs(), undefined)
})

test('when our own storage fails the piece is fetched again after a while', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const source = stage.join([0])
  source.serveAll()
  stage.post({ type: 'pieceFailed', piece: FIRST })
  assert.deepEqual(source.takeRequests(), [])
  assert.deepEqual(stage.all('misbehaviour'), [])
  stage.wait(LIMITS.pieceRetryMs + LIMITS.tickMs)
  source.serveAll()
  stage.post({ type: 'pieceStored', piece: FIRST })
  assert.equal(statusOf(stage).haveCount, 1)
})

test('a lost piece is not served any more, and is fetched again', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all' })
  const peer = stage.join('all')
  peer.say({ type: 'request', piece: 0, begin: 0, length: BLOCK_BYTES })
  assert.equal(stage.all('serve').length, 1)
  stage.post({ type: 'pieceLost', piece: FIRST })
  assert.equal(stage.all('cancelServe').length, 1)
  assert.equal(peer.got('reject').length, 1)
  assert.equal(peer.got('interested').length, 1)
  peer.serveAll()
  stage.storeAll()
  assert.equal(stage.all('complete').length, 1)
  assert.equal(stage.transfer.has(FIRST), true)
})

test('a lost piece stays lost while data is not wanted', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all', wantsData: false })
  const peer = stage.join('all')
  stage.post({ type: 'pieceLost', piece: FIRST })
  assert.deepEqual(peer.takeRequests(), [])
  assert.equal(statusOf(stage).phase, 'idle')
  stage.post({ type: 'wantData', wantsData: true })
  assert.ok(peer.takeRequests().length > 0)
})

test('to stop wanting gives up what is out and frees what is here', () => {
  const stage = new Stage({ fixture: LARGE, have: 'none' })
  const source = stage.join('all')
  const requests = source.takeRequests()
  const [first] = requests
  assert.ok(first !== undefined)
  source.answer(first)
  stage.post({ type: 'wantData', wantsData: false })
  assert.equal(stage.all('release').length, 1)
  assert.equal(source.got('cancel').length, requests.length + source.takeRequests().length - 1)
  assert.equal(source.got('not-interested').length, 1)
  assert.equal(statusOf(stage).inFlightBytes, 0)
  // What was on its way is no offence.
  const [, second] = requests
  assert.ok(second !== undefined)
  source.answer(second)
  assert.equal(source.isCutOff, false)
  assert.equal(stage.all('release').length, 2)
})

// ---- requests

test('no more is in flight than the limits allow, over all peers', () => {
  const fixture = makeVersion([64 * MIB], MIB)
  const limits = { pipelineStartBytes: MIB }
  const stage = new Stage({ fixture, have: 'none', limits })
  for (let i = 0; i < 20; i++) stage.join('all')
  const { inFlightBytes, peers } = statusOf(stage)
  assert.ok(inFlightBytes <= LIMITS.inFlightBytesMax)
  assert.ok(inFlightBytes > LIMITS.inFlightBytesMax / 2)
  for (const peer of peers) assert.ok(peer.inFlightBytes <= limits.pipelineStartBytes)
})

test('no more requests are out than the peer accepts', () => {
  const limits = { requestCountMax: 7, pipelineStartBytes: MIB }
  const stage = new Stage({ fixture: LARGE, have: 'none', limits })
  const source = stage.join('all')
  assert.equal(source.takeRequests().length, 7)
})

test('open pieces are bounded, and one that nobody can fill makes room', () => {
  const fixture = makeVersion([128 * MIB], 16 * MIB)
  const stage = new Stage({ fixture, have: 'none', limits: { openBytesMax: 48 * MIB } })
  const peers = [0, 1, 2].map(piece => stage.join([piece]))
  for (const peer of peers) assert.ok(peer.takeRequests().length > 0)
  const fourth = stage.join([3])
  assert.deepEqual(fourth.takeRequests(), [])
  peers[1]?.leave()
  assert.ok(fourth.takeRequests().length > 0)
  assert.equal(statusOf(stage).requestedCount, 3)
})

test('a piece whose blocks have left memory makes room for another, and counts only once it is stored', () => {
  const fixture = makeVersion([128 * MIB], 16 * MIB)
  const stage = new Stage({
    fixture,
    have: 'none',
    limits: { openBytesMax: 32 * MIB, inFlightBytesMax: 32 * MIB }
  })
  const source = stage.join([0, 1, 2])
  while (stage.all('storePiece').length < 2) source.serveAll()
  assert.deepEqual(source.takeRequests(), [])
  const [first] = stage.all('storePiece')
  assert.ok(first !== undefined)
  stage.post({ type: 'pieceWritten', piece: first.piece })
  const asked = source.takeRequests()
  assert.ok(asked.length > 0)
  for (const request of asked) source.answer(request)
  assert.equal(stage.transfer.has(first.piece), false)
  stage.post({ type: 'pieceWritten', piece: first.piece })
  stage.post({ type: 'pieceStored', piece: first.piece })
  assert.equal(statusOf(stage).haveCount, 1)
  const [, second] = stage.all('storePiece')
  assert.ok(second !== undefined)
  stage.post({ type: 'pieceWritten', piece: second.piece })
  stage.post({ type: 'pieceFailed', piece: second.piece })
  const serveOn = (): void => {
    for (let round = 0; round < 64; round++) source.serveAll()
  }
  serveOn()
  stage.storeAll()
  stage.wait(LIMITS.pieceRetryMs + LIMITS.tickMs)
  serveOn()
  assert.equal(stage.all('storePiece').filter(effect => effect.piece === second.piece).length, 2)
})

test('a choke gives the requests to others, and no request goes to a peer that chokes us', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const first = stage.join([0])
  const asked = first.takeRequests()
  assert.ok(asked.length > 0)
  const second = stage.join([0])
  assert.deepEqual(second.takeRequests(), [])
  first.say({ type: 'choke' })
  assert.deepEqual(second.takeRequests().map(rangeOf), asked.map(rangeOf))
  // BEP 6: the rejects that follow the choke are no offence, and neither is a block that was on its way.
  const [late, ...rest] = asked
  assert.ok(late !== undefined)
  first.answer(late)
  for (const request of rest) first.say({ ...request, type: 'reject' })
  assert.equal(first.isCutOff, false)
  assert.deepEqual(first.takeRequests(), [])
})

test('a rejected piece is asked of another, and not of the same again until it is announced', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const first = stage.join([0])
  for (const request of first.takeRequests()) first.say({ ...request, type: 'reject' })
  stage.wait(1000)
  assert.deepEqual(first.takeRequests(), [])
  const second = stage.join([0])
  assert.ok(second.takeRequests().length > 0)
  second.leave()
  first.say({ type: 'have', piece: 0 })
  assert.ok(first.takeRequests().length > 0)
})

test('a stalled peer: its requests move on after a bounded wait, and what comes late is used', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const stalled = stage.join([0])
  const asked = stalled.takeRequests()
  const other = stage.join([0])
  stage.wait(LIMITS.stallMs - 2 * LIMITS.tickMs)
  assert.deepEqual(other.got('request'), [])
  stage.wait(3 * LIMITS.tickMs)
  const moved = other.got('request')
  assert.deepEqual(moved.map(rangeOf), asked.map(rangeOf))
  assert.deepEqual(
    stalled.got('cancel').map(({ piece, begin, length }) => ({ piece, begin, length })),
    asked.map(rangeOf)
  )
  assert.equal(statusOf(stage).peers[0]?.snubbed, true)
  for (const request of asked) stalled.answer(request)
  assert.equal(stalled.isCutOff, false)
  assert.equal(statusOf(stage).peers[0]?.snubbed, false)
  assert.equal(stage.all('storePiece').length, 1)
  assert.equal(other.got('cancel').length, moved.length)
  // The other's answer crosses our cancel: of no use, and no offence.
  for (const request of moved) other.answer(request)
  assert.equal(other.isCutOff, false)
  assert.equal(stage.all('release').length, moved.length)
  assert.equal(statusOf(stage).wastedBytes, 64 * KIB)
})

test('a peer that stalls again and again is asked less and less often', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const stalled = stage.join([0])
  const askedMs: number[] = []
  for (let i = 0; i < 600; i++) {
    stage.wait(100)
    if (stalled.takeRequests().length > 0) askedMs.push(stage.nowMs)
  }
  const gaps = askedMs.slice(1).map((ms, i) => ms - (askedMs[i] ?? 0))
  assert.ok(gaps.length >= 2)
  assert.ok((gaps.at(-1) ?? 0) > 2 * (gaps[0] ?? 0), `gaps ${gaps}`)
  stalled.say({ type: 'reject', ...rangeOf(stalled.got('request')[0] ?? assert.fail()) })
  assert.equal(statusOf(stage).peers[0]?.snubbed, false)
})

test('a request to a peer that is alive but slow moves on to one that would be sooner', () => {
  const fixture = makeVersion([32 * MIB], 256 * KIB)
  const stage = new Stage({ fixture, have: 'none' })
  const slow = stage.join([0])
  const owed = slow.takeRequests()
  const quick = stage.join('all')
  const queue: MessageOf<'request'>[] = []
  let movedMs: number | undefined
  const beganMs = stage.nowMs
  while (movedMs === undefined && stage.nowMs < beganMs + 20_000) {
    stage.wait(100)
    if ((stage.nowMs - beganMs) % 1500 === 0) slow.answer(owed.shift() ?? assert.fail())
    const fresh = quick.takeRequests()
    if (fresh.some(request => request.piece === 0)) movedMs = stage.nowMs
    queue.push(...fresh)
    for (const request of queue.splice(0, 1)) quick.answer(request)
    assert.equal(statusOf(stage).endgame, false)
  }
  assert.ok(movedMs !== undefined, 'the quick peer is asked for what the slow one owes')
  assert.ok(owed.length > 0)
  assert.equal(slow.isCutOff, false)
  assert.equal(statusOf(stage).peers[0]?.snubbed, false)
})

// ---- endgame

test('endgame: the last blocks are asked of a second peer when that is clearly sooner, and cancelled on arrival', () => {
  const limits = { pipelineStartBytes: 4 * MIB }
  const stage = new Stage({ fixture: LARGE, have: [0, 1, 2, 3, 4, 5, 6], limits })
  const slow = stage.join([7])
  const [first, ...owed] = slow.takeRequests()
  assert.ok(first !== undefined && owed.length > 0)
  stage.nowMs += 1000
  slow.answer(first)
  owed.push(...slow.takeRequests())
  assert.equal(statusOf(stage).endgame, true)
  const quick = stage.join([7])
  for (let i = 0; i < 100; i++) {
    stage.nowMs += 5
    for (const request of quick.takeRequests()) quick.answer(request)
  }
  assert.equal(stage.all('storePiece').length, 1)
  assert.deepEqual(
    new Set(slow.got('cancel').map(({ begin }) => begin)),
    new Set(owed.map(({ begin }) => begin))
  )
  assert.equal(quick.got('cancel').length, 0)
  assert.equal(statusOf(stage).inFlightBytes, 0)
})

test('endgame: a request of which a part has come is not asked of others', () => {
  const limits = { pipelineStartBytes: 4 * MIB }
  const stage = new Stage({ fixture: LARGE, have: [0, 1, 2, 3, 4, 5, 6], limits })
  // Stalled, it is asked for a single block after a while, and stalls again.
  const stalled = stage.join([7])
  stage.wait(3 * LIMITS.stallMs)
  const single = stalled.takeRequests().findLast(({ begin }) => begin === 0)
  assert.equal(single?.length, 16 * KIB)
  stage.wait(3 * LIMITS.stallMs)
  const slow = stage.join([7])
  const owed = slow.takeRequests()
  assert.ok(owed.some(({ begin, length }) => begin === 0 && length > 16 * KIB))
  stalled.answer(single)
  const [later] = owed.slice(-1)
  assert.ok(later !== undefined)
  stage.nowMs += 1000
  slow.answer(later)
  const quick = stage.join([7])
  for (let i = 0; i < 100; i++) {
    stage.nowMs += 5
    for (const request of quick.takeRequests()) quick.answer(request)
  }
  const first = owed.find(({ begin }) => begin === 0)
  if (stage.all('storePiece').length === 0 && first !== undefined) slow.answer(first)
  assert.equal(stage.all('storePiece').length, 1)
})

test('endgame: equal peers are not asked for the same', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const first = stage.join('all')
  const second = stage.join('all')
  const key = ({ piece, begin }: MessageOf<'request'>) => `${piece}:${begin}`
  const asked = [...first.takeRequests(), ...second.takeRequests()]
  assert.equal(new Set(asked.map(key)).size, asked.length)
})

// ---- serving

test('a request is served once, and answered by a reject when it could not be', () => {
  const stage = new Stage({ fixture: FIXTURE, have: [0] })
  const peer = stage.join('none')
  const range = { piece: 0, begin: 0, length: 32 * KIB }
  peer.say({ type: 'request', ...range })
  assert.deepEqual(stage.all('serve'), [{ type: 'serve', peer: peer.key, ...range }])
  stage.post({ type: 'served', peer: peer.key, ...range, sent: true })
  assert.equal(statusOf(stage).uploadedBytes, 32 * KIB)
  assert.deepEqual(peer.got('reject'), [])
  peer.say({ type: 'request', ...range })
  stage.post({ type: 'served', peer: peer.key, ...range, sent: false })
  assert.deepEqual(peer.got('reject'), [{ type: 'reject', ...range }])
  peer.say({ type: 'request', ...range, piece: 1 })
  assert.deepEqual(peer.got('reject').at(-1), { type: 'reject', ...range, piece: 1 })
})

test('a cancel withdraws the serve and is answered; what was served before it is not', () => {
  const stage = new Stage({ fixture: FIXTURE, have: [0] })
  const peer = stage.join('none')
  const range = { piece: 0, begin: 0, length: BLOCK_BYTES }
  peer.say({ type: 'request', ...range })
  peer.say({ type: 'cancel', ...range })
  assert.deepEqual(stage.all('cancelServe'), [{ type: 'cancelServe', peer: peer.key, ...range }])
  assert.deepEqual(peer.got('reject'), [{ type: 'reject', ...range }])
  peer.say({ type: 'request', ...range })
  stage.post({ type: 'served', peer: peer.key, ...range, sent: true })
  peer.say({ type: 'cancel', ...range })
  assert.equal(stage.all('cancelServe').length, 1)
  assert.equal(peer.got('reject').length, 1)
})

// ---- assigning

/** What a peer was told about assigning, last. */
function assigning(peer: ScriptedPeer): boolean {
  let assigns = false
  for (const { extensionId, payload } of peer.got('extended')) {
    if (extensionId !== 2) continue
    const read = readPeerage(payload)
    assert.ok(!isViolation(read))
    assigns = read.assigns ?? assigns
  }
  return assigns
}

test('a source gives two peers distinct pieces to fetch, and is free once all are among them', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all', limits: { suggestStartBytes: 200 * KIB } })
  const peers = [stage.join('none'), stage.join('none')] as const
  peers[0].say({ type: 'interested' })
  assert.equal(assigning(peers[0]), false)
  peers[1].say({ type: 'interested' })
  assert.ok(peers.every(assigning))
  const given = peers.map(peer => peer.got('suggest').map(message => message.piece))
  assert.equal(new Set(given.flat()).size, given.flat().length)
  assert.ok(given.every(pieces => pieces.length >= 4 && pieces.length < FIXTURE.version.pieceCount / 2))
  for (let piece = 0; piece < FIXTURE.version.pieceCount; piece++)
    peers[piece % 2 === 0 ? 0 : 1].say({ type: 'have', piece })
  assert.ok(!peers.some(assigning))
})

test('a source that has given every piece is free for as long as anybody takes, whoever goes complete', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all' })
  const [quick, ...slow] = [stage.join('none'), stage.join('none'), stage.join('none')] as const
  for (const peer of [quick, ...slow]) peer.say({ type: 'interested' })
  assert.ok(slow.every(assigning))
  for (let piece = 0; piece < FIXTURE.version.pieceCount; piece++) quick.say({ type: 'have', piece })
  quick.leave()
  stage.wait(2 * LIMITS.tickMs)
  assert.ok(!slow.some(assigning), 'what the slow ones miss is with another source now')
  for (const peer of slow) peer.leave()
  const next = [stage.join('none'), stage.join('none')]
  for (const peer of next) peer.say({ type: 'interested' })
  assert.ok(next.every(assigning), 'others come later, and nobody knows who has it still')
})

test('a source whose uplink lies idle is free for a while, and holds back again though nobody says a word', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all' })
  const peers = [stage.join('none'), stage.join('none')] as const
  for (const peer of peers) peer.say({ type: 'interested' })
  const [first] = peers[0].got('suggest')
  assert.ok(first !== undefined)
  const range = { piece: first.piece, begin: 0, length: BLOCK_BYTES }
  peers[0].say({ type: 'request', ...range })
  stage.post({ type: 'served', peer: peers[0].key, ...range, sent: true })
  const waitsFor = (wanted: boolean): boolean => {
    for (let ticks = 0; ticks < 40 && assigning(peers[0]) !== wanted; ticks++) stage.wait(LIMITS.tickMs)
    return assigning(peers[0]) === wanted
  }
  assert.ok(assigning(peers[0]))
  assert.ok(waitsFor(false), 'nobody asks for what it was given')
  assert.ok(waitsFor(true), 'a while later')
})

test('as a peer asks for what it was given, it is given more', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all', limits: { suggestStartBytes: 100 * KIB } })
  const peers = [stage.join('none'), stage.join('none')] as const
  for (const peer of peers) peer.say({ type: 'interested' })
  const before = peers[0].got('suggest').length
  const [first] = peers[0].got('suggest')
  assert.ok(first !== undefined)
  peers[0].say({ type: 'request', piece: first.piece, begin: 0, length: 10 })
  assert.equal(peers[0].got('suggest').length, before + 1)
})

test('a peer that does not give on what it was given is given no more, until it does', () => {
  const fixture = makeVersion([20 * MIB], 64 * KIB)
  const stage = new Stage({ fixture, have: 'all', limits: { suggestStartBytes: 256 * KIB } })
  const [thin, other] = [stage.join('none'), stage.join('none')] as const
  for (const peer of [thin, other]) peer.say({ type: 'interested' })
  const given = (): number => thin.got('suggest').length
  const fetched: number[] = []
  /** Takes all that it was given, until it is given nothing more. */
  const take = (): void => {
    for (let before = -1; before !== given(); ) {
      before = given()
      for (const { piece } of thin.got('suggest').filter(message => !fetched.includes(message.piece))) {
        thin.say({ type: 'request', piece, begin: 0, length: BLOCK_BYTES })
        thin.say({ type: 'have', piece })
        fetched.push(piece)
      }
      stage.wait(2 * LIMITS.tickMs)
    }
  }
  take()
  const most = given()
  assert.ok(most >= 8 && most <= 16, `${most} pieces of 64 KiB`)
  for (const piece of fetched) other.say({ type: 'have', piece })
  take()
  assert.ok(
    given() >= most + 8 && given() <= 2 * most,
    `${given()} pieces after the others have the first ${most}`
  )
})

test('what was given to a peer that goes, or does not ask in time, is given to others', () => {
  for (const way of ['goes', 'waits'] as const) {
    const stage = new Stage({ fixture: FIXTURE, have: 'all', limits: { suggestStartBytes: MIB } })
    const peers = [stage.join('none'), stage.join('none'), stage.join('none')] as const
    for (const peer of peers) peer.say({ type: 'interested' })
    const pieceCount = FIXTURE.version.pieceCount
    const given = () => peers.map(peer => peer.got('suggest').map(message => message.piece))
    assert.equal(new Set(given().flat()).size, pieceCount)
    const [hoard] = given()
    assert.ok(hoard !== undefined && hoard.length > 0)
    for (const peer of [peers[1], peers[2]])
      for (const { piece } of peer.got('suggest')) peer.say({ type: 'request', piece, begin: 0, length: 10 })
    if (way === 'goes') peers[0].leave()
    else stage.wait(LIMITS.reassignMs + 2 * LIMITS.tickMs)
    const others = new Set([given()[1], given()[2]].flat())
    for (const piece of hoard)
      assert.ok(others.has(piece), `piece ${piece} is given anew when the peer ${way}`)
  }
})

test('an assigning source is asked only for what it suggested, until patience ends', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const source = stage.connect()
  source.greet()
  source.say({ type: 'have-all' })
  source.sayExtensions()
  source.say({ type: 'extended', extensionId: 2, payload: encodePeerage({ assigns: true }) })
  source.say({ type: 'unchoke' })
  assert.deepEqual(source.takeRequests(), [])
  source.say({ type: 'suggest', piece: 4 })
  assert.deepEqual(new Set(source.takeRequests().map(request => request.piece)), new Set([4]))
  const peer = stage.join([6])
  assert.deepEqual(new Set(peer.takeRequests().map(request => request.piece)), new Set([6]))
  // What a peer has is not asked of the source, though it suggests it.
  peer.say({ type: 'have', piece: 7 })
  source.say({ type: 'suggest', piece: 7 })
  assert.deepEqual(source.takeRequests(), [])
  source.serveAll()
  peer.serveAll()
  stage.wait(LIMITS.seedPatienceMs + 2 * LIMITS.tickMs)
  assert.ok(source.takeRequests().length > 0)
})

test('a source that is free again is asked for anything', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const source = stage.join('none')
  source.say({ type: 'extended', extensionId: 2, payload: encodePeerage({ assigns: true }) })
  for (let piece = 0; piece < FIXTURE.version.pieceCount; piece++) source.say({ type: 'have', piece })
  assert.deepEqual(source.takeRequests(), [])
  source.say({ type: 'extended', extensionId: 2, payload: encodePeerage({ assigns: false }) })
  assert.ok(source.takeRequests().length > 0)
})

// ---- bad blocks

/** Answers a leaf-hash request with the truth. */
function answerLeaves(stage: Stage, peer: ScriptedPeer, request: MessageOf<'hash-request'>): void {
  const leavesPerPiece = stage.fixture.version.pieceBytes / LEAF_BYTES
  const leaves = leafHashes(stage.fixture.piece(Math.floor(request.index / leavesPerPiece)), sha256)
  const hashes = new Uint8Array(request.length * HASH_BYTES)
  hashes.set(leaves)
  peer.say({ ...request, type: 'hashes', hashes })
}

/** Two peers fill one piece between them; `bad` says what the second one changes. */
function sharedPiece(bad: (block: Uint8Array) => void) {
  const stage = new Stage({ fixture: LARGE, have: 'none', limits: { pipelineStartBytes: REQUEST_BYTES_MAX } })
  const good = stage.join([0])
  const liar = stage.join([0])
  for (let i = 0; i < 40; i++) {
    stage.nowMs += 20
    for (const request of good.takeRequests()) good.answer(request)
    for (const request of liar.takeRequests()) liar.answer(request, bad)
  }
  assert.equal(stage.all('storePiece').length, 1)
  return { stage, good, liar }
}

test('bad blocks of a shared piece: leaf hashes tell who sent them, and the good blocks are kept', () => {
  const { stage, good, liar } = sharedPiece(block => {
    block[0] = (block[0] ?? 0) ^ 1
  })
  stage.post({ type: 'pieceRejected', piece: FIRST })
  const asked = [...good.got('hash-request'), ...liar.got('hash-request')]
  const [request] = asked
  assert.ok(request !== undefined && asked.length === 1)
  assert.deepEqual([request.baseLayer, request.index, request.length], [0, 0, 64])
  assert.equal(liar.isCutOff, false)
  const before = good.got('request').length
  answerLeaves(stage, good.got('hash-request').length > 0 ? good : liar, request)
  stage.assertCutOff(liar, 'bad-block')
  assert.equal(good.isCutOff, false)
  good.serveAll()
  assert.ok(good.got('request').length > before)
  const [, again] = stage.all('storePiece')
  assert.ok(again !== undefined)
  assert.deepEqual(concatBytes(again.blocks), LARGE.piece(0).slice())
  stage.storeAll()
  assert.ok(statusOf(stage).wastedBytes < MIB)
})

test('leaf hashes that do not lead to the piece are refused, and another is asked', () => {
  const { stage, good, liar } = sharedPiece(block => block.fill(0))
  stage.post({ type: 'pieceRejected', piece: FIRST })
  const first = good.got('hash-request').length > 0 ? good : liar
  const [request] = first.got('hash-request')
  assert.ok(request !== undefined)
  const forged = leafHashes(new Uint8Array(MIB), sha256)
  assert.notDeepEqual(pieceRootOfLeaves(forged, 64, sha256), LARGE.pieceHash(0))
  first.say({ ...request, type: 'hashes', hashes: forged })
  stage.assertCutOff(first, 'bad-hashes')
  const second = first === good ? liar : good
  assert.equal(second.got('hash-request').length, 1)
})

test('when nobody tells who sent a bad block, nobody is blamed and all of it is fetched again', () => {
  const { stage, good, liar } = sharedPiece(block => block.fill(0))
  stage.clear()
  stage.post({ type: 'pieceRejected', piece: FIRST })
  for (const peer of [good, liar])
    for (const request of peer.got('hash-request')) peer.say({ ...request, type: 'hash-reject' })
  for (const peer of [good, liar])
    for (const request of peer.got('hash-request')) peer.say({ ...request, type: 'hash-reject' })
  stage.wait(3 * LIMITS.controlTimeoutMs)
  assert.deepEqual(stage.all('misbehaviour'), [])
  assert.ok(good.got('request').length + liar.got('request').length > 0)
})

test('a piece that is rejected though every leaf is right is fetched again without blame', () => {
  const { stage, good, liar } = sharedPiece(() => {})
  stage.post({ type: 'pieceRejected', piece: FIRST })
  const asked = good.got('hash-request').length > 0 ? good : liar
  const [request] = asked.got('hash-request')
  assert.ok(request !== undefined)
  answerLeaves(stage, asked, request)
  assert.deepEqual(stage.all('misbehaviour'), [])
  assert.equal(statusOf(stage).receivedCount, 0)
  assert.ok(statusOf(stage).requestedCount > 0)
})

// ---- hashes

test('leaf hashes of a stored piece are served, with uncles up to the root', () => {
  const stage = new Stage({ fixture: LARGE, have: 'all' })
  const peer = stage.join('none')
  const root = LARGE.version.files[0]?.root
  assert.ok(root !== undefined)
  const request = {
    root: Uint8Array.from(Buffer.from(root, 'hex')),
    baseLayer: 0,
    index: 64 + 32,
    length: 16,
    proofLayers: 8
  }
  peer.say({ type: 'hash-request', ...request })
  const [read] = stage.all('readLeaves')
  assert.deepEqual([read?.piece, read?.firstLeaf, read?.leafCount], [1, 0, 64])
  const leaves = leafHashes(LARGE.piece(1), sha256)
  stage.post({ type: 'leavesRead', peer: peer.key, request, leaves })
  const [answer] = peer.got('hashes')
  assert.ok(answer !== undefined)
  const [first, end] = [32 * HASH_BYTES, 48 * HASH_BYTES]
  assert.deepEqual(answer.hashes.subarray(0, end - first), leaves.subarray(first, end))
  const trusted = request.root
  assert.equal(verifyRange(request, answer.hashes, { fileBytes: 8 * MIB, trusted, sha256 }), 'valid')
  peer.say({ type: 'hash-request', ...request })
  stage.post({ type: 'leavesRead', peer: peer.key, request, leaves: undefined })
  assert.deepEqual(peer.got('hash-reject'), [{ type: 'hash-reject', ...request }])
})

test('hash requests that can not be answered are rejected, every one', () => {
  const stage = new Stage({ fixture: LARGE, have: [0] })
  const peer = stage.join('none')
  const root = Uint8Array.from(Buffer.from(LARGE.version.files[0]?.root ?? '', 'hex'))
  const good = { root, baseLayer: 6, index: 0, length: 8, proofLayers: 2 }
  peer.say({ type: 'hash-request', ...good })
  assert.equal(peer.got('hashes').length, 1)
  const bad = [
    { ...good, root: new Uint8Array(32) },
    { ...good, baseLayer: 9 },
    { ...good, baseLayer: 3, index: 8 },
    { ...good, length: 1 },
    { ...good, length: 6 },
    { ...good, length: 16 },
    { ...good, length: 1024 },
    { ...good, index: 4 },
    { ...good, index: 8 },
    { ...good, proofLayers: 2 ** 31 },
    { ...good, baseLayer: 0, index: 64, length: 64, proofLayers: 0 },
    { ...good, baseLayer: 0, index: 0, length: 128, proofLayers: 0 },
    { ...good, baseLayer: 0, index: 2 ** 31, length: 64, proofLayers: 0 }
  ]
  for (const request of bad) peer.say({ type: 'hash-request', ...request })
  assert.deepEqual(
    peer.got('hash-reject'),
    bad.map(request => ({ type: 'hash-reject', ...request }))
  )
  assert.deepEqual(stage.all('readLeaves'), [])
  assert.equal(peer.isCutOff, false)
})

test('a hash request that a peer refuses or lets lie goes to another', () => {
  const stage = new Stage({ fixture: LARGE })
  stage.post({ type: 'infoReady', version: LARGE.version })
  const refuses = stage.join('all')
  const lazy = stage.join('all')
  const [asked] = refuses.got('hash-request')
  assert.ok(asked !== undefined)
  refuses.say({ ...asked, type: 'hash-reject' })
  stage.wait(LIMITS.tickMs)
  const [request] = lazy.got('hash-request')
  assert.ok(request !== undefined)
  stage.wait(LIMITS.controlTimeoutMs + LIMITS.tickMs)
  const third = stage.join('all')
  assert.equal(third.got('hash-request').length + refuses.got('hash-request').length, 2)
  // What comes late is no offence.
  lazy.say({ ...request, type: 'hashes', hashes: new Uint8Array(32 * request.length) })
  assert.equal(lazy.isCutOff, false)
})

// ---- the info dictionary

function metadataRequests(peer: ScriptedPeer): number[] {
  return peer.got('extended').flatMap(({ extensionId, payload }) => {
    if (extensionId !== 1) return []
    const read = readMetadata(payload)
    return !isViolation(read) && read.kind === 'request' ? [read.piece] : []
  })
}

function giveMetadata(peer: ScriptedPeer, piece: number, info: Uint8Array): void {
  const data = info.subarray(piece * METADATA_PIECE_BYTES, (piece + 1) * METADATA_PIECE_BYTES)
  const payload = encodeMetadata({ kind: 'data', piece, totalBytes: info.length, data })
  peer.say({ type: 'extended', extensionId: 1, payload })
}

test('garbage among several givers of the info dictionary: asked again one by one, only the liar is cut off', () => {
  const stage = new Stage({ fixture: FIXTURE, limits: { metadataRequestsPerPeer: 1 } })
  const info = FIXTURE.version.infoBytes
  const peers = [0, 1, 2].map(() => {
    const peer = stage.connect()
    peer.greet()
    peer.sayExtensions(info.length)
    return peer
  })
  const [liar, ...honest] = peers
  assert.ok(liar !== undefined)
  const garbage = new Uint8Array(info.length)
  const served = new Map(peers.map(peer => [peer, 0]))
  for (let round = 0; round < 40 && stage.all('infoReceived').length === 0; round++) {
    for (const peer of peers) {
      const asked = metadataRequests(peer)
      for (const piece of asked.slice(served.get(peer)))
        giveMetadata(peer, piece, peer === liar ? garbage : info)
      served.set(peer, asked.length)
    }
    stage.wait(LIMITS.tickMs)
  }
  assert.deepEqual(stage.all('infoReceived')[0]?.infoBytes, info)
  stage.assertCutOff(liar, 'bad-metadata')
  assert.ok(honest.every(peer => !peer.isCutOff))
})

test('a peer that refuses the info dictionary, or lets requests lie, is passed over', () => {
  const info = FIXTURE.version.infoBytes
  for (const way of ['refuses', 'waits'] as const) {
    const stage = new Stage({ fixture: FIXTURE })
    const first = stage.connect()
    first.greet()
    first.sayExtensions(info.length)
    const asked = metadataRequests(first)
    assert.deepEqual(asked, [0, 1, 2])
    const second = stage.connect()
    second.greet()
    second.sayExtensions(info.length)
    assert.deepEqual(metadataRequests(second), [])
    const reject = (piece: number) => encodeMetadata({ kind: 'reject', piece })
    if (way === 'refuses')
      for (const piece of asked) first.say({ type: 'extended', extensionId: 1, payload: reject(piece) })
    else stage.wait(LIMITS.controlTimeoutMs + 2 * LIMITS.tickMs)
    assert.deepEqual(metadataRequests(second), [0, 1, 2])
    for (const piece of [2, 0, 1]) giveMetadata(second, piece, info)
    assert.deepEqual(stage.all('infoReceived')[0]?.infoBytes, info)
    assert.deepEqual(stage.all('misbehaviour'), [])
  }
})

test('the info dictionary is given to whoever asks', () => {
  const info = FIXTURE.version.infoBytes
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const peer = stage.join('none')
  for (const piece of [0, 2, 3])
    peer.say({ type: 'extended', extensionId: 1, payload: encodeMetadata({ kind: 'request', piece }) })
  const answers = peer
    .got('extended')
    .filter(({ extensionId }) => extensionId === 1)
    .map(({ payload }) => readMetadata(payload))
  assert.deepEqual(answers, [
    { kind: 'data', piece: 0, totalBytes: info.length, data: info.subarray(0, METADATA_PIECE_BYTES) },
    { kind: 'data', piece: 2, totalBytes: info.length, data: info.subarray(2 * METADATA_PIECE_BYTES) },
    { kind: 'reject', piece: 3 }
  ])
})

test('pieces that were stored before the version was known are announced with it', () => {
  const stage = new Stage({ fixture: FIXTURE })
  const peer = stage.join('none')
  const have = new Bitfield(FIXTURE.version.pieceCount)
  have.add(2)
  stage.post({ type: 'infoReady', version: FIXTURE.version, have })
  assert.equal(stage.transfer.has(pieceIndex(2)), true)
  assert.deepEqual(peer.got('have'), [{ type: 'have', piece: 2 }])
  // Now that there is an info dictionary to give, its size is announced.
  assert.equal(peer.got('extended').length, 2)
})

test('a version without a byte is complete as soon as it is known', () => {
  const fixture = makeVersion([0, 0], 16 * KIB)
  const stage = new Stage({ fixture })
  const peer = stage.join('all')
  stage.post({ type: 'infoReady', version: fixture.version })
  assert.equal(stage.all('complete').length, 1)
  assert.equal(peer.isCutOff, false)
  assert.equal(statusOf(stage).phase, 'complete')
})

// ---- size

test('a hundred thousand files of one piece: fetched without one step per piece and event', () => {
  const count = 100_000
  const one = makeVersion([10], 16 * KIB)
  const [file] = one.version.files
  assert.ok(file !== undefined)
  const files = Array.from({ length: count }, (_, i) => ({
    ...file,
    path: [`${i}`],
    firstPiece: pieceIndex(i)
  }))
  const version = { ...one.version, files, pieceCount: count, totalBytes: 10 * count }
  const stage = new Stage({ fixture: { ...one, version }, have: 'none' })
  const sources = [stage.join('all'), stage.join('all')]
  const block = one.piece(0)
  let stored = 0
  for (let round = 0; round < 1000 && stored < 5000; round++) {
    const taken = sources.map(source => ({ source, asked: source.takeRequests() }))
    stage.clear()
    for (const { source, asked } of taken) {
      source.forget()
      for (const { piece, begin } of asked) {
        source.say({ type: 'piece', piece, begin, block: block.slice() })
        stage.post({ type: 'pieceStored', piece: pieceIndex(piece) })
        stored++
      }
    }
  }
  assert.ok(stored >= 5000)
  assert.equal(statusOf(stage).haveCount, stored)
})
