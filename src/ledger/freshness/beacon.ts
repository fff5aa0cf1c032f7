/**
 * A beacon: the signed word of an always-on device that, at a time by its clock, the org's ledger stood at this root
 * and these operations. Whoever holds all that a quorum of recent beacons speak of has a recent view, and so can not
 * have been kept from a revocation for longer than the beacons are old (freshness.ts).
 *
 * Its record is the deterministic CBOR of [bytes, signature], the signature over the domain-separated SHA-256 of the
 * bytes. It says what its signer held and nothing of whether that is all there is: that is what the quorum is for.
 */

import { assert } from '../../base/assert.ts'
import { type DeviceId, deviceIdFromBytes, idBytes, type OrgId, orgIdFromBytes } from '../../base/ids.ts'
import { DAY_MS } from '../../base/units.ts'
import { type CborFault, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { hash, key, timeMs } from '../encoding/names.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import { bytes, bytesUpTo, exactly, integer, Misshape, object, tuple } from '../encoding/shape.ts'
import {
  domainMessage,
  type Sha256,
  SIGNATURE_BYTES,
  type Sign,
  signId,
  type Verify
} from '../encoding/signature.ts'

export const BEACON_BYTES_MAX = 512
export const BEACON_RECORD_BYTES_MAX = BEACON_BYTES_MAX + SIGNATURE_BYTES + 16
/** The org's policy says how long a beacon is believed; this bounds what a record can ask for. */
export const BEACON_LIFE_MAX_MS = 30 * DAY_MS

export interface BeaconTerms {
  readonly org: OrgId
  /** Who signs. */
  readonly device: DeviceId
  /** The newest root that it held. */
  readonly rootVersion: number
  readonly rootHash: Uint8Array
  /** The sync digest of all tips that it held (sync.ts). */
  readonly digest: Uint8Array
  /** How many operations it had placed. Never falls while it loses nothing. */
  readonly operations: number
  readonly timeMs: number
  readonly expiresMs: number
}

export interface Beacon extends BeaconTerms {
  /** SHA-256 of the beacon's bytes. */
  readonly hash: Uint8Array
  readonly record: Uint8Array
}

export type BeaconFault = CborFault | 'unknown-version' | 'bad-signature'

const beaconShape = object({
  v: exactly(1),
  org: hash,
  device: key,
  root: tuple(integer(1), hash),
  digest: hash,
  operations: integer(0),
  time: timeMs,
  expires: timeMs
})
const recordShape = tuple(bytesUpTo(BEACON_BYTES_MAX), bytes(SIGNATURE_BYTES))

export function createBeacon(terms: BeaconTerms, keys: { sign: Sign; sha256: Sha256 }): Beacon {
  const encoded = encodeCbor({
    v: 1,
    org: idBytes(terms.org),
    device: idBytes(terms.device),
    root: [terms.rootVersion, terms.rootHash],
    digest: terms.digest,
    operations: terms.operations,
    time: terms.timeMs,
    expires: terms.expiresMs
  })
  const hashed = keys.sha256(encoded)
  const record = encodeCbor([encoded, signId('beacon', hashed, keys.sign)])
  const beacon = readBeacon(encoded, { hashed, record })
  assert(beacon.ok, `a beacon that we sign is valid: ${beacon.ok ? '' : beacon.detail}`)
  return beacon.value
}

/** Decodes a beacon of any origin: its shape and its signature. Whether it counts is freshness.ts's to say. */
export function decodeBeacon(
  record: Uint8Array,
  { verify, sha256 }: { verify: Verify; sha256: Sha256 }
): Outcome<Beacon, BeaconFault> {
  const outer = decodeCbor(record, { bytesMax: BEACON_RECORD_BYTES_MAX, depthMax: 1 })
  if (!outer.ok) return outer
  const parts = recordShape(outer.value)
  if (parts instanceof Misshape) return rejected('malformed', `beacon record: ${parts}`)
  const [encoded, signature] = parts
  const hashed = sha256(encoded)
  const beacon = readBeacon(encoded, { hashed, record: record.slice() })
  if (!beacon.ok) return beacon
  return verify(idBytes(beacon.value.device), domainMessage('beacon', hashed), signature)
    ? beacon
    : rejected('bad-signature', 'the signature is not by the device')
}

function readBeacon(
  encoded: Uint8Array,
  { hashed, record }: { hashed: Uint8Array; record: Uint8Array }
): Outcome<Beacon, BeaconFault> {
  const decoded = decodeCbor(encoded, { bytesMax: BEACON_BYTES_MAX, depthMax: 2 })
  if (!decoded.ok) return decoded
  const terms = beaconShape(decoded.value)
  if (terms instanceof Misshape)
    return rejected(terms.path === 'v' ? 'unknown-version' : 'malformed', `beacon: ${terms}`)
  const lifeMs = terms.expires - terms.time
  if (lifeMs <= 0 || lifeMs > BEACON_LIFE_MAX_MS)
    return rejected('malformed', `beacon: it lives ${lifeMs} ms, at most ${BEACON_LIFE_MAX_MS}`)
  const [rootVersion, rootHash] = terms.root
  return accepted({
    org: orgIdFromBytes(terms.org),
    device: deviceIdFromBytes(terms.device),
    rootVersion,
    rootHash,
    digest: terms.digest,
    operations: terms.operations,
    timeMs: terms.time,
    expiresMs: terms.expires,
    hash: hashed,
    record
  })
}
