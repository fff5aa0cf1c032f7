/**
 * How an object is kept as shares, and the record that says so: k data shares, which are the object's own bytes, and m
 * parity shares, any k of all of which are enough. docs/protocol-erasure.md is normative.
 *
 *     "PSHR" | version, 1 byte | k, 1 byte | m, 1 byte | base-2 logarithm of the unit, 1 byte | bytes of the object, u64
 *
 * Big-endian. The record does not name the shares: whoever keeps it says which objects they are, in the order of their
 * indexes, from 0 on, data before parity.
 */

import { assert } from '../../base/assert.ts'
import { equalBytes, utf8 } from '../../base/bytes.ts'
import { KIB, MIB } from '../../base/units.ts'

/** With one, shares would be copies, which need no code. */
export const DATA_SHARES_MIN = 2
export const PARITY_SHARES_MIN = 1
/** Of k + m. */
export const SHARES_MAX = 32
/** A block, so that whole units are whole leaves of the share's Merkle tree. */
export const UNIT_BYTES_MIN = 16 * KIB
export const UNIT_BYTES_DEFAULT = 64 * KIB
export const UNIT_BYTES_MAX = MIB
/** Far from where offsets, and quotients of them that are rounded to a whole, would no longer be exact. */
export const OBJECT_BYTES_MAX = 2 ** 50

export interface ShareScheme {
  /** k */
  readonly dataShares: number
  /** m */
  readonly parityShares: number
  /** What goes to one share before the next one's turn; a power of two. */
  readonly unitBytes: number
}

/** All that has to be known of an object to make, find and decode its shares. */
export interface SharedObject extends ShareScheme {
  readonly objectBytes: number
}

const MAGIC = utf8('PSHR')
const FORMAT = 1
export const SHARED_OBJECT_RECORD_BYTES = 16

/** What is wrong with it, or undefined. */
export function schemeFault({ dataShares, parityShares, unitBytes }: ShareScheme): string | undefined {
  if (!Number.isInteger(dataShares) || dataShares < DATA_SHARES_MIN)
    return `${dataShares} data shares, at least ${DATA_SHARES_MIN}`
  if (!Number.isInteger(parityShares) || parityShares < PARITY_SHARES_MIN)
    return `${parityShares} parity shares, at least ${PARITY_SHARES_MIN}`
  if (dataShares + parityShares > SHARES_MAX)
    return `${dataShares + parityShares} shares, at most ${SHARES_MAX}`
  if (unitBytes < UNIT_BYTES_MIN || unitBytes > UNIT_BYTES_MAX || !Number.isInteger(Math.log2(unitBytes)))
    return `a unit of ${unitBytes} B, no power of two from ${UNIT_BYTES_MIN} to ${UNIT_BYTES_MAX}`
  return undefined
}

function sharedObjectFault(object: SharedObject): string | undefined {
  const { objectBytes } = object
  if (!Number.isInteger(objectBytes) || objectBytes < 0 || objectBytes > OBJECT_BYTES_MAX)
    return `an object of ${objectBytes} B, at most ${OBJECT_BYTES_MAX}`
  return schemeFault(object)
}

export function encodeSharedObject(object: SharedObject): Uint8Array {
  const fault = sharedObjectFault(object)
  assert(fault === undefined, `what is written can be read: ${fault}`)
  const bytes = new Uint8Array(SHARED_OBJECT_RECORD_BYTES)
  bytes.set(MAGIC)
  bytes.set([FORMAT, object.dataShares, object.parityShares, Math.log2(object.unitBytes)], MAGIC.length)
  new DataView(bytes.buffer).setBigUint64(MAGIC.length + 4, BigInt(object.objectBytes))
  return bytes
}

/** A text says what is wrong with the bytes. */
export function decodeSharedObject(bytes: Uint8Array): SharedObject | string {
  if (bytes.length !== SHARED_OBJECT_RECORD_BYTES)
    return `${bytes.length} B, not ${SHARED_OBJECT_RECORD_BYTES}`
  if (!equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) return 'no record of shares'
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const format = view.getUint8(MAGIC.length)
  if (format !== FORMAT) return `a record of shares of format ${format}, not ${FORMAT}`
  const object: SharedObject = {
    dataShares: view.getUint8(MAGIC.length + 1),
    parityShares: view.getUint8(MAGIC.length + 2),
    unitBytes: 2 ** view.getUint8(MAGIC.length + 3),
    objectBytes: Number(view.getBigUint64(MAGIC.length + 4))
  }
  return sharedObjectFault(object) ?? object
}
