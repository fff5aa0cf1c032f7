/**
 * `breach`: breaches of personal data, how long is left to notify of them, who read what, and the draft of the
 * notification.
 */

import { Option } from 'commander'
import { z } from 'zod'
import {
  BREACH_FIELDS,
  BREACH_TEXT_CHARACTERS_MAX,
  type BreachReport,
  type BreachSummary,
  breachOutcome
} from '../../api/breach.ts'
import { datasetName } from '../../api/field.ts'
import { formatBytes } from '../../base/units.ts'
import { breachPage, noticeOf, sealedText } from '../../report/breach-page.ts'
import { named } from '../acted.ts'
import { command } from '../command.ts'
import { instant, instantBefore } from '../instant.ts'
import { orWord } from '../or-word.ts'
import { type Column, isoTime, type Paint, plural, printable, relativeTime, renderTable } from '../text.ts'
import { READ_COLUMNS } from './audit.ts'
import { jsonFile, reportOptions, reportShape, writeReport } from './report.ts'

const NONE = 'none'
const id = z.string().min(1, 'write the id of a breach; peerage breach list shows them').max(32)
const text = z
  .string()
  .min(1, 'write a line')
  .max(BREACH_TEXT_CHARACTERS_MAX, `write at most ${BREACH_TEXT_CHARACTERS_MAX} characters`)
const orNull = text.transform(line => (line === NONE ? null : line))
const datasets = z.array(datasetName)

function clockText({ state, dueAtMs, notifiedAtMs, closed }: BreachSummary, nowMs: number): string {
  if (notifiedAtMs !== null) return `${state === 'late' ? 'late, ' : ''}on ${isoTime(notifiedAtMs)}`
  if (closed !== null) return `not: ${closed.outcome}`
  return `not yet, it ${dueAtMs < nowMs ? 'was' : 'is'} due ${relativeTime(dueAtMs, nowMs)}`
}

const columns = (nowMs: number): readonly Column<BreachSummary>[] => [
  { title: 'BREACH', value: row => row.id },
  { title: 'STATE', value: row => (row.closed === null ? row.state : 'closed') },
  { title: 'AWARE', value: row => isoTime(row.awareAtMs) },
  { title: 'NOTIFICATION', value: row => clockText(row, nowMs) },
  { title: 'DATASETS', value: row => row.datasets.join(', ') || '-' },
  { title: 'SUMMARY', value: row => printable(row.summary) }
]

function spanText({ fromMs, toMs }: Pick<BreachSummary, 'fromMs' | 'toMs'>): string {
  return `from ${fromMs === null ? 'the beginning' : isoTime(fromMs)} to ${toMs === null ? 'now' : isoTime(toMs)}`
}

function renderBreach(breach: BreachSummary, paint: Paint, nowMs: number): string[] {
  const isUrgent = breach.state === 'overdue' || breach.state === 'late'
  return [
    `breach ${breach.id}: ${printable(breach.summary)}`,
    `aware ${isoTime(breach.awareAtMs)}; the authority is to be notified by ${isoTime(breach.dueAtMs)}`,
    `notified: ${isUrgent ? paint('red', clockText(breach, nowMs)) : clockText(breach, nowMs)}`,
    `persons told: ${breach.personsToldAtMs === null ? 'no' : isoTime(breach.personsToldAtMs)}`,
    `it was ${spanText(breach)}; datasets: ${breach.datasets.join(', ') || paint('yellow', 'none is named')}`,
    ...BREACH_FIELDS.map(field => `${field}: ${printable(breach.said[field] ?? '-')}`),
    ...(breach.closed === null
      ? []
      : [
          `closed ${isoTime(breach.closed.atMs)} as ${breach.closed.outcome}: ${printable(breach.closed.reason)}`
        ])
  ]
}

