/** A hostile peer of each kind: cut off with its reason, counted, kept out for a while; the transfer goes on. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KIB } from '../base/units.ts'
import { encodeMetadata } from './extension-messages.ts'
import { type ScriptedPeer, SELF, Stage } from './scripted-peers.conformance.ts'
import { deviceOf, makeVersion } from './swarm-fixture.conformance.ts'
import { fuzz, seeds } from './transfer.fuzz.ts'
import { TRANSFER_LIMITS } from './transfer-limits.ts'
import { BLOCK_BYTES, type MisbehaviourReason, REQUEST_BYTES_MAX, type WireMessage } from './wire-messages.ts'

const FIXTURE = makeVersion([640 * KIB, 10, 100 * KIB], 64 * KIB)
const PIECES = FIXTURE.version.pieceCount
const LIMITS = TRANSFER_LIMITS

interface Attack {
  readonly name: string
  readonly reason: MisbehaviourReason
  /** What the victim has; by default everything. */
  readonly have?: 'all' | 'none'
  /** Whether the attacker greets first; by default yes. */
  readonly greets?: boolean
  readonly run: (peer: ScriptedPeer, stage: Stage) => void
}

const request = (piece: number, begin: number, length: number): WireMessage => ({
  type: 'request',
  piece,
  begin,
  length
})
const extended = (extensionId: number, text: string): WireMessage => ({
  type: 'extended',
  extensionId,
  payload: new TextEncoder().encode(text)
})
const hashes = (count: number) =>
  ({
    type: 'hashes',
    root: new Uint8Array(32),
    baseLayer: 2,
    index: 0,
    length: 16,
    proofLayers: 3,
    hashes: new Uint8Array(32 * count)
  }) as const

