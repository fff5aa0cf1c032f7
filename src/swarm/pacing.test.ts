import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KIB, MIB } from '../base/units.ts'
import { encodePeerage, isViolation, readPeerage } from './extension-messages.ts'
import { type ScriptedPeer, Stage } from './scripted-peers.conformance.ts'
import { makeVersion } from './swarm-fixture.conformance.ts'
import { TRANSFER_LIMITS as LIMITS } from './transfer-limits.ts'
import { BLOCK_BYTES } from './wire-messages.ts'

const FIXTURE = makeVersion([4 * MIB], 256 * KIB)

function sayPace(peer: ScriptedPeer, pace: number): void {
  peer.say({ type: 'extended', extensionId: 2, payload: encodePeerage({ pace }) })
}

/** The paces that a peer was told, in order. */
function told(peer: ScriptedPeer): (number | undefined)[] {
  return peer.got('extended').flatMap(({ extensionId, payload }) => {
    const said = extensionId === 0 ? undefined : readPeerage(payload)
    return said === undefined || isViolation(said) || said.pace === undefined ? [] : [said.pace]
  })
}

test('a peer that says how slow its limits make it is waited for, and its requests stay where they are', () => {
  for (const pace of [undefined, 20_000]) {
    const stage = new Stage({ fixture: FIXTURE, have: 'none' })
    const peer = stage.join('all')
    assert.ok(peer.takeRequests().length > 0)
    if (pace !== undefined) sayPace(peer, pace)
    stage.clear()
    stage.wait(LIMITS.stallMs + 2 * LIMITS.tickMs)
    const isGivenUp = peer.got('cancel').length > 0
    assert.equal(isGivenUp, pace === undefined)
    assert.equal(stage.transfer.status(stage.nowMs).peers[0]?.snubbed, pace === undefined)
  }
})

test('a peer that says it is as slow as can be is not waited for for ever', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const peer = stage.join('all')
  assert.ok(peer.takeRequests().length > 0)
  sayPace(peer, 1)
  stage.wait(LIMITS.pacedWaitMsMax - LIMITS.tickMs)
  assert.equal(peer.got('cancel').length, 0)
  stage.wait(3 * LIMITS.tickMs)
  assert.ok(peer.got('cancel').length > 0)
})

test('what a slow peer is asked for is short, and it is asked for more again when it is slow no more', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const peer = stage.join('all')
  /** Answers what is asked for, and looks at what is asked for then. */
  const next = (): number => {
    for (const request of peer.takeRequests()) {
      stage.nowMs += 10
      peer.answer(request)
    }
    return Math.max(
      ...peer
        .got('request')
        .slice(-1)
        .map(({ length }) => length)
    )
  }
  assert.ok(next() > BLOCK_BYTES)
  sayPace(peer, 50_000)
  assert.equal(next(), BLOCK_BYTES)
  sayPace(peer, 0)
  assert.ok(next() > BLOCK_BYTES)
})

test('an assigning source that is slow by its limits is not asked for what it did not suggest', () => {
  for (const pace of [undefined, 20_000]) {
    const stage = new Stage({ fixture: FIXTURE, have: 'none' })
    const source = stage.connect()
    source.greet()
    source.say({ type: 'have-all' })
    source.sayExtensions()
    source.say({ type: 'extended', extensionId: 2, payload: encodePeerage({ assigns: true }) })
    source.say({ type: 'unchoke' })
    if (pace !== undefined) sayPace(source, pace)
    stage.wait(LIMITS.seedPatienceMs + 2 * LIMITS.tickMs)
    assert.equal(source.takeRequests().length > 0, pace === undefined)
  }
})

test('our own limits are told to a peer, before and after it greets us, and taken back', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all' })
  const early = stage.connect()
  stage.post({ type: 'paced', peer: early.key, bytesPerSecond: 123_456.5 })
  assert.deepEqual(told(early), [])
  early.greet()
  early.sayExtensions()
  assert.deepEqual(told(early), [123_457])
  const late = stage.join('none')
  stage.post({ type: 'paced', peer: late.key, bytesPerSecond: 200_000 })
  stage.post({ type: 'paced', peer: late.key, bytesPerSecond: undefined })
  assert.deepEqual(told(late), [200_000, 0])
})

test('while nothing may go to a peer it is choked: what it asked for is refused, and what it asks for', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all' })
  const peer = stage.join('none')
  peer.say({ type: 'interested' })
  peer.say({ type: 'request', piece: 0, begin: 0, length: BLOCK_BYTES })
  assert.equal(stage.all('serve').length, 1)
  stage.clear()
  stage.post({ type: 'paced', peer: peer.key, bytesPerSecond: 0 })
  assert.equal(stage.all('cancelServe').length, 1)
  const messages = stage.all('send').flatMap(effect => effect.messages.map(({ type }) => type))
  assert.deepEqual(messages, ['choke', 'reject'])
  peer.say({ type: 'request', piece: 1, begin: 0, length: BLOCK_BYTES })
  assert.equal(stage.all('serve').length, 0)
  assert.equal(peer.got('reject').length, 2)
  stage.post({ type: 'paced', peer: peer.key, bytesPerSecond: undefined })
  assert.equal(peer.got('unchoke').length, 1)
  peer.say({ type: 'request', piece: 1, begin: 0, length: BLOCK_BYTES })
  assert.equal(stage.all('serve').length, 1)
})

test('a peer is asked for as long as it owes something, and no longer', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const peer = stage.join('all')
  const askedMs = () => stage.transfer.status(stage.nowMs).peers[0]?.askedMs
  stage.nowMs += 30
  assert.equal(askedMs(), 30)
  peer.serveAll()
  assert.equal(stage.transfer.status(stage.nowMs).inFlightBytes, 0)
  const whenServed = askedMs()
  assert.ok(whenServed !== undefined && whenServed >= 30)
  stage.nowMs += 1000
  assert.equal(askedMs(), whenServed)
})
