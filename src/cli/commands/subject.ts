/** `subject`: whom data is about, all that is about a person, and the end of knowing it. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Option } from 'commander'
import { z } from 'zod'
import {
  type SubjectLookups,
  type SubjectRecord,
  type SubjectSummary,
  type SubjectsTagged,
  type SubjectVersion,
  subjectId
} from '../../api/subject.ts'
import { AppError, systemCodeOf } from '../../base/errors.ts'
import { formatDuration } from '../../base/units.ts'
import { contentText, type ExportedVersion, subjectPage } from '../../report/subject-page.ts'
import { named } from '../acted.ts'
import { command, duration, type Invocation } from '../command.ts'
import { datasetReference } from '../dataset-reference.ts'
import { makeOutputFolder, writeFileAtomically } from '../file-writer.ts'
import { absolutePathOf } from '../paths.ts'
import { tagInput, tagOptions } from '../tags.ts'
import { type Column, isoTime, type Paint, plural, printable, renderTable } from '../text.ts'
import { failureOf, TransferWatch } from '../transfer-watch.ts'

const SUBJECT_COLUMNS: readonly Column<SubjectSummary>[] = [
  { title: 'PERSON', value: row => printable(row.id) },
  { title: 'VERSIONS', align: 'right', value: row => String(row.versions) },
  { title: 'AVAILABLE', align: 'right', value: row => String(row.available) },
  { title: 'DATASETS', value: row => row.datasets.join(', ') || '-' }
]

export const listSubjects = command({
  usage: 'list',
  isDefault: true,
  summary: 'list the persons that data is said to be about',
  description: 'For admins and devices with the role privacy: on no other device their ids are known.',
  examples: ['peerage subject list', 'peerage subject list --json | jq ".subjects[].id"'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('subjects', {})
    invocation.result(list, paint =>
      list.subjects.length === 0
        ? ['no data is said to be about anybody']
        : renderTable(list.subjects, SUBJECT_COLUMNS, paint)
    )
  }
})

export const addSubject = command({
  usage: 'add <dataset>',
  summary: 'say whom a version is about that is published already, and label its dataset',
  description:
    'Without a version, the newest. For who owns the dataset, and published the version alone, and for admins.',
  examples: ['peerage subject add scans/2031@2 --subject jane.doe@example.org --label health'],
  options: tagOptions(),
  input: z
    .object({ dataset: datasetReference, ...tagInput })
    .refine(({ subject, label }) => subject.length + label.length > 0, {
      path: ['subject'],
      message: 'name a person or a label'
    }),
  run: async (invocation, { dataset, subject, label }) => {
    const tagged = await invocation.client.call('tag', { ...dataset, subjects: subject, labels: label })
    invocation.result(tagged, () => [`${tagged.name}@${tagged.ordinal}: ${taggedText(tagged)}`])
  }
})

function taggedText({ subjects, known, labels }: SubjectsTagged): string {
  return [
    ...(subjects === 0 ? [] : [`${plural(subjects, 'person')} added`]),
    ...(known === 0 ? [] : [`${plural(known, 'person')} ${known === 1 ? 'was' : 'were'} there already`]),
    ...(labels.length === 0 ? [] : [`labels ${labels.join(', ')}`])
  ].join('; ')
}

function unprovedText(device: SubjectVersion['unproved'][number]): string {
  const { state, lastSeenAtMs } = device
  if (state === 'excluded') return `${named(device)} (no member any more)`
  if (state === 'waiting') return `${named(device)} (connected)`
  return `${named(device)} (away, ${lastSeenAtMs === null ? 'never seen' : `last seen ${isoTime(lastSeenAtMs)}`})`
}

function renderVersion(each: SubjectVersion, paint: Paint): string[] {
  const list = (of: readonly { readonly device: string }[]) =>
    of.length === 0 ? '-' : of.map(one => named(one as SubjectVersion['publisher'])).join(', ')
  const places = each.places.map(place => `${named(place)} (${place.kind})`).join(', ')
  const reads = each.reads.map(read => `${named(read)} on ${isoTime(read.lastAtMs)}`).join(', ')
  const open = each.unproved.filter(({ state }) => state !== 'source-kept')
  const sources = each.unproved.filter(({ state }) => state === 'source-kept')
  const kept = each.retentionMs === null ? 'no end is set' : formatDuration(each.retentionMs)
  return [
    `${each.name}@${each.ordinal}  ${each.state}  ${each.sealed ? `${each.dataClass}, sealed` : each.dataClass}  ` +
      contentText(each),
    `  published by ${named(each.publisher)} on ${isoTime(each.publishedAtMs)}; kept for: ${kept}`,
    ...(each.labels.length === 0 ? [] : [`  labels: ${each.labels.join(', ')}`]),
    ...each.holds.map(
      hold => `  ${paint('yellow', 'held')} by ${named(hold.by)}: ${printable(hold.reason ?? '-')}`
    ),
    ...(open.length === 0
      ? []
      : [`  ${paint('yellow', 'not confirmed that it is gone')}: ${open.map(unprovedText).join(', ')}`]),
    ...(sources.length === 0
      ? []
      : [`  ${paint('yellow', 'a source stays with its owner')} on ${sources.map(named).join(', ')}`]),
    `  is at: ${places || '-'}`,
    `  copies are kept by: ${list(each.keepers)}`,
    `  may be read by: ${list(each.readers)}`,
    `  was read by: ${reads || 'not known'}`
  ]
}

function renderSubject(record: SubjectRecord, paint: Paint): string[] {
  const { versions, answered, silent } = record
  return [
    ...(versions.length === 0
      ? ['no version is about this person']
      : versions.flatMap(each => renderVersion(each, paint))),
    `${plural(answered.length, 'device')} answered`,
    ...(silent.length === 0 ? [] : [paint('yellow', `did not answer: ${silent.map(named).join(', ')}`)])
  ]
}

export const showSubject = command({
  usage: 'show <person>',
  summary: 'show all that is about a person: where it lies, who may read it and who has, and what holds it',
  description:
    'Asks every reachable device what it has, and for its audit log; it says who did not answer. For admins and the role privacy.',
  examples: ['peerage subject show jane.doe@example.org'],
  input: z.object({ person: subjectId }),
  run: async (invocation, { person }) => {
    const record = await invocation.client.call('subject', { id: person })
    invocation.result(record, paint => renderSubject(record, paint))
  }
})

/** A folder that nothing is in, or that an export of before is in. */
async function openFolder(folder: string): Promise<void> {
  let names: readonly string[] = []
  try {
    names = await readdir(folder)
  } catch (thrown) {
    if (systemCodeOf(thrown) !== 'ENOENT')
      throw new AppError('DEST_EXISTS', `${folder} is no folder that can be read`)
  }
  if (names.length > 0 && !names.includes('files') && !names.includes('subject.json'))
    throw new AppError('DEST_EXISTS', `${folder} is not empty; choose a new folder`, {
      details: { path: folder }
    })
  await makeOutputFolder(join(folder, 'files'))
}

