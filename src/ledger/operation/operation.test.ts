import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { orgIdOf } from '../chain/root.ts'
import type { CborValue } from '../encoding/cbor.ts'
import {
  enrolment,
  foundOrg,
  INCARNATION,
  keyNamed,
  publication,
  rawEnvelope,
  START_MS,
  sha256,
  signRaw,
  verify,
  versionNamed
} from '../fold/org-fixture.conformance.ts'
import {
  createOperation,
  DEPS_MAX,
  decodeOperation,
  OPERATION_BYTES_MAX,
  type OperationDraft
} from './operation.ts'
import type { OperationContent } from './operation-content.ts'
import { SAMPLES } from './operation-samples.conformance.ts'
import { OPERATION_TYPES } from './operation-types.ts'

const admin = keyNamed('admin')
const root = foundOrg([admin])
const org = orgIdOf(root)
const invite = createOperation(draftOf(inviteBy()), { sign: admin.sign, sha256 })

function inviteBy(): OperationContent {
  return { type: 'invite.create', inviteKey: keyNamed('ticket').publicKey, uses: 1, expiresMs: START_MS }
}

function draftOf(content: OperationContent): OperationDraft {
  return {
    org,
    root: root.hash,
    author: admin.id,
    incarnation: INCARNATION,
    seq: 1,
    prev: null,
    deps: [],
    content,
    timeMs: START_MS,
    expiresMs: null
  }
}

const CONTENTS: readonly OperationContent[] = [
  inviteBy(),
  enrolment(org, keyNamed('device')),
  enrolment(org, keyNamed('device'), { operation: invite.id, key: keyNamed('ticket') }),
  publication('os/image', 'one'),
  { type: 'dataset.retire', name: 'os/image', version: versionNamed('one') },
  { type: 'dataset.retire', name: 'os/image', version: null },
  ...Object.values(SAMPLES)
]

test('every type round-trips through its record', () => {
  assert.deepEqual(new Set(CONTENTS.map(({ type }) => type)), new Set(OPERATION_TYPES))
  for (const content of CONTENTS) {
    const operation = createOperation(draftOf(content), { sign: admin.sign, sha256 })
    const decoded = decodeOperation(operation.record, { verify, sha256 })
    assert.ok(decoded.ok)
    assert.deepEqual(decoded.value, operation)
    assert.deepEqual(decoded.value.content, content)
    assert.equal(decoded.value.type, content.type)
  }
})

test('deps are written sorted and once, whatever order the caller names them in', () => {
  const ids = CONTENTS.slice(0, DEPS_MAX / 2).map(
    content => createOperation(draftOf(content), { sign: admin.sign, sha256 }).id
  )
  const draft = { ...draftOf(inviteBy()), deps: [...ids, ...ids].reverse().slice(0, DEPS_MAX) }
  assert.deepEqual(createOperation(draft, { sign: admin.sign, sha256 }).deps, [...new Set(ids)].sort())
})

const fault = (changes: { [field: string]: CborValue }, without: string[] = []) => {
  const envelope = { ...rawEnvelope(root, admin), ...changes }
  for (const field of without) delete envelope[field]
  const decoded = decodeOperation(signRaw(admin, envelope), { verify, sha256 })
  if (!decoded.ok) return decoded.reason
  return decoded.value.flaw?.reason ?? 'valid'
}

test('the envelope is closed: each field is needed and checked, and no other exists', () => {
  const filled = (length: number) => new Uint8Array(length).fill(7)
  assert.equal(fault({}), 'valid')
  for (const field of Object.keys(rawEnvelope(root, admin)))
    assert.equal(fault({}, [field]), field === 'v' ? 'unknown-version' : 'malformed', `without ${field}`)
  assert.equal(fault({ extra: 1 }), 'malformed')
  assert.equal(fault({ v: 2 }), 'unknown-version')
  const wrong: { [field: string]: CborValue }[] = [
    { org: filled(31) },
    { root: null },
    { author: filled(33) },
    { incarnation: filled(7) },
    { seq: 0 },
    { seq: 2 },
    { prev: filled(32) },
    { seq: 2, prev: filled(31) },
    { deps: [filled(32), filled(32)] },
    { deps: [filled(32), new Uint8Array(32)] },
    { deps: Array.from({ length: 17 }, (_, index) => new Uint8Array(32).fill(index)) },
    { seq: 2, prev: filled(32), deps: [filled(32)] },
    { type: 'Dataset.retire' },
    { type: 'retire.' },
    { type: '.retire' },
    { type: '' },
    { type: `a.${'b'.repeat(64)}` },
    { time: -1 },
    { expires: 'never' }
  ]
  for (const changes of wrong) assert.equal(fault(changes), 'malformed', JSON.stringify(changes))
})

