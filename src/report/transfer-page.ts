/** The register of transfers out of the territory: as a page to print, and as a table with one row for each entry. */

import type { TransferEntry, TransferRegister } from '../api/privacy.ts'
import { isoTime, named, plural } from '../base/words.ts'
import { csv, heading, listed, paragraph, printedPage, TO_FILL_IN, table } from './printed-page.ts'
import { basisText, controllerTable, placeText } from './processing-page.ts'

const KIND_WORDS = {
  published: 'published there',
  kept: 'a copy is kept there',
  held: 'is held there, by the audit log',
  'may-read': 'may be read there',
  'was-read': 'was read there'
} as const satisfies Record<TransferEntry['kind'], string>

function devicesText({ count, devices }: TransferEntry): string {
  const more = count - devices.length
  return `${devices.map(named).join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}

function timeText({ sinceAtMs, lastAtMs }: TransferEntry): string {
  return lastAtMs === null ? `since ${isoTime(sinceAtMs)}` : `${isoTime(sinceAtMs)} to ${isoTime(lastAtMs)}`
}

function entriesTable(entries: readonly TransferEntry[]): string {
  return table(
    entries.map(entry => [
      `${entry.name}@${entry.ordinal}`,
      entry.sealed ? `${entry.dataClass}, sealed` : entry.dataClass,
      ...[KIND_WORDS[entry.kind], placeText(entry.place), devicesText(entry), timeText(entry)],
      basisText(entry.place) + (entry.basisAtMs === null ? '' : `, noted ${isoTime(entry.basisAtMs)}`)
    ]),
    ['Version', 'Class', 'What', 'Where', 'Devices', 'When', 'Basis']
  )
}

export function transferPage(register: TransferRegister): string {
  const { org, device, software, atMs, territory, transfers, unplaced, rules, origins, missing } = register
  return printedPage(`Register of transfers of ${org.name}`, [
    paragraph(
      `GDPR, Chapter V. Made at ${isoTime(atMs)} by ${named(device)} (${software}). Territory without transfers: ${territory}. ` +
        `${TO_FILL_IN} stands where neither the network nor a note says anything.`
    ),
    controllerTable(register),
    heading(`Out of the territory: ${transfers.length}`),
    transfers.length === 0 ? paragraph('None by what is known.') : entriesTable(transfers),
    heading(`Where no country is noted: ${unplaced.length}`),
    unplaced.length === 0 ? paragraph('None.') : entriesTable(unplaced),
    heading('What policy forbids'),
    table(
      rules.map(rule => [
        rule.name,
        rule.regions.length === 0 ? 'anywhere' : `only in ${rule.regions.join(', ')}`,
        rule.closedSites.join(', ') || '-',
        rule.strays.map(named).join(', ') || 'none',
        rule.access === 'granted' ? 'by grant alone' : 'as its class says',
        `${plural(rule.outsideMay, 'device')} may, ${rule.outsideMayNot} may not`
      ]),
      ['Dataset', 'Copies', 'Closed sites', 'Copies elsewhere all the same', 'Read', 'Devices outside']
    ),
    ...(origins.length === 0
      ? []
      : [
          heading('Origins outside the organisation'),
          table(
            origins.map(({ name, host }) => [name, host]),
            ['Dataset', 'Host']
          )
        ]),
    ...(register.toFillIn.length === 0 ? [] : [heading('To be filled in'), listed(register.toFillIn)]),
    ...(missing.length === 0
      ? []
      : [
          heading('Audit logs that could not be had'),
          table(
            missing.map(each => [named(each.device), each.reason]),
            ['Device', 'Why']
          )
        ]),
    heading('What this does not say'),
    listed(register.limits)
  ])
}

export function transferTable({ transfers, unplaced }: TransferRegister): string {
  return csv([
    [
      ...['dataset', 'version', 'class', 'sealed', 'what', 'site', 'region', 'country', 'inside', 'devices'],
      ...['names', 'since', 'last', 'basis', 'reference', 'basis_noted']
    ],
    ...[...transfers, ...unplaced].map(entry => [
      ...[entry.name, entry.version, entry.dataClass, String(entry.sealed), entry.kind],
      ...[entry.place.site ?? '', entry.place.region ?? '', entry.place.country ?? TO_FILL_IN],
      ...[entry.place.inside === null ? 'unknown' : 'no', entry.count, devicesText(entry)],
      ...[isoTime(entry.sinceAtMs), entry.lastAtMs === null ? '' : isoTime(entry.lastAtMs)],
      ...[entry.place.basis ?? TO_FILL_IN, entry.place.reference ?? ''],
      entry.basisAtMs === null ? '' : isoTime(entry.basisAtMs)
    ])
  ])
}
