/** What is wanted and which copies are here in passing, as text. */

import type { Boost, BoostReport, Demand } from '../api/boost.ts'
import { formatBytes, formatDuration } from '../base/units.ts'
import { steadyText, wantedText } from '../report/boost-words.ts'
import { type Column, type Paint, plural, renderFields, renderTable } from './text.ts'

const DEMAND_COLUMNS: readonly Column<Demand>[] = [
  { title: 'DATASET', value: row => `${row.name}@${row.ordinal}` },
  { title: 'SIZE', align: 'right', value: row => formatBytes(row.bytes) },
  { title: 'WANTED BY', value: row => wantedText(row.wanted) },
  { title: 'SERVERS', value: steadyText }
]

const boostColumns = (nowMs: number): readonly Column<Boost>[] => [
  { title: 'IN PASSING', value: row => `${row.name}@${row.ordinal}` },
  {
    title: 'HERE',
    align: 'right',
    value: row => `${formatBytes(row.haveBytes)} of ${formatBytes(row.bytes)}`
  },
  { title: 'WANTED', value: row => `${formatDuration(Math.max(0, nowMs - row.wantedAtMs))} ago` },
  { title: 'GOES IN', value: row => formatDuration(Math.max(0, row.endsAtMs - nowMs)) }
]

export function renderBoosts(
  report: BoostReport,
  { paint, nowMs }: { paint: Paint; nowMs: number }
): string[] {
  const { settings, barred, boosts, demand, roomBytes, heardFrom, atMs } = report
  const { wantedMin, wantedPerHolder, holdersMax, lingerMs, roomShare, countMax } = settings
  const heard =
    atMs === 0 ? 'it has not looked yet' : `looked ${formatDuration(Math.max(0, nowMs - atMs))} ago`
  return [
    ...renderFields(
      [
        ['boosts', barred === null ? 'on' : paint('yellow', `none: ${barred}`)],
        ['begins', `at ${plural(wantedMin, 'device')} that want a version, and too few servers that have it`],
        ['servers', `one for ${plural(wantedPerHolder, 'device')}, up to ${holdersMax}`],
        ['ends', `when nobody has wanted it for ${formatDuration(lingerMs)}`],
        [
          'room',
          `${formatBytes(roomBytes)}: ${Math.round(roomShare * 100)} % of what owed copies leave; up to ${countMax} versions`
        ]
      ],
      paint
    ),
    '',
    ...(boosts.length === 0
      ? ['nothing is here in passing']
      : renderTable(boosts, boostColumns(nowMs), paint)),
    '',
    ...(demand.length === 0
      ? ['nobody that this device hears of wants anything now']
      : renderTable(demand, DEMAND_COLUMNS, paint)),
    '',
    `heard from ${plural(heardFrom, 'linked device')}; ${heard}`
  ]
}