test('an unknown type and a bad body stay in the feed, without content', () => {
  assert.equal(fault({ type: 'dataset.sing', body: { any: ['thing', 1] } }), 'unknown-type')
  assert.equal(fault({ type: 'sing', body: null }), 'unknown-type')
  const publish = {
    version: new Uint8Array(32),
    class: 'internal',
    piece: 16_384,
    files: 1,
    bytes: 0
  }
  const of = (changes: { [field: string]: CborValue }) =>
    fault({ type: 'dataset.publish', target: 'name', body: { ...publish, ...changes } })
  assert.equal(of({}), 'valid')
  const wrong = [{ class: 'secret' }, { piece: 8192 }, { piece: 24_576 }, { piece: 2 ** 31 }, { files: 0 }]
  for (const changes of [...wrong, { bytes: -1 }, { extra: null }, { version: 'x' }])
    assert.equal(of(changes), 'bad-body', JSON.stringify(changes))
  assert.equal(fault({ type: 'dataset.publish', target: 'Bad Name', body: publish }), 'bad-body')
  const inviteBody = { type: 'invite.create', target: new Uint8Array(32) }
  assert.equal(fault({ ...inviteBody, body: { uses: 10_000, expires: 1 } }), 'valid')
  assert.equal(fault({ ...inviteBody, body: { uses: 0, expires: 1 } }), 'bad-body')
  assert.equal(fault({ ...inviteBody, body: { uses: 10_001, expires: 1 } }), 'bad-body')
  assert.equal(
    fault({ ...inviteBody, target: new Uint8Array(31), body: { uses: 1, expires: 1 } }),
    'bad-body'
  )
  const enrol = { type: 'device.enrol', target: new Uint8Array(32) }
  const name = new Uint8Array(32)
  assert.equal(fault({ ...enrol, body: { kind: 'server', name, redeem: null } }), 'valid')
  assert.equal(fault({ ...enrol, body: { kind: 'toaster', name, redeem: null } }), 'bad-body')
  assert.equal(
    fault({ ...enrol, body: { kind: 'server', name, redeem: { invite: name, proof: name } } }),
    'bad-body'
  )
})

test('size and depth of an operation are bounded', () => {
  let deep: CborValue = 0
  for (let depth = 0; depth < 8; depth++) deep = [deep]
  assert.equal(fault({ type: 'some.thing', body: deep }), 'too-deep')
  assert.equal(fault({ type: 'some.thing', body: new Uint8Array(OPERATION_BYTES_MAX - 400) }), 'unknown-type')
  assert.notEqual(fault({ type: 'some.thing', body: new Uint8Array(OPERATION_BYTES_MAX) }), 'unknown-type')
})

test('a signature by another key is refused', () => {
  const forged = signRaw(keyNamed('forger'), rawEnvelope(root, admin))
  const decoded = decodeOperation(forged, { verify, sha256 })
  assert.equal(decoded.ok ? 'valid' : decoded.reason, 'bad-signature')
})

test('no changed byte of a record is accepted as the same operation', () => {
  const { record } = createOperation(draftOf(publication('os/image', 'one')), { sign: admin.sign, sha256 })
  fc.assert(
    fc.property(fc.nat({ max: record.length - 1 }), fc.integer({ min: 1, max: 255 }), (index, change) => {
      const changed = record.slice()
      changed[index] = (changed[index] ?? 0) ^ change
      assert.equal(decodeOperation(changed, { verify, sha256 }).ok, false)
    }),
    { numRuns: 500 }
  )
})
