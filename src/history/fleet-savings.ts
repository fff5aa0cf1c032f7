/**
 * What it saves that devices give to each other, over many of them. A byte counts where it arrived, so sums count none
 * twice; what a site avoids is what its devices got from each other, and is worth what its link costs.
 */

import { GB, MILLIONTHS } from '../base/units.ts'
import { type Received, type Savings, savingsOf } from './savings.ts'

export interface DeviceTotals extends Received {
  readonly device: string
  readonly site: string
}

export interface Price {
  readonly currency: string
  /** Millionths of a unit of the currency. */
  readonly microsPerGb: number
}

export interface SiteSavings extends Savings {
  readonly site: string
  readonly devices: number
  readonly price: Price | null
  /** In units of the currency; null without a price. */
  readonly saved: number | null
}

export interface FleetSavings extends Savings {
  /** The most avoided first. */
  readonly sites: readonly SiteSavings[]
  readonly money: readonly { readonly currency: string; readonly saved: number }[]
  /** Avoided at sites that have no price. */
  readonly unpricedBytes: number
}

const NOTHING: Received = { siteBytes: 0, wanBytes: 0, originBytes: 0 }

function sumOf(received: Iterable<Received>): Received {
  let sum = NOTHING
  for (const { siteBytes, wanBytes, originBytes } of received)
    sum = {
      siteBytes: sum.siteBytes + siteBytes,
      wanBytes: sum.wanBytes + wanBytes,
      originBytes: sum.originBytes + originBytes
    }
  return sum
}

export function fleetSavings(
  devices: readonly DeviceTotals[],
  priceOf: (site: string) => Price | undefined
): FleetSavings {
  const sites = [...Map.groupBy(devices, ({ site }) => site)].map(([site, ofSite]): SiteSavings => {
    const savings = savingsOf(sumOf(ofSite))
    const price = priceOf(site) ?? null
    const saved = price && (savings.wanAvoidedBytes / GB) * (price.microsPerGb / MILLIONTHS)
    return { ...savings, site, devices: ofSite.length, price, saved }
  })
  const money = new Map<string, number>()
  for (const { price, saved } of sites)
    if (price !== null && saved !== null) money.set(price.currency, (money.get(price.currency) ?? 0) + saved)
  return {
    ...savingsOf(sumOf(devices)),
    sites: sites.sort((a, b) => b.wanAvoidedBytes - a.wanAvoidedBytes || (a.site < b.site ? -1 : 1)),
    money: [...money].map(([currency, saved]) => ({ currency, saved })),
    unpricedBytes: sites.reduce((sum, each) => sum + (each.price === null ? each.wanAvoidedBytes : 0), 0)
  }
}

/** What one device proves to have given to another: bytes by receipts, as either says. */
export interface Receipts {
  readonly giver: string
  readonly reader: string
  /** By the receipts that the giver has of the reader; null when it did not answer. */
  readonly givenBytes: number | null
  /** By what the reader's own log says that it received; null when it did not answer. */
  readonly takenBytes: number | null
}

/** Pairs what givers and readers say. */
export function pairReceipts(
  said: readonly {
    readonly device: string
    readonly given: ReadonlyMap<string, number>
    readonly taken: ReadonlyMap<string, number>
  }[]
): Receipts[] {
  const known = new Set(said.map(({ device }) => device))
  const pairs = new Map<string, { giver: string; reader: string; given: number; taken: number }>()
  const pairOf = (giver: string, reader: string) => {
    const key = `${giver} ${reader}`
    const pair = pairs.get(key) ?? { giver, reader, given: 0, taken: 0 }
    pairs.set(key, pair)
    return pair
  }
  for (const { device, given, taken } of said) {
    for (const [reader, bytes] of given) pairOf(device, reader).given += bytes
    for (const [giver, bytes] of taken) pairOf(giver, device).taken += bytes
  }
  return [...pairs.values()].map(({ giver, reader, given, taken }) => ({
    ...{ giver, reader },
    givenBytes: known.has(giver) ? given : null,
    takenBytes: known.has(reader) ? taken : null
  }))
}

export interface Contribution {
  /** What both sides say, or the less of it. */
  readonly confirmedBytes: number
  /** By receipts of readers that did not answer. */
  readonly unconfirmedBytes: number
}

/** What each giver contributed; what readers say of givers that did not answer is not counted. */
export function contributionsOf(receipts: readonly Receipts[]): Map<string, Contribution> {
  const sums = new Map<string, Contribution>()
  for (const { giver, givenBytes, takenBytes } of receipts) {
    if (givenBytes === null) continue
    const sum = sums.get(giver) ?? { confirmedBytes: 0, unconfirmedBytes: 0 }
    const confirmed = takenBytes === null ? 0 : Math.min(givenBytes, takenBytes)
    sums.set(giver, {
      confirmedBytes: sum.confirmedBytes + confirmed,
      unconfirmedBytes: sum.unconfirmedBytes + (takenBytes === null ? givenBytes : 0)
    })
  }
  return sums
}
