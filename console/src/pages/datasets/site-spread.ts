/** How far a version has come at each site: its devices, and how much each of them is known to have. */

import type { Answer } from '../../api/routes.ts'
import { type Holder, shareOf } from '../../components/spread.ts'
import { COLLATOR } from '../../components/words.ts'

type Member = Pick<Answer<'devices'>['devices'][number], 'device' | 'name' | 'site' | 'standing'>

export interface SpreadCell {
  readonly device: string
  readonly name: string | null
  /** From none that is known to all of it, 0 to 1. */
  readonly share: number
}

export interface SiteSpread {
  /** Null for devices whose site is not known. */
  readonly site: string | null
  readonly cells: readonly SpreadCell[]
  readonly whole: number
  /** What its devices have together, of what they would have: 0 to 1. */
  readonly share: number
}

/**
 * Sites with the most devices first. Who is no member any more is at none of them: a site would have all that it can
 * and not look so, or look so by a device that gives nothing to anybody.
 */
export function siteSpreads(
  members: readonly Member[],
  holders: readonly Holder[],
  totalPieces: number | null
): readonly SiteSpread[] {
  const shares = new Map(holders.map(holder => [holder.device as string, shareOf(holder, totalPieces)]))
  const known = new Set(members.map(({ device }) => device as string))
  const all = [
    ...members.filter(({ standing }) => standing === 'member'),
    ...holders.filter(({ device, isMember }) => isMember && !known.has(device))
  ]
  return [...Map.groupBy(all, ({ site }) => site)]
    .map(([site, there]) => {
      const cells = there
        .map(({ device, name }) => ({ device, name, share: shares.get(device) ?? 0 }))
        .toSorted((a, b) => COLLATOR.compare(a.name ?? a.device, b.name ?? b.device))
      return {
        ...{ site, cells, whole: cells.filter(({ share }) => share === 1).length },
        share: cells.reduce((sum, { share }) => sum + share, 0) / cells.length
      }
    })
    .toSorted((a, b) => b.cells.length - a.cells.length || COLLATOR.compare(a.site ?? '', b.site ?? ''))
}
