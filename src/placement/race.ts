/**
 * The draw that orders devices for a unit: weighted rendezvous hashing (Thaler and Ravishankar 1998; weighted as in
 * Schindelhauer and Schomaker 2005, and CRUSH's straw2). Each pair of unit and device gives a number u in (0, 1),
 * evenly spread; the device's score is -ln(u) / weight, and the smallest score comes first. That is a race of
 * exponential clocks, from which two properties follow that all of placement rests on:
 *
 * - Whoever is first is so with a chance of its part of the weights, and the score of each pair depends on nothing
 *   else: a device that comes, goes or changes its weight moves only what it wins or loses itself.
 * - The first of a site runs as one device with the sum of the weights would. So one draw orders devices within sites
 *   and sites among each other, and a change inside a site does not move data twice, once for each level.
 *
 * Scores are the same to the last bit on every machine. The hash is on 32-bit integers. `Math.log` may differ between
 * engines, so the logarithm is a fixed series of +, *, and / on doubles, which ECMAScript defines exactly (IEEE 754,
 * to nearest, never fused).
 *
 * Nobody gains by a collision: who holds what it may hold anyhow proves it by other means. It is no secret and no
 * defence: a member that chooses its key can choose what it will be asked to hold.
 */

import { mixed32, textHash32 } from '../base/hash32.ts'

/** Goes into every hash. Another algorithm has another name, and so another order. */
export const PLACEMENT_ALGORITHM = 'peerage-placement-1'

/** 64 bits that stand for a name. */
export interface Seed {
  readonly a: number
  readonly b: number
}

export function seedOf(what: 'unit' | 'device', name: string): Seed {
  return {
    a: mixed32(textHash32(`${PLACEMENT_ALGORITHM} ${what} ${name}`)) | 0,
    b: mixed32(textHash32(`${name} ${what} ${PLACEMENT_ALGORITHM}`)) | 0
  }
}

/** What a pair hashes to, as a signed number: 32 bits, which fit a machine's word as they are. */
export function pairHash(unitA: number, unitB: number, deviceA: number, deviceB: number): number {
  return mixed32(mixed32(unitA ^ deviceA) ^ unitB ^ deviceB) | 0
}

const HASHES = 2 ** 32
const HALF = HASHES / 2
const LN2 = Math.LN2
const SERIES_TERMS = 17

/** -ln of the fraction for which a hash stands, (hash + 2^31 + 1/2) / 2^32, by the series of the area tangent. */
export function minusLn(hash: number): number {
  let x = (hash + HALF + 0.5) / HASHES
  let halvings = 0
  while (x < 0.5) {
    x *= 2
    halvings++
  }
  const z = (1 - x) / (1 + x)
  const square = z * z
  let sum = 0
  for (let term = SERIES_TERMS - 1; term >= 0; term--) sum = sum * square + 1 / (2 * term + 1)
  return halvings * LN2 + 2 * z * sum
}

export function score(hash: number, weight: number): number {
  return minusLn(hash) / weight
}

/**
 * A hash below this has no score below `horizon`, since -ln(u) >= 1 - u. It saves the logarithm for those that can not
 * be near the front.
 */
export function hashFloor(horizon: number, weight: number): number {
  return Math.max(0, Math.floor(HASHES * (1 - horizon * weight)) - 2) - HALF
}
