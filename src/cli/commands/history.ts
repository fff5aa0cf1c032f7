/** `history` and `savings`: what this node measured over time, and what it saves that peers give to each other. */

import { Option } from 'commander'
import { z } from 'zod'
import type { History, HistoryPoint, Savings } from '../../api/history.ts'
import { AppError } from '../../base/errors.ts'
import { DAY_MS, formatBytes, formatDuration, formatRate, GB, HOUR_MS, SECOND_MS } from '../../base/units.ts'
import { command, duration } from '../command.ts'
import { instant, instantBefore } from '../instant.ts'
import { fleetSavingsText } from '../savings-text.ts'
import { type Column, isoTime, type Paint, renderFields, renderTable } from '../text.ts'
import { currency, price } from './prices.ts'

function formatValue(value: number, unit: History['unit']): string {
  if (unit === 'bytes') return formatBytes(value)
  if (unit === 'ms') return `${value.toFixed(1)} ms`
  if (unit === 'share') return `${(value * 100).toFixed(1)} %`
  return Number.isInteger(value) ? String(value) : value.toFixed(1)
}

/** A flow is told as what came in all and as rates, a level as what was seen. */
function columnsOf({ kind, unit, sampleIntervalMs }: History): Column<HistoryPoint>[] {
  const rate = (bytes: number, samples: number): string =>
    formatRate((bytes * SECOND_MS) / (samples * sampleIntervalMs))
  const at: Column<HistoryPoint> = { title: 'FROM', value: row => isoTime(row.atMs) }
  if (kind === 'flow')
    return [
      at,
      { title: 'TOTAL', align: 'right', value: row => formatBytes(row.sum) },
      { title: 'MEAN', align: 'right', value: row => rate(row.sum, row.samples) },
      { title: 'P95', align: 'right', value: row => rate(row.p95, 1) },
      { title: 'MAX', align: 'right', value: row => rate(row.max, 1) }
    ]
  const level = (title: string, value: (row: HistoryPoint) => number): Column<HistoryPoint> => ({
    ...{ title, align: 'right' },
    value: row => formatValue(value(row), unit)
  })
  return [
    at,
    level('MIN', row => row.min),
    level('MEAN', row => row.sum / row.samples),
    level('P50', row => row.p50),
    level('P95', row => row.p95),
    level('MAX', row => row.max)
  ]
}

const SINCE = '--since <time>'

export const showHistory = command({
  usage: 'history [series]',
  summary: 'show what this node measured over time, or list the series that there are',
  description:
    'A sample is taken every 10 seconds. Samples are kept by 10 seconds for an hour, by minute for a day, by hour for 90 ' +
    'days and by day for five years. All of it is of this device alone, and stays on it.',
  examples: ['peerage history', 'peerage history received/other-sites --since 7d --step 1d'],
  options: [
    new Option(SINCE, 'from when: 24h, 7d, or a date; an hour ago by default'),
    new Option('--step <duration>', 'how long the span of each line is, such as 1m, 1h or 1d')
  ],
  input: z.object({ series: z.string().optional(), since: instant.optional(), step: duration.optional() }),
  run: async (invocation, { series, since: from = { agoMs: HOUR_MS }, step }) => {
    const { client, context } = invocation
    if (series === undefined) {
      const list = await client.call('series', {})
      invocation.result(list, paint =>
        list.series.length === 0
          ? ['nothing is measured yet; the first sample comes 10 seconds after the start of the node']
          : renderTable(
              list.series,
              [
                { title: 'SERIES', value: row => row.name },
                { title: 'KIND', value: row => row.kind },
                { title: 'UNIT', value: row => row.unit }
              ],
              paint
            )
      )
      return undefined
    }
    const fromMs = instantBefore(from, context.nowMs())
    const history = await client.call('history', { series, fromMs, toMs: null, stepMs: step ?? null })
    invocation.result(history, paint => renderHistory(history, paint))
    return undefined
  }
})

