/**
 * Counts what takes long to count in a large org: how safe each stored version is, and which erasures are open. In
 * turns, so that it holds up nothing; `OrgSurveyor` keeps the last, and makes another when that is asked for and it has aged.
 */

import type { DeviceId } from '../../base/ids.ts'
import { DAY_MS, SECOND_MS } from '../../base/units.ts'
import { holdsOn } from '../../ledger/fold/deletion.ts'
import { type ErasureEntry, isMember, type State } from '../../ledger/fold/state.ts'
import { CLOCK_TOLERANCE_MS } from '../../ledger/freshness/freshness.ts'
import { unplacedBytes } from '../../placement/capacity.ts'
import type { Terms } from '../../placement/holding.ts'
import type { Policy } from '../../placement/policy.ts'
import { type Holder, safetyOf } from '../../placement/safety.ts'
import { countedParts, provedHolders } from '../storage/proved-holders.ts'
import type { StoragePlaces } from '../storage/storage-map.ts'
import { inTurns } from '../turns.ts'
import type { CaseState, OrgSurvey, UnitSafety } from './measures-terms.ts'

/** Within a month of a request it has to be answered (GDPR, article 12). */
export const ERASURE_DUE_MS = 30 * DAY_MS
/** A survey is good for so long, and for so many times what it took: so it takes a twentieth of the time at most. */
const AGE_MIN_MS = 10 * SECOND_MS
const AGE_FACTOR = 20
/** Who asks waits for so long; then it gets the one before. */
const PATIENCE_MS = SECOND_MS / 2

export interface SurveyedOrg {
  readonly state: State
  readonly places: StoragePlaces
  readonly terms: Terms
  /** When each device joined first. */
  readonly joinedMs: ReadonlyMap<DeviceId, number>
}

export function unitSafety(policy: Policy, holders: readonly Holder[]): UnitSafety {
  const { isKept, survives } = safetyOf(policy, holders)
  if (survives === undefined) return 'unreadable'
  if (isKept) return 'kept'
  return survives.devices === 0 ? 'at-risk' : 'below'
}

export function* surveyOrg({ state, places, terms, joinedMs }: SurveyedOrg): Generator<void, OrgSurvey> {
  const units = { kept: 0, below: 0, 'at-risk': 0, unreadable: 0 }
  let unplaced = 0
  for (const stored of places.stored) {
    yield
    const { devices } = places
    units[unitSafety(stored.unit.policy, provedHolders(countedParts(stored), { state, devices, terms }))]++
    const assignment = places.assignments.get(stored.unit.version)
    if (assignment !== undefined) unplaced += unplacedBytes(assignment)
  }
  return { units, unplacedBytes: unplaced, ...(yield* surveyCases({ state, terms, joinedMs })) }
}

function* surveyCases({
  state,
  terms: { nowMs },
  joinedMs
}: Omit<SurveyedOrg, 'places'>): Generator<void, Omit<OrgSurvey, 'units' | 'unplacedBytes'>> {
  const members = [...state.devices.keys()].filter(device => isMember(state, device, nowMs))
  const missingOf = ({ confirmations, timeMs }: ErasureEntry): number => {
    const isConcerned = (device: DeviceId) => (joinedMs.get(device) ?? 0) <= timeMs + CLOCK_TOLERANCE_MS
    return members.filter(device => !confirmations.has(device) && isConcerned(device)).length
  }
  const cases: Record<CaseState, number> = { waiting: 0, held: 0, confirmed: 0 }
  let casesOverdue = 0
  let confirmationsMissing = 0
  for (const erasures of Map.groupBy(state.erasures.values(), each => each.case).values()) {
    let missing = 0
    for (const erasure of erasures) {
      yield
      missing += missingOf(erasure)
    }
    const isHeld = erasures.some(({ version }) => holdsOn(state, version).length > 0)
    const begunMs = Math.min(...erasures.map(({ timeMs }) => timeMs))
    cases[missing === 0 ? 'confirmed' : isHeld ? 'held' : 'waiting']++
    confirmationsMissing += missing
    if (missing > 0 && begunMs + ERASURE_DUE_MS < nowMs) casesOverdue++
  }
  return { cases, casesOverdue, confirmationsMissing }
}

export interface OrgSurveyorInit {
  /** What is to be surveyed; undefined while it is not all here. */
  readonly steps: () => Promise<Generator<void, OrgSurvey> | undefined>
  readonly nowMs?: () => number
}

interface Made {
  readonly survey: OrgSurvey
  readonly endedMs: number
  readonly tookMs: number
}

export class OrgSurveyor {
  readonly #init: OrgSurveyorInit
  readonly #nowMs: () => number
  #last: Made | undefined
  #running: Promise<void> | undefined

  constructor(init: OrgSurveyorInit) {
    this.#init = init
    this.#nowMs = init.nowMs ?? (() => performance.now())
  }

  /** The last survey, after a moment for a new one if that has aged. */
  async read(): Promise<(OrgSurvey & { readonly ageMs: number; readonly tookMs: number }) | null> {
    if (this.#isDue()) {
      this.#running ??= this.#make().finally(() => {
        this.#running = undefined
      })
      const patience = Promise.withResolvers<void>()
      const timer = setTimeout(patience.resolve, PATIENCE_MS)
      await Promise.race([this.#running, patience.promise])
      clearTimeout(timer)
    }
    if (this.#last === undefined) return null
    const { survey, endedMs, tookMs } = this.#last
    return { ...survey, tookMs, ageMs: Math.max(0, this.#nowMs() - endedMs) }
  }

  #isDue(): boolean {
    if (this.#last === undefined) return true
    const { endedMs, tookMs } = this.#last
    return this.#nowMs() >= endedMs + Math.max(AGE_MIN_MS, AGE_FACTOR * tookMs)
  }

  async #make(): Promise<void> {
    const begunMs = this.#nowMs()
    const steps = await this.#init.steps()
    const survey = steps && (await inTurns(steps))
    if (survey === undefined) return
    const endedMs = this.#nowMs()
    this.#last = { survey, endedMs, tookMs: endedMs - begunMs }
  }
}
