/** The draft of a notification of a breach to the supervisory authority, in the order of Art. 33(3) of the GDPR. */

import type { BreachReport, ConcernedDataset } from '../api/breach.ts'
import { formatBytes } from '../base/units.ts'
import { isoTime, named, plural } from '../base/words.ts'
import { heading, listed, paragraph, printedPage, TO_FILL_IN, table } from './printed-page.ts'
import { controllerTable } from './processing-page.ts'

const TRACE_WORDS = {
  present: 'yes',
  missing: 'missing',
  expired: 'dropped by retention',
  unavailable: 'log not had',
  invalid: 'not valid'
} as const satisfies Record<ConcernedDataset['reads'][number]['receipt'], string>

export function sealedText(sealed: ConcernedDataset['sealed']): string {
  return { all: 'all of it sealed', some: 'some of it sealed', none: 'not sealed' }[sealed]
}

interface Notice {
  readonly title: string
  readonly article: string
  readonly text: string | null
}

const sum = (of: readonly ConcernedDataset[], pick: (each: ConcernedDataset) => number): number =>
  of.reduce((total, each) => total + pick(each), 0)

const joined = (lines: readonly string[]): string | null => (lines.length === 0 ? null : lines.join('; '))

/** What Art. 33(3) asks for, each with what is known; null for what a person has to say. */
function noticesOf({ breach, datasets, personsKnown, controller }: BreachReport): readonly Notice[] {
  const { said, notifiedAtMs, dueAtMs } = breach
  const isLate = breach.state === 'overdue' || (notifiedAtMs !== null && notifiedAtMs > dueAtMs)
  const persons = datasets.flatMap(({ persons: of }) => of ?? [])
  const data = datasets.flatMap(
    ({ name, data: of, labels, classes }) =>
      joined(
        [
          ...(of === null ? [] : [of]),
          ...labels.map(label => `label ${label}`),
          `class ${classes.join(', ')}`
        ].map(each => `${name}: ${each}`)
      ) ?? []
  )
  const versions = sum(datasets, each => each.versions.length)
  const pseudonyms = sum(datasets, each => each.pseudonyms)
  return [
    { title: 'What happened', article: '33(3)(a)', text: breach.summary },
    { title: 'Nature of the breach', article: '33(3)(a)', text: said.nature },
    { title: 'Cause', article: '33(5)', text: said.cause },
    { title: 'Categories of persons', article: '33(3)(a)', text: joined([...new Set(persons)]) },
    {
      title: 'Number of persons, approximately',
      article: '33(3)(a)',
      text:
        pseudonyms === 0
          ? null
          : `${plural(personsKnown, 'person')} known by tags (${plural(pseudonyms, 'pseudonym')}), at the least`
    },
    { title: 'Categories of records', article: '33(3)(a)', text: joined(data) },
    {
      title: 'Number of records, approximately',
      article: '33(3)(a)',
      text:
        datasets.length === 0
          ? null
          : `${plural(versions, 'version')} of ${plural(datasets.length, 'dataset')}, ` +
            `${plural(
              sum(datasets, each => each.files),
              'file'
            )}, ${formatBytes(sum(datasets, each => each.bytes))}`
    },
    { title: 'Data protection officer', article: '33(3)(b)', text: controller.dpo ?? controller.contact },
    { title: 'Likely consequences', article: '33(3)(c)', text: said.consequences },
    { title: 'Measures taken or proposed', article: '33(3)(d)', text: said.measures },
    ...(isLate ? [{ title: 'Reasons for the delay', article: '33(1)', text: said.delay }] : [])
  ]
}

/** The notification as JSON: the fields in order, and all that they follow from. */
export function noticeOf(report: BreachReport) {
  const fields = noticesOf(report)
  return { format: 'peerage-breach', v: 1, fields, ...report }
}

export function breachPage(report: BreachReport): string {
  const { org, breach, device, software, atMs, limits } = report
  return printedPage(`Notification of a personal data breach: draft for ${org.name}`, [
    paragraph(
      `GDPR, Article 33. Case ${breach.id}, made at ${isoTime(atMs)} by ${named(device)} (${software}). ${TO_FILL_IN} stands ` +
        'where neither the network nor a note says anything. What is not known yet may follow in phases (Art. 33(4)).'
    ),
    controllerTable(report),
    table([
      ['Became known', isoTime(breach.awareAtMs)],
      ['To be notified by', isoTime(breach.dueAtMs)],
      ['Notified', breach.notifiedAtMs === null ? 'not yet' : isoTime(breach.notifiedAtMs)],
      [
        'Persons told (Art. 34)',
        breach.personsToldAtMs === null ? 'not yet' : isoTime(breach.personsToldAtMs)
      ],
      ['Began', breach.fromMs === null ? TO_FILL_IN : isoTime(breach.fromMs)],
      ['Ended', breach.toMs === null ? TO_FILL_IN : isoTime(breach.toMs)]
    ]),
    table(
      noticesOf(report).map(({ title, article, text }) => [title, article, text ?? TO_FILL_IN]),
      ['What', 'GDPR', 'Said']
    ),
    ...dataAnnex(report),
    ...readsAnnex(report),
    ...evidenceAnnex(report),
    heading('What this does not say'),
    listed(limits)
  ])
}

function dataAnnex({ datasets }: BreachReport): string[] {
  const rows = datasets.map(each => [
    ...[each.name, each.classes.join(', '), each.labels.join(', ') || '-', sealedText(each.sealed)],
    ...[each.versions.length, each.personsKnown, each.pseudonyms, each.mayRead].map(String)
  ])
  return [
    heading('Annex: data concerned'),
    table(rows, [
      ...['Dataset', 'Class', 'Labels', 'Sealed', 'Versions', 'Persons known', 'Pseudonyms', 'May read now']
    ])
  ]
}

function readsAnnex({ datasets }: BreachReport): string[] {
  const titles = [
    'Reader',
    'From',
    'Version',
    'First',
    'Last',
    'Purpose',
    'Server’s log',
    'Reader’s log',
    'Receipt'
  ]
  const tableOf = (reads: ConcernedDataset['reads']): string =>
    table(
      reads.map(read => [
        ...[named(read.reader), named(read.server), read.version],
        ...[isoTime(read.firstAtMs), isoTime(read.lastAtMs), read.purpose ?? read.granted ?? '-'],
        ...[TRACE_WORDS[read.serverEntry], TRACE_WORDS[read.readerEntry], TRACE_WORDS[read.receipt]]
      ]),
      titles
    )
  return [
    heading('Annex: who read it in that time, by audit logs'),
    ...datasets.flatMap(({ name, reads }) => [
      heading(name, 3),
      reads.length === 0
        ? paragraph('No log that could be had tells of a read in that time.')
        : tableOf(reads)
    ])
  ]
}

function evidenceAnnex({ logs, missing, findings }: BreachReport): string[] {
  return [
    heading('Annex: state of the evidence'),
    table(
      logs.map(log => [
        ...[named(log.device), String(log.entries), String(log.signedEntries)],
        String(log.cosigned.find(({ witnesses }) => witnesses === 1)?.entries ?? 0)
      ]),
      ['Log of', 'Entries', 'Signed', 'Cosigned']
    ),
    missing.length === 0
      ? paragraph('Every log of a member could be had.')
      : table(
          missing.map(each => [named(each.device), each.reason]),
          ['Log that could not be had', 'Why']
        ),
    ...findings.map(each => paragraph(`The log of ${named(each.device)}: ${each.detail}`))
  ]
}
