/**
 * A year of an organisation's copies, in steps of three hours: servers that are on, desktops and laptops that go off at
 * night, at weekends, on holidays and between the years, disks that fail, and a site that burns down. Every device does
 * what the repair plans of src/placement say; nobody else moves anything.
 *
 * It counts what is really there, not what is believed: a disk that failed holds nothing from that hour on, while the
 * others wait out its grace. Transfers take one step. Silent damage, and two peers with different views, are not here:
 * the first is for scrubbing, the second for the laws of src/placement.
 */

import { createHash } from 'node:crypto'
import { type DeviceId, deviceIdFromBytes, versionIdFromBytes } from '../src/base/ids.ts'
import { DAY_MS, HOUR_MS } from '../src/base/units.ts'
import { Assigner, type Assignment } from '../src/placement/assignment.ts'
import {
  countedFleet,
  DEFAULT_GRACE,
  DEFAULT_PATIENCE,
  type Device,
  type DeviceKind,
  returned,
  weightOfCapacity
} from '../src/placement/fleet.ts'
import {
  DEFAULT_PROOF_AGE_MAX_MS,
  DEFAULT_SKEW_MS,
  type Holding,
  type Slot,
  type Terms
} from '../src/placement/holding.ts'
import { type Policy, parsePolicy, slotsToRead } from '../src/placement/policy.ts'
import { planRepair, type UnitPlan } from '../src/placement/repair.ts'
import { slotBytes, type Unit } from '../src/placement/unit.ts'
import { Random } from './random.ts'
import { type Habit, habitOf, isOn } from './year-habits.ts'

const GB = 1e9
export const DAYS = 365
const STEP_MS = 3 * HOUR_MS
const PROMISE_MS = 3 * DAY_MS
const SITES = 10
const FIRE_DAY = 200
const BURNT_SITE = 'site 3'
const UNIT_BYTES = 5 * GB
/** Of a kind: its share of the fleet, what it offers, and the chance that its disk fails in a year. */
const KINDS: Readonly<Record<DeviceKind, { share: number; offeredBytes: number; failures: number }>> = {
  server: { share: 0.04, offeredBytes: 1000 * GB, failures: 0.02 },
  desktop: { share: 0.46, offeredBytes: 100 * GB, failures: 0.03 },
  laptop: { share: 0.5, offeredBytes: 50 * GB, failures: 0.04 }
}
/** How long a machine whose disk failed is away. */
export const OUTAGE_DAYS = { least: 2, most: 30 }
const POLICIES: readonly string[] = [
  'copies=3,sites=2',
  'copies=3,sites=2',
  'copies=2,sites=2,kind=server',
  'shares=6+3,sites=3'
]

export interface Week {
  readonly week: number
  /** On the average of its steps: devices that are on, and units that can be read from those. */
  readonly presentShare: number
  readonly readableShare: number
  readonly replacedBytes: number
  readonly standInBytes: number
}

export interface YearResult {
  readonly devices: number
  readonly units: number
  /** All slots of all units. */
  readonly storedBytes: number
  readonly lostUnits: number
  /** Of any unit at any time: copies, or shares beyond k plus one, that were really there. */
  readonly fewestCopies: number
  readonly diskFailures: number
  readonly burntDevices: number
  readonly replacedBytes: number
  readonly rebuiltBytes: number
  readonly standInBytes: number
  readonly readableShare: number
  readonly weeks: readonly Week[]
}

interface Machine {
  device: Device
  readonly habit: Habit
  /** Its disk fails then, if it does. */
  readonly failsMs: number
  /** Until then it is broken, and what it held is gone. */
  brokenUntilMs: number
}

interface Stored {
  readonly unit: Unit
  holdings: Holding[]
}

export interface YearInit {
  readonly devices: number
  readonly units: number
  readonly seed: number
  /** Of the units in turn. */
  readonly policies?: readonly string[]
  /** By how much disks fail more often than they do. */
  readonly failureTimes?: number
  readonly hasFire?: boolean
}

/** Of the disk of a device, on the average of the fleet. */
export function failuresPerYear(): number {
  return Object.values(KINDS).reduce((sum, { share, failures }) => sum + share * failures, 0)
}

export class Year {
  readonly #random: Random
  readonly #machines: Machine[]
  readonly #stored: Stored[]
  readonly #failureTimes: number
  readonly #hasFire: boolean
  #assigner: Assigner | undefined
  #assignments: Assignment[] = []
  #counted = ''
  #nowMs = 0
  #lost = new Set<Stored>()
  #fewest = Number.POSITIVE_INFINITY
  #failures = 0
  #burnt = 0
  #bytes = { replaced: 0, rebuilt: 0, standIn: 0 }

