/** What the ledger says of each version of a dataset, as verdicts for version-choice.ts. */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import { contentFault, mayRead } from '../../ledger/fold/access.ts'
import { type DatasetVersion, isAvailable, type State } from '../../ledger/fold/state.ts'
import type { Candidate, Verdict } from './version-choice.ts'

export interface LedgerCandidate extends Candidate {
  readonly files: number
  readonly bytes: number
}

export interface LedgerView {
  readonly state: State
  readonly device: DeviceId
  readonly nowMs: number
  /** Why a version can not be fetched now although the ledger allows it; undefined when it can, or need not. */
  readonly fetchFault: (version: VersionId) => string | undefined
}

/** Undefined for an unknown name. Verdicts are made when they are asked for: most versions are never looked at. */
export function ledgerCandidates(name: string, view: LedgerView): LedgerCandidate[] | undefined {
  return view.state.datasets.get(name)?.versions.map(published => {
    let verdict: Verdict | undefined
    return {
      ...{ version: published.version, ordinal: published.ordinal },
      ...{ files: published.files, bytes: published.bytes },
      get verdict() {
        verdict ??= verdictOn(published, view)
        return verdict
      }
    }
  })
}

function verdictOn(published: DatasetVersion, { state, device, nowMs, fetchFault }: LedgerView): Verdict {
  const { version, ordinal } = published
  const fault = contentFault(state.content.get(version))
  if (fault !== undefined) return { kind: 'withdrawn', detail: fault.detail }
  if (!isAvailable(published, nowMs)) {
    const how = published.retiredBy === undefined ? 'has expired' : 'is retired'
    return { kind: 'withdrawn', detail: `version ${ordinal} ${how}` }
  }
  const decision = mayRead(state, device, version, nowMs)
  if (!decision.allowed) return { kind: 'denied', detail: decision.detail }
  const detail = fetchFault(version)
  return detail === undefined ? { kind: 'good' } : { kind: 'denied', detail }
}
