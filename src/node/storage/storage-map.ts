/**
 * Who owes what, by the ledger and the fleet of now: all stored versions with their places (placement/assignment.ts),
 * kept while nothing changes, continued when versions are only published, and made anew otherwise.
 *
 * Places depend on the room that older versions leave, so every device that wants to know its own places all of them.
 * That is done in turns; until it is done the map before counts.
 */

import type { DeviceId, VersionId } from '../../base/ids.ts'
import type { State } from '../../ledger/fold/state.ts'
import { Assigner, type Assignment } from '../../placement/assignment.ts'
import { countedFleet, type Device, type Fleet, type Grace } from '../../placement/fleet.ts'
import { inTurns } from '../turns.ts'
import { fleetOf, type Sighting } from './storage-fleet.ts'
import { HolderKinds, type StoredVersion, storedVersions } from './storage-units.ts'

/** Versions or devices that are looked at in a step. */
const ITEMS_A_STEP = 256

export interface StoragePlaces {
  readonly stored: readonly StoredVersion[]
  readonly assignments: ReadonlyMap<VersionId, Assignment>
  readonly assigner: Assigner
  /** Of those that count as places for data. */
  readonly fleet: Fleet
  /** All that may be named, those that do not count included. */
  readonly devices: ReadonlyMap<DeviceId, Device>
}

export interface MapTerms {
  readonly state: State
  readonly sightingOf: (device: DeviceId) => Sighting
  readonly grace: Grace
  readonly nowMs: number
}

export class StorageMap {
  #places: StoragePlaces | undefined
  /** What the places were made from, apart from who is away and for how long. */
  #basis: Basis | undefined
  /** Maps are made one after the other: each goes on from the one before. */
  #turn: Promise<unknown> = Promise.resolve()

  /** Resolves with the places by these terms; undefined when `goesOn` denied that they are needed. */
  renew(terms: MapTerms, goesOn: () => boolean): Promise<StoragePlaces | undefined> {
    const renewing = this.#turn.then(async () => {
      const places = await inTurns(this.#make(terms), goesOn)
      if (places !== undefined) this.#places = places
      return places
    })
    this.#turn = renewing.catch(() => undefined)
    return renewing
  }

  *#make({ state, sightingOf, grace, nowMs }: MapTerms): Generator<void, StoragePlaces> {
    const stored = storedVersions(state, nowMs)
    yield
    const holders = new HolderKinds(state, stored, nowMs)
    const whole = fleetOf({ state, sightingOf, holders, nowMs })
    yield
    const fleet = countedFleet(whole, grace, nowMs)
    yield
    const lines = fleet.devices.map(({ id, kind, site, region, capacityBytes }) =>
      [id, kind, site, region, capacityBytes].join()
    )
    const basis: Basis = { fleet: lines.join('\n'), kinds: new Map() }
    for (const kind of new Set(stored.map(({ unit }) => unit.dataClass)))
      basis.kinds.set(kind, yield* holdersLine(fleet.devices, kind))
    yield
    const devices = new Map(whole.devices.map(device => [device.id, device]))
    const before = isSame(this.#basis, basis) ? this.#places : undefined
    const isContinued = before !== undefined && (yield* isBeginning(before.stored, stored))
    yield
    const assigner = isContinued ? before.assigner : new Assigner(fleet)
    const assignments = new Map(isContinued ? before.assignments : [])
    for (const { unit } of stored.slice(isContinued ? before.stored.length : 0)) {
      yield
      assignments.set(unit.version, assigner.assign(unit))
    }
    this.#basis = basis
    return { stored, assignments, assigner, fleet, devices }
  }
}

interface Basis {
  /** The devices that count, with all that placement asks of them but what they may hold. */
  readonly fleet: string
  /** For each kind of version, which of them may hold it. */
  readonly kinds: Map<string, string>
}

/**
 * Whether what was placed by the one is placed so by the other too, and the assigner of the one knows who may hold what
 * there is in the other: of a kind that is new it has asked nobody.
 */
function isSame(before: Basis | undefined, now: Basis): boolean {
  if (before?.fleet !== now.fleet) return false
  const isAsSaid = [...before.kinds].every(([kind, who]) => (now.kinds.get(kind) ?? who) === who)
  return isAsSaid && [...now.kinds.keys()].every(kind => before.kinds.has(kind))
}

/** Which of the devices may hold versions of a kind, a digit for each: the ledger is asked about every one. */
function* holdersLine(devices: readonly Device[], kind: string): Generator<void, string> {
  let line = ''
  for (const [index, { mayHold }] of devices.entries()) {
    if (index % ITEMS_A_STEP === 0) yield
    line += mayHold.has(kind) ? '1' : '0'
  }
  return line
}

/** Whether versions were only added, junior to all others, and by the same rules. */
function* isBeginning(
  before: readonly StoredVersion[],
  now: readonly StoredVersion[]
): Generator<void, boolean> {
  if (before.length > now.length) return false
  for (const [index, { unit }] of before.entries()) {
    if (index % ITEMS_A_STEP === 0) yield
    const after = now[index]?.unit
    const isKept =
      after !== undefined &&
      after.version === unit.version &&
      after.seniority === unit.seniority &&
      after.dataClass === unit.dataClass &&
      JSON.stringify(after.policy) === JSON.stringify(unit.policy)
    if (!isKept) return false
  }
  return true
}
