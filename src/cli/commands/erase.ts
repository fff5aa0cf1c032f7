/** `erase`: taking versions from the whole org for good, and proving it. */

import { join } from 'node:path'
import { Option } from 'commander'
import { z } from 'zod'
import type { CaseDevice, CaseSummary, EraseActed, ErasureCase } from '../../api/erasure.ts'
import { label } from '../../api/field.ts'
import { subjectId } from '../../api/subject.ts'
import { shortId } from '../../base/ids.ts'
import { formatBytes } from '../../base/units.ts'
import { certificatePage } from '../../report/certificate-page.ts'
import { named, reason, reasonOption, renderActed } from '../acted.ts'
import { command } from '../command.ts'
import { datasetReference } from '../dataset-reference.ts'
import { makeOutputFolder, writeFileAtomically } from '../file-writer.ts'
import { absolutePathOf } from '../paths.ts'
import { type Column, isoTime, type Paint, plural, printable, renderTable } from '../text.ts'

const CASE_DIGITS = 12

const caseId = z.string().min(1, 'write at least eight digits of a case; peerage erase list shows them')

export const startErase = command({
  usage: 'start [dataset]',
  isDefault: true,
  summary: 'take a version from the whole org for good, and have every copy of it deleted',
  description:
    'Nobody reads or serves it from then on, every device deletes its copies and signs that it did, and it can not be ' +
    'published again. It needs the approval of as many admins as a root does. Without a version, the newest. What was ' +
    'published in place is its owner’s file and stays, unless --delete-source is given on that device. The word start ' +
    'can be left out.',
  examples: [
    'peerage erase payroll@3 --basis art17 --reason "asked for by letter"',
    'peerage erase --subject jane.doe@example.org --basis art17',
    'peerage erase scans/2031 --all-versions --basis contract --delete-source'
  ],
  options: [
    new Option('--subject <id>', 'all that is about this person, in one case; with a dataset, of that alone'),
    new Option('--all-versions', 'every version of the dataset, in one case'),
    new Option('--basis <label>', 'on what ground, such as art17'),
    reasonOption(),
    new Option('--delete-source', 'delete what was published in place from this device too')
  ],
  input: z
    .object({
      dataset: datasetReference.optional(),
      subject: subjectId.optional(),
      allVersions: z.boolean().default(false),
      basis: z.string('write on what ground, such as art17').pipe(label),
      reason: reason.optional(),
      deleteSource: z.boolean().default(false)
    })
    .refine(({ dataset, subject }) => dataset !== undefined || subject !== undefined, {
      path: ['dataset'],
      message: 'name a dataset, or a person with --subject'
    })
    .refine(({ dataset, allVersions }) => (dataset?.version ?? null) === null || !allVersions, {
      path: ['allVersions'],
      message: 'name a version, or all of them'
    })
    .refine(
      ({ dataset, subject, allVersions }) => subject === undefined || (!allVersions && !dataset?.version),
      {
        path: ['subject'],
        message: 'of a person all versions are meant, of one dataset or of all'
      }
    ),
  run: async (invocation, { dataset, subject, allVersions, basis, reason: why, deleteSource }) => {
    const { name = null, version = null } = dataset ?? {}
    const what = { name, version, subject: subject ?? null, allVersions }
    const request = { ...what, basis, reason: why ?? null, deleteSource }
    const acted = await invocation.client.call('erase', request)
    invocation.result(acted, paint => [
      ...renderErased(acted, paint),
      `see who has confirmed with: peerage erase status ${acted.case.slice(0, CASE_DIGITS)}`
    ])
  }
})

/** What was signed, and at once what stops it or is not deleted by it. */
function renderErased({ case: id, operations, holds, sources }: EraseActed, paint: Paint): string[] {
  return [
    `case ${id}`,
    ...operations.flatMap(each => renderActed(each, paint)),
    ...holds.flatMap(hold => [
      `${paint('yellow', 'nothing is deleted yet')}: ${hold.name} is held by ${named(hold.by)} since ` +
        `${isoTime(hold.placedAtMs)}${hold.reason === null ? '' : `: ${printable(hold.reason)}`}`,
      `  ${hold.byAdmin ? 'an admin lifts it' : 'an admin or the role privacy lifts it'} with: ` +
        `peerage hold lift ${shortId(hold.operation)}`
    ]),
    ...sources.map(source => renderSource(source, { id: id.slice(0, CASE_DIGITS), paint }))
  ]
}

