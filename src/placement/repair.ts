/**
 * What is to be done about one unit, now: a pure function of its assignment and of what is known of its copies. Every
 * device computes it, and does of it what is about itself.
 *
 * - *fetch*: a device that owes a slot and holds nothing takes it from those that have it; a share that nobody present
 *   has is rebuilt from k others. A device that is away is waited for, for as long as its kind's grace.
 * - *prove*: a device holds something, and what it proved is too old, or was proved before it missed its deadline.
 * - *keep*: a slot is where it belongs.
 * - *drop*: a copy in the wrong place, which has served as a source until now, may go.
 * - *waiting*: a copy in the wrong place that may not go yet, and why.
 *
 * Below the floor, a number of slots within reach, nothing is waited for: what is owed is fetched first, and if owing
 * devices are away, devices next in order stand in for them. What they hold is surplus once the owing ones are back.
 *
 * A copy is dropped only while as many others as the policy asks for, on as many sites, are proved, in their places,
 * and *promised* for some time to come; and only by a holder whose own promise is over. So whoever drops leaves at
 * least as many copies behind as the policy asks for, and none of those can be dropped on the strength of the one that
 * went: this holds whatever fleet each device believes in, and however old its news is, as long as clocks agree within
 * the skew. Where the policy can not be kept nothing is dropped at all.
 */

import { assert } from '../base/assert.ts'
import type { DeviceId } from '../base/ids.ts'
import type { Assigner, Assignment } from './assignment.ts'
import type { Device } from './fleet.ts'
import {
  type Holding,
  isPromised,
  isPromiseOver,
  isWithinReach,
  partOf,
  type Slot,
  type Standing,
  standingOf,
  type Terms
} from './holding.ts'
import { type Policy, slotCount } from './policy.ts'
import { bindShares } from './share-binding.ts'
import type { Unit } from './unit.ts'

export interface Fetch extends Slot {
  /** A share that no one present has is made anew, out of k others. */
  readonly how: 'copy' | 'rebuild'
  /** Present devices that have what is needed, those that proved it first. */
  readonly from: readonly DeviceId[]
  /** It holds the slot in the place of one that is away. */
  readonly standsIn: boolean
}

export interface Waiting extends Slot {
  readonly because:
    | 'owed-not-proved'
    | 'owed-not-promised'
    | 'few-within-reach'
    | 'promised'
    | 'policy-not-kept'
}

export interface UnitPlan {
  readonly unit: Unit
  /** Fewer slots than the floor are within reach: this goes before other repairs. */
  readonly isUrgent: boolean
  /** All that the policy asks for is in its place: proved, promised, and on devices that are present. */
  readonly isKept: boolean
  readonly fetch: readonly Fetch[]
  readonly prove: readonly Slot[]
  readonly keep: readonly Slot[]
  readonly drop: readonly Slot[]
  readonly waiting: readonly Waiting[]
  /** Owed by a device that is present, and nobody present has it. */
  readonly blocked: readonly Slot[]
}

export interface RepairInput {
  /** Over the fleet that counts (`countedFleet`). */
  readonly assignment: Assignment
  readonly holdings: readonly Holding[]
  /** Every device that may be named, those that do not count included. */
  readonly devices: ReadonlyMap<DeviceId, Device>
  readonly terms: Terms
  /** Who could hold one more, beside these; as `Assigner.standIns` says. */
  readonly standIns: Assigner['standIns']
}

/** With fewer slots than this within reach, repair does not wait. */
export function floorOf({ copies, shares }: Policy): number {
  return shares === null ? Math.min(2, copies) : shares.k + 1
}

interface Known extends Holding {
  readonly standing: Standing
  readonly isPresent: boolean
  readonly isWithinReach: boolean
}

export function planRepair(input: RepairInput): UnitPlan {
  const { assignment, devices, terms } = input
  const { unit } = assignment
  const known = input.holdings.map(holding => knownOf(holding, devices.get(holding.device), terms))
  const owed = owedSlots(assignment, known)
  const ofOwed = owed.map(slot => ({ slot, holding: known.find(each => isSame(each, slot)) }))
  const lacking = ofOwed.flatMap(({ slot, holding }) =>
    holding === undefined && devices.get(slot.device)?.state.kind === 'present' ? [slot] : []
  )
  const reached = new Set(known.filter(isReached).map(partOf))
  const isUrgent = reached.size < floorOf(unit.policy)
  const standing = isUrgent ? standInSlots(input, { known, owed, lacking, reached }) : []
  const fetch: Fetch[] = []
  const blocked: Slot[] = []
  for (const slot of [...lacking, ...standing]) {
    const sources = sourcesOf(slot, known, unit.policy)
    if (sources === undefined) blocked.push(slot)
    else fetch.push({ ...slot, ...sources, standsIn: standing.includes(slot) })
  }
  const surplus = known.filter(
    ({ isPresent, ...held }) => isPresent && !owed.some(slot => isSame(slot, held))
  )
  const short = whatIsShort(ofOwed, { assignment, terms })
  const judged = surplus.map(held => ({
    held,
    because: short ?? whyNotYet(held, { ofOwed, assignment, known, terms })
  }))
  // A stand-in below the floor, and a copy where the policy is not kept, have to be known to be there.
  const isNeeded = (held: Known): boolean =>
    owed.some(slot => isSame(slot, held)) || isUrgent || assignment.unmet.length > 0
  return {
    ...{ unit, isUrgent, fetch, blocked },
    isKept: short === undefined && ofOwed.every(({ holding }) => holding?.isPresent === true),
    prove: known.filter(held => held.standing === 'unproved' && isNeeded(held)).map(slotOf),
    keep: ofOwed.flatMap(({ slot, holding }) => (holding === undefined ? [] : [slot])),
    drop: judged.flatMap(({ held, because }) => (because === undefined ? [slotOf(held)] : [])),
    waiting: judged.flatMap(({ held, because }) =>
      because === undefined ? [] : [{ ...slotOf(held), because }]
    )
  }
}

