/**
 * Fuzz target of beacons, overrides and their exchange: each input is tried as each kind of record, and as the bytes
 * inside one, with every signature taken for good. What decodes is written again to the very same bytes.
 */

import { createHash } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { equalBytes, toHex } from '../../base/bytes.ts'
import { deviceIdFromBytes, orgIdFromBytes } from '../../base/ids.ts'
import { encodeCbor } from '../encoding/cbor.ts'
import type { Sha256 } from '../encoding/signature.ts'
import { createBeacon, decodeBeacon } from './beacon.ts'
import { decodeBeaconExchange, encodeBeaconExchange } from './beacon-exchange.ts'
import { createOverride, decodeOverride } from './override.ts'

const UNSIGNED = new Uint8Array(64)
const KEY = new Uint8Array(32).fill(2)
const sha256: Sha256 = bytes => new Uint8Array(createHash('sha256').update(bytes).digest())
const keys = { verify: () => true, sha256 }
const signing = { sign: () => UNSIGNED, sha256 }
const org = orgIdFromBytes(new Uint8Array(32).fill(1))
const device = deviceIdFromBytes(KEY)

const beacon = createBeacon(
  {
    org,
    device,
    rootVersion: 3,
    rootHash: new Uint8Array(32).fill(4),
    digest: new Uint8Array(32).fill(5),
    operations: 70_000,
    timeMs: 1_800_000_000_000,
    expiresMs: 1_800_000_900_000
  },
  signing
)
const override = createOverride(
  {
    org,
    rootHash: new Uint8Array(32).fill(4),
    classes: ['internal', 'restricted'],
    reason: 'the line to the signers is cut',
    devices: [device],
    timeMs: 1_800_000_000_000,
    expiresMs: 1_800_003_600_000
  },
  { signers: [{ key: device, sign: () => UNSIGNED }], sha256 }
)
const exchange = { beacons: [beacon.record], overrides: [override.record] }

/** Whole records, and the bytes inside them between the heads and the signatures. */
export const seeds: Uint8Array[] = [
  beacon.record,
  beacon.record.slice(3, -66),
  override.record,
  override.record.slice(3, -101),
  encodeBeaconExchange(exchange)
]

export function fuzz(input: Uint8Array): void {
  checkBeacon(input)
  checkBeacon(encodeCbor([input, UNSIGNED]))
  checkOverride(input)
  checkOverride(encodeCbor([input, [[KEY, UNSIGNED]]]))
  const decoded = decodeBeaconExchange(input)
  if (decoded.ok) assert(equalBytes(encodeBeaconExchange(decoded.value), input), 'a message has one encoding')
}

function checkBeacon(record: Uint8Array): void {
  const decoded = decodeBeacon(record, keys)
  if (!decoded.ok) return
  const again = createBeacon(decoded.value, signing)
  assert(equalBytes(again.hash, decoded.value.hash), 'a beacon has one encoding')
}

function checkOverride(record: Uint8Array): void {
  const decoded = decodeOverride(record, keys)
  if (!decoded.ok) return
  const signers = decoded.value.signers.map(key => ({ key, sign: () => UNSIGNED }))
  assert(signers.length > 0, 'somebody signed')
  const again = createOverride(decoded.value, { signers, sha256 })
  assert(again.id === decoded.value.id, `an override has one encoding: ${toHex(again.record)}`)
}
