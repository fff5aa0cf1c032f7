import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pieceIndex } from '../base/ids.ts'
import { KIB, MIB } from '../base/units.ts'
import { Bitfield } from './bitfield.ts'
import {
  encodePeerage,
  isViolation,
  type PeerageMessage,
  type PieceRun,
  readPeerage
} from './extension-messages.ts'
import { bitsOfRuns, readWants, runsOfBits } from './piece-runs.ts'
import { type ScriptedPeer, Stage } from './scripted-peers.conformance.ts'
import { makeVersion } from './swarm-fixture.conformance.ts'

import { BLOCK_BYTES } from './wire-messages.ts'

/** Ten pieces, one, two, and an empty file. */
const FIXTURE = makeVersion([640 * KIB, 10, 100 * KIB, 0], 64 * KIB)
const PIECES = FIXTURE.version.pieceCount
const SECOND_AND_THIRD = [10, 11, 12]

function bitsOf(picture: string): Bitfield {
  const bits = new Bitfield(picture.length)
  for (const [at, mark] of [...picture].entries()) if (mark === '#') bits.add(at)
  return bits
}

function pictureOf(bits: Bitfield): string {
  return Array.from({ length: bits.size }, (_, at) => (bits.has(at) ? '#' : '.')).join('')
}

function saidTo(peer: ScriptedPeer): PeerageMessage[] {
  return peer.got('extended').flatMap(({ extensionId, payload }) => {
    if (extensionId !== 2) return []
    const said = readPeerage(payload)
    assert.ok(!isViolation(said))
    return [said]
  })
}

function wantsSaidTo(peer: ScriptedPeer): (readonly PieceRun[])[] {
  return saidTo(peer).flatMap(({ wants }) => (wants === undefined ? [] : [wants]))
}

function sayWants(peer: ScriptedPeer, wants: readonly PieceRun[]): void {
  peer.say({ type: 'extended', extensionId: 2, payload: encodePeerage({ wants }) })
}

// ---- runs

test('runs of a picture, and where there are too many, the narrowest gaps are taken in', () => {
  const bits = bitsOf('##..#.###....#')
  assert.deepEqual(runsOfBits(bits), [
    { first: 0, count: 2 },
    { first: 4, count: 1 },
    { first: 6, count: 3 },
    { first: 13, count: 1 }
  ])
  const joined = (runsMax: number) => pictureOf(bitsOfRuns(runsOfBits(bits, runsMax), bits.size))
  assert.equal(joined(3), '##..#####....#')
  assert.equal(joined(2), '#########....#')
  assert.equal(joined(1), '##############')
})

test('what is said is never less than what is wanted, and exact while it fits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.boolean(), { maxLength: 80 }),
      fc.integer({ min: 1, max: 50 }),
      (marks, runsMax) => {
        const bits = bitsOf(marks.map(mark => (mark ? '#' : '.')).join(''))
        const runs = runsOfBits(bits, runsMax)
        const said = bitsOfRuns(runs, bits.size)
        assert.ok(runs.length <= runsMax)
        bits.each(piece => assert.ok(said.has(piece)))
        if (runs.length < runsMax) assert.equal(pictureOf(said), pictureOf(bits))
      }
    )
  )
})

test('a piece that the version has not is refused, and all of them is no selection', () => {
  assert.equal(readWants([{ first: 0, count: 5 }], { pieceCount: 5 }), undefined)
  const beyond = readWants([{ first: 3, count: 3 }], { pieceCount: 5 })
  assert.ok(beyond !== undefined && isViolation(beyond))
})

// ---- a device that wants some files

test('it asks for what it wants and for nothing else, and is complete then', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none', wants: SECOND_AND_THIRD })
  const source = stage.join('all')
  assert.deepEqual(wantsSaidTo(source), [[{ first: 10, count: 3 }]])
  assert.equal(source.got('interested').length, 1)
  source.say({ type: 'suggest', piece: 0 })
  source.serveAll()
  const asked = new Set(source.got('request').map(request => request.piece))
  assert.deepEqual([...asked].sort(), SECOND_AND_THIRD)
  assert.equal(stage.all('complete').length, 0)
  stage.storeAll()
  assert.equal(stage.all('complete').length, 1)
  assert.equal(source.got('not-interested').length, 1)
  stage.wait(60_000)
  assert.ok(source.got('request').every(request => SECOND_AND_THIRD.includes(request.piece)))
  const status = stage.transfer.status(stage.nowMs)
  assert.equal(status.phase, 'complete')
  assert.deepEqual([status.wantedBytes, status.lackingBytes], [10 + 100 * KIB, 0])
  assert.equal(status.totalBytes, FIXTURE.version.totalBytes)
})

test('of interest is only who has something that is wanted; what it has it serves', () => {
  const stage = new Stage({ fixture: FIXTURE, have: [10], wants: SECOND_AND_THIRD })
  const other = stage.join([0, 1, 2, 10])
  assert.equal(other.got('interested').length, 0)
  assert.equal(other.got('bitfield').length, 1, 'and never says that it has everything')
  other.say({ type: 'have', piece: 3 })
  assert.equal(other.got('interested').length, 0)
  other.say({ type: 'have', piece: 11 })
  assert.equal(other.got('interested').length, 1)
  other.say({ type: 'request', piece: 10, begin: 0, length: 10 })
  assert.deepEqual(
    stage.all('serve').map(({ piece }) => piece),
    [10]
  )
  other.say({ type: 'request', piece: 5, begin: 0, length: BLOCK_BYTES })
  assert.equal(other.got('reject').length, 1)
})

