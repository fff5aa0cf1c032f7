/**
 * Decides which version a followed destination should be at. Pure: what the ledger says of each version comes in as
 * its verdict.
 *
 * - It goes to the newest version that is good: not withdrawn, readable here, and not one whose hook failed.
 * - While it is pinned by a rollback, to the newest good one that is not newer than the pin.
 * - It leaves the version that it is at only for a newer one, or when that one is withdrawn, its hook failed, or a
 *   person rolls back. That this device may not read it any more is no reason: then it may read no other either, or
 *   its view of the ledger is too old to tell.
 */

import type { VersionId } from '../../base/ids.ts'
import type { SwitchReason } from './follow-terms.ts'

export type Verdict =
  | { readonly kind: 'good' }
  /** Recalled, quarantined, retired or expired: nobody should use it. */
  | { readonly kind: 'withdrawn'; readonly detail: string }
  /** This device may not read it now. */
  | { readonly kind: 'denied'; readonly detail: string }

export interface Candidate {
  readonly version: VersionId
  readonly ordinal: number
  readonly verdict: Verdict
}

export interface Situation {
  /** By ordinal, ascending. */
  readonly candidates: readonly Candidate[]
  readonly current: { readonly version: VersionId; readonly ordinal: number } | null
  readonly failed: ReadonlySet<VersionId>
  readonly pinned: number | null
}

export interface PassedOver {
  readonly ordinal: number
  readonly detail: string
}

export type Choice = {
  /** Newer than where it is or goes, and why not those. */
  readonly passedOver: readonly PassedOver[]
} & (
  | { readonly kind: 'stay' }
  | {
      readonly kind: 'go'
      readonly to: Candidate
      readonly reason: SwitchReason
      /** What stands against the version that is left; undefined when nothing does. */
      readonly withdrawn: string | undefined
    }
  /** It is where it should not be, or nowhere, and there is nothing to go to. */
  | { readonly kind: 'stuck'; readonly detail: string; readonly isWithdrawn: boolean }
)

export function chooseVersion(situation: Situation): Choice {
  const { candidates, current, failed, pinned } = situation
  const to = candidates.findLast(candidate => faultOf(candidate, situation) === undefined)
  const here = current ?? undefined
  const own = candidates.filter(({ version }) => version === here?.version)
  const withdrawn = withdrawnDetail(own)
  const fromOrdinal = to?.ordinal ?? here?.ordinal ?? 0
  const passedOver = candidates
    .filter(({ ordinal, version }) => ordinal > fromOrdinal && version !== to?.version)
    .flatMap(candidate => {
      const detail = faultOf(candidate, situation)
      return detail === undefined ? [] : [{ ordinal: candidate.ordinal, detail }]
    })
  if (to === undefined) {
    if (here !== undefined && withdrawn === undefined) return { kind: 'stay', passedOver }
    const detail = withdrawn ?? passedOver.at(-1)?.detail ?? 'it has no version yet'
    return { kind: 'stuck', detail, isWithdrawn: withdrawn !== undefined, passedOver }
  }
  if (to.version === here?.version) return { kind: 'stay', passedOver }
  const go = (reason: SwitchReason): Choice => ({ kind: 'go', to, reason, withdrawn, passedOver })
  if (here === undefined) return go(pinned === null ? 'new' : 'rollback')
  if (withdrawn !== undefined) return go('withdrawn')
  const isNewer = own.every(({ ordinal }) => to.ordinal > ordinal) && to.ordinal > here.ordinal
  if (isNewer) return go('new')
  if (pinned !== null && here.ordinal > pinned) return go('rollback')
  if (failed.has(here.version)) return go('hook-failed')
  return { kind: 'stay', passedOver }
}

/** Of a version that is published several times under the name one good publication is enough. */
function withdrawnDetail(own: readonly Candidate[]): string | undefined {
  const details = own.map(({ verdict }) => (verdict.kind === 'withdrawn' ? verdict.detail : undefined))
  return details.every(detail => detail !== undefined) ? details.at(-1) : undefined
}

function faultOf(candidate: Candidate, { failed, pinned }: Situation): string | undefined {
  const { ordinal, version, verdict } = candidate
  if (verdict.kind !== 'good') return verdict.detail
  if (failed.has(version)) return 'its hook failed'
  if (pinned !== null && ordinal > pinned) return `pinned to version ${pinned}`
  return undefined
}
