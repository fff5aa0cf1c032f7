/**
 * Where the bytes of an object lie in its shares.
 *
 * The object is cut into stripes of k units, a unit for each data share in turn; what stripe s puts into a share lies
 * at s units from the share's beginning. The last stripe is cut into k equal units that are as short as they can be,
 * so that shares of a small object are small; zeros follow its last byte, fewer than k of them. All shares of an
 * object, parity too, are of one length.
 *
 *     k = 3     stripe 0         stripe 1      last
 *     object    AAAA BBBB CCCC   DDDD EEEE FFFF   GG HH I
 *     share 0   AAAA DDDD GG
 *     share 1   BBBB EEEE HH
 *     share 2   CCCC FFFF I0
 *
 * So a range of the object is read from the data shares that have it, without any decoding, and coding needs memory
 * for one stripe, or less: bytes at equal offsets of the shares are a codeword each.
 */

import { assert } from '../../base/assert.ts'
import type { SharedObject } from './share-scheme.ts'

/** What one stripe is of. */
export interface Stripe {
  readonly objectOffset: number
  /** Bytes of the object in it, without padding. */
  readonly bytes: number
  /** Where its units lie, in every share. */
  readonly shareOffset: number
  readonly unitBytes: number
}

/** Bytes that follow each other in the object as in a share. */
export interface ShareRun {
  readonly share: number
  readonly shareOffset: number
  readonly objectOffset: number
  readonly bytes: number
}

/** Of a full stripe, padding excluded. */
export function stripeBytes({ dataShares, unitBytes }: SharedObject): number {
  return dataShares * unitBytes
}

export function stripeCount(object: SharedObject): number {
  return Math.ceil(object.objectBytes / stripeBytes(object))
}

export function stripeAt(object: SharedObject, index: number): Stripe {
  assert(index >= 0 && index < stripeCount(object), 'the object has the stripe')
  const objectOffset = index * stripeBytes(object)
  const bytes = Math.min(stripeBytes(object), object.objectBytes - objectOffset)
  const shareOffset = index * object.unitBytes
  return { objectOffset, bytes, shareOffset, unitBytes: Math.ceil(bytes / object.dataShares) }
}

/** Length of every share. */
export function shareBytes(object: SharedObject): number {
  const count = stripeCount(object)
  if (count === 0) return 0
  const last = stripeAt(object, count - 1)
  return last.shareOffset + last.unitBytes
}

/** The runs that a range of the object consists of, in order; together they are as long as the range. */
export function* shareRuns(
  object: SharedObject,
  range: { readonly objectOffset: number; readonly bytes: number }
): Generator<ShareRun> {
  const end = range.objectOffset + range.bytes
  assert(range.objectOffset >= 0 && range.bytes >= 0 && end <= object.objectBytes, 'the object has the range')
  let objectOffset = range.objectOffset
  while (objectOffset < end) {
    const stripe = stripeAt(object, Math.floor(objectOffset / stripeBytes(object)))
    const inStripe = objectOffset - stripe.objectOffset
    const share = Math.floor(inStripe / stripe.unitBytes)
    const inUnit = inStripe - share * stripe.unitBytes
    const bytes = Math.min(stripe.unitBytes - inUnit, end - objectOffset)
    yield { share, shareOffset: stripe.shareOffset + inUnit, objectOffset, bytes }
    objectOffset += bytes
  }
}

/** Which byte of the object a byte of a share is; undefined in parity and padding. */
export function objectOffsetOf(
  object: SharedObject,
  position: { readonly share: number; readonly shareOffset: number }
): number | undefined {
  const { share, shareOffset } = position
  assert(shareOffset >= 0 && shareOffset < shareBytes(object), 'the share has the byte')
  if (share >= object.dataShares) return undefined
  const stripe = stripeAt(object, Math.floor(shareOffset / object.unitBytes))
  const inStripe = share * stripe.unitBytes + shareOffset - stripe.shareOffset
  return inStripe < stripe.bytes ? stripe.objectOffset + inStripe : undefined
}
