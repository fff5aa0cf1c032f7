/** `detections`: what the rules of this node found, and the policy of the rules. */

import { Option } from 'commander'
import { z } from 'zod'
import {
  DETECTIONS_DEFAULT,
  DETECTIONS_MAX,
  type Detection,
  type DetectionRules,
  type DetectionThreshold,
  detectionRule,
  NOTE_CHARACTERS_MAX
} from '../../api/detection.ts'
import { AppError } from '../../base/errors.ts'
import { shortId } from '../../base/ids.ts'
import { DAY_MS, formatBytes, formatDuration, parseBytes, parseDurationMs } from '../../base/units.ts'
import { named } from '../acted.ts'
import { command } from '../command.ts'
import { type Column, isoTime, type Paint, plural, printable, renderFields, renderTable } from '../text.ts'

const EVERY_SITE = '*'
const LIMIT_WORDS = `write a number from 1 to ${DETECTIONS_MAX}`
const id = z.coerce
  .number('write the number of a finding; peerage detections lists them')
  .int('write the number of a finding; peerage detections lists them')
  .positive('write the number of a finding; peerage detections lists them')

const COLUMNS: readonly Column<Detection>[] = [
  { title: 'ID', value: row => String(row.id), align: 'right' },
  { title: 'SEVERITY', value: row => row.severity },
  { title: 'RULE', value: row => row.rule },
  { title: 'LAST', value: row => isoTime(row.lastAtMs) },
  { title: 'STATE', value: row => row.state },
  { title: 'ABOUT', value: aboutText },
  { title: 'TITLE', value: row => printable(row.title) }
]

function aboutText({ devices, datasets }: Detection): string {
  const [device] = devices
  const [dataset] = datasets
  const name = device === undefined ? dataset : named(device)
  const more = devices.length > 1 ? ` and ${devices.length - 1} more` : ''
  return printable(`${name ?? '-'}${more}`)
}

export const listDetections = command({
  usage: 'list',
  isDefault: true,
  summary: 'list what the rules of this node found, the latest first',
  description:
    'Each finding is one, until there was none like it for a day. docs/DETECTION.md has the rules.',
  examples: ['peerage detections', 'peerage detections list --all --rule mass-reads --json'],
  options: [
    new Option('--all', 'those too that are acknowledged'),
    new Option('--rule <id>', 'of one rule'),
    new Option('--limit <number>', `at most so many (default: ${DETECTIONS_DEFAULT})`)
  ],
  input: z.object({
    all: z.boolean().default(false),
    rule: z.enum(detectionRule.options, `write one of ${detectionRule.options.join(', ')}`).optional(),
    limit: z.coerce
      .number(LIMIT_WORDS)
      .int(LIMIT_WORDS)
      .min(1, LIMIT_WORDS)
      .max(DETECTIONS_MAX, LIMIT_WORDS)
      .default(DETECTIONS_DEFAULT)
  }),
  run: async (invocation, { all, rule, limit }) => {
    const list = await invocation.client.call('detections', {
      ...{ state: all ? 'all' : 'open', rule: rule ?? null, limit }
    })
    invocation.result(list, paint =>
      list.detections.length === 0
        ? [`nothing was found${all ? '' : ' that is not acknowledged'}`]
        : [
            ...renderTable(list.detections, COLUMNS, paint),
            'see why one was raised with: peerage detections show ID'
          ]
    )
  }
})