const ATTACKS: readonly Attack[] = [
  {
    name: 'a message before the handshake',
    reason: 'out-of-order',
    greets: false,
    run: p => p.say({ type: 'unchoke' })
  },
  {
    name: 'a block before the handshake',
    reason: 'out-of-order',
    greets: false,
    run: p => p.answer({ type: 'request', piece: 0, begin: 0, length: 9 })
  },
  { name: 'a second handshake', reason: 'out-of-order', run: p => p.greet() },
  {
    name: 'the handshake of another version',
    reason: 'wrong-info-hash',
    greets: false,
    run: p => p.greet({ infoHash: new Uint8Array(20) })
  },
  {
    name: 'a bitfield after a have',
    reason: 'out-of-order',
    run: (p, stage) => {
      p.say({ type: 'have', piece: 1 })
      p.say({ type: 'bitfield', bits: stage.bits([1]) })
    }
  },
  {
    name: 'two announcements of all pieces',
    reason: 'out-of-order',
    run: p => {
      p.say({ type: 'have-none' })
      p.say({ type: 'have-all' })
    }
  },
  {
    name: 'have all without the fast extension',
    reason: 'out-of-order',
    greets: false,
    run: p => {
      p.greet({ fast: false })
      p.say({ type: 'have-all' })
    }
  },
  {
    name: 'an extended message without the extension',
    reason: 'out-of-order',
    greets: false,
    run: p => {
      p.greet({ extended: false })
      p.say(extended(0, 'de'))
    }
  },
  {
    name: 'a bitfield that is too short',
    reason: 'bad-bitfield',
    run: p => p.say({ type: 'bitfield', bits: new Uint8Array(1) })
  },
  {
    name: 'a bitfield with a spare bit',
    reason: 'bad-bitfield',
    run: p => p.say({ type: 'bitfield', bits: new Uint8Array(Math.ceil(PIECES / 8)).fill(0xff) })
  },
  {
    name: 'have of a piece that does not exist',
    reason: 'piece-out-of-range',
    run: p => p.say({ type: 'have', piece: PIECES })
  },
  {
    name: 'a suggestion that does not exist',
    reason: 'piece-out-of-range',
    run: p => p.say({ type: 'suggest', piece: 2 ** 32 - 1 })
  },
  {
    name: 'a request for a piece that does not exist',
    reason: 'piece-out-of-range',
    run: p => p.say(request(PIECES, 0, BLOCK_BYTES))
  },
  {
    name: 'a request off the block boundary',
    reason: 'invalid-range',
    run: p => p.say(request(0, 1, BLOCK_BYTES))
  },
  {
    name: 'a request past the end of the piece',
    reason: 'invalid-range',
    run: p => p.say(request(0, 48 * KIB, 32 * KIB))
  },
  {
    name: 'a request past the end of a short piece',
    reason: 'invalid-range',
    run: p => p.say(request(10, 0, 11))
  },
  { name: 'a request for nothing', reason: 'invalid-range', run: p => p.say(request(0, 0, 0)) },
  {
    name: 'a request for too much',
    reason: 'invalid-range',
    run: p => p.say(request(0, 0, REQUEST_BYTES_MAX + BLOCK_BYTES))
  },
  {
    name: 'a cancel that can not be',
    reason: 'invalid-range',
    run: p => p.say({ type: 'cancel', piece: 0, begin: 3, length: 1 })
  },
  {
    name: 'a reject that can not be',
    reason: 'invalid-range',
    run: p => p.say({ type: 'reject', piece: 0, begin: 0, length: 2 ** 31 })
  },
  {
    name: 'more requests outstanding than announced',
    reason: 'too-many-requests',
    run: p => {
      for (let piece = 0; piece < 10; piece++)
        for (let block = 0; block < 4; block++) p.say(request(piece, block * BLOCK_BYTES, BLOCK_BYTES))
    }
  },
  {
    name: 'the same request over and over',
    reason: 'message-flood',
    run: p => {
      for (let i = 0; i <= LIMITS.idleMessagesBurst + 1; i++)
        if (!p.isCutOff) p.say(request(0, 0, BLOCK_BYTES))
    }
  },
  {
    name: 'requests and cancels in turn',
    reason: 'message-flood',
    run: p => {
      for (let i = 0; i <= LIMITS.idleMessagesBurst + 1 && !p.isCutOff; i++) {
        p.say(request(0, 0, BLOCK_BYTES))
        p.say({ type: 'cancel', piece: 0, begin: 0, length: BLOCK_BYTES })
      }
    }
  },
  {
    name: 'a flood of keep-alives',
    reason: 'message-flood',
    run: p => {
      for (let i = 0; i <= LIMITS.idleMessagesBurst && !p.isCutOff; i++) p.say({ type: 'keep-alive' })
    }
  },
  {
    name: 'have of the same piece over and over',
    reason: 'message-flood',
    run: p => {
      for (let i = 0; i <= LIMITS.idleMessagesBurst + 1 && !p.isCutOff; i++) p.say({ type: 'have', piece: 1 })
    }
  },
  {
    name: 'choking and unchoking in turn',
    reason: 'message-flood',
    run: p => {
      for (let i = 0; i <= LIMITS.idleMessagesBurst + 1 && !p.isCutOff; i++) {
        p.say({ type: 'unchoke' })
        p.say({ type: 'choke' })
      }
    }
  },
  {
    name: 'a flood of extended handshakes',
    reason: 'message-flood',
    run: p => {
      for (let i = 0; i <= LIMITS.idleMessagesBurst && !p.isCutOff; i++) p.sayExtensions()
    }
  },
  {
    name: 'a block that nobody asked for',
    reason: 'unrequested-block',
    run: p => p.answer({ type: 'request', piece: 0, begin: 0, length: BLOCK_BYTES })
  },
  {
    name: 'a block at another place than asked',
    reason: 'unrequested-block',
    have: 'none',
    run: (p, stage) => {
      p.say({ type: 'have-all' })
      p.say({ type: 'unchoke' })
      const [asked] = p.takeRequests()
      assert.ok(asked !== undefined)
      p.say({
        type: 'piece',
        piece: asked.piece,
        begin: asked.begin + 1,
        block: new Uint8Array(asked.length)
      })
      assert.equal(stage.all('release').length, 1)
    }
  },
  {
    name: 'a block that is shorter than asked',
    reason: 'unrequested-block',
    have: 'none',
    run: p => {
      p.say({ type: 'have-all' })
      p.say({ type: 'unchoke' })
      const [asked] = p.takeRequests()
      assert.ok(asked !== undefined)
      p.say({
        type: 'piece',
        piece: asked.piece,
        begin: asked.begin,
        block: new Uint8Array(asked.length - 1)
      })
    }
  },
  {
    name: 'the same block twice',
    reason: 'unrequested-block',
    have: 'none',
    run: p => {
      p.say({ type: 'have-all' })
      p.say({ type: 'unchoke' })
      const [asked] = p.takeRequests()
      assert.ok(asked !== undefined)
      p.answer(asked)
      p.answer(asked)
    }
  },
  { name: 'hashes that nobody asked for', reason: 'unrequested-hashes', run: p => p.say(hashes(16)) },
  {
    name: 'an extended handshake that is no dictionary',
    reason: 'bad-extension',
    run: p => p.say(extended(0, 'i1e'))
  },
  { name: 'a peerage message that is garbage', reason: 'bad-extension', run: p => p.say(extended(2, 'x')) },
  { name: 'a metadata message that is garbage', reason: 'bad-extension', run: p => p.say(extended(1, 'x')) },
  {
    name: 'metadata that nobody asked for',
    reason: 'bad-metadata',
    run: p =>
      p.say({
        type: 'extended',
        extensionId: 1,
        payload: encodeMetadata({ kind: 'data', piece: 0, totalBytes: 9, data: new Uint8Array(9) })
      })
  },
  {
    name: 'what the decoder refused',
    reason: 'oversize-message',
    run: (p, stage) =>
      stage.post({
        type: 'wireViolation',
        peer: p.key,
        violation: { reason: 'oversize-message', detail: 'x' }
      })
  }
]