function renderSource(
  { names, at, path, goes }: EraseActed['sources'][number],
  { id, paint }: { readonly id: string; readonly paint: Paint }
): string {
  const what = names.join(', ')
  if (goes) return `the source of ${what} goes too: ${printable(path ?? '')}, on ${named(at)}`
  const then = `peerage erase finish ${id} --delete-source`
  if (path !== null)
    return `${paint('yellow', 'a source stays')}: ${printable(path)}, on ${named(at)}; to delete it too: ${then}`
  return (
    `${paint('yellow', 'a source may stay')}: ${named(at)} published ${what}; if it did in place, its file stays ` +
    `there, until on that device: ${then}`
  )
}

/** What was recalled stays with who published it. */
function keptRightly({ kind, kept }: Pick<CaseSummary, 'kind' | 'kept'>): number {
  return kind === 'recall' ? kept : 0
}

const CASE_COLUMNS: readonly Column<CaseSummary>[] = [
  { title: 'CASE', value: row => row.case.slice(0, CASE_DIGITS) },
  { title: 'DATASETS', value: row => row.names.join(', ') },
  { title: 'VERSIONS', value: row => String(row.versions), align: 'right' },
  { title: 'BASIS', value: row => row.basis },
  { title: 'BY', value: row => named(row.by) },
  { title: 'SINCE', value: row => isoTime(row.atMs) },
  {
    title: 'CONFIRMED',
    value: row => `${row.confirmed + keptRightly(row)} of ${row.devices}`,
    align: 'right'
  },
  {
    title: 'STATE',
    value: row => {
      if (row.inForce < row.versions) return 'waits for approval'
      if (row.held > 0) return 'held'
      if (row.awaited > 0) return 'waits for its publisher'
      return row.confirmed + keptRightly(row) === row.devices ? 'done' : 'under way'
    }
  }
]

export const listErasures = command({
  usage: 'list',
  summary: 'list erasures and recalls, and how many devices have confirmed',
  examples: ['peerage erase list'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('erasureCases', {})
    invocation.result(list, paint =>
      list.cases.length === 0 ? ['nothing was erased'] : renderTable(list.cases, CASE_COLUMNS, paint)
    )
  }
})

function deletedOf({ confirmations }: CaseDevice): string {
  if (confirmations.length === 0) return '-'
  if (confirmations.every(({ outcome }) => outcome === 'not-held')) return 'held nothing'
  return formatBytes(confirmations.reduce((sum, { bytes }) => sum + bytes, 0))
}

const DEVICE_COLUMNS: readonly Column<CaseDevice>[] = [
  { title: 'DEVICE', value: row => named(row) },
  { title: 'SITE', value: row => row.site ?? '-' },
  { title: 'STATE', value: row => row.state },
  { title: 'DELETED', value: deletedOf, align: 'right' },
  {
    title: 'LAST WORD',
    value: row =>
      row.confirmations.length === 0 ? '-' : isoTime(Math.max(...row.confirmations.map(each => each.atMs)))
  },
  { title: 'SEEN', value: row => (row.lastSeenAtMs === null ? 'never' : isoTime(row.lastSeenAtMs)) },
  { title: 'NOTE', value: row => row.detail ?? '' }
]

export function renderCase({ case: id, erasures, devices }: ErasureCase, paint: Paint): string[] {
  const confirmed = devices.filter(({ state }) => state === 'confirmed').length
  const kept = devices.filter(({ state }) => state === 'source-kept').length
  return [
    `case ${id}`,
    ...erasures.flatMap(each => [
      `${each.names.join(', ')}: version ${shortId(each.version)}, by ${named(each.by)} on ${isoTime(each.atMs)}, ` +
        `${each.basis}${each.reason === null ? '' : `: ${printable(each.reason)}`}`,
      ...(each.inForce
        ? []
        : [
            `  ${paint('yellow', 'no effect yet')}: ${printable(each.waitsFor ?? '')}`,
            `  an admin approves it with: peerage erase approve ${id.slice(0, CASE_DIGITS)}`
          ]),
      ...each.approvals.map(({ by, atMs }) => `  approved by ${named(by)} on ${isoTime(atMs)}`),
      ...(each.awaits.length === 0
        ? []
        : [
            `  ${paint('yellow', 'copies stay')} until ${each.awaits.map(named).join(', ')}, who published it, ` +
              'says that the source is there; without that: peerage erase'
          ]),
      ...each.holds.map(
        hold =>
          `  ${paint('yellow', 'held')} by ${named(hold.by)} since ${isoTime(hold.placedAtMs)}` +
          `${hold.reason === null ? '' : `: ${printable(hold.reason)}`}; nothing is deleted until: peerage hold lift ${shortId(hold.operation)}`
      )
    ]),
    `${confirmed} of ${plural(devices.length, 'device')} confirmed${kept === 0 ? '' : `, ${kept} kept a source`}`,
    ...renderTable(devices, DEVICE_COLUMNS, paint)
  ]
}

