/** Savings of the fleet in a terminal. */

import type { FleetSavings } from '../api/performance.ts'
import { formatBytes } from '../base/units.ts'
import { named } from './acted.ts'
import { heardText } from './heard-text.ts'
import { type Column, isoTime, type Paint, renderFields, renderTable } from './text.ts'

/** Those that gave the most are shown; the report has all. */
const DEVICES_SHOWN_MAX = 20

const SITES: readonly Column<FleetSavings['sites'][number]>[] = [
  { title: 'SITE', value: row => row.site || '-' },
  { title: 'DEVICES', align: 'right', value: row => String(row.devices) },
  { title: 'FROM SITE', align: 'right', value: row => formatBytes(row.siteBytes) },
  { title: 'FROM OTHERS', align: 'right', value: row => formatBytes(row.wanBytes) },
  { title: 'FROM ORIGINS', align: 'right', value: row => formatBytes(row.originBytes) },
  { title: 'WAN AVOIDED', align: 'right', value: row => formatBytes(row.wanAvoidedBytes) },
  {
    title: 'SAVED',
    align: 'right',
    value: row =>
      row.price === null || row.saved === null ? '-' : `${row.saved.toFixed(2)} ${row.price.currency}`
  }
]

const DEVICES: readonly Column<FleetSavings['devices'][number]>[] = [
  { title: 'DEVICE', value: named },
  { title: 'SITE', value: row => row.site ?? '-' },
  { title: 'RECEIVED', align: 'right', value: row => formatBytes(row.centralBytes) },
  { title: 'SENT', align: 'right', value: row => formatBytes(row.sentSiteBytes + row.sentWanBytes) },
  {
    title: 'CONTRIBUTED',
    align: 'right',
    value: row => (row.hasReceipts ? formatBytes(row.confirmedBytes) : '-')
  },
  {
    title: 'UNCONFIRMED',
    align: 'right',
    value: row => (row.hasReceipts ? formatBytes(row.unconfirmedBytes) : '-')
  }
]

export function fleetSavingsText(report: FleetSavings, paint: Paint): string[] {
  const { siteBytes, wanBytes, originBytes, centralBytes, wanAvoidedBytes, groups } = report
  const hidden = report.devices.length - DEVICES_SHOWN_MAX
  return [
    ...renderFields(
      [
        ['measured', `${isoTime(report.fromMs)} to ${isoTime(report.toMs)}`],
        [
          'from a central server',
          `${formatBytes(siteBytes)} + ${formatBytes(wanBytes)} + ${formatBytes(originBytes)} = ${formatBytes(centralBytes)}`
        ],
        ['WAN avoided', formatBytes(wanAvoidedBytes)],
        ...report.money.map(({ currency, saved }): [string, string] => [
          'saved',
          `${saved.toFixed(2)} ${currency}`
        ]),
        ...(report.unpricedBytes > 0
          ? ([
              ['without a price', `${formatBytes(report.unpricedBytes)} avoided; peerage prices set AMOUNT`]
            ] as const)
          : [])
      ],
      paint
    ),
    '',
    ...renderTable(report.sites, SITES, paint),
    '',
    ...renderTable(report.devices.slice(0, DEVICES_SHOWN_MAX), DEVICES, paint),
    ...(hidden > 0 ? [`and ${hidden} more: peerage report savings has all`] : []),
    ...(groups.some(({ group }) => group !== null)
      ? [
          '',
          ...renderTable(
            groups,
            [
              { title: 'GROUP', value: row => row.group ?? '(in none)' },
              { title: 'DEVICES', align: 'right', value: row => String(row.devices) },
              { title: 'RECEIVED', align: 'right', value: row => formatBytes(row.centralBytes) },
              { title: 'CONTRIBUTED', align: 'right', value: row => formatBytes(row.confirmedBytes) }
            ],
            paint
          )
        ]
      : []),
    '',
    'contributed: what readers signed receipts for, and have in their own logs',
    ...(report.receiptsCut
      ? ['some devices had more receipts than they could tell of: it is at least that']
      : []),
    ...heardText(report, paint)
  ]
}
