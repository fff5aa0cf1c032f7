/** `participation`: who gives how much and how fast, and why a device is slow. */

import { Option } from 'commander'
import { z } from 'zod'
import type { Participation } from '../../api/performance.ts'
import { DAY_MS, formatBytes, formatRate } from '../../base/units.ts'
import { passingText } from '../../report/boost-words.ts'
import { named } from '../acted.ts'
import { command } from '../command.ts'
import { heardText } from '../heard-text.ts'
import { instant, instantBefore } from '../instant.ts'
import { type Column, isoTime, type Paint, renderTable } from '../text.ts'

type Participant = Participation['devices'][number]

const COLUMNS: readonly Column<Participant>[] = [
  { title: 'DEVICE', value: named },
  { title: 'SITE', value: row => row.site ?? '-' },
  { title: 'SENT', align: 'right', value: row => formatBytes(row.sentBytes) },
  {
    title: 'OF ALL',
    align: 'right',
    value: row => (row.share === null ? '-' : `${(row.share * 100).toFixed(1)} %`)
  },
  { title: 'RECEIVED', align: 'right', value: row => formatBytes(row.receivedBytes) },
  {
    title: 'GIVES',
    align: 'right',
    value: row => (row.givesBytesPerSecond === null ? '-' : formatRate(row.givesBytesPerSecond))
  },
  { title: 'SAID BY', align: 'right', value: row => String(row.observers) },
  { title: 'SLOW', value: row => (row.slow ? row.reasons.map(({ reason }) => reason).join(', ') : '-') }
]

/** Copies in passing of the node that is asked; nothing where it has none. */
function passingLines({ boosts, demand }: Participation['passing'], nowMs: number): string[] {
  if (boosts.length === 0) return []
  const lines = boosts.map(boost => {
    const wanted = demand.find(({ version }) => version === boost.version)?.wanted ?? null
    return `  ${boost.name}@${boost.ordinal}: ${passingText(boost, { wanted, nowMs })}`
  })
  return ['', 'in passing on this node (peerage boost):', ...lines]
}

function rendered(report: Participation, { paint, nowMs }: { paint: Paint; nowMs: number }): string[] {
  const slow = report.devices.filter(each => each.slow)
  return [
    ...renderTable(report.devices, COLUMNS, paint),
    ...slow.flatMap(each => [
      '',
      paint('yellow', `${named(each)} is slow. Likely reasons, the likeliest first:`),
      ...each.reasons.map(({ reason, because }) => `  ${reason}: ${because}`)
    ]),
    ...passingLines(report.passing, nowMs),
    '',
    `since ${isoTime(report.fromMs)}; speeds are of the last hour`,
    ...heardText(report, paint)
  ]
}

export const showParticipation = command({
  usage: 'participation',
  summary: 'show who gives how much and how fast, and which devices are slow and why',
  description:
    'GIVES: to one device while that asks for something, the median over the devices that say so (SAID BY). A device is slow ' +
    'when it gives at less than a half of the median of the others, both to one and to all together, or its disk ' +
    'holds up what it takes or gives; the reasons are guesses from what it measures of itself.',
  examples: ['peerage participation', 'peerage participation --since 7d --json'],
  options: [new Option('--since <time>', 'from when: 24h, 7d, or a date; a day ago by default')],
  input: z.object({ since: instant.optional() }),
  run: async (invocation, { since: from = { agoMs: DAY_MS } }) => {
    const { client, context } = invocation
    const report = await client.call('participation', { fromMs: instantBefore(from, context.nowMs()) })
    invocation.result(report, paint => rendered(report, { paint, nowMs: context.nowMs() }))
  }
})
