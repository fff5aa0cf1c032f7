/**
 * What is placed: a *unit* is a run of consecutive pieces of one version. Most versions are one unit, so that one
 * holder has all of it and can be read from alone. A version larger than UNIT_BYTES_MAX is cut into units of nearly
 * the same size, so that none asks more of a device than a laptop can give, and a repair has many sources and takers.
 *
 * The cut follows from the version alone, never from the fleet: so it is the same for every peer, and no change of the
 * fleet moves data by cutting it differently. It goes along pieces, which are what is verified and fetched.
 *
 * Price: a version of several units needs one holder of each to be read.
 */

import { assert } from '../base/assert.ts'
import type { VersionId } from '../base/ids.ts'
import { GIB } from '../base/units.ts'
import { type Policy, slotsToRead } from './policy.ts'

export const UNIT_BYTES_MAX = 16 * GIB
/** A version beyond this many units has larger ones. */
export const UNITS_PER_VERSION_MAX = 4096

export interface Unit {
  readonly version: VersionId
  /** Which run of pieces of the version. */
  readonly index: number
  readonly bytes: number
  readonly policy: Policy
  /** Of the data, as `Device.mayHold` lists them. */
  readonly dataClass: string
  /**
   * Who comes first where room is short: the smaller number, then the smaller name. With the time of publication new
   * data never moves old.
   */
  readonly seniority: number
}

export interface PieceRun {
  readonly first: number
  readonly count: number
}

/** Names a unit in the hash, in orders and in maps. */
export function unitName({ version, index }: Pick<Unit, 'version' | 'index'>): string {
  return `${version}/${index}`
}

/** What one slot of a unit takes on a device. */
export function slotBytes({ bytes, policy }: Unit): number {
  return Math.ceil(bytes / slotsToRead(policy))
}

/** The order in which units are given their places. */
export function bySeniority(a: Unit, b: Unit): number {
  if (a.seniority !== b.seniority) return a.seniority - b.seniority
  if (a.version !== b.version) return a.version < b.version ? -1 : 1
  return a.index - b.index
}

/** The runs of pieces of which a version is made; an empty version is one run without pieces. */
export function unitRuns(version: { readonly pieceCount: number; readonly pieceBytes: number }): PieceRun[] {
  const { pieceCount, pieceBytes } = version
  assert(pieceBytes > 0 && pieceBytes <= UNIT_BYTES_MAX, 'a piece fits into a unit')
  const piecesMax = Math.floor(UNIT_BYTES_MAX / pieceBytes)
  const units = Math.min(UNITS_PER_VERSION_MAX, Math.max(1, Math.ceil(pieceCount / piecesMax)))
  const start = (index: number): number => Math.floor((index * pieceCount) / units)
  return Array.from({ length: units }, (_, index) => ({
    first: start(index),
    count: start(index + 1) - start(index)
  }))
}
