import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AssertionFailure } from '../../base/assert.ts'
import { commitName } from '../fold/invite.ts'
import {
  foundOrg,
  keyNamed,
  START_MS,
  saltOf,
  sha256,
  TestDevice,
  verify
} from '../fold/org-fixture.conformance.ts'
import {
  createPresence,
  decodePresence,
  judgePresence,
  PRESENCE_LIFE_MAX_MS,
  PRESENCE_SKEW_MAX_MS,
  type Presence,
  type PresenceTerms,
  replaces
} from './presence.ts'

const admin = keyNamed('admin')
const laptop = keyNamed('laptop')
const founder = new TestDevice(admin, foundOrg([admin]))
founder.enrol(laptop)

const terms: PresenceTerms = {
  org: founder.ledger.org,
  device: laptop.id,
  name: 'device',
  nameSalt: saltOf(laptop),
  site: 'Berlin',
  kind: 'server',
  addresses: ['/ip4/10.0.0.1/tcp/4001'],
  timeMs: START_MS,
  expiresMs: START_MS + 1000
}
const stated = (changes: Partial<PresenceTerms> = {}, key = laptop): Presence =>
  createPresence({ ...terms, ...changes }, { sign: key.sign, sha256 })

function verdict(presence: Presence, nowMs = START_MS): string {
  return judgePresence(presence, { state: founder.ledger.state(), nowMs, sha256 })?.reason ?? 'counts'
}

test('a statement round-trips, and no changed byte of it is accepted', () => {
  const presence = stated()
  assert.deepEqual(decodePresence(presence.record, { verify, sha256 }), { ok: true, value: presence })
  const { record } = presence
  fc.assert(
    fc.property(fc.nat({ max: record.length - 1 }), fc.integer({ min: 1, max: 255 }), (index, change) => {
      const changed = record.slice()
      changed[index] = (changed[index] ?? 0) ^ change
      assert.equal(decodePresence(changed, { verify, sha256 }).ok, false)
    }),
    { numRuns: 300 }
  )
})

test('a statement by another key is refused', () => {
  const forged = decodePresence(stated({}, admin).record, { verify, sha256 })
  assert.equal(forged.ok ? 'valid' : forged.reason, 'bad-signature')
})

test('a statement counts while it lives, of a member, under the name that was enrolled', () => {
  assert.equal(verdict(stated()), 'counts')
  assert.equal(verdict(stated(), START_MS + 999), 'counts')
  assert.equal(verdict(stated(), START_MS + 1000), 'expired')
  assert.equal(verdict(stated(), START_MS - PRESENCE_SKEW_MAX_MS), 'counts')
  assert.equal(verdict(stated(), START_MS - PRESENCE_SKEW_MAX_MS - 1), 'from-the-future')
  assert.equal(verdict(stated({ name: 'payroll-server' })), 'wrong-name')
  assert.equal(verdict(stated({ nameSalt: saltOf(admin) })), 'wrong-name')
  assert.equal(verdict(stated({ kind: 'laptop' })), 'wrong-name')
  assert.equal(verdict(stated({ device: admin.id }, admin)), 'wrong-name', 'never described in the ledger')
  const stranger = keyNamed('stranger')
  assert.equal(verdict(stated({ device: stranger.id }, stranger)), 'not-a-member')
  const elsewhere = new TestDevice(laptop, foundOrg([laptop])).ledger.org
  assert.equal(verdict(stated({ org: elsewhere })), 'foreign-org')
})

test('a statement that would outlive its welcome can not be made', () => {
  assert.ok(stated({ expiresMs: START_MS + PRESENCE_LIFE_MAX_MS }))
  for (const expiresMs of [START_MS, START_MS - 1, START_MS + PRESENCE_LIFE_MAX_MS + 1])
    assert.throws(() => stated({ expiresMs }), AssertionFailure)
  assert.throws(() => stated({ site: 'Ber\nlin' }), AssertionFailure)
  assert.throws(
    () => stated({ addresses: Array.from({ length: 17 }, () => '/ip4/10.0.0.1') }),
    AssertionFailure
  )
})

test('the newest replaces the others, and a tie is settled the same way everywhere', () => {
  const [older, newer] = [stated(), stated({ timeMs: START_MS + 1 })]
  assert.equal(replaces(newer, older), true)
  assert.equal(replaces(older, newer), false)
  const tie = stated({ site: 'Paris' })
  assert.notEqual(replaces(tie, older), replaces(older, tie))
  assert.equal(replaces(older, older), false)
})

test('a commitment tells names and salts apart', () => {
  const salt = saltOf(laptop)
  assert.notDeepEqual(commitName('a', salt, sha256), commitName('b', salt, sha256))
  assert.notDeepEqual(commitName('a', salt, sha256), commitName('a', saltOf(admin), sha256))
})
