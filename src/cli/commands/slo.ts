/** `slo`: how well the network is to work, as policy, and whether it does. */

import { Option } from 'commander'
import { z } from 'zod'
import {
  type LevelHistory,
  type LevelReport,
  levelMeasure,
  type ServiceLevel
} from '../../api/performance.ts'
import { AppError } from '../../base/errors.ts'
import { DAY_MS, formatDuration, HOUR_MS } from '../../base/units.ts'
import { named, renderActed } from '../acted.ts'
import { command, duration } from '../command.ts'
import { heardText } from '../heard-text.ts'
import { type Column, isoTime, type Paint, printable, renderFields, renderTable } from '../text.ts'

const MEASURES = levelMeasure.options.join(', ')
const PERCENT = /^(\d{1,3}(?:\.\d{1,4})?)\s*%?$/

const percent = z.string().transform((text, context): number => {
  const value = Number(PERCENT.exec(text)?.[1])
  if (value > 0 && value <= 100) return value / 100
  context.addIssue({
    code: 'custom',
    message: 'write a percentage above 0 and at most 100, such as 95% or 99.9%'
  })
  return z.NEVER
})

const name = z.string().min(1, 'write the name of a service level; peerage slo lists them').max(64)

function shareText(share: number | null): string {
  return share === null ? '-' : `${Number((share * 100).toFixed(3))} %`
}

const timeText = (ms: number | null): string => (ms === null ? '-' : formatDuration(ms))
const budgetText = (left: number | null): string => (left === null ? '-' : `${(left * 100).toFixed(0)} %`)
const burnText = (burn: number | null): string => (burn === null ? '-' : burn.toFixed(1))

function goalText({ measure, dataset, site, limitMs, targetShare, windowMs }: ServiceLevel): string {
  return [
    `${shareText(targetShare)} of ${measure}`,
    ...(dataset === null ? [] : [`of ${dataset}`]),
    ...(site === null ? [] : [`at ${printable(site)}`]),
    ...(limitMs === null ? [] : [`within ${formatDuration(limitMs)}`]),
    `over ${formatDuration(windowMs)}`
  ].join(' ')
}

const COLUMNS: readonly Column<ServiceLevel>[] = [
  { title: 'LEVEL', value: row => row.name },
  { title: 'STATE', value: row => row.state },
  { title: 'GOOD', align: 'right', value: row => shareText(row.goodShare) },
  { title: 'OF', align: 'right', value: row => String(row.good + row.bad) },
  { title: 'BUDGET LEFT', align: 'right', value: row => budgetText(row.budgetLeft) },
  { title: 'BURN 1H', align: 'right', value: row => burnText(row.burnHour) },
  { title: 'BURN 1D', align: 'right', value: row => burnText(row.burnDay) },
  { title: 'P50', align: 'right', value: row => timeText(row.p50Ms) },
  { title: 'P95', align: 'right', value: row => timeText(row.p95Ms) },
  { title: 'LAST', align: 'right', value: row => timeText(row.lastMs) },
  { title: 'DEVICES', align: 'right', value: row => String(row.devices) },
  { title: 'GOAL', value: goalText }
]

function renderLevels(report: LevelReport, paint: Paint): string[] {
  if (report.levels.length === 0)
    return ['no service level is set; peerage slo set --help says what can be', ...heardText(report, paint)]
  return [...renderTable(report.levels, COLUMNS, paint), '', ...heardText(report, paint)]
}

export const listLevels = command({
  usage: 'list',
  isDefault: true,
  summary: 'list the service levels, whether each is met, and what is left of its error budget',
  description:
    'BUDGET LEFT: of what may be bad in the window. BURN: how fast that is used up now; with 1 it lasts just until the window ' +
    'ends. P50, P95, LAST: of what was observed. DEVICES: that observed something and answered.',
  examples: ['peerage slo', 'peerage slo list --json'],
  input: z.object({}),
  run: async invocation => {
    const report = await invocation.client.call('levels', {})
    invocation.result(report, paint => renderLevels(report, paint))
  }
})