function renderDetection(detection: Detection, paint: Paint): string[] {
  const { devices, datasets, evidence, acknowledged } = detection
  const deviceText = ({ device, name, site }: Detection['devices'][number]): string =>
    printable(`${name ?? 'unnamed'} (${shortId(device)}${site === null ? '' : `, ${site}`})`)
  const fields: [string, string][] = [
    ['rule', detection.rule],
    ['severity', detection.severity],
    ['state', detection.state],
    ['why', printable(detection.explanation)],
    ['from', isoTime(detection.firstAtMs)],
    ['to', isoTime(detection.lastAtMs)],
    ...devices.map((device, at): [string, string] => [at === 0 ? 'devices' : '', deviceText(device)]),
    ...(datasets.length === 0 ? [] : [['datasets', printable(datasets.join(', '))] as [string, string]]),
    ...evidence.map(({ device, seq }, at): [string, string] => [
      at === 0 ? 'evidence' : '',
      `entry ${seq} of the audit log of ${deviceText(device)}`
    ])
  ]
  if (acknowledged !== null) {
    const { by, atMs, note } = acknowledged
    fields.push([
      'acknowledged',
      printable(`by ${by} at ${isoTime(atMs)}${note === null ? '' : `: ${note}`}`)
    ])
  }
  return [printable(detection.title), ...renderFields(fields, paint)]
}

export const showDetection = command({
  usage: 'show <id>',
  summary: 'show a finding: why it was raised, about whom, and which entries of which audit logs show it',
  examples: ['peerage detections show 12'],
  input: z.object({ id }),
  run: async (invocation, { id: of }) => {
    const found = await invocation.client.call('detection', { id: of })
    invocation.result(found, paint => renderDetection(found, paint))
  }
})

export const acknowledgeDetection = command({
  usage: 'ack <id>',
  summary: 'note that somebody has looked at a finding',
  description:
    'It is listed no more, unless it becomes worse. Kept on this device alone: write no names of persons.',
  examples: ['peerage detections ack 12 --note "the training room, ticket 4711"'],
  options: [new Option('--note <text>', `what it was, at most ${NOTE_CHARACTERS_MAX} characters`)],
  input: z.object({
    id,
    note: z
      .string()
      .min(1, 'write a note, or leave the option out')
      .max(NOTE_CHARACTERS_MAX, `write at most ${NOTE_CHARACTERS_MAX} characters`)
      .optional()
  }),
  run: async (invocation, { id: of, note }) => {
    const found = await invocation.client.call('acknowledgeDetection', { id: of, note: note ?? null })
    invocation.result(found, paint => renderDetection(found, paint))
  }
})

function valueText({ unit }: DetectionThreshold, value: number): string {
  if (unit === 'ms')
    return value > DAY_MS && value % DAY_MS === 0 ? `${value / DAY_MS} d` : formatDuration(value)
  if (unit === 'bytes') return formatBytes(value)
  return unit === 'factor' ? `${value} times` : String(value)
}

function renderRules(rules: DetectionRules, paint: Paint): string[] {
  const rows = rules.rules.flatMap(rule =>
    rule.thresholds.map(threshold => ({ rule, threshold, isSet: threshold.value !== threshold.standard }))
  )
  return [
    ...renderTable(
      rules.rules,
      [
        { title: 'RULE', value: row => row.id },
        { title: 'STATE', value: row => (row.on ? 'on' : 'off') },
        { title: 'OPEN', value: row => String(row.open), align: 'right' },
        { title: 'EVER', value: row => String(row.raised), align: 'right' },
        { title: 'FINDS', value: row => row.what }
      ],
      paint
    ),
    '',
    ...renderTable(
      rows,
      [
        { title: 'THRESHOLD', value: row => row.threshold.id },
        {
          title: 'VALUE',
          align: 'right',
          value: row => `${valueText(row.threshold, row.threshold.value)}${row.isSet ? ' (set)' : ''}`
        },
        { title: 'WHAT IT IS', value: row => row.threshold.what }
      ],
      paint
    ),
    '',
    ...(rules.hours.length === 0
      ? ['no hours are set, so off-hours-reads finds nothing; set them with: peerage detections hours HOURS']
      : rules.hours.map(
          ({ site, hours }) =>
            `hours of ${site === EVERY_SITE ? 'every other site' : printable(site)}: ${hours}`
        )),
    `${plural(rules.logs, 'audit log')} watched, ${plural(rules.facts, 'fact')} of the last day` +
      (rules.factsDropped === 0 ? '' : `; ${rules.factsDropped} came in a flood and were let go of`)
  ]
}

