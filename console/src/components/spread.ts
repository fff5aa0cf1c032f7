/** How far a version has come, counted from who is known to hold how much of it. */

import type { Answer } from '../api/routes.ts'
import { counted } from './words.ts'

export type Version = Answer<'dataset'>['versions'][number]
export type Holder = Answer<'holders'>['holders'][number]

export interface Spread {
  /** Of members, as are those after it. */
  readonly whole: number
  readonly part: number
  readonly unknown: number
  /** Devices that are no members any more, and had some or all of it when they were. */
  readonly outside: number
}

export function spread({ holders, unknown }: Pick<Answer<'holders'>, 'holders' | 'unknown'>): Spread {
  const ofMembers = holders.filter(({ isMember }) => isMember)
  const whole = ofMembers.filter(({ isWhole }) => isWhole).length
  return { whole, part: ofMembers.length - whole, unknown, outside: holders.length - ofMembers.length }
}

/** What is said of those that are no members any more; null where there are none. */
export function outsideText({ outside }: Spread): string | null {
  if (outside === 0) return null
  const who = `${counted(outside, 'device')} that ${outside === 1 ? 'is no member' : 'are no members'} any more`
  return `${who} had it, in all or in part`
}

/** From none to all of it, 0 to 1; what is not whole is never 1. */
export function shareOf({ isWhole, havePieces }: Holder, totalPieces: number | null): number {
  if (isWhole) return 1
  if (havePieces === null || totalPieces === null || totalPieces === 0) return 0
  return Math.min(havePieces / totalPieces, 1 - Number.EPSILON)
}
