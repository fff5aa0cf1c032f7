import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { toHex } from '../../base/bytes.ts'
import { orgIdOf } from '../chain/root.ts'
import { FIRST_ROLE_TABLE, foundOrg, keyNamed, START_MS, sha256 } from '../fold/org-fixture.conformance.ts'
import { createBeacon } from './beacon.ts'
import { encodeBeaconExchange } from './beacon-exchange.ts'
import { createOverride } from './override.ts'

/** The exact bytes, from fixed keys; a difference needs a new version of the format, not new vectors. */
const VECTORS_URL = new URL('../../../test/vectors/ledger/beacon-v1.json', import.meta.url)
const admin = keyNamed('admin')
const laptop = keyNamed('laptop')

function currentBytes(): Record<string, string> {
  const root = foundOrg([admin, keyNamed('second')], FIRST_ROLE_TABLE)
  const org = orgIdOf(root)
  const beacon = createBeacon(
    {
      org,
      device: laptop.id,
      rootVersion: 1,
      rootHash: root.hash,
      digest: sha256(new Uint8Array()),
      operations: 1234,
      timeMs: START_MS,
      expiresMs: START_MS + 900_000
    },
    { sign: laptop.sign, sha256 }
  )
  const terms = { org, rootHash: root.hash, timeMs: START_MS, expiresMs: START_MS + 3_600_000 }
  const signers = [admin, keyNamed('second')].map(key => ({ key: key.id, sign: key.sign }))
  const named = createOverride(
    { ...terms, classes: ['internal', 'confidential'], reason: 'WAN à Lyon coupé', devices: [laptop.id] },
    { signers, sha256 }
  )
  const all = createOverride(
    { ...terms, classes: ['public'], reason: 'all signers are down', devices: null },
    { signers: signers.slice(0, 1), sha256 }
  )
  return {
    'beacon record': toHex(beacon.record),
    'beacon hash': toHex(beacon.hash),
    'override record named': toHex(named.record),
    'override id named': named.id,
    'override record all': toHex(all.record),
    exchange: toHex(encodeBeaconExchange({ beacons: [beacon.record], overrides: [all.record] })),
    'exchange empty': toHex(encodeBeaconExchange({ beacons: [], overrides: [] }))
  }
}

test('every format is written in the bytes of its golden vector', () => {
  assert.deepEqual(currentBytes(), JSON.parse(readFileSync(VECTORS_URL, 'utf8')))
})

test('a beacon written out by hand is the one that is in the vectors', () => {
  const root = foundOrg([admin, keyNamed('second')], FIRST_ROLE_TABLE)
  const text = (value: string) => Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)])
  const hash = (bytes: Uint8Array) => Buffer.concat([Buffer.from([0x58, 32]), bytes])
  const time = (ms: number) => {
    const bytes = Buffer.alloc(9, 0x1b)
    bytes.writeBigUInt64BE(BigInt(ms), 1)
    return bytes
  }
  // RFC 8949 core order: keys by length, then bytewise.
  const inner = Buffer.concat([
    Buffer.from([0xa8]),
    ...[text('v'), Buffer.from([1])],
    ...[text('org'), hash(root.hash)],
    ...[text('root'), Buffer.from([0x82, 1]), hash(root.hash)],
    ...[text('time'), time(START_MS)],
    ...[text('device'), hash(laptop.publicKey)],
    ...[text('digest'), hash(sha256(new Uint8Array()))],
    ...[text('expires'), time(START_MS + 900_000)],
    ...[text('operations'), Buffer.from([0x19, 0x04, 0xd2])]
  ])
  const message = Buffer.concat([Buffer.from('peerage/beacon/v1\0'), sha256(inner)])
  const heads = [Buffer.from([0x82, 0x58, inner.length]), Buffer.from([0x58, 64])] as const
  const record = Buffer.concat([heads[0], inner, heads[1], laptop.sign(message)])
  assert.equal(record.toString('hex'), currentBytes()['beacon record'])
})
