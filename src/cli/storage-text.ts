/** How safe a version is, and who has copies of it, as text. */

import type { Copy, VersionStorage } from '../api/storage.ts'
import { formatBytes, formatDuration } from '../base/units.ts'
import { passingText, steadyText, wantedText } from '../report/boost-words.ts'
import { named } from './acted.ts'
import { type Column, isoTime, type Paint, renderFields, renderTable } from './text.ts'

const COPY_COLUMNS: readonly Column<Copy>[] = [
  { title: 'DEVICE', value: row => named(row) },
  { title: 'SITE', value: row => row.site ?? '-' },
  { title: 'KIND', value: row => row.kind },
  { title: 'COPY', value: row => (row.share === null ? row.state : `share ${row.share} ${row.state}`) },
  { title: 'HERE', value: row => presenceText(row, row.isPresent) },
  { title: 'SINCE', value: row => (row.saidAtMs === null ? '-' : isoTime(row.saidAtMs)) }
]

/** A statement may be as old as it likes while its device is present, which may have gone since: so its age is told. */
export function presenceText(
  { isLinked, heardAtMs }: Pick<Copy, 'isLinked' | 'heardAtMs'>,
  isPresent: boolean
): string {
  if (isLinked) return 'yes'
  if (!isPresent || heardAtMs === null) return 'no'
  return `heard ${formatDuration(Math.max(0, Date.now() - heardAtMs))} ago`
}

function demandFields(demand: VersionStorage['demand']): [string, string][] {
  if (demand === null) return []
  return [
    ['wanted now', wantedText(demand.wanted)],
    ['servers', steadyText(demand)]
  ]
}

function passingFields({ passing, bytes, demand }: VersionStorage): [string, string][] {
  if (passing === null) return []
  const wanted = demand?.wanted ?? null
  return [['in passing', passingText({ ...passing, bytes }, { wanted, nowMs: Date.now() })]]
}

export function renderVersionStorage(storage: VersionStorage, paint: Paint): string[] {
  return [
    ...renderFields(
      [
        ['dataset', `${storage.name}@${storage.ordinal}`],
        ['version', storage.version],
        ['content', formatBytes(storage.bytes)],
        ['policy', storage.policy ?? 'none'],
        ['now', paint(storage.isSafe ? 'green' : 'yellow', storage.says)],
        ...demandFields(storage.demand),
        ...passingFields(storage)
      ],
      paint
    ),
    ...(storage.devices.length === 0 ? [] : ['', ...renderTable(storage.devices, COPY_COLUMNS, paint)])
  ]
}
