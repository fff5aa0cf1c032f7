/** A world in which plans are carried out, for laws: devices that hold units, prove and promise, and a clock. */

import { strict as assert } from 'node:assert'
import type { DeviceId } from '../base/ids.ts'
import { HOUR_MS } from '../base/units.ts'
import { Assigner, type Assignment } from './assignment.ts'
import { countedFleet, DEFAULT_GRACE, DEFAULT_PATIENCE, devicesById, type Fleet } from './fleet.ts'
import { DEFAULT_SKEW_MS, type Holding, type Slot, standingOf, type Terms } from './holding.ts'
import { planRepair, type UnitPlan } from './repair.ts'
import { bySeniority, type Unit, unitName } from './unit.ts'

export const PROMISE_MS = 24 * HOUR_MS
/** Plans are made with this age, so that nothing is proved for longer than it is promised. */
export const PROOF_AGE_MAX_MS = 48 * HOUR_MS

export function termsAt(nowMs: number): Terms {
  return {
    ...{ nowMs, grace: DEFAULT_GRACE, patience: DEFAULT_PATIENCE },
    ...{ proofAgeMaxMs: PROOF_AGE_MAX_MS, skewMs: DEFAULT_SKEW_MS }
  }
}

export class World {
  readonly #units: readonly Unit[]
  readonly #held = new Map<string, Holding[]>()
  nowMs: number

  constructor(units: readonly Unit[], nowMs: number) {
    this.#units = units.toSorted(bySeniority)
    this.nowMs = nowMs
  }

  holdings(unit: Unit): readonly Holding[] {
    return this.#held.get(unitName(unit)) ?? []
  }

  put(unit: Unit, holding: Holding): void {
    const others = this.holdings(unit).filter(each => !isSame(each, holding))
    this.#held.set(unitName(unit), [...others, holding])
  }

  drop(unit: Unit, slot: Slot): void {
    const left = this.holdings(unit).filter(each => !isSame(each, slot))
    assert.equal(left.length, this.holdings(unit).length - 1, 'what is dropped was held')
    this.#held.set(unitName(unit), left)
  }

  /** What a peer plans that believes in this fleet, and in these holdings. */
  plans(
    fleet: Fleet,
    holdings = (unit: Unit): readonly Holding[] => this.holdings(unit)
  ): [Assignment, UnitPlan][] {
    const terms = termsAt(this.nowMs)
    const assigner = new Assigner(countedFleet(fleet, terms.grace, terms.nowMs), 0)
    const assignments = this.#units.map(unit => assigner.assign(unit))
    return assignments.map(assignment => [
      assignment,
      planRepair({
        ...{ assignment, holdings: holdings(assignment.unit), devices: devicesById(fleet), terms },
        standIns: (...of) => assigner.standIns(...of)
      })
    ])
  }

  /**
   * Carries out what a plan says, of one device or of all. Who keeps what it owes proves it and renews its promise.
   */
  carryOut({ unit, fetch, prove, keep, drop }: UnitPlan, fleet: Fleet, only?: DeviceId): void {
    const present = new Set(fleet.devices.filter(({ state }) => state.kind === 'present').map(({ id }) => id))
    const isMeant = ({ device }: Slot): boolean =>
      present.has(device) && (only === undefined || device === only)
    for (const slot of fetch.filter(isMeant)) this.#prove(unit, slot, !slot.standsIn)
    for (const slot of prove.filter(isMeant)) this.#prove(unit, slot, false)
    for (const slot of keep.filter(isMeant)) this.#prove(unit, slot, true)
    for (const slot of drop.filter(isMeant)) this.drop(unit, slot)
  }

  #prove(unit: Unit, { device, share }: Slot, isOwed: boolean): void {
    const before = this.holdings(unit).find(each => isSame(each, { device, share }))?.promisedUntilMs ?? 0
    const promisedUntilMs = isOwed ? this.nowMs + PROMISE_MS : before
    this.put(unit, { device, share, provedMs: this.nowMs, promisedUntilMs })
  }

  /** Slots that are proved, each share once. */
  provedCount(unit: Unit, fleet: Fleet): number {
    const devices = devicesById(fleet)
    const proved = this.holdings(unit).filter(
      each => standingOf(each, devices.get(each.device), termsAt(this.nowMs)) === 'proved'
    )
    return new Set(proved.map(({ device, share }) => share ?? device)).size
  }
}

export function isSame(a: Slot, b: Slot): boolean {
  return a.device === b.device && a.share === b.share
}