export const eraseStatus = command({
  usage: 'status <case>',
  summary: 'show who has confirmed an erasure, who has not, and what delays it',
  description: 'CASE is at least eight digits of what peerage erase list shows.',
  examples: ['peerage erase status 1f2e3d4c5b6a'],
  input: z.object({ case: caseId }),
  run: async (invocation, { case: id }) => {
    const found = await invocation.client.call('erasureCase', { id })
    invocation.result(found, paint => renderCase(found, paint))
  }
})

export const approveErase = command({
  usage: 'approve <case>',
  summary: 'agree, as an admin, to all of a case that waits for the approval of several',
  description:
    'Look first at what it would delete, with peerage erase status. When enough admins agree, it is in force at once, and ' +
    'nothing brings back what is deleted then. The certificate names who agreed.',
  examples: ['peerage erase approve 1f2e3d4c5b6a'],
  input: z.object({ case: caseId }),
  run: async (invocation, { case: id }) => {
    const acted = await invocation.client.call('approveErasure', { id })
    invocation.result(acted, paint => renderErased(acted, paint))
  }
})

export const finishErase = command({
  usage: 'finish <case>',
  summary: 'have this device try again to delete what it has of a case, and say so',
  description:
    'For what peerage status says is left here: sources that their owner has deleted since or, with --delete-source, are ' +
    'to be deleted now; and copies in folders that are not there, which count as deleted with --gone.',
  examples: ['peerage erase finish 1f2e3d4c5b6a', 'peerage erase finish 1f2e3d4c5b6a --delete-source'],
  options: [
    new Option('--delete-source', 'delete what was published in place from this device'),
    new Option('--gone', 'folders that are not there were removed, and are on no disk that is put away')
  ],
  input: z.object({
    case: caseId,
    deleteSource: z.boolean().default(false),
    gone: z.boolean().default(false)
  }),
  run: async (invocation, { case: id, deleteSource, gone }) => {
    const found = await invocation.client.call('finishErasure', { id, deleteSource, gone })
    invocation.result(found, paint => renderCase(found, paint))
  }
})

export const certifyErase = command({
  usage: 'certificate <case>',
  summary:
    'write a signed certificate of an erasure: who confirmed, who has not, and what can not be confirmed',
  description:
    'Writes CASE.json, which peerage erase verify checks on any machine, and CASE.html, which is the same to print.',
  examples: ['peerage erase certificate 1f2e3d4c5b6a --out ./evidence'],
  options: [
    new Option('--out <dir>', 'where to write it (default: the working folder)'),
    new Option('--force', 'replace what is there')
  ],
  input: z.object({ case: caseId, out: z.string().min(1).default('.'), force: z.boolean().default(false) }),
  run: async (invocation, { case: id, out, force }) => {
    const certificate = await invocation.client.call('erasureCertificate', { id })
    const folder = absolutePathOf(out, invocation.context)
    await makeOutputFolder(folder)
    const paths = ['json', 'html'].map(end => join(folder, `erasure-${certificate.case}.${end}`))
    const [json = '', page = ''] = paths
    const replace = { replace: force }
    await writeFileAtomically(json, Buffer.from(`${JSON.stringify(certificate, null, 2)}\n`), replace)
    await writeFileAtomically(page, Buffer.from(certificatePage(certificate)), replace)
    const open = certificate.devices.filter(({ state }) => state !== 'confirmed').length
    invocation.result(
      { case: certificate.case, json, html: page, devices: certificate.devices.length, open },
      paint => [
        `wrote ${json} and ${page}`,
        open === 0
          ? paint('green', 'every device confirmed')
          : paint(
              'yellow',
              `${open} of ${plural(certificate.devices.length, 'device')} did not confirm, or not in full`
            )
      ]
    )
  }
})

export const verifyErase = command({
  usage: 'verify <file>',
  summary: 'check a certificate of erasure, on any machine',
  description:
    'Needs neither a node nor a home. It checks the signature of the issuer and those of all operations that it carries. ' +
    'Whether the keys are those of the org, an export of its ledger says.',
  examples: ['peerage erase verify ./evidence/erasure-1f2e.json'],
  input: z.object({ file: z.string().min(1, 'write a path') }),
  run: async (invocation, { file }) => {
    const daemon = await invocation.context.loadDaemon()
    const checked = await daemon.verifyCertificate(absolutePathOf(file, invocation.context))
    invocation.result(checked, paint => [
      paint(
        'green',
        `the certificate is what ${named(checked.issuedBy)} (${checked.issuedBy.device}) signed`
      ),
      `case ${checked.case} of ${printable(checked.org.name)} (${checked.org.id}), at ${isoTime(checked.issuedAtMs)}`,
      `${plural(checked.signatures, 'signature')} checked; ${plural(checked.confirmed, 'device')} confirmed, ` +
        `${checked.open} did not, or not in full`
    ])
  }
})