export const showLevel = command({
  usage: 'show <name>',
  summary: 'show how one service level stands, by site',
  examples: ['peerage slo show swift'],
  input: z.object({ name }),
  run: async (invocation, { name: of }) => {
    const report = await invocation.client.call('levels', {})
    const level = report.levels.find(each => each.name === of)
    if (level === undefined)
      throw new AppError('USAGE', `no service level ${of} is set; peerage slo lists those that are`)
    invocation.result({ ...level, heard: report.heard, atMs: report.atMs }, paint => [
      ...renderFields(
        [
          ['level', printable(level.name)],
          ['goal', goalText(level)],
          ['set', `${isoTime(level.setAtMs)} by ${named(level.by)}`],
          ['state', level.state],
          ['good', `${level.good} of ${level.good + level.bad}: ${shareText(level.goodShare)}`],
          [
            'may be bad',
            level.budget === null
              ? '-'
              : `${Number(level.budget.toFixed(1))} in the window; ${level.bad} were, ${budgetText(level.budgetLeft)} is left`
          ],
          [
            'burn',
            `${burnText(level.burnHour)} in the last hour, ${burnText(level.burnDay)} in the last day`
          ],
          ['p50, p95, last', [level.p50Ms, level.p95Ms, level.lastMs].map(timeText).join(', ')],
          [
            'observed',
            level.firstAtMs === null || level.lastAtMs === null
              ? 'nothing yet'
              : `${isoTime(level.firstAtMs)} to ${isoTime(level.lastAtMs)}, by ${level.devices} devices`
          ]
        ],
        paint
      ),
      '',
      ...renderTable(
        level.sites,
        [
          { title: 'SITE', value: row => row.site },
          { title: 'STATE', value: row => row.state },
          { title: 'GOOD', align: 'right', value: row => shareText(row.goodShare) },
          { title: 'OF', align: 'right', value: row => String(row.good + row.bad) },
          { title: 'P50', align: 'right', value: row => timeText(row.p50Ms) },
          { title: 'P95', align: 'right', value: row => timeText(row.p95Ms) },
          { title: 'LAST', align: 'right', value: row => timeText(row.lastMs) },
          { title: 'DEVICES', align: 'right', value: row => String(row.devices) }
        ],
        paint
      ),
      ...heardText(report, paint)
    ])
  }
})

const LAST: Column<LevelHistory['points'][number]> = {
  ...{ title: 'LAST', align: 'right' },
  value: row => timeText(row.lastMs)
}
const pointColumns = (timed: boolean): readonly Column<LevelHistory['points'][number]>[] => [
  { title: 'FROM', value: row => isoTime(row.atMs) },
  { title: 'GOOD', align: 'right', value: row => String(row.good) },
  { title: 'BAD', align: 'right', value: row => String(row.bad) },
  ...(timed ? [LAST] : []),
  { title: 'BUDGET LEFT', align: 'right', value: row => budgetText(row.budgetLeft) }
]

export const showLevelHistory = command({
  usage: 'history <name>',
  summary: 'show how a service level went on this device over its window, and what was left of its budget',
  description:
    'A line for each span in which this device observed something. BUDGET LEFT: at the end of the span, of the window that ' +
    'ends there. Other devices have histories of their own.',
  examples: ['peerage slo history swift'],
  input: z.object({ name }),
  run: async (invocation, { name: of }) => {
    const history = await invocation.client.call('levelHistory', { name: of })
    const seen = history.points.filter(({ good, bad }) => good + bad > 0)
    invocation.result(history, paint =>
      seen.length === 0
        ? [`this device observed nothing of ${printable(of)} in its window`]
        : [
            ...renderTable(seen, pointColumns(seen.some(({ lastMs }) => lastMs !== null)), paint),
            `in spans of ${formatDuration(history.stepMs)}, of this device alone`
          ]
    )
  }
})

export const setLevel = command({
  usage: 'set <name>',
  summary: 'set a service level, or change it; an admin signs it into the ledger',
  description:
    'MEASURE: distribute (how long a version takes to be on a device), first-byte (until its first piece is), availability (a ' +
    'dataset can be had), revocation (how long it takes until a device knows of one), repair (how long a stored version lacks ' +
    'copies). A p95 below a limit is --share 95%; the last below it is --share 100%.',
  examples: [
    'peerage slo set swift --measure distribute --within 10m --share 95% --dataset os/ --site lyon',
    'peerage slo set there --measure availability --share 99.9% --over 30d'
  ],
  options: [
    new Option('--measure <measure>', MEASURES).makeOptionMandatory(),
    new Option('--within <duration>', 'what takes no longer is good; not for availability'),
    new Option('--share <percent>', 'how much of it has to be good').default('95%'),
    new Option('--over <duration>', 'in the last how long, 1h to 366d').default('30d'),
    new Option('--dataset <name>', 'of one dataset, or with a slash at its end of all that begin so'),
    new Option('--site <name>', 'of the devices of one site')
  ],
  input: z.object({
    name,
    measure: z.enum(levelMeasure.options, `write ${MEASURES}`),
    within: duration.optional(),
    share: percent,
    over: duration.refine(ms => ms >= HOUR_MS && ms <= 366 * DAY_MS, 'write 1h to 366d'),
    dataset: z.string().optional(),
    site: z.string().optional()
  }),
  run: async (invocation, { name: of, measure, within, share, over, dataset, site }) => {
    const acted = await invocation.client.call('setLevel', {
      ...{ name: of, measure, dataset: dataset ?? null, site: site ?? null },
      ...{ limitMs: within ?? null, targetShare: share, windowMs: over }
    })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const unsetLevel = command({
  usage: 'unset <name>',
  summary: 'end a service level',
  examples: ['peerage slo unset swift'],
  input: z.object({ name }),
  run: async (invocation, { name: of }) => {
    const acted = await invocation.client.call('unsetLevel', { name: of })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})
