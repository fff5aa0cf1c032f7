/**
 * How long an object is made, so that its size says little about what is in it: Padmé (Nikitin et al., Reducing
 * Metadata Leakage from Encrypted Files and Communication with PURBs, PETS 2019). A size is a floating point number
 * with an exponent and no longer a significand than the exponent has digits. It lets out O(log log L) bits of the
 * size, and costs less than an eighth of it, ever less as it grows.
 *
 * Below the minimum all sizes look alike.
 */

import { assert } from '../../base/assert.ts'
import { KIB } from '../../base/units.ts'

/** A block of common file systems, which any shorter file takes as well. */
export const PADDED_BYTES_MIN = 4 * KIB

/** The smallest Padmé size that holds `bytes`. */
export function paddedBytesOf(bytes: number): number {
  assert(Number.isSafeInteger(bytes) && bytes >= 0, `${bytes} is a size`)
  const length = Math.max(bytes, PADDED_BYTES_MIN)
  const exponent = floorLog2(length)
  const significandBits = floorLog2(exponent) + 1
  const step = 2 ** (exponent - significandBits)
  return Math.ceil(length / step) * step
}

/** Exact for every safe integer, unlike a logarithm. */
function floorLog2(value: number): number {
  let exponent = 0
  for (let power = 2; power <= value; power *= 2) exponent++
  return exponent
}
