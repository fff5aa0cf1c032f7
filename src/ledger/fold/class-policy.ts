/**
 * How content of a class is kept: what the org has said, else what everybody takes for said. And what follows: how
 * fresh a view has to be, and how the versions of a dataset are stored.
 */

import type { DatasetClass } from '../encoding/names.ts'
import type { ClassRules } from '../operation/operation-content.ts'
import type { State } from './state.ts'

const PLAIN: ClassRules = {
  sealed: false,
  holders: 'members',
  stalenessMs: null,
  leaves: false,
  scan: false,
  copies: 1,
  sites: 1,
  retentionMs: null
}
export const DEFAULT_CLASS_RULES: Readonly<Record<DatasetClass, ClassRules>> = {
  public: { ...PLAIN, leaves: true },
  internal: PLAIN,
  confidential: { ...PLAIN, sealed: true, copies: 2 },
  restricted: { ...PLAIN, sealed: true, holders: 'storage', copies: 2 }
}

export function classRules(state: State, name: DatasetClass): ClassRules {
  return state.classes.get(name) ?? DEFAULT_CLASS_RULES[name]
}

/** How old a view may be for each class; null without a limit. A class may shorten what the root allows. */
export function stalenessLimitsMs(state: State): Readonly<Record<DatasetClass, number | null>> {
  const limitOf = (name: DatasetClass): number | null =>
    smaller(state.root.stalenessMs[name], classRules(state, name).stalenessMs)
  return {
    public: limitOf('public'),
    internal: limitOf('internal'),
    confidential: limitOf('confidential'),
    restricted: limitOf('restricted')
  }
}

export interface StorageTerms {
  readonly copies: number
  readonly sites: number
  /** Empty for anywhere, and for any. */
  readonly regions: readonly string[]
  readonly kinds: readonly string[]
  readonly shares: { readonly data: number; readonly parity: number } | null
  readonly retentionMs: number | null
}

/**
 * How versions of a class are stored under a name. An owner asks for more than the class does, or for a shorter life,
 * and never for less.
 */
export function storageTerms(
  state: State,
  { name, class: of }: { name: string; class: DatasetClass }
): StorageTerms {
  const rules = classRules(state, of)
  const own = state.datasets.get(name)?.storage
  return {
    copies: Math.max(rules.copies, own?.copies ?? 0),
    sites: Math.max(rules.sites, own?.sites ?? 0),
    regions: own?.regions ?? [],
    kinds: own?.kinds ?? [],
    shares: own?.shares ?? null,
    retentionMs: smaller(rules.retentionMs, own?.retentionMs ?? null)
  }
}

function smaller(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
