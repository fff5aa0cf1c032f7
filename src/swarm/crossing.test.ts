import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type DeviceId, type PieceIndex, pieceIndex } from '../base/ids.ts'
import { Bitfield } from './bitfield.ts'
import { Crossing } from './crossing.ts'
import { NO_EXTENSIONS } from './extension-messages.ts'
import { PiecePicker } from './piece-picker.ts'
import { Session } from './session.ts'
import { deviceOf, makeVersion } from './swarm-fixture.conformance.ts'
import { TRANSFER_LIMITS } from './transfer-limits.ts'
import { peerKey } from './transfer-types.ts'

const PIECES = 24
const FIXTURE = makeVersion([PIECES * 16 * 1024], 16 * 1024)
const limits = TRANSFER_LIMITS
const { claimGraceMs, claimMinMs } = limits

/** A device of a site, and what it believes of the others. */
class Member {
  readonly index: number
  readonly site: string
  readonly picker = new PiecePicker({
    version: FIXTURE.version,
    have: new Bitfield(PIECES),
    seed: 1
  })
  readonly sessions = new Map<number, Session>()
  bringers: ReadonlySet<DeviceId> | undefined
  readonly crossing: Crossing
  nowMs = 0

  constructor(index: number, site: string, bringers?: readonly number[]) {
    this.index = index
    this.site = site
    this.bringers = bringers && new Set(bringers.map(deviceOf))
    this.picker.makeVerifiable(Uint32Array.from({ length: PIECES }, (_, piece) => piece))
    this.crossing = new Crossing({
      picker: this.picker,
      limits,
      self: deviceOf(index),
      site,
      sessions: this.sessions,
      ownPace: () => undefined,
      nowMs: () => this.nowMs,
      bringers: () => this.bringers
    })
  }

  meet(index: number, site: string, has: 'all' | readonly number[] = []): Session {
    const facts = { device: deviceOf(index), site, sameSite: site === this.site, outbound: true }
    const session = new Session({ key: peerKey(index), facts, limits, nowMs: this.nowMs })
    session.extensions = { ...NO_EXTENSIONS, peerageId: 2 }
    session.chokesUs = false
    const bits = has === 'all' ? Bitfield.full(PIECES) : new Bitfield(PIECES)
    if (has !== 'all') for (const piece of has) bits.add(piece)
    session.pieces = this.picker.addPeer(bits, facts.sameSite)
    this.sessions.set(index, session)
    this.crossing.joined(session, this.nowMs)
    return session
  }

  may(piece: number, nowMs = this.nowMs): boolean {
    return this.crossing.mayBring(piece, nowMs)
  }

  begin(piece: number, from: Session): PieceIndex {
    this.picker.open(pieceIndex(piece))
    this.crossing.begin(pieceIndex(piece), from.facts.site, this.nowMs)
    return pieceIndex(piece)
  }
}

const all = Array.from({ length: PIECES }, (_, piece) => piece)

/** `count` members of one site who all know each other, and a source elsewhere. */
function site(count: number, name = 'paris', bringers?: readonly number[]): Member[] {
  const members = Array.from({ length: count }, (_, index) => new Member(index + 1, name, bringers))
  for (const member of members) {
    member.meet(99, 'berlin', 'all')
    for (const other of members) if (other !== member) member.meet(other.index, name)
  }
  return members
}

test('each piece falls to exactly one member at first, and to one more with each grace', () => {
  const members = site(4)
  for (let graces = 0; graces < 4; graces++)
    for (const piece of all) {
      const may = members.filter(member => member.may(piece, graces * claimGraceMs))
      assert.equal(may.length, graces + 1, `piece ${piece} after ${graces} graces`)
    }
})

test('each piece falls to one of the bringers at first, and to the others only when nothing new is seen for long', () => {
  const members = site(6, 'paris', [1, 2, 3, 4])
  const [bringers, others] = [members.slice(0, 4), members.slice(4)]
  for (let graces = 0; graces < 4; graces++)
    for (const piece of all) {
      const may = bringers.filter(member => member.may(piece, graces * claimGraceMs))
      assert.equal(may.length, graces + 1, `piece ${piece} after ${graces} graces`)
    }
  const may = (nowMs: number): number[] =>
    others.map(other => all.filter(piece => other.may(piece, nowMs)).length)
  assert.deepEqual(may(limits.bringerPatienceMs - 1), [0, 0])
  assert.deepEqual(
    may(limits.bringerPatienceMs).toSorted((a, b) => a - b),
    [0, PIECES],
    'one of them begins, and the other waits for what comes of it'
  )
  assert.deepEqual(may(limits.bringerPatienceMs + limits.patienceStepMs), [PIECES, PIECES])
})

