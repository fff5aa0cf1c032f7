/**
 * The field GF(2^8) in which shares are computed: bytes are polynomials over GF(2) modulo x^8 + x^4 + x^3 + x^2 + 1, as
 * in most Reed-Solomon codes for storage. Addition and subtraction are both exclusive or. 2 generates all elements but
 * 0, so that products are sums of logarithms.
 */

import { assert } from '../../base/assert.ts'

const POLYNOMIAL = 0x11d
const ELEMENTS = 256
/** Of the multiplicative group. */
const ORDER = ELEMENTS - 1

/** Powers of 2; twice around, so that a sum of two logarithms needs no modulo. */
const POWERS = new Uint8Array(2 * ORDER)
const LOGARITHMS = new Uint8Array(ELEMENTS)
for (let exponent = 0, power = 1; exponent < ORDER; exponent++) {
  POWERS[exponent] = power
  POWERS[exponent + ORDER] = power
  LOGARITHMS[power] = exponent
  power <<= 1
  if (power >= ELEMENTS) power ^= POLYNOMIAL
}

export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0
  return POWERS[(LOGARITHMS[a] as number) + (LOGARITHMS[b] as number)] as number
}

export function divide(a: number, b: number): number {
  assert(b !== 0, 'nothing is divided by 0')
  if (a === 0) return 0
  return POWERS[(LOGARITHMS[a] as number) + ORDER - (LOGARITHMS[b] as number)] as number
}

/** The products of a coefficient with all bytes, by byte. */
export function productsOf(coefficient: number): Uint8Array {
  return Uint8Array.from({ length: ELEMENTS }, (_, byte) => multiply(coefficient, byte))
}
