/**
 * What the role table of an org lacks of the one that new orgs begin with. An org keeps the table that it was founded
 * with, so nobody may author what a later program knows until a next root says who may.
 *
 * Only adds: a type that an org took from a role on purpose comes back by this as well, so whoever proposes it reads
 * what it would change first, and may propose some roles of it only.
 */

import { DEFAULT_RANKS, DEFAULT_ROLES } from './default-roles.ts'
import type { RootChanges } from './root-changes.ts'
import type { RootTerms } from './root-terms.ts'

/** Those roles that gain something, with all that they then have; `only` names the roles that may. */
export function rolesLacking(
  before: Pick<RootTerms, 'roles' | 'ranks'>,
  only: readonly string[] = [...DEFAULT_ROLES.keys()]
): NonNullable<RootChanges['roles']> {
  const roles = new Map<string, { readonly types: readonly string[]; readonly rank: number }>()
  for (const name of only) {
    const types = DEFAULT_ROLES.get(name) ?? []
    const has = before.roles.get(name)
    const isLess = has === undefined ? DEFAULT_ROLES.has(name) : types.some(type => !has.includes(type))
    if (!isLess) continue
    roles.set(name, {
      types: [...new Set([...(has ?? []), ...types])].sort(),
      rank: before.ranks.get(name) ?? rankIn(before, name)
    })
  }
  return roles
}

/** The default rank, but below the admins' and no worse than that of every member, where the org has room for that. */
function rankIn({ ranks }: Pick<RootTerms, 'ranks'>, name: string): number {
  const best = (ranks.get('admin') ?? 0) + 1
  const worst = Math.max(ranks.get('device') ?? Number.POSITIVE_INFINITY, best)
  return Math.min(Math.max(DEFAULT_RANKS.get(name) ?? worst, best), worst)
}

/** Types of operation that a new org gives to some role, and this one to none. */
export function rolelessTypes({ roles }: Pick<RootTerms, 'roles'>): string[] {
  const given = new Set([...roles.values()].flat())
  return [...new Set([...DEFAULT_ROLES.values()].flat())].filter(type => !given.has(type)).sort()
}
