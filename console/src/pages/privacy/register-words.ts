/** Of the registers of privacy: bases of transfers, measures and kinds of transfer, in words. */

import type { Answer } from '../../api/routes.ts'
import type { Tone } from '../../components/dot.tsx'

export type Activity = Answer<'processing'>['activities'][number]
export type Measure = Answer<'processing'>['measures'][number]
export type Transfer = Answer<'placesOutside'>['transfers'][number]
type Basis = NonNullable<Transfer['place']['basis']>

export const BASES: Readonly<Record<Basis, string>> = {
  adequacy: 'adequacy decision (Art. 45)',
  clauses: 'standard contractual clauses (Art. 46(2)(c))',
  rules: 'binding corporate rules (Art. 47)',
  derogation: 'derogation (Art. 49)',
  other: 'other safeguards (Art. 46)'
}

export const KINDS: Readonly<Record<Transfer['kind'], string>> = {
  published: 'published there',
  kept: 'a copy is kept there',
  held: 'held there, by a log',
  'may-read': 'may be read there',
  'was-read': 'was read there'
}

const MEASURES: Readonly<Record<Measure['state'], readonly [Tone, string]>> = {
  'in-force': ['good', 'in force'],
  'in-part': ['warn', 'in part'],
  off: ['bad', 'not in force'],
  unknown: ['quiet', 'not known']
}

export function measureMark({ state }: Pick<Measure, 'state'>): readonly [Tone, string] {
  return MEASURES[state]
}

/** A transfer without a basis is what somebody has to see to. */
export function basisMark({
  basis,
  reference
}: Pick<Transfer['place'], 'basis' | 'reference'>): readonly [Tone, string] {
  if (basis === null) return ['bad', 'no basis is noted']
  return ['good', reference === null ? BASES[basis] : `${BASES[basis]}: ${reference}`]
}

/** "paris, FR": where a place is, as far as it is noted. */
export function placeText({ site, region, country }: Transfer['place']): string {
  return [site ?? 'site not known', region, country ?? 'no country noted']
    .filter(each => each !== null)
    .join(', ')
}

export function fillMark({ toFillIn }: Pick<Activity, 'toFillIn'>): readonly [Tone, string] {
  return toFillIn.length === 0 ? ['good', 'complete'] : ['warn', `${toFillIn.length} to fill in`]
}
