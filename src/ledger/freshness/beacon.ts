/**
 * A beacon: the signed word of an always-on device that, at a time by its clock, the org's ledger stood at this root
 * and these operations. Whoever holds all that a quorum of recent beacons speak of has a recent view, and so can not
 * have been kept from a revocation for longer than the beacons are old (freshness.ts).
 *
 * Its record is a statement (statement.ts). It says what its signer held and nothing of whether that is all there is:
 * that is what the quorum is for.
 */

import { assert } from '../../base/assert.ts'
import { type DeviceId, deviceIdFromBytes, idBytes, type OrgId, orgIdFromBytes } from '../../base/ids.ts'
import { DAY_MS } from '../../base/units.ts'
import { hash, key, timeMs } from '../encoding/names.ts'
import { accepted, type Outcome } from '../encoding/outcome.ts'
import { exactly, integer, object, type Shaped, tuple } from '../encoding/shape.ts'
import type { Sha256, Sign, Verify } from '../encoding/signature.ts'
import {
  lifeFault,
  openStatement,
  readTerms,
  recordBytesMax,
  type StatementFault,
  type StatementForm,
  signStatement
} from '../encoding/statement.ts'

export const BEACON_BYTES_MAX = 512
export const BEACON_RECORD_BYTES_MAX = recordBytesMax(BEACON_BYTES_MAX)
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

export type BeaconFault = StatementFault

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
const FORM: StatementForm<Shaped<typeof beaconShape>> = {
  ...{ domain: 'beacon', what: 'beacon', recordWhat: 'beacon record' },
  ...{ bytesMax: BEACON_BYTES_MAX, depthMax: 2, shape: beaconShape },
  signer: { name: 'the device', keyOf: ({ device }) => device },
  faultOf: terms => lifeFault(terms, BEACON_LIFE_MAX_MS)
}

export function createBeacon(terms: BeaconTerms, keys: { sign: Sign; sha256: Sha256 }): Beacon {
  const signed = signStatement(
    'beacon',
    {
      v: 1,
      org: idBytes(terms.org),
      device: idBytes(terms.device),
      root: [terms.rootVersion, terms.rootHash],
      digest: terms.digest,
      operations: terms.operations,
      time: terms.timeMs,
      expires: terms.expiresMs
    },
    keys
  )
  const read = readTerms(FORM, signed.encoded)
  assert(read.ok, `a beacon that we sign is valid: ${read.ok ? '' : read.detail}`)
  return beaconOf(read.value, signed)
}

/** Decodes a beacon of any origin: its shape and its signature. Whether it counts is freshness.ts's to say. */
export function decodeBeacon(
  record: Uint8Array,
  keys: { verify: Verify; sha256: Sha256 }
): Outcome<Beacon, BeaconFault> {
  const opened = openStatement(FORM, record, keys)
  if (!opened.ok) return opened
  const { terms, hash: hashed } = opened.value
  return accepted(beaconOf(terms, { hash: hashed, record: record.slice() }))
}

function beaconOf(
  terms: Shaped<typeof beaconShape>,
  { hash: hashed, record }: Pick<Beacon, 'hash' | 'record'>
): Beacon {
  const [rootVersion, rootHash] = terms.root
  return {
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
  }
}