  constructor(init: YearInit) {
    const { policies = POLICIES, failureTimes = 1, hasFire = true } = init
    this.#failureTimes = failureTimes
    this.#hasFire = hasFire
    this.#random = new Random(init.seed)
    this.#machines = Array.from({ length: init.devices }, (_, index) => this.#machine(index, init.devices))
    this.#stored = Array.from({ length: init.units }, (_, index) => ({
      unit: unitOf(index, policies),
      holdings: []
    }))
  }

  run(): YearResult {
    this.#publish()
    const storedBytes = this.#assignments.reduce(
      (sum, { unit, devices }) => sum + devices.length * slotBytes(unit),
      0
    )
    const weeks: Week[] = []
    const stepsPerWeek = (7 * DAY_MS) / STEP_MS
    for (let week = 0; week < Math.floor(DAYS / 7); week++) {
      const before = { ...this.#bytes }
      let [present, readable] = [0, 0]
      for (let step = 0; step < stepsPerWeek; step++) {
        this.#nowMs += STEP_MS
        this.#live()
        this.#repair()
        present += this.#machines.filter(({ device }) => device.state.kind === 'present').length
        readable += this.#look()
      }
      weeks.push({
        week,
        presentShare: present / stepsPerWeek / this.#machines.length,
        readableShare: readable / stepsPerWeek / this.#stored.length,
        replacedBytes: this.#bytes.replaced - before.replaced,
        standInBytes: this.#bytes.standIn - before.standIn
      })
    }
    return {
      ...{ devices: this.#machines.length, units: this.#stored.length, storedBytes, weeks },
      ...{ lostUnits: this.#lost.size, fewestCopies: this.#fewest },
      ...{ diskFailures: this.#failures, burntDevices: this.#burnt },
      ...{ replacedBytes: this.#bytes.replaced, rebuiltBytes: this.#bytes.rebuilt },
      standInBytes: this.#bytes.standIn,
      readableShare: weeks.reduce((sum, { readableShare }) => sum + readableShare, 0) / weeks.length
    }
  }

  #machine(index: number, count: number): Machine {
    const at = (index + 0.5) / count
    const { server, desktop } = KINDS
    const kind = at < server.share ? 'server' : at < server.share + desktop.share ? 'desktop' : 'laptop'
    const { offeredBytes, failures } = KINDS[kind]
    return {
      device: {
        id: deviceIdFromBytes(createHash('sha256').update(`machine ${index}`).digest()),
        ...{ kind, site: `site ${index % SITES}`, region: 'eu', capacityBytes: offeredBytes },
        ...{ weight: weightOfCapacity(offeredBytes), mayHold: new Set(['internal']) },
        ...{ state: { kind: 'present' }, emptySinceMs: 0 }
      },
      habit: habitOf(kind, this.#random),
      failsMs: this.#random.chance(Math.min(1, failures * this.#failureTimes))
        ? this.#random.between(DAY_MS, DAYS * DAY_MS)
        : Number.POSITIVE_INFINITY,
      brokenUntilMs: 0
    }
  }

  /** At the beginning all are there, and everything is where it belongs. */
  #publish(): void {
    this.#assign()
    for (const { unit, devices } of this.#assignments) {
      const stored = this.#stored.find(each => each.unit === unit)
      devices.forEach((device, at) => {
        const share = unit.policy.shares === null ? null : at
        stored?.holdings.push({
          device,
          share,
          provedMs: this.#nowMs,
          promisedUntilMs: this.#nowMs + PROMISE_MS
        })
      })
    }
  }

  /** Machines go on and off, break, and come back. */
  #live(): void {
    const isFire = this.#hasFire && Math.floor(this.#nowMs / DAY_MS) === FIRE_DAY && this.#burnt === 0
    for (const machine of this.#machines) {
      const { device } = machine
      const fails = this.#nowMs - STEP_MS < machine.failsMs && machine.failsMs <= this.#nowMs
      if (isFire && device.site === BURNT_SITE) {
        machine.brokenUntilMs = Number.POSITIVE_INFINITY
        this.#burnt++
      } else if (fails && machine.brokenUntilMs < this.#nowMs) {
        machine.brokenUntilMs =
          this.#nowMs + this.#random.between(OUTAGE_DAYS.least * DAY_MS, OUTAGE_DAYS.most * DAY_MS)
        this.#failures++
      }
      const isRepaired = machine.brokenUntilMs > 0 && machine.brokenUntilMs <= this.#nowMs
      const on = machine.brokenUntilMs <= this.#nowMs && isOn(machine.habit, this.#nowMs, this.#random)
      if (on && device.state.kind === 'away') {
        machine.device = returned(device, DEFAULT_GRACE, this.#nowMs)
        // With an empty disk it has nothing to prove.
        if (isRepaired) this.#empty(machine)
      } else if (!on && device.state.kind === 'present')
        machine.device = { ...device, state: { kind: 'away', sinceMs: this.#nowMs } }
    }
  }

  #empty(machine: Machine): void {
    machine.brokenUntilMs = 0
    for (const stored of this.#stored)
      stored.holdings = stored.holdings.filter(({ device }) => device !== machine.device.id)
  }

  #assign(): Assigner {
    const fleet = countedFleet(
      { version: String(this.#nowMs), devices: this.#machines.map(({ device }) => device) },
      DEFAULT_GRACE,
      this.#nowMs
    )
    const counted = fleet.devices.map(({ id }) => id).join()
    if (this.#assigner !== undefined && this.#counted === counted) return this.#assigner
    const assigner = new Assigner(fleet)
    this.#assignments = this.#stored.map(({ unit }) => assigner.assign(unit))
    this.#assigner = assigner
    this.#counted = counted
    return assigner
  }

  #repair(): void {
    const assigner = this.#assign()
    const devices = new Map(this.#machines.map(({ device }) => [device.id, device]))
    const terms: Terms = {
      ...{ nowMs: this.#nowMs, grace: DEFAULT_GRACE, patience: DEFAULT_PATIENCE },
      ...{ proofAgeMaxMs: DEFAULT_PROOF_AGE_MAX_MS, skewMs: DEFAULT_SKEW_MS }
    }
    this.#assignments.forEach((assignment, at) => {
      const stored = this.#stored[at]
      if (stored?.unit !== assignment.unit) throw new Error('assignments are in the order of units')
      const plan = planRepair({
        ...{ assignment, holdings: stored.holdings, devices, terms },
        standIns: (...of) => assigner.standIns(...of)
      })
      this.#carryOut(stored, plan, devices)
    })
  }

  #carryOut(stored: Stored, plan: UnitPlan, devices: ReadonlyMap<DeviceId, Device>): void {
    const { unit } = stored
    for (const { device, share, how, standsIn } of plan.fetch) {
      const bytes = slotBytes(unit) * (how === 'rebuild' ? slotsToRead(unit.policy) : 1)
      if (standsIn) this.#bytes.standIn += bytes
      else this.#bytes.replaced += bytes
      if (how === 'rebuild') this.#bytes.rebuilt += bytes
      this.#prove(stored, { device, share }, !standsIn)
    }
    const isPresent = ({ device }: Slot): boolean => devices.get(device)?.state.kind === 'present'
    for (const slot of plan.prove) this.#prove(stored, slot, false)
    for (const slot of plan.keep) if (isPresent(slot)) this.#prove(stored, slot, true)
    for (const dropped of plan.drop) stored.holdings = stored.holdings.filter(each => !isSame(each, dropped))
  }

  #prove(stored: Stored, { device, share }: Slot, isOwed: boolean): void {
    const at = stored.holdings.findIndex(each => isSame(each, { device, share }))
    const promisedUntilMs = isOwed ? this.#nowMs + PROMISE_MS : (stored.holdings[at]?.promisedUntilMs ?? 0)
    const holding = { device, share, provedMs: this.#nowMs, promisedUntilMs }
    if (at < 0) stored.holdings.push(holding)
    else stored.holdings[at] = holding
  }

  /** Counts what is really there; how many units can be read now. */
  #look(): number {
    const machines = new Map(this.#machines.map(machine => [machine.device.id, machine]))
    let readable = 0
    for (const stored of this.#stored) {
      const real = stored.holdings.filter(
        ({ device }) => (machines.get(device)?.brokenUntilMs ?? 0) <= this.#nowMs
      )
      const parts = (held: readonly Holding[]): number =>
        new Set(held.map(({ device, share }) => share ?? device)).size
      const beyond = parts(real) - slotsToRead(stored.unit.policy) + 1
      this.#fewest = Math.min(this.#fewest, Math.max(0, beyond))
      if (beyond <= 0) this.#lost.add(stored)
      const present = real.filter(({ device }) => machines.get(device)?.device.state.kind === 'present')
      if (parts(present) >= slotsToRead(stored.unit.policy)) readable++
    }
    return readable
  }
}

function unitOf(index: number, policies: readonly string[]): Unit {
  return {
    version: versionIdFromBytes(createHash('sha256').update(`version ${index}`).digest()),
    ...{
      index: 0,
      bytes: UNIT_BYTES,
      policy: policyOf(index, policies),
      dataClass: 'internal',
      seniority: index
    }
  }
}

function policyOf(index: number, policies: readonly string[]): Policy {
  const parsed = parsePolicy(policies[index % policies.length] ?? '')
  if ('error' in parsed) throw new RangeError(parsed.error)
  return parsed.policy
}

function isSame(a: Slot, b: Slot): boolean {
  return a.device === b.device && a.share === b.share
}
