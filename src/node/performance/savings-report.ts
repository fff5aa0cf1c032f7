/** What devices that answered saved, by site, device and group. */

import type { DeviceId } from '../../base/ids.ts'
import { MILLIONTHS } from '../../base/units.ts'
import {
  type Contribution,
  contributionsOf,
  fleetSavings,
  type Price,
  pairReceipts
} from '../../history/fleet-savings.ts'
import { savingsOf } from '../../history/savings.ts'
import type { Answer, FleetAnswers } from './fleet-figures.ts'
import type { Exchanged, FleetSavingsReport, SavingsOfDevice } from './performance-terms.ts'

export interface SavingsTerms {
  readonly org: string
  readonly fromMs: number
  readonly toMs: number
  readonly priceOf: (site: string) => Price | undefined
  readonly named: (device: DeviceId) => Pick<SavingsOfDevice, 'device' | 'name' | 'site' | 'kind'>
  /** With those of their members that count now. */
  readonly groups: readonly { readonly name: string; readonly devices: ReadonlySet<DeviceId> }[]
}

export function savingsReport(
  { atMs, answers, heard }: FleetAnswers,
  terms: SavingsTerms
): FleetSavingsReport {
  const totals = answers.map(({ device, site, figures }) => ({ ...figures.totals, device, site }))
  const { sites, money, unpricedBytes, ...sums } = fleetSavings(totals, terms.priceOf)
  const said = answers.flatMap(({ device, figures: { receipts } }) =>
    receipts === null ? [] : [{ device, given: receipts.given, taken: receipts.taken }]
  )
  const contributions = contributionsOf(pairReceipts(said))
  const devices = answers.map(answer => ofDevice(answer, contributions.get(answer.device), terms))
  const { org, fromMs, toMs } = terms
  return {
    ...{ org, atMs, fromMs, toMs, heard },
    ...sums,
    ...sentBy(devices),
    ...{ money, unpricedBytes },
    sites: sites.map(({ price, ...site }) => ({
      ...site,
      price: price && { currency: price.currency, perGb: price.microsPerGb / MILLIONTHS }
    })),
    devices: devices.sort((a, b) => sentOf(b) - sentOf(a) || (a.device < b.device ? -1 : 1)),
    groups: groupsOf(devices, terms),
    receiptsCut: answers.some(({ figures }) => figures.receipts?.isCut === true)
  }
}

function ofDevice(
  { device, figures: { totals, receipts } }: Answer,
  contribution: Contribution | undefined,
  { named }: SavingsTerms
): SavingsOfDevice {
  const { firstAtMs, sentSiteBytes, sentWanBytes } = totals
  return {
    ...named(device),
    ...savingsOf(totals),
    ...{ firstAtMs, sentSiteBytes, sentWanBytes, hasReceipts: receipts !== null },
    confirmedBytes: contribution?.confirmedBytes ?? 0,
    unconfirmedBytes: contribution?.unconfirmedBytes ?? 0
  }
}

function groupsOf(
  devices: readonly SavingsOfDevice[],
  { groups }: SavingsTerms
): FleetSavingsReport['groups'] {
  const inSome = new Set<string>(groups.flatMap(({ devices: of }) => [...of]))
  const none = devices.filter(({ device }) => !inSome.has(device))
  const known = groups.map(({ name, devices: of }) => ({
    group: name as string | null,
    of: devices.filter(({ device }) => of.has(device))
  }))
  return [...known, ...(none.length > 0 ? [{ group: null, of: none }] : [])].map(({ group, of }) => ({
    ...{ group, devices: of.length },
    ...exchanged(of)
  }))
}

function exchanged(devices: readonly Exchanged[]): Exchanged {
  const sum = (value: (device: Exchanged) => number): number =>
    devices.reduce((total, device) => total + value(device), 0)
  return {
    ...savingsOf({
      siteBytes: sum(each => each.siteBytes),
      wanBytes: sum(each => each.wanBytes),
      originBytes: sum(each => each.originBytes)
    }),
    ...sentBy(devices),
    confirmedBytes: sum(each => each.confirmedBytes),
    unconfirmedBytes: sum(each => each.unconfirmedBytes)
  }
}

function sentBy(devices: readonly Exchanged[]): Pick<Exchanged, 'sentSiteBytes' | 'sentWanBytes'> {
  return {
    sentSiteBytes: devices.reduce((total, each) => total + each.sentSiteBytes, 0),
    sentWanBytes: devices.reduce((total, each) => total + each.sentWanBytes, 0)
  }
}

function sentOf({ sentSiteBytes, sentWanBytes }: Exchanged): number {
  return sentSiteBytes + sentWanBytes
}