function renderReport(report: BreachReport, paint: Paint, nowMs: number): string[] {
  const { breach, datasets: of, personsKnown, missing, findings, logs, toFillIn } = report
  const unsigned = logs.filter(({ entries, signedEntries }) => signedEntries < entries).length
  return [
    ...renderBreach(breach, paint, nowMs),
    '',
    `persons known to be concerned: ${personsKnown}`,
    ...of.flatMap(each => [
      '',
      paint('bold', `${each.name}: ${plural(each.versions.length, 'version')}, ${formatBytes(each.bytes)}`),
      `  class ${each.classes.join(', ') || '-'}; labels ${each.labels.join(', ') || '-'}; ` +
        `${sealedText(each.sealed)}; ${plural(each.personsKnown, 'person')} known, ` +
        `${plural(each.pseudonyms, 'pseudonym')}; ` +
        `${plural(each.mayRead, 'device')} may read now`,
      ...(each.reads.length === 0
        ? ['  no log that is here tells of a read in that time']
        : renderTable(each.reads, READ_COLUMNS, paint))
    ]),
    '',
    `${plural(logs.length, 'log')} here, ${unsigned} of them with entries that are not signed yet`,
    ...missing.map(each =>
      paint('yellow', `no log of ${printable(named(each.device))}: ${printable(each.reason)}`)
    ),
    ...findings.map(each =>
      paint('red', `the log of ${printable(named(each.device))}: ${printable(each.detail)}`)
    ),
    ...(toFillIn.length === 0 ? [] : [paint('yellow', `to be filled in: ${toFillIn.join(', ')}`)])
  ]
}

export const listBreaches = command({
  usage: 'list',
  isDefault: true,
  summary: 'list breaches that are noted here, and how long is left to notify of each',
  description: 'Breaches are on this device alone, which has to be an admin or have the role privacy.',
  examples: ['peerage breach list'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('breaches', {})
    const nowMs = invocation.context.nowMs()
    invocation.result(list, paint =>
      list.breaches.length === 0
        ? ['no breach is noted here']
        : renderTable(list.breaches, columns(nowMs), paint)
    )
  }
})

export const openBreach = command({
  usage: 'open',
  summary: 'open a breach, with a clock of 72 hours from when it became known',
  description: 'TIME is how long ago, such as 5h, or a date, such as 2026-01-31T09:00.',
  examples: [
    'peerage breach open --summary "laptop lost in a train" --dataset payroll --from 2d --aware 3h',
    'peerage breach open --summary "wrong group granted" --dataset scans/2031'
  ],
  options: [
    new Option('--summary <text>', 'what happened, without names of persons').makeOptionMandatory(),
    new Option('--dataset <name...>', 'a dataset that is concerned'),
    new Option('--from <time>', 'since when (default: not known)'),
    new Option('--to <time>', 'until when (default: not known)'),
    new Option('--aware <time>', 'when it became known (default: now)')
  ],
  input: z.object({
    summary: text,
    dataset: datasets.default([]),
    from: instant.optional(),
    to: instant.optional(),
    aware: instant.optional()
  }),
  run: async (invocation, { summary, dataset, from, to, aware }) => {
    const nowMs = invocation.context.nowMs()
    const at = (typed: typeof from) => (typed === undefined ? null : instantBefore(typed, nowMs))
    const breach = await invocation.client.call('openBreach', {
      ...{ summary, datasets: dataset, fromMs: at(from), toMs: at(to), awareAtMs: at(aware) }
    })
    invocation.result(breach, paint => [
      ...renderBreach(breach, paint, nowMs),
      `see who read what with: peerage breach show ${breach.id}`
    ])
  }
})

export const showBreach = command({
  usage: 'show <id>',
  summary: 'show a breach: who read what in its time, with the evidence, and how many persons are concerned',
  description:
    'Asks every device for its audit log, and says whose could not be had. Reads that went on in the span are in it, also ' +
    'those that began before; times are by the clock of each device.',
  examples: ['peerage breach show 1f2e3d4c'],
  input: z.object({ id }),
  run: async (invocation, { id: of }) => {
    const report = await invocation.client.call('breach', { id: of })
    const nowMs = invocation.context.nowMs()
    invocation.result(report, paint => renderReport(report, paint, nowMs))
  }
})

export const listBreachPersons = command({
  usage: 'persons <id>',
  summary:
    'list the persons that are known to be concerned, to tell them (Art. 34); it is noted in the audit log',
  examples: ['peerage breach persons 1f2e3d4c --json | jq -r ".persons[]"'],
  input: z.object({ id }),
  run: async (invocation, { id: of }) => {
    const list = await invocation.client.call('breachPersons', { id: of })
    invocation.result(list, () =>
      list.persons.length === 0 ? ['no person is known to be concerned'] : list.persons.map(printable)
    )
  }
})

const timeOrNone = orWord(NONE, instant)

