/**
 * What devices tell each other of freshness: the newest beacon of each signer, and the overrides. One message serves
 * both directions of an exchange and, with a single record in it, gossip. It carries records as they were signed; each
 * is judged for itself, and nothing follows from who passed it on.
 */

import { BEACON_SIGNERS_MAX } from '../chain/root.ts'
import { type CborFault, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { accepted, type Outcome, rejected } from '../encoding/outcome.ts'
import { bytesUpTo, exactly, fieldOf, list, Misshape, object, oneOf } from '../encoding/shape.ts'
import { BEACON_RECORD_BYTES_MAX } from './beacon.ts'
import { OVERRIDE_RECORD_BYTES_MAX } from './override.ts'
import { OVERRIDES_MAX } from './override-shelf.ts'

export const BEACON_EXCHANGE_BYTES_MAX = 1024 * 1024

export interface BeaconExchange {
  /** Records, at most one for each signer. */
  readonly beacons: readonly Uint8Array[]
  readonly overrides: readonly Uint8Array[]
}

export type BeaconExchangeFault = CborFault | 'unknown-version'

const exchangeShape = object({
  v: exactly(1),
  kind: oneOf(['newest']),
  beacons: list(bytesUpTo(BEACON_RECORD_BYTES_MAX), BEACON_SIGNERS_MAX),
  overrides: list(bytesUpTo(OVERRIDE_RECORD_BYTES_MAX), OVERRIDES_MAX)
})

export function encodeBeaconExchange({ beacons, overrides }: BeaconExchange): Uint8Array {
  return encodeCbor({ v: 1, kind: 'newest', beacons, overrides })
}

export function decodeBeaconExchange(encoded: Uint8Array): Outcome<BeaconExchange, BeaconExchangeFault> {
  const decoded = decodeCbor(encoded, { bytesMax: BEACON_EXCHANGE_BYTES_MAX, depthMax: 2 })
  if (!decoded.ok) return decoded
  const v = fieldOf(decoded.value, 'v')
  if (typeof v === 'number' && v !== 1) return rejected('unknown-version', `version ${v} is not known here`)
  const exchange = exchangeShape(decoded.value)
  if (exchange instanceof Misshape) return rejected('malformed', `beacon exchange: ${exchange}`)
  return accepted({ beacons: exchange.beacons, overrides: exchange.overrides })
}
