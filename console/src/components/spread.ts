/** How far a version has come, counted from who is known to hold how much of it. */

import type { Answer } from '../api/routes.ts'

export type Version = Answer<'dataset'>['versions'][number]
export type Holder = Answer<'holders'>['holders'][number]

export interface Spread {
  readonly whole: number
  readonly part: number
  readonly unknown: number
}

export function spread({ holders, unknown }: Pick<Answer<'holders'>, 'holders' | 'unknown'>): Spread {
  const whole = holders.filter(({ isWhole }) => isWhole).length
  return { whole, part: holders.length - whole, unknown }
}

/** From none to all of it, 0 to 1; what is not whole is never 1. */
export function shareOf({ isWhole, havePieces }: Holder, totalPieces: number | null): number {
  if (isWhole) return 1
  if (havePieces === null || totalPieces === null || totalPieces === 0) return 0
  return Math.min(havePieces / totalPieces, 1 - Number.EPSILON)
}
