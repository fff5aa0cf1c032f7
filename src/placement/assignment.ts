/**
 * Which devices are to hold what: a pure function of the fleet and of all units, which every peer computes by itself
 * and with the same answer. Nobody coordinates.
 *
 * A unit has slots: its copies, or its k+m shares. It gives them to devices in the order of its race (race.ts), in
 * rounds: in the first each site takes one slot, in the second one more, and so on. Who may not hold it does not run;
 * who has no room for it is passed over, and the next of its site runs in its place. So
 *
 * - no device has two slots of a unit, and no site has two while another could take one;
 * - shares spread evenly over sites;
 * - of units that compete for room, the senior one has it: what is published later never moves what was there before.
 *
 * With a fleet that is too small the parts of the policy give way in this order: first slots go to fewer sites than
 * the policy asks for, then there are fewer slots. Region, kind, class and room never give way. `unmet` says what did.
 *
 * Which share a device holds is not decided here but where it is known who holds which (share-binding.ts): else the
 * loss of one device would move shares of others.
 *
 * Cost: for each unit two small hashes for each device that may hold it, and logarithms for a dozen.
 */

import { defined } from '../base/assert.ts'
import type { DeviceId } from '../base/ids.ts'
import { type Field, layField } from './field.ts'
import { type Device, devicesById, type Fleet } from './fleet.ts'
import { formatPolicy, type Policy, type Shortfall, shortfalls, slotCount } from './policy.ts'
import { seedOf } from './race.ts'
import { SiteRace } from './site-race.ts'
import { bySeniority, slotBytes, type Unit, unitName } from './unit.ts'

export interface Unmet extends Shortfall {
  /** Whether there would be more with more room, or nobody else may hold it. */
  readonly because: 'no-room' | 'no-device'
}

export interface Assignment {
  readonly unit: Unit
  /** Who owes a slot of it, in the order of the race. */
  readonly devices: readonly DeviceId[]
  /** Who would come before the last of those, or at all, but is full. */
  readonly passedOver: readonly DeviceId[]
  readonly unmet: readonly Unmet[]
}

/** Of what is offered, this share is kept free: for repairs, and for what is on its way. */
export const KEEP_FREE_SHARE = 0.1

/** Gives units their places, one after another, by seniority. */
export class Assigner {
  readonly #fleet: Fleet
  readonly #devices: ReadonlyMap<DeviceId, Device>
  readonly #fields = new Map<string, Field>()
  readonly #placeableBytes: ReadonlyMap<DeviceId, number>
  readonly #roomBytes: Map<DeviceId, number>
  #last: Unit | undefined

  constructor(fleet: Fleet, keepFreeShare = KEEP_FREE_SHARE) {
    this.#fleet = fleet
    this.#devices = devicesById(fleet)
    this.#placeableBytes = new Map(
      fleet.devices.map(({ id, capacityBytes }) => [id, Math.floor(capacityBytes * (1 - keepFreeShare))])
    )
    this.#roomBytes = new Map(this.#placeableBytes)
  }

  /** The next unit by seniority; false when one that comes after it has its place already. */
  isNext(unit: Unit): boolean {
    return this.#last === undefined || bySeniority(this.#last, unit) < 0
  }

  assign(unit: Unit): Assignment {
    if (!this.isNext(unit)) throw new RangeError(`${unitName(unit)} is senior to what has its place already`)
    this.#last = unit
    const bytes = slotBytes(unit)
    const passedOver: DeviceId[] = []
    const devices = this.#run(unit, slotCount(unit.policy), ({ id }) => {
      if (this.roomBytes(id) >= bytes) return true
      passedOver.push(id)
      return false
    })
    for (const { id } of devices) this.#roomBytes.set(id, this.roomBytes(id) - bytes)
    return {
      unit,
      devices: devices.map(({ id }) => id),
      passedOver,
      unmet: unmetBy(unit.policy, devices, passedOver.length > 0)
    }
  }

  /** Who would hold a unit if everybody had room. */
  unlimited(unit: Unit): DeviceId[] {
    return this.#run(unit, slotCount(unit.policy), () => true).map(({ id }) => id)
  }

  /** Who comes next, on other sites than the holders where that can be: for copies beside theirs. Takes no room. */
  standIns(
    unit: Unit,
    count: number,
    now: { readonly holders: readonly Device[]; readonly isPresent: (device: DeviceId) => boolean }
  ): DeviceId[] {
    const bytes = slotBytes(unit)
    const held = new Set(now.holders.map(({ id }) => id))
    const isFit = ({ id }: Device): boolean =>
      now.isPresent(id) && !held.has(id) && this.roomBytes(id) >= bytes
    return this.#run(unit, count, isFit, now.holders).map(({ id }) => id)
  }

  /** What may be placed on a device in all. */
  placeableBytes(device: DeviceId): number {
    return defined(this.#placeableBytes.get(device), 'a device of the fleet')
  }

  /** What a device has left of what may be placed on it. */
  roomBytes(device: DeviceId): number {
    return defined(this.#roomBytes.get(device), 'the room of a device of the fleet')
  }

  get devices(): ReadonlyMap<DeviceId, Device> {
    return this.#devices
  }

  #run(
    unit: Unit,
    slots: number,
    isFit: (device: Device) => boolean,
    beside: readonly Device[] = []
  ): Device[] {
    const field = this.#fieldOf(unit)
    const race = new SiteRace(field, seedOf('unit', unitName(unit)))
    const slotsIn = Uint32Array.from(
      field.sites,
      ({ name }) => beside.filter(({ site }) => site === name).length
    )
    const chosen: Device[] = []
    for (let round = 1; chosen.length < slots; round++) {
      const before = chosen.length
      const isOpen = (site: number): boolean => (slotsIn[site] as number) < round
      while (chosen.length < slots) {
        const runner = race.take(isOpen)
        if (runner === undefined) break
        if (!isFit(runner.device)) continue
        slotsIn[runner.site] = (slotsIn[runner.site] as number) + 1
        chosen.push(runner.device)
      }
      if (chosen.length === before && round > beside.length) break
    }
    return chosen
  }

  #fieldOf({ policy, dataClass }: Unit): Field {
    const key = `${formatPolicy(policy)} ${dataClass}`
    let field = this.#fields.get(key)
    if (field === undefined) {
      field = layField(this.#fleet, policy, dataClass)
      this.#fields.set(key, field)
    }
    return field
  }
}

/** The places of all units of a fleet, by seniority. */
export function assignAll(fleet: Fleet, units: Iterable<Unit>, keepFreeShare?: number): Assignment[] {
  const assigner = new Assigner(fleet, keepFreeShare)
  return [...units].sort(bySeniority).map(unit => assigner.assign(unit))
}

function unmetBy(policy: Policy, devices: readonly Device[], isShortOfRoom: boolean): Unmet[] {
  const because = isShortOfRoom ? 'no-room' : 'no-device'
  const sites = new Set(devices.map(({ site }) => site)).size
  return shortfalls(policy, { slots: devices.length, sites }).map(each => ({ ...each, because }))
}