test('who is no bringer goes on waiting while its site gets on, and counts nothing that it brings itself or is not given', () => {
  const [, other] = site(2, 'paris', [1])
  assert.ok(other !== undefined)
  const [mate, source] = [other.sessions.get(1), other.sessions.get(99)]
  assert.ok(mate?.pieces !== undefined && source !== undefined)
  const announce = (piece: number, nowMs: number): void => {
    assert.ok(mate.pieces !== undefined)
    other.nowMs = nowMs
    const isNew = other.picker.peerHas(mate.pieces, pieceIndex(piece))
    other.crossing.announced(mate, piece, { isNew, nowMs })
  }
  const patience = limits.bringerPatienceMs
  announce(1, patience - 1)
  assert.equal(other.may(2, patience), false)
  assert.equal(other.may(2, 2 * patience - 2), false)
  assert.ok(other.may(2, 2 * patience - 1))
  other.nowMs = 2 * patience
  other.begin(3, source)
  announce(3, 2 * patience)
  assert.ok(other.may(2, 2 * patience), 'what it brings itself comes back to it')
  mate.stalls = 1
  announce(5, 2 * patience)
  assert.ok(other.may(2, 2 * patience), 'what is announced and not given is nothing')
  mate.stalls = 0
  announce(4, 2 * patience)
  assert.equal(other.may(2, 2 * patience), false)
})

test('where no bringer wants the data, who is alone in its site brings it at once', () => {
  const alone = new Member(5, 'paris', [1, 2, 3, 4])
  alone.meet(99, 'berlin', 'all')
  assert.equal(all.filter(piece => alone.may(piece, 0)).length, PIECES)
})

test('a device that becomes a bringer, since another is gone, takes up its part', () => {
  const [, other] = site(2, 'paris', [1])
  assert.ok(other !== undefined)
  assert.deepEqual(
    all.filter(piece => other.may(piece, 0)),
    []
  )
  other.bringers = new Set([deviceOf(1), deviceOf(2)])
  const later = 2 * claimGraceMs
  other.may(0, later)
  assert.equal(all.filter(piece => other.may(piece, later)).length, PIECES)
})

test('of two that claim the same piece a bringer goes on, whatever the order of the others', () => {
  const [one, other] = site(2, 'paris', [1])
  assert.ok(one !== undefined && other !== undefined)
  const [source, mate, back] = [other.sessions.get(99), other.sessions.get(1), one.sessions.get(2)]
  assert.ok(source !== undefined && mate !== undefined && back !== undefined)
  for (const member of [one, other]) member.may(0, 0)
  for (const piece of all) {
    assert.ok(other.crossing.yields(mate, other.begin(piece, source)))
    const own = one.begin(piece, one.sessions.get(99) ?? assert.fail())
    assert.equal(one.crossing.yields(back, own), false)
  }
})

test('of two sites that lack a piece one gets it from the source, and the other from that one', () => {
  const [here] = site(1)
  const [there] = site(1, 'rome')
  assert.ok(here !== undefined && there !== undefined)
  here.meet(7, 'rome')
  there.meet(1, 'paris')
  for (const member of [here, there]) member.may(0, 2 * claimGraceMs)
  const first = all.filter(piece => here.may(piece, 0))
  assert.ok(first.length > 0 && first.length < PIECES)
  const [piece] = all.filter(other => !first.includes(other))
  assert.ok(piece !== undefined)
  const rome = here.sessions.get(7)
  assert.ok(rome?.pieces !== undefined)
  here.nowMs = 100
  here.picker.peerHas(rome.pieces, pieceIndex(piece))
  here.crossing.announced(rome, piece, { isNew: true, nowMs: 100 })
  assert.ok(here.may(piece), 'it is more than the source that has it now')
})

test('what a member claims the others leave to it, until it drops it, goes, or lets it lie', () => {
  const [one, other] = site(2)
  assert.ok(one !== undefined && other !== undefined)
  const later = 10 * claimGraceMs
  const mate = other.sessions.get(one.index)
  assert.ok(mate !== undefined)
  const claim = (piece: number) =>
    other.crossing.heard(mate, { claims: [pieceIndex(piece)], drops: [] }, later)
  claim(3)
  assert.equal(other.may(3, later), false)
  other.crossing.heard(mate, { claims: [], drops: [3] }, later)
  assert.ok(other.may(3, later + claimGraceMs))
  claim(4)
  assert.equal(other.may(4, later + claimMinMs - 1), false)
  const isVoidMs = later + Math.max(claimMinMs, limits.claimFactor * limits.claimStartMs)
  assert.equal(other.may(4, isVoidMs - 1), false)
  other.may(4, isVoidMs)
  assert.ok(other.may(4, isVoidMs + claimGraceMs))
  claim(5)
  other.crossing.gone(mate, later)
  other.sessions.delete(one.index)
  assert.ok(other.may(5, later + claimGraceMs))
})

test('a piece is claimed once: neither claiming it again nor dropping it in between holds it up for longer', () => {
  const [one, other] = site(2)
  assert.ok(one !== undefined && other !== undefined)
  const mate = other.sessions.get(one.index)
  assert.ok(mate !== undefined)
  const voidMs = limits.claimFactor * limits.claimStartMs
  const claim = (piece: number, drops: readonly number[], nowMs: number) =>
    other.crossing.heard(mate, { claims: [pieceIndex(piece)], drops }, nowMs)
  claim(3, [], 0)
  for (let nowMs = 0; nowMs < voidMs; nowMs += 1000) {
    claim(3, [], nowMs)
    assert.equal(other.may(3, nowMs), false)
  }
  other.may(3, voidMs)
  assert.ok(other.may(3, voidMs + claimGraceMs))
  claim(4, [], 0)
  claim(4, [4], 1000)
  assert.ok(other.may(4, 1000 + claimGraceMs))
})

