/**
 * What the code says, as directly as it can be written, for tests to compare with: products bit by bit, the parity of
 * one byte position at a time, and the cut of an object by walking over it. Shares nothing with what is tested.
 */

import { noise } from '../noise.conformance.ts'
import type { SharedObject } from './share-scheme.ts'

/** Noise of seeds that lie near each other and begin differently all the same; the golden shares are of it. */
export function spreadNoise(bytes: number, seed: number): Uint8Array {
  return noise(bytes, Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995)
}

/** Where the first of some buffers differ, or undefined: a difference of thousands of bytes takes minutes to print. */
export function firstDifference(
  actual: readonly Uint8Array[],
  expected: readonly Uint8Array[]
): string | undefined {
  if (actual.length !== expected.length) return `${actual.length} buffers, not ${expected.length}`
  for (const [row, bytes] of actual.entries()) {
    const other = expected[row] as Uint8Array
    if (bytes.length !== other.length) return `buffer ${row} has ${bytes.length} B, not ${other.length}`
    const at = bytes.findIndex((byte, at) => byte !== other[at])
    if (at >= 0) return `byte ${at} of buffer ${row} is ${bytes[at]}, not ${other[at]}`
  }
  return undefined
}

/** Polynomials multiplied, then divided by that of the field. */
export function slowProduct(a: number, b: number): number {
  let product = 0
  for (let bit = 0; bit < 8; bit++) if ((b >> bit) & 1) product ^= a << bit
  for (let bit = 14; bit >= 8; bit--) if ((product >> bit) & 1) product ^= 0x11d << (bit - 8)
  return product
}

function slowQuotient(a: number, b: number): number {
  for (let quotient = 0; quotient < 256; quotient++) if (slowProduct(quotient, b) === a) return quotient
  throw new Error(`${b} divides nothing`)
}

function slowCoefficient(row: number, column: number): number {
  return slowQuotient(255 ^ column, (255 - row) ^ column)
}

/** All k + m shares of an object. */
export function naiveShares(object: SharedObject, bytes: Uint8Array): Uint8Array[] {
  const { dataShares, parityShares, unitBytes, objectBytes } = object
  const shares: number[][] = Array.from({ length: dataShares + parityShares }, () => [])
  for (let from = 0; from < objectBytes; from += dataShares * unitBytes) {
    const left = objectBytes - from
    const unit = left >= dataShares * unitBytes ? unitBytes : Math.ceil(left / dataShares)
    for (let share = 0; share < dataShares; share++)
      for (let at = 0; at < unit; at++) shares[share]?.push(bytes[from + share * unit + at] ?? 0)
  }
  const length = shares[0]?.length ?? 0
  for (let row = 0; row < parityShares; row++) {
    const coefficients = Array.from({ length: dataShares }, (_, column) => slowCoefficient(row, column))
    for (let at = 0; at < length; at++)
      shares[dataShares + row]?.push(
        coefficients.reduce((sum, factor, share) => sum ^ slowProduct(factor, shares[share]?.[at] ?? 0), 0)
      )
  }
  return shares.map(share => Uint8Array.from(share))
}