async function fetchInto(
  invocation: Invocation,
  each: SubjectVersion,
  { folder, watch }: { readonly folder: string; readonly watch: TransferWatch }
): Promise<ExportedVersion> {
  const { name, ordinal } = each
  const missing = (why: string): ExportedVersion => ({ name, ordinal, folder: null, why })
  if (each.state !== 'available') return missing(`it is ${each.state}`)
  if (!each.readable) return missing(each.closedBy ?? 'this device may not read it')
  const own = join('files', ...name.split('/'), String(ordinal))
  const destination = join(folder, own)
  await makeOutputFolder(destination)
  const order = { name, version: each.version, destination: `${destination}/`, purpose: null, priority: null }
  const transfer = await watch.follow(
    await invocation.client.call('startTransfer', { ...order, deadlineAtMs: null, only: [] })
  )
  if (transfer.state === 'complete') return { name, ordinal, folder: own, why: null }
  return missing(failureOf(transfer).message)
}

export const exportSubject = command({
  usage: 'export <person> [folder]',
  summary:
    'write all that is about a person to a folder: the files that may be read, subject.json and subject.html',
  description:
    'For who asks what is known of them, and to take it along. Each version goes to files/DATASET/NUMBER. What may not be ' +
    'read here, or is not available, is listed with the reason. Interrupted, it goes on when it is given again. The files ' +
    'are copies that the node knows of and deletes with the others; hand over a copy of the folder.',
  examples: ['peerage subject export jane.doe@example.org ./answer'],
  options: [new Option('--timeout <duration>', 'give up on a version after so long without any source')],
  input: z.object({
    person: subjectId,
    folder: z.string().min(1).default('subject'),
    timeout: duration.optional()
  }),
  streams: true,
  run: async (invocation, { person, folder: typed, timeout: timeoutMs }) => {
    const { client, context } = invocation
    const interrupt = context.catchInterrupt()
    const record = await client.call('subject', { id: person })
    const folder = absolutePathOf(typed, context)
    await openFolder(folder)
    const watch = new TransferWatch(invocation, { timeoutMs, interrupt })
    const exported: ExportedVersion[] = []
    for (const each of record.versions) exported.push(await fetchInto(invocation, each, { folder, watch }))
    const value = { format: 'peerage-subject', v: 1, ...record, exported }
    const [json, page] = [join(folder, 'subject.json'), join(folder, 'subject.html')]
    const replace = { replace: true }
    await writeFileAtomically(json, Buffer.from(`${JSON.stringify(value, null, 2)}\n`), replace)
    await writeFileAtomically(page, Buffer.from(subjectPage(record, exported)), replace)
    const left = exported.filter(each => each.folder === null)
    invocation.streamResult({ folder, json, html: page, exported, silent: record.silent }, paint => [
      `wrote ${json} and ${page}`,
      `${exported.length - left.length} of ${plural(exported.length, 'version')} are in it`,
      ...left.map(each => paint('yellow', `not ${each.name}@${each.ordinal}: ${printable(each.why ?? '')}`))
    ])
  }
})

