/** Savings of the fleet as a page to print and as CSV: what came from where, what that saved, and who contributed. */

import type { FleetSavings } from '../api/performance.ts'
import { formatBytes, GB } from '../base/units.ts'
import { isoTime, named, plural } from '../base/words.ts'
import { csv, heading, listed, paragraph, printedPage, table } from './printed-page.ts'

type Exchanged = FleetSavings['groups'][number]

export function savingsPage(report: FleetSavings): string {
  const { org, fromMs, toMs, atMs, heard, sites, devices, groups } = report
  return printedPage(`Savings of ${org}`, [
    paragraph(
      `${isoTime(fromMs)} to ${isoTime(toMs)}, from ${plural(heard.devices, 'device')} that answered at ${isoTime(atMs)}. ` +
        'A byte counts on the device that received it and on no other. A GB is 1,000,000,000 bytes.'
    ),
    ...silentLines(report),
    heading('Bytes by source'),
    table([
      ['From devices of the same site', formatBytes(report.siteBytes)],
      ['From devices of other sites', formatBytes(report.wanBytes)],
      ['From origins', formatBytes(report.originBytes)],
      ['A central server would have sent', formatBytes(report.centralBytes)],
      ['WAN bytes avoided', formatBytes(report.wanAvoidedBytes)],
      ...report.money.map(({ currency, saved }) => ['Saved', `${saved.toFixed(2)} ${currency}`]),
      ...(report.unpricedBytes > 0
        ? [['Avoided at sites without a price', formatBytes(report.unpricedBytes)]]
        : [])
    ]),
    heading('Sites'),
    table(
      sites.map(({ site, price, saved, ...of }) => [
        site || 'not known',
        String(of.devices),
        ...[of.siteBytes, of.wanBytes, of.originBytes, of.wanAvoidedBytes].map(formatBytes),
        price === null ? '-' : `${price.perGb} ${price.currency}`,
        price === null || saved === null ? '-' : `${saved.toFixed(2)} ${price.currency}`
      ]),
      SITE_HEAD
    ),
    heading('Groups'),
    paragraph('A device in several groups counts in each.'),
    table(
      groups.map(group => [group.group ?? 'in no group', String(group.devices), ...exchangedCells(group)]),
      ['Group', 'Devices', ...EXCHANGED]
    ),
    heading('Devices'),
    table(
      devices.map(device => [
        named(device),
        device.site ?? '-',
        device.firstAtMs === null ? 'nothing measured' : isoTime(device.firstAtMs),
        ...exchangedCells(device)
      ]),
      ['Device', 'Site', 'Measured since', ...EXCHANGED]
    ),
    paragraph(
      'Contributed is what readers signed receipts for, and have in their own logs. Unconfirmed is what is in receipts of ' +
        'readers that did not answer. Bytes sent that are in neither came twice, failed their hash, or have no receipt yet.'
    ),
    ...(report.receiptsCut
      ? [
          paragraph(
            'Some devices had more receipts than they could tell of: contributions are at least these.'
          )
        ]
      : [])
  ])
}

const SITE_HEAD = [
  ...['Site', 'Devices', 'From the site', 'From other sites', 'From origins', 'WAN avoided'],
  ...['A GB costs', 'Saved']
]
const EXCHANGED = ['Received', 'WAN avoided', 'Sent', 'Contributed', 'Unconfirmed']

function exchangedCells(of: Omit<Exchanged, 'group' | 'devices'>): string[] {
  const sentBytes = of.sentSiteBytes + of.sentWanBytes
  return [of.centralBytes, of.wanAvoidedBytes, sentBytes, of.confirmedBytes, of.unconfirmedBytes].map(
    formatBytes
  )
}

function silentLines({ heard: { silent, silentCount } }: FleetSavings): string[] {
  if (silentCount === 0) return [paragraph('Every member answered.')]
  const rest = silentCount - silent.length
  return [
    paragraph(`${plural(silentCount, 'member')} did not answer, and nothing of theirs is counted:`),
    listed([
      ...silent.map(each => `${named(each)}: ${each.detail}`),
      ...(rest > 0 ? [`and ${rest} more`] : [])
    ])
  ]
}

const CSV_HEAD = [
  ...['device', 'name', 'site', 'kind', 'measured_since', 'from_same_site_bytes', 'from_other_sites_bytes'],
  ...['from_origins_bytes', 'central_server_bytes', 'wan_avoided_bytes', 'sent_same_site_bytes'],
  ...['sent_other_sites_bytes', 'confirmed_bytes', 'unconfirmed_bytes', 'price_per_gb', 'currency', 'saved']
] as const

/** RFC 4180: a line for each device that answered, and one for each that did not, with no figures. */
export function savingsCsv({ devices, sites, heard }: FleetSavings): string {
  const prices = new Map(sites.map(({ site, price }) => [site, price]))
  const rows = devices.map(each => {
    const price = prices.get(each.site ?? '') ?? null
    return [
      ...[each.device, each.name ?? '', each.site ?? '', each.kind ?? ''],
      each.firstAtMs === null ? '' : isoTime(each.firstAtMs),
      ...[each.siteBytes, each.wanBytes, each.originBytes, each.centralBytes, each.wanAvoidedBytes],
      ...[each.sentSiteBytes, each.sentWanBytes, each.confirmedBytes, each.unconfirmedBytes],
      ...(price === null
        ? ['', '', '']
        : [price.perGb, price.currency, ((each.wanAvoidedBytes / GB) * price.perGb).toFixed(6)])
    ]
  })
  const silent = heard.silent.map(({ device, name, site }) =>
    CSV_HEAD.map((_, at) => [device, name ?? '', site ?? ''][at] ?? '')
  )
  return csv([CSV_HEAD, ...rows, ...silent])
}
