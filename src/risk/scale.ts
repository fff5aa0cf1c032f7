/**
 * The scale of the risk register: likelihood and impact from 1 to 5, with the words of NIST SP 800-30 Rev. 1 (tables
 * G-2, G-3 and H-3); a score is their product, as in the matrix method of ISO/IEC 27005:2022 annex A. Pure data.
 */

export const DEGREES = [1, 2, 3, 4, 5] as const
export type Degree = (typeof DEGREES)[number]
export const SCORE_MAX = 25

interface DegreeWords {
  readonly word: string
  readonly likelihood: string
  readonly impact: string
}

export const DEGREE_WORDS: Readonly<Record<Degree, DegreeWords>> = {
  1: {
    word: 'very low',
    likelihood: 'less than once in ten years',
    impact: 'no work is delayed, and nobody is harmed'
  },
  2: {
    word: 'low',
    likelihood: 'about once in ten years',
    impact: 'some work is delayed for hours, or little data has to be made again'
  },
  3: {
    word: 'moderate',
    likelihood: 'about once in a year',
    impact: 'work stops at a site for a day, or a duty to others is missed once'
  },
  4: {
    word: 'high',
    likelihood: 'several times in a year',
    impact: 'work of the org stops for days, or confidential data is in wrong hands'
  },
  5: {
    word: 'very high',
    likelihood: 'at any time, or it is happening',
    impact: 'data that can not be made again is lost, or the org loses control of the network'
  }
}

export function degree(value: number): Degree {
  return Math.min(5, Math.max(1, Math.trunc(value))) as Degree
}

/** From 1 to 25. */
export function scoreOf({ likelihood, impact }: { likelihood: Degree; impact: Degree }): number {
  return likelihood * impact
}
