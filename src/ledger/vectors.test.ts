import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { toHex } from '../base/bytes.ts'
import { idBytes } from '../base/ids.ts'
import { commitName, proveRedemption } from './fold/invite.ts'
import {
  FIRST_ROLE_TABLE,
  foundOrg,
  keyNamed,
  keyOfSeed,
  START_MS,
  saltOf,
  sha256,
  TestDevice,
  versionNamed
} from './fold/org-fixture.conformance.ts'
import { encodeJoinAnswer, encodeJoinRequest, type JoinRequest } from './join/join.ts'
import { encodeTicket } from './join/ticket.ts'
import { createPresence } from './sync/presence.ts'
import { encodeSyncMessage } from './sync/sync-messages.ts'

/**
 * The exact bytes of every format, from fixed keys. A difference here means that this program no longer reads what
 * an earlier one wrote: it needs a new version of the format and a migration, not new vectors.
 */
const VECTORS_URL = new URL('../../test/vectors/ledger/v1.json', import.meta.url)
const admin = keyNamed('admin')
const laptop = keyNamed('laptop')
const key = keyNamed('ticket')

function currentBytes(): Record<string, string> {
  const root = foundOrg([admin, keyNamed('second')], FIRST_ROLE_TABLE)
  const founder = new TestDevice(admin, root)
  const org = founder.ledger.org
  const operations = {
    'device.enrol direct': founder.enrol(admin),
    'invite.create': founder.invite(key),
    'dataset.publish': founder.publish('os/image', 'one'),
    'dataset.retire version': founder.retire('os/image', 'one'),
    'dataset.retire all': founder.retire('os/image')
  }
  const redeemed = founder.enrol(laptop, { operation: operations['invite.create'].id, key })
  const joiner = new TestDevice(laptop, root)
  joiner.learn(founder)
  const joinerFirst = joiner.publish('tool', 'two')
  const nameCommitment = commitName('device', saltOf(laptop), sha256)
  const address = '/ip4/10.0.0.1/tcp/4001'
  const presence = createPresence(
    {
      org,
      device: laptop.id,
      name: 'device',
      nameSalt: saltOf(laptop),
      site: 'Berlin Süd',
      kind: 'server',
      addresses: [address],
      timeMs: START_MS,
      expiresMs: START_MS + 60_000
    },
    { sign: laptop.sign, sha256 }
  )
  const ticket = encodeTicket(
    {
      org,
      orgName: 'Acme',
      inviter: admin.id,
      inviteSeed: key.seed,
      addresses: [address],
      expiresMs: START_MS + 60_000
    },
    sha256
  )
  const [tip] = joiner.ledger.tips().filter(({ author }) => author === laptop.id)
  assert.ok(tip)
  const records = Object.entries({
    ...operations,
    'device.enrol redeemed': redeemed,
    'with deps': joinerFirst
  })
  const joinRequest: JoinRequest = {
    org,
    device: laptop.id,
    kind: 'server',
    nameCommitment,
    inviteKey: key.publicKey,
    proof: proveRedemption({ org, device: laptop.id, nameCommitment }, key.sign),
    called: { name: 'device', salt: saltOf(laptop) }
  }
  return {
    'root record': toHex(root.record),
    'root hash': toHex(root.hash),
    ...Object.fromEntries(records.map(([name, { record }]) => [`operation ${name}`, toHex(record)])),
    'operation id': toHex(idBytes(redeemed.id)),
    ticket,
    'presence record': toHex(presence.record),
    'join request': toHex(encodeJoinRequest({ ...joinRequest, called: undefined })),
    'join request with a name': toHex(encodeJoinRequest(joinRequest)),
    'join answer joined': toHex(
      encodeJoinAnswer({ kind: 'joined', roots: [root.record], enrolment: redeemed.record })
    ),
    'join answer refused': toHex(encodeJoinAnswer({ kind: 'refused', reason: 'spent' })),
    'sync hello': toHex(encodeSyncMessage({ kind: 'hello', ...founder.ledger.hello() })),
    'sync want-tips': toHex(encodeSyncMessage({ kind: 'want-tips' })),
    'sync tips': toHex(encodeSyncMessage({ kind: 'tips', tips: [tip] })),
    'sync want': toHex(encodeSyncMessage({ kind: 'want', wants: founder.ledger.wantsFrom([tip]) })),
    'sync want with points': toHex(
      encodeSyncMessage({ kind: 'want', wants: [{ tip: tip.id, have: [redeemed.id] }] })
    ),
    'sync records': toHex(encodeSyncMessage({ kind: 'records', records: [joinerFirst.record], more: false })),
    'sync refuse': toHex(encodeSyncMessage({ kind: 'refuse', reason: 'foreign-org' }))
  }
}

test('every format is written in the bytes of its golden vector', () => {
  const golden: unknown = JSON.parse(readFileSync(VECTORS_URL, 'utf8'))
  assert.deepEqual(currentBytes(), golden)
})

test('an operation written out by hand is the one that is in the vectors', () => {
  const current = currentBytes()
  const text = (value: string) => Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)])
  const hash = (bytes: Uint8Array) => Buffer.concat([Buffer.from([0x58, 32]), bytes])
  const time = (ms: number) => {
    const bytes = Buffer.alloc(9, 0x1b)
    bytes.writeBigUInt64BE(BigInt(ms), 1)
    return bytes
  }
  const root = foundOrg([admin, keyNamed('second')], FIRST_ROLE_TABLE)
  const previous = Buffer.from(current['operation dataset.publish'] ?? '', 'hex')
  // RFC 8949 core order: keys by length, then bytewise.
  const envelope = Buffer.concat([
    Buffer.from([0xad]),
    ...[text('v'), Buffer.from([1])],
    ...[text('org'), hash(root.hash)],
    ...[text('seq'), Buffer.from([4])],
    ...[text('body'), Buffer.from([0xa1]), text('version'), hash(idBytes(versionNamed('one')))],
    ...[text('deps'), Buffer.from([0x80])],
    ...[text('prev'), hash(sha256(bytesOf(previous)))],
    ...[text('root'), hash(root.hash)],
    ...[text('time'), time(START_MS + 4 * 60_000)],
    ...[text('type'), text('dataset.retire')],
    ...[text('author'), hash(admin.publicKey)],
    ...[text('target'), text('os/image')],
    ...[text('expires'), Buffer.from([0xf6])],
    ...[text('incarnation'), Buffer.from('4800000000000000a1', 'hex')]
  ])
  const message = Buffer.concat([Buffer.from('peerage/operation/v1\0'), sha256(envelope)])
  const lengths = Buffer.from([0x82, 0x59, envelope.length >> 8, envelope.length & 255])
  const record = Buffer.concat([lengths, envelope, Buffer.from([0x58, 64]), admin.sign(message)])
  assert.equal(record.toString('hex'), current['operation dataset.retire version'])
})

/** The inner byte string of a record: a list of two, a head of three bytes, and a signature of 66 at the end. */
function bytesOf(record: Buffer): Uint8Array {
  return record.subarray(4, record.length - 66)
}

test('keys from seeds are those of RFC 8032 section 7.1', () => {
  const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
  const rfc = keyOfSeed(seed)
  assert.equal(rfc.id, 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  assert.match(toHex(rfc.sign(new Uint8Array())), /^e5564300c360ac729086e2cc806e828a84877f1eb8e5d974/)
})
