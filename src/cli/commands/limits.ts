/** `limits`: how much bandwidth this node may use, when, and what is in force. */

import { Option } from 'commander'
import { z } from 'zod'
import {
  DIRECTIONS,
  LINKS,
  type LimitBudget,
  type LimitPath,
  type LimitRule,
  type Limits,
  limitClass
} from '../../api/limits.ts'
import type { RouteArguments } from '../../api/routes.ts'
import { AppError } from '../../base/errors.ts'
import { formatBytes, formatDuration, formatRate, parseRate } from '../../base/units.ts'
import { command, type Invocation, size } from '../command.ts'
import { orWord } from '../or-word.ts'
import { zonedTime } from '../restraint-text.ts'
import { type Column, type Paint, renderTable } from '../text.ts'

const rate = z.string().transform((text, context) => {
  const bytesPerSecond = parseRate(text)
  if (bytesPerSecond !== undefined) return bytesPerSecond
  context.addIssue({
    code: 'custom',
    message: 'write a rate such as 500kB/s, 5MB/s or 20Mbit/s, with B for bytes, or 0 for nothing'
  })
  return z.NEVER
})

const sizeOrNone = orWord('none', size('write a size such as 500MB or 20GB'))

function limitText({ kind, bytesPerSecond }: LimitRule): string {
  if (kind === 'background') return 'gives way'
  return bytesPerSecond === 0 ? 'nothing' : formatRate(bytesPerSecond ?? 0)
}

function zoneOf({ hours }: LimitRule): string | null {
  return hours?.split(' ').at(-1) ?? null
}

/** Whether a rule is in force and why, and until when. */
function stateOf(rule: LimitRule): string {
  const { inForce, nextChangeAtMs, holdsUp, hours } = rule
  const change = nextChangeAtMs === null ? '' : ` until ${zonedTime(nextChangeAtMs, zoneOf(rule))}`
  if (!inForce) return `outside its hours${change}`
  const why = hours === null ? 'always in force' : `within its hours${change}`
  return holdsUp ? `${why}, holds up` : why
}

const RULE_COLUMNS: readonly Column<LimitRule>[] = [
  { title: 'ID', value: row => row.id },
  { title: 'DIRECTION', value: row => row.direction },
  { title: 'LINK', value: row => row.link },
  { title: 'CLASS', value: row => row.dataClass },
  { title: 'LIMIT', align: 'right', value: limitText },
  { title: 'NOW', align: 'right', value: row => (row.inForce ? formatRate(row.currentBytesPerSecond) : '-') },
  { title: 'HOURS', value: row => row.hours ?? 'always' },
  { title: 'STATE', value: stateOf }
]

const BUDGET_COLUMNS: readonly Column<LimitBudget>[] = [
  { title: 'WAN BUDGET', value: row => row.direction },
  { title: 'OF A DAY', align: 'right', value: row => formatBytes(row.bytes) },
  { title: 'USED TODAY', align: 'right', value: row => formatBytes(row.usedBytes) },
  { title: 'LEFT', align: 'right', value: row => formatBytes(Math.max(0, row.bytes - row.usedBytes)) },
  {
    title: 'STATE',
    value: row => `${row.spent ? 'spent' : 'open'}; a new day at ${zonedTime(row.resetsAtMs, row.zone)}`
  }
]

const PATH_COLUMNS: readonly Column<LimitPath>[] = [
  { title: 'GIVES WAY TOWARD', value: row => row.name ?? row.peer.slice(0, 12) },
  { title: 'DIRECTION', value: row => row.direction },
  { title: 'RATE', align: 'right', value: row => formatRate(row.bytesPerSecond) },
  { title: 'QUEUE', align: 'right', value: row => formatDuration(row.queueMs) },
  { title: 'TARGET', align: 'right', value: row => formatDuration(row.targetMs) }
]

function renderLimits(limits: Limits, paint: Paint): string[] {
  const { rules, budgets, paths, unreadable } = limits
  if (unreadable)
    return [
      'the limits that were set can not be read, so that none are in force: they are damaged, or of a newer peerage',
      'next: run that one, or set them anew with: peerage limits set'
    ]
  if (rules.length === 0 && budgets.length === 0)
    return ['no limits: this node uses what the network gives; set one with: peerage limits set --up 5MB/s']
  const tables = [
    rules.length === 0 ? [] : renderTable(rules, RULE_COLUMNS, paint),
    budgets.length === 0 ? [] : renderTable(budgets, BUDGET_COLUMNS, paint),
    paths.length === 0 ? [] : renderTable(paths, PATH_COLUMNS, paint)
  ].filter(lines => lines.length > 0)
  const lines = tables.flatMap((table, at) => (at === 0 ? table : ['', ...table]))
  const { nextChangeAtMs, atMs } = limits
  if (nextChangeAtMs === null) return lines
  return [...lines, '', `the next change comes in ${formatDuration(nextChangeAtMs - atMs)}`]
}

type LimitsRoute = 'limits' | 'setLimits' | 'removeLimit' | 'clearLimits' | 'setBudget'

/** Every command shows what is in force after it. */
async function show<Name extends LimitsRoute>(
  invocation: Invocation,
  route: Name,
  input: RouteArguments<Name>
): Promise<undefined> {
  const limits: Limits = await invocation.client.call(route, input)
  invocation.result(limits, paint => renderLimits(limits, paint))
  return undefined
}