test('who lets claims lie again and again is not counted on, until it delivers', () => {
  const [one, other] = site(2)
  assert.ok(one !== undefined && other !== undefined)
  const mate = other.sessions.get(one.index)
  assert.ok(mate?.pieces !== undefined)
  const isMates = all.filter(piece => !other.may(piece, 0))
  assert.ok(isMates.length > 3)
  const lasting = 10 * limits.claimFactor * limits.claimStartMs
  for (const [round, piece] of isMates.slice(0, 3).entries()) {
    other.crossing.heard(mate, { claims: [pieceIndex(piece)], drops: [] }, round * lasting)
    other.may(piece, (round + 1) * lasting)
  }
  const now = 4 * lasting
  other.crossing.heard(mate, { claims: isMates.map(pieceIndex), drops: [] }, now)
  for (const piece of isMates) assert.ok(other.may(piece, now + claimGraceMs), `piece ${piece} is ours now`)
  other.crossing.announced(mate, isMates[3] ?? 0, { isNew: false, nowMs: now })
  assert.equal(other.may(isMates[4] ?? 0, now + claimGraceMs), false)
})

test('nothing is brought that a peer of the site has, unless it does not give it', () => {
  const [one] = site(1)
  assert.ok(one !== undefined)
  const mate = one.meet(5, 'paris', [2])
  const later = 10 * claimGraceMs
  assert.equal(one.may(2, later), false)
  mate.stalls = 1
  assert.ok(one.may(2, later))
  mate.stalls = 0
  mate.chokesUs = true
  assert.ok(one.may(2, later))
})

test('what we begin is told once, what we leave is dropped, and what we have is neither', () => {
  const [one] = site(1)
  const source = one?.sessions.get(99)
  assert.ok(one !== undefined && source !== undefined)
  const [kept, left] = [one.begin(1, source), one.begin(2, source)]
  assert.deepEqual(one.crossing.takeNews(), { claims: [1, 2], drops: [] })
  assert.equal(one.crossing.takeNews(), undefined)
  assert.deepEqual(one.crossing.claims, [1, 2])
  const opened = one.picker.openPiece(left)
  assert.ok(opened !== undefined)
  one.picker.close(opened)
  assert.deepEqual(one.crossing.takeNews(), { claims: [], drops: [2] })
  assert.ok(one.crossing.brings(kept) && !one.crossing.brings(left))
})

test('laws: whatever is claimed, dropped and announced, the rarity of pieces is that of what peers have and claim', () => {
  const step = fc.record({
    peer: fc.nat({ max: 3 }),
    kind: fc.constantFrom('claim', 'drop', 'have', 'go'),
    piece: fc.nat({ max: PIECES - 1 }),
    afterMs: fc.nat({ max: 3000 })
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), steps => {
      const member = new Member(1, 'paris')
      member.meet(99, 'berlin', 'all')
      const place = (peer: number) => (peer % 2 === 0 ? 'paris' : 'rome')
      for (let peer = 0; peer < 4; peer++) member.meet(peer + 10, place(peer))
      for (const { peer, kind, piece, afterMs } of steps) {
        member.nowMs += afterMs
        const { nowMs } = member
        const session = member.sessions.get(peer + 10)
        if (session?.pieces === undefined) continue
        if (kind === 'claim')
          member.crossing.heard(session, { claims: [pieceIndex(piece)], drops: [] }, nowMs)
        else if (kind === 'drop') member.crossing.heard(session, { claims: [], drops: [piece] }, nowMs)
        else if (kind === 'have') {
          const isNew = member.picker.peerHas(session.pieces, pieceIndex(piece))
          member.crossing.announced(session, piece, { isNew, nowMs })
        } else {
          member.crossing.gone(session, nowMs)
          member.picker.removePeer(session.pieces)
          member.sessions.delete(peer + 10)
        }
        for (const other of all) {
          member.may(other)
          const holders = [...member.sessions.values()].filter(
            ({ pieces }) => pieces?.bits.has(other) === true
          )
          assert.equal(member.picker.availability(other), holders.length)
          for (const { pieces } of member.sessions.values())
            assert.ok(!(pieces?.claims.has(other) === true && pieces.bits.has(other)))
        }
      }
      // Once claims are void and their turn has come, all that can be brought is.
      const end = member.nowMs + 100 * limits.claimFactor * limits.claimStartMs
      for (const other of all) member.may(other, end)
      for (const other of all) {
        const isNear = [...member.sessions.values()].some(
          ({ facts, pieces }) => facts.sameSite && pieces?.bits.has(other) === true
        )
        assert.equal(member.may(other, 2 * end), !isNear)
      }
    }),
    { numRuns: 200 }
  )
})