for (const attack of ATTACKS) {
  test(`cut off: ${attack.name}`, () => {
    const limits = attack.reason === 'too-many-requests' ? { requestCountMax: 8 } : {}
    const stage = new Stage({ fixture: FIXTURE, have: attack.have ?? 'all', limits })
    const attacker = stage.connect()
    if (attack.greets !== false) attacker.greet()
    attack.run(attacker, stage)
    stage.assertCutOff(attacker, attack.reason)
    assert.equal(stage.transfer.status(stage.nowMs).misbehaviours[attack.reason], 1)
    assert.equal(stage.transfer.status(stage.nowMs).peers.length, 0)

    // What still comes from its stream is ignored, and its device is kept out for a while.
    stage.clear()
    assert.deepEqual(attacker.say({ type: 'unchoke' }), [])
    const again = stage.connect(attacker.device)
    const [refusal] = stage.all('disconnect')
    assert.equal(refusal?.reason, 'banned')
    assert.ok((refusal?.banMs ?? 0) > 0)
    assert.deepEqual(again.inbox, [])

    // Others are served as before.
    const honest = stage.join('none')
    if (attack.have !== 'none') {
      honest.say({ type: 'interested' })
      honest.say(request(0, 0, BLOCK_BYTES))
      assert.equal(stage.all('serve').length, 1)
    }
    assert.equal(honest.isCutOff, false)

    stage.nowMs += LIMITS.banMs
    stage.clear()
    stage.connect(attacker.device).greet()
    assert.deepEqual(stage.all('disconnect'), [])
  })
}

test('more bytes outstanding than announced', () => {
  const fixture = makeVersion([80 * 1024 * KIB], 1024 * KIB)
  const stage = new Stage({ fixture, have: 'all' })
  const attacker = stage.join('none')
  let asked = 0
  for (let piece = 0; piece < 80 && !attacker.isCutOff; piece++)
    for (let begin = 0; begin < 1024 * KIB && !attacker.isCutOff; begin += REQUEST_BYTES_MAX) {
      attacker.say(request(piece, begin, REQUEST_BYTES_MAX))
      asked += REQUEST_BYTES_MAX
    }
  stage.assertCutOff(attacker, 'too-many-requests')
  assert.equal(asked, LIMITS.serveBytesMax + REQUEST_BYTES_MAX)
})

test('a flood of hash requests: rejected beyond the budget, then cut off', () => {
  const limits = { hashAnswersBurst: 5, idleMessagesBurst: 10 }
  const stage = new Stage({ fixture: FIXTURE, have: 'all', limits })
  const attacker = stage.join('none')
  for (let i = 0; i < 100 && !attacker.isCutOff; i++) attacker.say({ ...hashes(0), type: 'hash-request' })
  stage.assertCutOff(attacker, 'message-flood')
  assert.ok(attacker.got('hash-reject').length > limits.hashAnswersBurst)
})

test('blocks of a peer that is cut off are released, whatever it was cut off for', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const early = stage.connect()
  early.say({ type: 'piece', piece: 0, begin: 0, block: new Uint8Array(9) })
  early.say({ type: 'piece', piece: 0, begin: 0, block: new Uint8Array(9) })
  stage.assertCutOff(early, 'out-of-order')
  assert.equal(stage.all('release').length, 2)
})

test('a connection to ourselves is cut without blame', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all' })
  stage.connect(SELF)
  assert.deepEqual(
    stage.all('disconnect').map(effect => [effect.reason, effect.banMs]),
    [['self', undefined]]
  )
})

