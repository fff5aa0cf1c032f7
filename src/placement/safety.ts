/**
 * Whether a unit is safe now, by who has proved what: not by who should hold it.
 *
 * It is *kept* when what is proved, on devices that the policy allows, is as much as the policy asks for; that is also
 * when its storage may be acknowledged, if what is proved is durable. It is *readable* when what is proved anywhere
 * gives the data back.
 *
 * It survives the loss of any n devices when it is readable without them, whichever those are; the same of sites. With
 * whole copies that is counted exactly. With shares each domain is taken to lose all that it holds: that is exact
 * while no share is held twice, and else a number that is too small rather than too large.
 *
 * Where shares are asked for, whole copies are none of them, but each gives the data back by itself: so after a rule
 * was changed from the one to the other, what is there already is counted on for reading until the rest is.
 */

import { counted } from '../base/units.ts'
import { isAllowed } from './field.ts'
import type { Device } from './fleet.ts'
import { partOf } from './holding.ts'
import { type Policy, type Shortfall, shortfalls, slotCount, slotsToRead } from './policy.ts'

/** A slot that is proved. */
export interface Holder {
  readonly device: Device
  readonly share: number | null
}

export interface Safety {
  readonly isKept: boolean
  readonly missing: readonly Shortfall[]
  /** Copies, or different shares, that are proved on devices that the policy allows. */
  readonly slots: number
  readonly sites: number
  readonly isReadable: boolean
  /** It is readable after the loss of any so many; undefined when it is not readable now. */
  readonly survives: { readonly sites: number; readonly devices: number } | undefined
}

export function safetyOf(policy: Policy, holders: readonly Holder[]): Safety {
  const asked = holders.filter(({ share }) => (share === null) === (policy.shares === null))
  const allowed = asked.filter(({ device }) => isAllowed(device, policy))
  const slots = countParts(allowed)
  const sites = new Set(allowed.map(({ device }) => device.site)).size
  const missing = shortfalls(policy, { slots, sites })
  const isReadable = holders.some(({ share }) => share === null) || isRestored(policy, holders)
  return {
    ...{ isKept: missing.length === 0, missing, slots, sites, isReadable },
    survives: isReadable
      ? {
          sites: survivedLosses(policy, holders, ({ site }) => site),
          devices: survivedLosses(policy, holders, ({ id }) => id)
        }
      : undefined
  }
}

function isRestored(policy: Policy, holders: readonly Holder[]): boolean {
  const parts = holders.filter(({ share }) => share !== null)
  return policy.shares !== null && countParts(parts) >= slotsToRead(policy)
}

/** How many domains may be lost, whichever they are. */
function survivedLosses(
  { shares }: Policy,
  holders: readonly Holder[],
  domainOf: (device: Device) => string
): number {
  const domainsOf = (of: readonly Holder[]) => Map.groupBy(of, ({ device }) => domainOf(device))
  const whole = domainsOf(holders.filter(({ share }) => share === null)).size
  if (shares === null) return whole - 1
  const parts = holders.filter(({ share }) => share !== null)
  const counts = [...domainsOf(parts).values()].map(held => countParts(held)).sort((a, b) => b - a)
  let left = countParts(parts)
  let losses = 0
  for (const count of counts) {
    left -= count
    if (left < shares.k) break
    losses++
  }
  return Math.max(whole - 1, countParts(parts) < shares.k ? 0 : losses)
}

function countParts(holders: readonly Holder[]): number {
  return new Set(holders.map(({ device, share }) => partOf({ device: device.id, share }))).size
}

/** The same in words. `elsewhere` names who has the whole although nobody counts on it, as where it was published. */
export function safetyText(
  policy: Policy,
  { isKept, missing, slots, sites, survives }: Safety,
  elsewhere: readonly string[] = []
): string {
  const what = policy.shares === null ? 'copies' : 'shares'
  const proved = `${slots} of ${slotCount(policy)} ${what} are proved, on ${counted(sites, 'site')}`
  if (survives === undefined && elsewhere.length > 0)
    return `not safe yet, it is only with ${elsewhere.join(', ')}: ${proved}`
  if (survives === undefined) return `not readable: ${proved}, and it takes ${slotsToRead(policy)} to read it`
  const lacks = missing.map(({ part, wanted, got }) =>
    part === 'copies'
      ? counted(wanted - got, 'more copy', 'more copies')
      : counted(wanted - got, part === 'sites' ? 'more site' : 'more share')
  )
  return `${isKept ? 'safe' : `not safe, for want of ${lacks.join(' and ')}`}: ${proved}; ${survivalText(survives)}`
}

/** "survives the loss of any 1 site or any 2 devices". */
export function survivalText({ sites, devices }: NonNullable<Safety['survives']>): string {
  const losses = [
    ...(sites > 0 ? [`any ${counted(sites, 'site')}`] : []),
    ...(devices > 0 ? [`any ${counted(devices, 'device')}`] : [])
  ]
  return losses.length > 0 ? `survives the loss of ${losses.join(' or ')}` : 'survives no loss'
}
