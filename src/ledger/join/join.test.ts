import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foundingTerms } from '../chain/root.ts'
import { commitName, proveRedemption } from '../fold/invite.ts'
import {
  foundOrg,
  keyNamed,
  START_MS,
  saltOf,
  sha256,
  signedRoot,
  TestDevice,
  verify
} from '../fold/org-fixture.conformance.ts'
import {
  checkJoined,
  decodeJoinAnswer,
  decodeJoinRequest,
  encodeJoinAnswer,
  encodeJoinRequest,
  type JoinRequest
} from './join.ts'
import type { Ticket } from './ticket.ts'

const admin = keyNamed('admin')
const laptop = keyNamed('laptop')
const key = keyNamed('ticket')
const root = foundOrg([admin])
const founder = new TestDevice(admin, root)
const invite = founder.invite(key)
const enrolled = founder.enrol(laptop, { operation: invite.id, key })
const ticket: Ticket = {
  org: founder.ledger.org,
  orgName: 'Acme',
  inviter: admin.id,
  inviteSeed: key.seed,
  addresses: [],
  expiresMs: START_MS
}
const nameCommitment = commitName('device', saltOf(laptop), sha256)
const request: JoinRequest = {
  org: founder.ledger.org,
  device: laptop.id,
  kind: 'laptop',
  nameCommitment,
  inviteKey: key.publicKey,
  proof: proveRedemption({ org: founder.ledger.org, device: laptop.id, nameCommitment }, key.sign),
  called: { name: 'device', salt: saltOf(laptop) }
}

test('request and answers round-trip', () => {
  assert.deepEqual(decodeJoinRequest(encodeJoinRequest(request)), { ok: true, value: request })
  const old = { ...request, called: undefined }
  assert.deepEqual(decodeJoinRequest(encodeJoinRequest(old)), { ok: true, value: old })
  const joined = { kind: 'joined', roots: [root.record], enrolment: enrolled.record } as const
  assert.deepEqual(decodeJoinAnswer(encodeJoinAnswer(joined)), { ok: true, value: joined })
  const refused = { kind: 'refused', reason: 'spent' } as const
  assert.deepEqual(decodeJoinAnswer(encodeJoinAnswer(refused)), { ok: true, value: refused })
})

test('malformed messages are refused with a reason', () => {
  const request = decodeJoinRequest(new Uint8Array(2000))
  assert.equal(request.ok ? 'valid' : request.reason, 'too-large')
  const old = encodeJoinRequest({ ...requestOf(), kind: 'server', called: undefined })
  const answer = decodeJoinAnswer(old)
  assert.equal(answer.ok ? 'valid' : answer.reason, 'malformed')
  const newer = decodeJoinAnswer(encodeJoinRequest(requestOf()))
  assert.equal(newer.ok ? 'valid' : newer.reason, 'unknown-version')
})

const requestOf = (): JoinRequest => request

function verdict(roots: readonly Uint8Array[], enrolment: Uint8Array, changes: Partial<Ticket> = {}): string {
  const expected = { ticket: { ...ticket, ...changes }, device: laptop.id, verify, sha256 }
  const joined = checkJoined({ roots, enrolment }, expected)
  return joined.ok ? 'joined' : joined.reason
}

test('a joiner believes only what its ticket pins', () => {
  assert.equal(verdict([root.record], enrolled.record), 'joined')
  // Someone who answers in the inviter's place has a valid org, but not this one.
  const impostor = foundingTerms({ orgName: 'Acme', admin: key.id, timeMs: START_MS })
  assert.equal(verdict([signedRoot(impostor, [key])], enrolled.record), 'foreign-org')
  assert.equal(verdict([root.record.subarray(1)], enrolled.record), 'bad-root')
  assert.equal(verdict([root.record, root.record], enrolled.record), 'bad-root')
  assert.equal(verdict([], enrolled.record), 'foreign-org')
  assert.equal(verdict([root.record], invite.record), 'bad-enrolment')
  assert.equal(verdict([root.record], founder.enrol(keyNamed('other')).record), 'bad-enrolment')
  assert.equal(verdict([root.record], enrolled.record.subarray(1)), 'bad-enrolment')
  assert.equal(verdict([root.record], enrolled.record, { inviter: keyNamed('other').id }), 'bad-enrolment')
})