export const listDetectionRules = command({
  usage: 'rules',
  summary: 'show the rules with their thresholds, and how often each found something',
  examples: ['peerage detections rules'],
  input: z.object({}),
  run: async invocation => {
    const rules = await invocation.client.call('detectionRules', {})
    invocation.result(rules, paint => renderRules(rules, paint))
  }
})

/** A value as people write it for a threshold of a unit; null is its default. */
function thresholdValue(text: string, { id: of, unit }: DetectionThreshold): number | null {
  if (text === 'default') return null
  const bytesOrCount = unit === 'bytes' ? parseBytes(text) : Number(text)
  const value = unit === 'ms' ? parseDurationMs(text) : bytesOrCount
  if (value !== undefined && !Number.isNaN(value) && text.trim() !== '') return value
  const like = { ms: 'a time such as 30s, 10m, 8h or 7d', bytes: 'a size such as 500GB' }
  const words = unit === 'ms' || unit === 'bytes' ? like[unit] : 'a number'
  throw new AppError(
    'USAGE',
    `${JSON.stringify(text)} can not be the threshold ${of}: write ${words}, or default`
  )
}

export const setDetectionRule = command({
  usage: 'set <name> <value>',
  summary: 'set a threshold of detection on this node, or a rule on or off',
  description:
    'NAME is a threshold as peerage detections rules lists them, and VALUE what its unit asks for, or default. Or NAME is a ' +
    'rule and VALUE on or off. It holds at once, on this device alone.',
  examples: ['peerage detections set mass-reads.datasets 100', 'peerage detections set fan-out off'],
  input: z.object({ name: z.string().min(1).max(128), value: z.string().min(1).max(64) }),
  run: async (invocation, { name, value }) => {
    const { client } = invocation
    const { rules } = await client.call('detectionRules', {})
    const threshold = rules.flatMap(each => each.thresholds).find(each => each.id === name)
    const isRule = rules.some(each => each.id === name)
    const isSwitch = value === 'on' || value === 'off'
    if (isRule && !isSwitch)
      throw new AppError('USAGE', `${name} is a rule: write on or off, and not ${JSON.stringify(value)}`)
    const thresholds: Record<string, number | null> = {}
    const on: Record<string, boolean> = {}
    if (isSwitch) on[name] = value === 'on'
    // The node says which name may have been meant.
    else thresholds[name] = threshold === undefined ? null : thresholdValue(value, threshold)
    const after = await client.call('setDetectionRules', { ...{ thresholds, on }, hours: {} })
    invocation.result(after, paint => renderRules(after, paint))
  }
})

export const setDetectionHours = command({
  usage: 'hours <hours>',
  summary: 'set in which hours sites work, for off-hours-reads',
  description:
    'HOURS is as mon-fri 07:00-20:00 Europe/Berlin: days, times, and a time zone (UTC without one); or none, to take them back. ' +
    'It holds at once, on this device alone.',
  examples: [
    'peerage detections hours "mon-fri 07:00-20:00 Europe/Berlin"',
    'peerage detections hours "sun-thu 08:00-18:00 Asia/Dubai" --site dubai'
  ],
  options: [new Option('--site <name>', 'of one site; otherwise of all that have none of their own')],
  input: z.object({ hours: z.string().min(1).max(128), site: z.string().min(1).max(64).optional() }),
  run: async (invocation, { hours, site }) => {
    const rules = await invocation.client.call('setDetectionRules', {
      ...{ thresholds: {}, on: {} },
      hours: { [site ?? EVERY_SITE]: hours === 'none' ? null : hours }
    })
    invocation.result(rules, paint => renderRules(rules, paint))
  }
})