export const changeBreach = command({
  usage: 'note <id>',
  summary: 'note what is found out of a breach, and when the authority and the persons were told',
  description: `What is left out stays as it is; ${NONE} takes it away. Datasets replace those of before.`,
  examples: [
    'peerage breach note 1f2e3d4c --consequences "none is likely: the disk is encrypted"',
    'peerage breach note 1f2e3d4c --notified 2026-01-31T16:00'
  ],
  options: [
    new Option('--nature <text>', 'what kind of breach it is (Art. 33(3)(a))'),
    new Option('--cause <text>', 'how it came to it'),
    new Option('--consequences <text>', 'which are likely (Art. 33(3)(c))'),
    new Option('--measures <text>', 'which were taken or are proposed (Art. 33(3)(d))'),
    new Option('--delay <text>', 'why it took longer than 72 hours (Art. 33(1))'),
    new Option('--dataset <name...>', 'datasets that are concerned'),
    new Option('--from <time>', 'since when it was'),
    new Option('--to <time>', 'until when it was'),
    new Option('--notified <time>', 'when the authority was notified'),
    new Option('--told <time>', 'when the persons were told (Art. 34)')
  ],
  input: z
    .object({
      id,
      nature: orNull.optional(),
      cause: orNull.optional(),
      consequences: orNull.optional(),
      measures: orNull.optional(),
      delay: orNull.optional(),
      dataset: datasets.optional(),
      from: timeOrNone.optional(),
      to: timeOrNone.optional(),
      notified: timeOrNone.optional(),
      told: timeOrNone.optional()
    })
    .refine(({ id: _, ...rest }) => Object.values(rest).some(each => each !== undefined), {
      path: ['nature'],
      message: 'write at least one of the options'
    }),
  run: async (invocation, { id: of, dataset, from, to, notified, told, ...said }) => {
    const nowMs = invocation.context.nowMs()
    const at = (typed: typeof from) =>
      typed === undefined || typed === null ? typed : instantBefore(typed, nowMs)
    const breach = await invocation.client.call('changeBreach', {
      ...{ id: of, datasets: dataset, fromMs: at(from), toMs: at(to), said },
      ...{ notifiedAtMs: at(notified), personsToldAtMs: at(told) }
    })
    invocation.result(breach, paint => renderBreach(breach, paint, nowMs))
  }
})

export const closeBreach = command({
  usage: 'close <id>',
  summary: 'close a breach: the authority was notified, no risk to persons is likely, or there was no breach',
  description: 'A case stays, as Art. 33(5) asks for, until it is deleted.',
  examples: [
    'peerage breach close 1f2e3d4c --outcome no-risk --reason "encrypted, and the key was not lost"'
  ],
  options: [
    new Option('--outcome <name>', breachOutcome.options.join(', ')).makeOptionMandatory(),
    new Option('--reason <text>', 'why').makeOptionMandatory()
  ],
  input: z.object({
    id,
    outcome: z.enum(breachOutcome.options, `write one of ${breachOutcome.options.join(', ')}`),
    reason: text
  }),
  run: async (invocation, { id: of, outcome, reason }) => {
    const breach = await invocation.client.call('closeBreach', { id: of, outcome, reason })
    invocation.result(breach, paint => renderBreach(breach, paint, invocation.context.nowMs()))
  }
})

const FORMATS = ['html', 'json'] as const

export const reportBreach = command({
  usage: 'report <id>',
  summary: 'write the draft of the notification to the authority (Art. 33(3)), as a page to print or as JSON',
  description: 'What nobody has said is marked as to be filled in; peerage breach note says it.',
  examples: ['peerage breach report 1f2e3d4c --format html --out notification.html'],
  options: reportOptions(FORMATS),
  input: z.object({ id, ...reportShape(FORMATS) }),
  run: async (invocation, { id: of, format, out, force }) => {
    const report = await invocation.client.call('breach', { id: of })
    const content = format === 'html' ? breachPage(report) : jsonFile(noticeOf(report))
    await writeReport(invocation, {
      ...{ content, format, out, force, atMs: report.atMs },
      counts: { reads: report.datasets.reduce((sum, { reads }) => sum + reads.length, 0) },
      says: `the notification of breach ${report.breach.id}`
    })
  }
})

export const deleteBreach = command({
  usage: 'delete <id>',
  summary: 'delete a closed breach for good',
  examples: ['peerage breach delete 1f2e3d4c'],
  input: z.object({ id }),
  run: async (invocation, { id: of }) => {
    const breach = await invocation.client.call('deleteBreach', { id: of })
    invocation.result(breach, () => [`breach ${breach.id} is deleted`])
  }
})