const LOOKUP_COLUMNS: readonly Column<SubjectLookups['lookups'][number]>[] = [
  { title: 'AT', value: row => isoTime(row.atMs) },
  { title: 'DEVICE', value: row => printable(named(row.device)) },
  { title: 'WHAT', value: row => row.what },
  { title: 'VERSIONS', align: 'right', value: row => String(row.count) }
]

export const listLookups = command({
  usage: 'lookups <person>',
  summary: 'list when somebody had a device say what it knows of a person, by the audit logs that can be had',
  description:
    'To list them is such a lookup too, and in the list. In the logs persons are by pseudonyms, which nobody can read any more ' +
    'once the person is forgotten. Lists of all persons name nobody, and are not among them.',
  examples: ['peerage subject lookups jane.doe@example.org'],
  input: z.object({ person: subjectId }),
  run: async (invocation, { person }) => {
    const found = await invocation.client.call('subjectLookups', { id: person })
    invocation.result(found, paint => [
      ...renderTable(found.lookups, LOOKUP_COLUMNS, paint),
      ...(found.isWhole ? [] : [paint('yellow', 'older entries were not looked through')]),
      ...found.missing.map(each =>
        paint('yellow', `no log of ${printable(named(each.device))}: ${printable(each.reason)}`)
      )
    ])
  }
})

export const forgetSubject = command({
  usage: 'forget <person>',
  summary: 'destroy what links pseudonyms in the ledger to a person, once all data about it is erased',
  description:
    'Nobody finds out afterwards which versions were about whom. Devices with the role privacy and admins that are not ' +
    'connected forget it when they next meet one that has; until then it says that they have not. Refused while a device ' +
    'has not confirmed that all about the person is gone there, or keeps a source of it.',
  examples: ['peerage subject forget jane.doe@example.org'],
  options: [
    new Option(
      '--force',
      'though devices have not confirmed: what comes to light on them later, nobody can tell whom it is about'
    )
  ],
  input: z.object({ person: subjectId, force: z.boolean().default(false) }),
  run: async (invocation, { person, force }) => {
    const forgotten = await invocation.client.call('forgetSubject', { id: person, force })
    const left = forgotten.stewards.filter(each => !each.forgotten)
    invocation.result(forgotten, paint => [
      `${plural(forgotten.keys, 'key')} destroyed on ${forgotten.stewards
        .filter(each => each.forgotten)
        .map(named)
        .join(', ')}`,
      ...(forgotten.unproved === 0
        ? []
        : [
            paint(
              'yellow',
              `not proved: that all about the person is gone from ${plural(forgotten.unproved, 'device')}`
            )
          ]),
      ...(left.length === 0
        ? []
        : [paint('yellow', `not yet on ${left.map(named).join(', ')}: not connected`)])
    ])
  }
})