function knownOf(holding: Holding, device: Device | undefined, terms: Terms): Known {
  return {
    ...holding,
    standing: standingOf(holding, device, terms),
    isPresent: device?.state.kind === 'present',
    isWithinReach: device !== undefined && isWithinReach(device, terms)
  }
}

function owedSlots({ unit, devices }: Assignment, known: readonly Known[]): Slot[] {
  const { shares } = unit.policy
  if (shares === null) return devices.map(device => ({ device, share: null }))
  const count = shares.k + shares.m
  for (const { share } of known) assert(share === null || share < count, 'a share is one of the k+m')
  const bound = bindShares({
    ...{ devices, shares: count },
    proved: known.filter(({ standing }) => standing === 'proved'),
    unproved: known.filter(({ standing }) => standing === 'unproved' || standing === 'silent')
  })
  return devices.map(device => ({ device, share: bound.get(device) ?? null }))
}

/** Slots for devices that are owed nothing, as many as it takes to come up to the floor again. */
function standInSlots(
  { assignment: { unit }, devices, standIns }: RepairInput,
  now: {
    readonly known: readonly Known[]
    readonly owed: readonly Slot[]
    readonly lacking: readonly Slot[]
    readonly reached: ReadonlySet<string>
  }
): Slot[] {
  const { known, owed, lacking, reached } = now
  const unproved = known.filter(({ standing }) => standing === 'unproved')
  const coming = new Set([...reached, ...[...unproved, ...lacking].map(partOf)])
  const missing = floorOf(unit.policy) - coming.size
  if (missing <= 0) return []
  const involved = new Set([...owed, ...known].map(({ device }) => device))
  const holders = [...involved].flatMap(id => devices.get(id) ?? [])
  const isPresent = (id: DeviceId): boolean => devices.get(id)?.state.kind === 'present'
  const chosen = standIns(unit, missing, { holders, isPresent })
  if (unit.policy.shares === null) return chosen.map(device => ({ device, share: null }))
  const absent = Array.from({ length: slotCount(unit.policy) }, (_, share) => share).filter(
    share => !coming.has(String(share))
  )
  return chosen.flatMap((device, at) => {
    const share = absent[at]
    return share === undefined ? [] : [{ device, share }]
  })
}

function sourcesOf(
  slot: Slot,
  known: readonly Known[],
  policy: Policy
): Pick<Fetch, 'how' | 'from'> | undefined {
  const present = known
    .filter(held => held.isPresent)
    .sort((a, b) => Number(b.standing === 'proved') - Number(a.standing === 'proved'))
  const same = present.filter(({ device, share }) => share === slot.share && device !== slot.device)
  if (same.length > 0) return { how: 'copy', from: same.map(({ device }) => device) }
  if (policy.shares === null) return undefined
  const distinct = new Set(present.map(({ share }) => share))
  if (distinct.size < policy.shares.k) return undefined
  return { how: 'rebuild', from: [...new Set(present.map(({ device }) => device))] }
}

interface OwedSlot {
  readonly slot: Slot
  /** What is there, if anything. */
  readonly holding: Known | undefined
}

/** What is not as the policy asks for, within reach or not: no copy may be dropped then. Undefined when all is. */
function whatIsShort(
  ofOwed: readonly OwedSlot[],
  { assignment, terms }: Pick<RepairInput, 'assignment' | 'terms'>
): Waiting['because'] | undefined {
  if (assignment.unmet.length > 0) return 'policy-not-kept'
  if (ofOwed.some(({ holding }) => holding?.standing !== 'proved')) return 'owed-not-proved'
  if (ofOwed.some(({ holding }) => holding === undefined || !isPromised(holding, terms)))
    return 'owed-not-promised'
  return undefined
}

/** Why a copy in the wrong place may not be dropped yet where nothing is short; undefined when it may. */
function whyNotYet(
  held: Known,
  now: {
    readonly ofOwed: readonly OwedSlot[]
    readonly assignment: Assignment
    readonly known: readonly Known[]
    readonly terms: Terms
  }
): Waiting['because'] | undefined {
  const { ofOwed, assignment, known, terms } = now
  const { policy } = assignment.unit
  if (!isPromiseOver(held, terms)) return 'promised'
  const others = known.filter(other => isReached(other) && ofOwed.some(({ holding }) => holding === other))
  if (new Set(others.map(partOf)).size < floorOf(policy)) return 'few-within-reach'
  return undefined
}

function isReached({ standing, isWithinReach }: Known): boolean {
  return standing === 'proved' && isWithinReach
}

function slotOf({ device, share }: Slot): Slot {
  return { device, share }
}

function isSame(a: Slot, b: Slot): boolean {
  return a.device === b.device && a.share === b.share
}
