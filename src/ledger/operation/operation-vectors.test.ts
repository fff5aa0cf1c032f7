import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import { idBytes, orgIdFromBytes } from '../../base/ids.ts'
import { INCARNATION, keyNamed, START_MS, sha256, verify } from '../fold/org-fixture.conformance.ts'
import { createOperation, decodeOperation, type Operation } from './operation.ts'
import type { OperationContent } from './operation-content.ts'
import { operationNamed, SAMPLES } from './operation-samples.conformance.ts'
import { OPERATION_TYPES } from './operation-types.ts'

/**
 * The exact bytes of the operations of governance, from fixed keys. A difference here means that this program no longer
 * reads what an earlier one wrote: it needs a new type and not new vectors.
 */
const GOVERNANCE_URL = new URL('../../../test/vectors/ledger/governance-v1.json', import.meta.url)
const FIRST_URL = new URL('../../../test/vectors/ledger/v1.json', import.meta.url)
const admin = keyNamed('admin')
const org = sha256(Buffer.from('org'))
const root = sha256(Buffer.from('root'))
const EXPIRES_MS = START_MS + 86_400_000

function golden(url: URL): Record<string, string> {
  return JSON.parse(readFileSync(url, 'utf8'))
}

function operationOf(content: OperationContent): Operation {
  const draft = {
    org: orgIdFromBytes(org),
    root,
    author: admin.id,
    incarnation: INCARNATION,
    seq: 7,
    prev: operationNamed('before'),
    deps: [operationNamed('known')],
    content,
    timeMs: START_MS,
    expiresMs: content.type === 'role.grant' ? EXPIRES_MS : null
  }
  return createOperation(draft, { sign: admin.sign, sha256 })
}

test('operations of governance are written in the bytes of their golden vectors', () => {
  const current = Object.entries(SAMPLES).map(([name, content]) => [
    `operation ${name}`,
    toHex(operationOf(content).record)
  ])
  assert.deepEqual(Object.fromEntries(current), golden(GOVERNANCE_URL))
})

test('every type of operation has a golden vector', () => {
  const names = [FIRST_URL, GOVERNANCE_URL].flatMap(url => Object.keys(golden(url)))
  for (const type of OPERATION_TYPES)
    assert.ok(
      names.some(name => name === `operation ${type}` || name.startsWith(`operation ${type} `)),
      `${type} has a vector`
    )
})

test('the records of the vectors are read back as what they say', () => {
  const records = golden(GOVERNANCE_URL)
  for (const [name, content] of Object.entries(SAMPLES)) {
    const record = new Uint8Array(Buffer.from(records[`operation ${name}`] ?? '', 'hex'))
    const decoded = decodeOperation(record, { verify, sha256 })
    assert.ok(decoded.ok, name)
    assert.deepEqual(decoded.value.content, content, name)
    assert.equal(decoded.value.author, admin.id)
  }
})

/** A writer of CBOR that shares nothing with the product's. */
const head = (major: number, value: number): Buffer => {
  if (value < 24) return Buffer.from([(major << 5) | value])
  if (value < 256) return Buffer.from([(major << 5) | 24, value])
  const bytes = Buffer.alloc(9)
  bytes[0] = (major << 5) | 27
  bytes.writeBigUInt64BE(BigInt(value), 1)
  return bytes
}
const number = (value: number) => head(0, value)
const blob = (value: Uint8Array) => Buffer.concat([head(2, value.length), value])
const text = (value: string) => Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
const list = (...items: Buffer[]) => Buffer.concat([head(4, items.length), ...items])
const map = (...entries: [string, Buffer][]) =>
  Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, value]) => [text(key), value])])
const none = Buffer.from([0xf6])

/** RFC 8949 core order: keys by length, then bytewise. */
function byHand(said: { type: string; target: Buffer; body: Buffer; expires?: Buffer }): string {
  const envelope = map(
    ['v', number(1)],
    ['org', blob(org)],
    ['seq', number(7)],
    ['body', said.body],
    ['deps', list(blob(idBytes(operationNamed('known'))))],
    ['prev', blob(idBytes(operationNamed('before')))],
    ['root', blob(root)],
    ['time', number(START_MS)],
    ['type', text(said.type)],
    ['author', blob(admin.publicKey)],
    ['target', said.target],
    ['expires', said.expires ?? none],
    ['incarnation', blob(Buffer.from(INCARNATION, 'hex'))]
  )
  const message = Buffer.concat([Buffer.from('peerage/operation/v1\0'), sha256(envelope)])
  const outer = Buffer.concat([
    Buffer.from([0x82, 0x59, envelope.length >> 8, envelope.length & 255]),
    envelope
  ])
  return Buffer.concat([outer, blob(admin.sign(message))]).toString('hex')
}

test('operations written out by hand are the ones that are in the vectors', () => {
  const records = golden(GOVERNANCE_URL)
  const device = keyNamed('laptop').publicKey
  const cutoffs = list(
    list(
      blob(Buffer.from('0000000000000001', 'hex')),
      number(2 ** 40),
      blob(idBytes(operationNamed('late')))
    ),
    list(blob(Buffer.from('ffffffffffffffff', 'hex')), number(1), blob(idBytes(operationNamed('first'))))
  )
  const expected = {
    'device.suspend': byHand({
      type: 'device.suspend',
      target: blob(device),
      body: map(['reason', text('left on a train')], ['cutoffs', cutoffs])
    }),
    'role.revoke': byHand({
      type: 'role.revoke',
      target: blob(device),
      body: map(['role', text('publisher')], ['cutoffs', cutoffs])
    }),
    'role.grant': byHand({
      type: 'role.grant',
      target: blob(device),
      body: map(['role', text('publisher')]),
      expires: number(EXPIRES_MS)
    }),
    'access.grant name': byHand({
      type: 'access.grant',
      target: list(text('d'), blob(device)),
      body: map(['scope', list(text('n'), text('scans/2031'))], ['purpose', text('study 17')])
    }),
    'access.grant all': byHand({
      type: 'access.grant',
      target: list(text('g'), blob(idBytes(operationNamed('group')))),
      body: map(['scope', list(text('*'))], ['purpose', text('backup')])
    }),
    'group.create': byHand({ type: 'group.create', target: text('Radiology Süd'), body: map() }),
    approve: byHand({ type: 'approve', target: blob(idBytes(operationNamed('approved'))), body: map() })
  }
  for (const [name, record] of Object.entries(expected))
    assert.equal(records[`operation ${name}`], record, name)
})

test('cutoffs and labels are written in their order, whatever order the caller names them in', () => {
  const { 'role.revoke': revoke, 'dataset.policy': policy } = SAMPLES
  assert.ok(revoke?.type === 'role.revoke' && policy?.type === 'dataset.policy')
  const turned = operationOf({ ...revoke, cutoffs: [...revoke.cutoffs].reverse() })
  assert.equal(turned.id, operationOf(revoke).id)
  assert.equal(operationOf({ ...policy, labels: [...policy.labels].reverse() }).id, operationOf(policy).id)
})
