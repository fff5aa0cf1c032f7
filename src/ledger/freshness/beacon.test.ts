import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AssertionFailure } from '../../base/assert.ts'
import { BEACON_SIGNERS_MAX, orgIdOf } from '../chain/root.ts'
import { foundOrg, keyNamed, START_MS, sha256, verify } from '../fold/org-fixture.conformance.ts'
import { BEACON_LIFE_MAX_MS, type Beacon, type BeaconTerms, createBeacon, decodeBeacon } from './beacon.ts'
import { BEACON_EXCHANGE_BYTES_MAX, decodeBeaconExchange, encodeBeaconExchange } from './beacon-exchange.ts'
import { OVERRIDE_RECORD_BYTES_MAX } from './override.ts'
import { OVERRIDES_MAX } from './override-shelf.ts'

const signer = keyNamed('signer')
const root = foundOrg([keyNamed('admin')])
const terms: BeaconTerms = {
  org: orgIdOf(root),
  device: signer.id,
  rootVersion: 1,
  rootHash: root.hash,
  digest: sha256(new Uint8Array()),
  operations: 0,
  timeMs: START_MS,
  expiresMs: START_MS + 1000
}
const signed = (changes: Partial<BeaconTerms> = {}, key = signer): Beacon =>
  createBeacon({ ...terms, ...changes }, { sign: key.sign, sha256 })

test('a beacon round-trips, and no changed byte of it is accepted', () => {
  const beacon = signed()
  assert.deepEqual(decodeBeacon(beacon.record, { verify, sha256 }), { ok: true, value: beacon })
  const { record } = beacon
  fc.assert(
    fc.property(fc.nat({ max: record.length - 1 }), fc.integer({ min: 1, max: 255 }), (index, change) => {
      const changed = record.slice()
      changed[index] = (changed[index] ?? 0) ^ change
      assert.equal(decodeBeacon(changed, { verify, sha256 }).ok, false)
    }),
    { numRuns: 300 }
  )
})

test('a beacon by another key is refused', () => {
  const forged = decodeBeacon(signed({}, keyNamed('other')).record, { verify, sha256 })
  assert.equal(forged.ok ? 'valid' : forged.reason, 'bad-signature')
})

test('a beacon of the largest figures fits its limit, and one that outlives its bound can not be made', () => {
  const largest = signed({
    rootVersion: Number.MAX_SAFE_INTEGER,
    operations: Number.MAX_SAFE_INTEGER,
    timeMs: Number.MAX_SAFE_INTEGER - BEACON_LIFE_MAX_MS,
    expiresMs: Number.MAX_SAFE_INTEGER
  })
  assert.equal(decodeBeacon(largest.record, { verify, sha256 }).ok, true)
  for (const expiresMs of [START_MS, START_MS - 1, START_MS + BEACON_LIFE_MAX_MS + 1])
    assert.throws(() => signed({ expiresMs }), AssertionFailure)
  assert.throws(() => signed({ rootVersion: 0 }), AssertionFailure)
})

test('an exchange of as many records as there can be fits its limit, and of one more is refused', () => {
  const beacons = Array.from({ length: BEACON_SIGNERS_MAX }, () => signed().record)
  const overrides = Array.from({ length: OVERRIDES_MAX }, () => new Uint8Array(OVERRIDE_RECORD_BYTES_MAX))
  const full = encodeBeaconExchange({ beacons, overrides })
  assert.ok(full.length <= BEACON_EXCHANGE_BYTES_MAX)
  assert.deepEqual(decodeBeaconExchange(full), { ok: true, value: { beacons, overrides } })
  const reasonOf = (encoded: Uint8Array) => {
    const decoded = decodeBeaconExchange(encoded)
    return decoded.ok ? 'ok' : decoded.reason
  }
  const [one] = beacons
  assert.ok(one)
  assert.equal(reasonOf(encodeBeaconExchange({ beacons: [...beacons, one], overrides })), 'malformed')
  assert.equal(reasonOf(new Uint8Array(BEACON_EXCHANGE_BYTES_MAX + 1)), 'too-large')
  const later = encodeBeaconExchange({ beacons: [], overrides: [] })
  later[later.indexOf(1)] = 2
  assert.equal(reasonOf(later), 'unknown-version')
})