export const listLimits = command({
  usage: 'list',
  isDefault: true,
  summary: 'show the limits, what is in force now, and what is used of budgets',
  description:
    'Rates and sizes are of payload: what it takes to carry it comes on top, about one twentieth. NOW is what a limit ' +
    'selects, over the last seconds.',
  examples: ['peerage limits', 'peerage limits --json | jq ".rules[] | select(.holdsUp)"'],
  input: z.object({}),
  run: async invocation => await show(invocation, 'limits', {})
})

const setInput = z.object({
  up: rate.optional(),
  down: rate.optional(),
  background: z
    .union([z.enum(DIRECTIONS), z.literal(true)], { error: 'write up, down, or nothing for both' })
    .optional(),
  link: z.enum(LINKS),
  class: limitClass,
  hours: z.string().min(1, 'write hours').optional(),
  id: z.string().optional()
})

/** One for each direction that is named. */
function rulesOf(input: z.output<typeof setInput>) {
  const { up, down, background, link, class: dataClass } = input
  const [hours, id] = [input.hours ?? null, input.id ?? null]
  const caps = { up, down }
  const yields = DIRECTIONS.filter(each => background === true || background === each)
  const terms = [
    ...DIRECTIONS.flatMap(direction => {
      const bytesPerSecond = caps[direction]
      return bytesPerSecond === undefined ? [] : [{ direction, bytesPerSecond }]
    }),
    ...yields.map(direction => ({ direction, bytesPerSecond: null }))
  ]
  if (terms.length === 0)
    throw new AppError('USAGE', 'say what to limit: --up RATE, --down RATE or --background')
  if (id !== null && terms.length > 1)
    throw new AppError('USAGE', `--id names one limit, and these are ${terms.length}: give one of them`)
  return terms.map(each => ({ ...each, id, link, dataClass, hours }))
}

export const setLimit = command({
  usage: 'set',
  summary: 'set a limit, or change one',
  description:
    'It holds at once, for what is under way too, and over restarts. A limit for the same traffic at the same hours ' +
    'takes the place of the one before; with --id the one of that id. Where several limits select, the tightest ' +
    'counts. Each device keeps to its own limits: --up is what it sends, --down what it asks for. lan is to devices of ' +
    'the same site, wan to others. --hours is DAYS HH:MM-HH:MM ZONE; days as mon-fri or sat,sun, none for daily; a ' +
    'range may go over midnight; the zone is an IANA name, and that of the node when none is given.',
  examples: [
    'peerage limits set --up 5MB/s --down 20MB/s --link wan',
    'peerage limits set --up 0 --link wan --class restricted --hours "mon-fri 08:00-18:00 Europe/Berlin"',
    'peerage limits set --background --link wan --hours "mon-fri 07:00-19:00 Europe/Berlin"'
  ],
  options: [
    new Option('--up <rate>', 'cap on what is sent, such as 5MB/s or 20Mbit/s; 0 lets nothing go'),
    new Option('--down <rate>', 'cap on what is asked for'),
    new Option(
      '--background [direction]',
      'give way to other traffic as soon as a queue forms: up, down, or both'
    ),
    new Option('--link <link>', 'which links').choices(LINKS).default('all'),
    new Option('--class <class>', 'data of which class').choices(limitClass.options).default('all'),
    new Option('--hours <hours>', 'when it is in force (default: always)'),
    new Option('--id <id>', 'the limit to change, or a name for a new one')
  ],
  input: setInput,
  run: async (invocation, input) => await show(invocation, 'setLimits', { rules: rulesOf(input) })
})

export const removeLimit = command({
  usage: 'remove <id>',
  summary: 'end a limit',
  examples: ['peerage limits remove 2'],
  input: z.object({ id: z.string().min(1) }),
  run: async (invocation, { id }) => await show(invocation, 'removeLimit', { id })
})

export const clearLimits = command({
  usage: 'clear',
  summary: 'end all limits and budgets',
  examples: ['peerage limits clear'],
  input: z.object({}),
  run: async invocation => await show(invocation, 'clearLimits', {})
})

export const setBudget = command({
  usage: 'budget',
  summary: 'say how much may cross between this device and other sites in a day',
  description:
    'When it is spent, nothing more crosses until midnight of the zone or until it is raised; inside the site all goes ' +
    'on. What was used is kept over restarts. What is asked for counts at once.',
  examples: ['peerage limits budget --down 20GB --zone Europe/Berlin', 'peerage limits budget --up none'],
  options: [
    new Option('--up <size>', 'what may be sent in a day, such as 20GB; none ends the budget'),
    new Option('--down <size>', 'what may be fetched in a day'),
    new Option(
      '--zone <zone>',
      'whose days they are, by its IANA name (default: as before, else that of the node)'
    )
  ],
  input: z.object({
    up: sizeOrNone.optional(),
    down: sizeOrNone.optional(),
    zone: z.string().min(1).optional()
  }),
  run: async (invocation, { up, down, zone }) => {
    if (up === undefined && down === undefined)
      throw new AppError('USAGE', 'say how much: --up SIZE or --down SIZE, or none to end a budget')
    const budget = (bytes: number | null) => (bytes === null ? null : { bytes, zone: zone ?? null })
    return await show(invocation, 'setBudget', {
      ...(up === undefined ? {} : { up: budget(up) }),
      ...(down === undefined ? {} : { down: budget(down) })
    })
  }
})