test('layers of files that are not wanted are not asked for', () => {
  const stage = new Stage({ fixture: FIXTURE, wantsData: true })
  const { version } = FIXTURE
  const source = stage.join('all')
  const wanted = new Bitfield(PIECES)
  for (const piece of SECOND_AND_THIRD) wanted.add(piece)
  stage.post({ type: 'infoReady', version, wanted })
  const [first, second, third] = version.files.map(file => file.root)
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  const roots = source.got('hash-request').map(({ root }) => Buffer.from(root).toString('hex'))
  assert.deepEqual(roots, [third])
})

test('a lost piece that is wanted is fetched again; nothing at all wanted is complete at once', () => {
  const stage = new Stage({ fixture: FIXTURE, have: SECOND_AND_THIRD, wants: SECOND_AND_THIRD })
  const source = stage.join('all')
  assert.equal(source.got('request').length, 0)
  stage.post({ type: 'pieceLost', piece: FIXTURE.version.files[1]?.firstPiece ?? assert.fail() })
  source.serveAll()
  assert.deepEqual(
    source.got('request').map(({ piece }) => piece),
    [10]
  )
  const empty = new Stage({ fixture: FIXTURE, have: 'none', wants: [] })
  assert.equal(empty.transfer.status(0).phase, 'complete')
  assert.equal(empty.join('all').got('interested').length, 0)
})

test('a piece that was lost is a failure, and one that was let go of is none', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all' })
  const peer = stage.join('all')
  const failures = () => stage.transfer.status(0).pieceFailures.lost
  peer.say({ type: 'request', piece: 0, begin: 0, length: BLOCK_BYTES })
  stage.post({ type: 'pieceLost', piece: pieceIndex(0), wasLetGo: true })
  assert.equal(peer.got('reject').length, 1, 'it is served no more')
  assert.deepEqual([stage.transfer.has(pieceIndex(0)), failures()], [false, 0])
  stage.post({ type: 'pieceLost', piece: pieceIndex(1), wasLetGo: false })
  stage.post({ type: 'pieceLost', piece: pieceIndex(2) })
  assert.equal(failures(), 2)
})

test('one that leaves off says that it wants nothing, and one that goes on what it wants', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  const source = stage.join('all')
  assert.deepEqual(wantsSaidTo(source), [], 'who wants everything need not say so')
  stage.post({ type: 'wantData', wantsData: false })
  assert.equal(source.got('cancel').length, source.got('request').length)
  stage.post({ type: 'wantData', wantsData: true })
  assert.deepEqual(wantsSaidTo(source), [[], [{ first: 0, count: PIECES }]])
})

test('a share of what may be in flight is kept to', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'none' })
  stage.post({ type: 'wantData', wantsData: true, inFlightBytesMax: 128 * KIB })
  const source = stage.join('all')
  const askedBytes = source.got('request').reduce((sum, { length }) => sum + length, 0)
  assert.ok(askedBytes > 64 * KIB && askedBytes <= 128 * KIB, `${askedBytes} are asked for`)
})

// ---- peers that want some files

test('a source suggests to each what it wants, and gives what is not wanted to others at once', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all', limits: { suggestStartBytes: MIB } })
  const [one, other] = [stage.join('none'), stage.join('none')]
  sayWants(one, [{ first: 10, count: 3 }])
  one.say({ type: 'interested' })
  other.say({ type: 'interested' })
  const suggested = (peer: ScriptedPeer) => peer.got('suggest').map(({ piece }) => piece)
  assert.ok(suggested(one).length > 0 && suggested(one).every(piece => piece >= 10))
  const all = [...suggested(one), ...suggested(other)].sort((a, b) => a - b)
  assert.deepEqual(all, [...Array(PIECES).keys()], 'each piece once')
  // It changes its mind before it asks for anything.
  sayWants(one, [])
  stage.wait(1000)
  assert.deepEqual(new Set(suggested(one)).size, 3, 'and is given nothing more')
})

test('a peer is satisfied with what it wants, and not while it only wants nothing now', () => {
  const stage = new Stage({ fixture: FIXTURE, have: 'all' })
  const peer = stage.join([10, 11])
  const isSatisfied = () => stage.transfer.status(stage.nowMs).peers[0]?.isSatisfied
  assert.equal(isSatisfied(), false)
  sayWants(peer, [{ first: 10, count: 2 }])
  assert.equal(isSatisfied(), true)
  sayWants(peer, [{ first: 10, count: 3 }])
  assert.equal(isSatisfied(), false)
  peer.say({ type: 'have', piece: 12 })
  assert.equal(isSatisfied(), true)
  sayWants(peer, [])
  assert.equal(isSatisfied(), false)
})

test('what a peer wants may be said before the version is known, and is held against it then', () => {
  const good = new Stage({ fixture: FIXTURE })
  const early = good.join('all')
  sayWants(early, [{ first: 0, count: 1 }])
  good.post({ type: 'infoReady', version: FIXTURE.version })
  assert.equal(early.isCutOff, false)
  const bad = new Stage({ fixture: FIXTURE })
  const liar = bad.join('all')
  sayWants(liar, [{ first: 0, count: PIECES + 1 }])
  bad.post({ type: 'infoReady', version: FIXTURE.version })
  bad.assertCutOff(liar, 'bad-extension')
})