function renderHistory(history: History, paint: Paint): string[] {
  if (history.points.length === 0) return [`nothing was measured of ${history.name} in that time`]
  return [
    ...renderTable(history.points, columnsOf(history), paint),
    `in spans of ${formatDuration(history.stepMs)}; P95 is within ${history.relativeError * 100} % of the sample of that rank`
  ]
}

export const showSavings = command({
  usage: 'savings',
  summary:
    'show what this device received from where, and what a central server would have sent it over the WAN',
  description:
    'A byte counts on the device that received it, and only there: figures of several devices can be added. What this ' +
    'device sent is shown too, and is part of what others received.',
  examples: [
    'peerage savings',
    'peerage savings --since 7d --price 0.08 --currency EUR',
    'peerage savings --fleet --since 90d'
  ],
  options: [
    new Option('--fleet', 'of all devices that answer, by site; money is by peerage prices'),
    new Option(SINCE, 'from when: 24h, 7d, or a date; 30 days ago by default'),
    new Option('--price <amount>', 'what a GB (1,000,000,000 bytes) over the WAN costs'),
    new Option('--currency <code>', 'of which currency the price is, such as EUR').default('EUR')
  ],
  input: z.object({
    since: instant.optional(),
    fleet: z.boolean().default(false),
    price: price.optional(),
    currency
  }),
  run: async (
    invocation,
    { since: from = { agoMs: 30 * DAY_MS }, fleet, price: pricePerGb, currency: of }
  ) => {
    const { client, context } = invocation
    if (fleet) {
      if (pricePerGb !== undefined)
        throw new AppError(
          'USAGE',
          'the fleet has the prices of the org: peerage prices set AMOUNT --site SITE'
        )
      const report = await client.call('fleetSavings', {
        fromMs: instantBefore(from, context.nowMs()),
        toMs: null
      })
      invocation.result(report, paint => fleetSavingsText(report, paint))
      return
    }
    const savings = await client.call('savings', {
      fromMs: instantBefore(from, context.nowMs()),
      toMs: null
    })
    const money =
      pricePerGb === undefined
        ? null
        : { currency: of, pricePerGb, saved: (savings.wanAvoidedBytes / GB) * pricePerGb }
    invocation.result({ ...savings, money }, paint => renderSavings(savings, money, paint))
    return undefined
  }
})

interface Money {
  readonly currency: string
  readonly pricePerGb: number
  readonly saved: number
}

function renderSavings(savings: Savings, money: Money | null, paint: Paint): string[] {
  const { device, firstAtMs, toMs, siteBytes, wanBytes, originBytes, centralBytes, wanAvoidedBytes } = savings
  if (firstAtMs === null) return ['nothing was measured in that time']
  const fields: [string, string][] = [
    ['device', `${device.name}, site ${device.site}: this device alone`],
    ['measured', `${isoTime(firstAtMs)} to ${isoTime(toMs)}`],
    ['from this site', formatBytes(siteBytes)],
    ['from other sites', formatBytes(wanBytes)],
    ['from origins', formatBytes(originBytes)],
    [
      'from a central server',
      `${formatBytes(siteBytes)} + ${formatBytes(wanBytes)} + ${formatBytes(originBytes)} = ${formatBytes(centralBytes)}`
    ],
    [
      'WAN avoided',
      `${formatBytes(centralBytes)} - ${formatBytes(wanBytes)} - ${formatBytes(originBytes)} = ${formatBytes(wanAvoidedBytes)}`
    ]
  ]
  if (money !== null)
    fields.push([
      'saved',
      `${(wanAvoidedBytes / GB).toFixed(3)} GB x ${money.pricePerGb} ${money.currency} = ` +
        `${money.saved.toFixed(2)} ${money.currency}`
    ])
  fields.push([
    'sent',
    `${formatBytes(savings.sentSiteBytes)} in this site, ${formatBytes(savings.sentWanBytes)} to others; not in the sums above`
  ])
  return renderFields(fields, paint)
}