test('a peer that never greets is let go without blame', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all' })
  stage.connect()
  stage.wait(LIMITS.handshakeTimeoutMs - LIMITS.tickMs)
  assert.deepEqual(stage.all('disconnect'), [])
  stage.wait(2 * LIMITS.tickMs)
  assert.deepEqual(
    stage.all('disconnect').map(effect => [effect.reason, effect.banMs]),
    [['handshake-timeout', undefined]]
  )
})

test('every stream of a device that misbehaved is cut', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all' })
  const first = stage.join('none', 5)
  const second = stage.join('none', 5)
  second.say({ type: 'have', piece: PIECES })
  assert.ok(first.isCutOff && second.isCutOff)
})

test('a whole piece of garbage from one peer: it is cut off, the piece comes from another', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const liar = stage.join([0])
  liar.serveAll(block => block.fill(0))
  const [handed] = stage.all('storePiece')
  assert.equal(handed?.piece, 0)
  stage.post({ type: 'pieceRejected', piece: handed.piece })
  stage.assertCutOff(liar, 'bad-block')
  assert.equal(stage.all('release').length, handed.blocks.length)
  stage.clear()
  const honest = stage.join([0])
  honest.serveAll()
  stage.storeAll()
  assert.equal(stage.transfer.status(stage.nowMs).haveCount, 1)
  assert.equal(stage.transfer.status(stage.nowMs).wastedBytes, 64 * KIB)
  assert.equal(honest.isCutOff, false)
})

test('the sender of a bad block is found even when it has gone, and kept out', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const liar = stage.join([0])
  liar.serveAll(block => block.fill(0))
  liar.leave()
  stage.post({ type: 'pieceRejected', piece: stage.all('storePiece')[0]?.piece ?? assert.fail() })
  assert.deepEqual(
    stage.all('misbehaviour').map(effect => [effect.reason, effect.device]),
    [['bad-block', deviceOf(liar.device)]]
  )
  stage.connect(liar.device)
  assert.equal(stage.all('disconnect').at(-1)?.reason, 'banned')
})

test('piece layers that do not lead to the root: the peer is cut off, another is asked', () => {
  const stage = new Stage({ fixture: FIXTURE })
  stage.post({ type: 'infoReady', version: FIXTURE.version })
  const liar = stage.join('all')
  const [asked] = liar.got('hash-request')
  assert.ok(asked !== undefined)
  liar.say({ ...asked, type: 'hashes', hashes: new Uint8Array(32 * asked.length) })
  stage.assertCutOff(liar, 'bad-hashes')
  const honest = stage.join('all')
  assert.equal(honest.got('hash-request').length, 2)
})

test('hashes of another length than asked are refused', () => {
  const stage = new Stage({ fixture: FIXTURE })
  stage.post({ type: 'infoReady', version: FIXTURE.version })
  const liar = stage.join('all')
  const [asked] = liar.got('hash-request')
  assert.ok(asked !== undefined)
  liar.say({ ...asked, type: 'hashes', hashes: new Uint8Array(32) })
  stage.assertCutOff(liar, 'bad-hashes')
})

test('an info dictionary that is garbage, from one peer', () => {
  const stage = new Stage({ fixture: FIXTURE })
  const liar = stage.connect()
  liar.greet()
  liar.sayExtensions(9)
  assert.equal(liar.got('extended').length, 2)
  const data = { kind: 'data', piece: 0, totalBytes: 9, data: new Uint8Array(9) } as const
  liar.say({ type: 'extended', extensionId: 1, payload: encodeMetadata(data) })
  stage.assertCutOff(liar, 'bad-metadata')
  assert.deepEqual(stage.all('infoReceived'), [])
})

test('pieces announced before the version is known are held against it once it is', () => {
  const stage = new Stage({ fixture: FIXTURE })
  const honest = stage.join([0, 1])
  const short = stage.connect()
  short.greet()
  short.say({ type: 'bitfield', bits: new Uint8Array(1) })
  const far = stage.connect()
  far.greet()
  far.say({ type: 'have', piece: PIECES })
  assert.deepEqual(stage.all('misbehaviour'), [])
  stage.post({ type: 'infoReady', version: FIXTURE.version })
  stage.assertCutOff(short, 'bad-bitfield')
  stage.assertCutOff(far, 'piece-out-of-range')
  assert.equal(honest.isCutOff, false)
  assert.equal(stage.transfer.status(stage.nowMs).peers[0]?.haveCount, 2)
})

test('whatever peers, store and clock bring about, in whatever order: the fuzz target holds', () => {
  for (const seed of seeds) fuzz(seed)
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 1500, size: 'max' }), input => {
      fuzz(input)
    }),
    { numRuns: 150 }
  )
})
