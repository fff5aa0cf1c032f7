/** `audit`: what devices did, who holds and who has read a dataset, and whether the logs can be believed. */

import { Option } from 'commander'
import { z } from 'zod'
import {
  AUDIT_ENTRIES_DEFAULT,
  AUDIT_ENTRIES_MAX,
  type AuditFinding,
  type AuditLogStatus,
  type AuditMissing,
  type AuditRead,
  type AuditRecord,
  type AuditVerification,
  type AuditWho,
  auditAction,
  auditFormat
} from '../../api/audit.ts'
import { datasetName, orgId } from '../../api/field.ts'
import { ERROR_CODES } from '../../base/error-codes.ts'
import { parseDeviceId, shortId } from '../../base/ids.ts'
import { formatBytes } from '../../base/units.ts'
import { named } from '../acted.ts'
import { command, countLimit, type Invocation } from '../command.ts'
import { instant, instantBefore } from '../instant.ts'
import { absolutePathOf } from '../paths.ts'
import { type Column, isoTime, type Paint, plural, printable, renderTable } from '../text.ts'

/** Digits of the id of an override. */
const OVERRIDE_SHOWN = 12

interface Survey {
  readonly logs: readonly AuditLogStatus[]
  readonly missing: readonly AuditMissing[]
  readonly findings: readonly AuditFinding[]
}

function repeated(value: string, earlier: readonly string[] | undefined): string[] {
  return [...(earlier ?? []), value]
}

/** A whole id as elsewhere in the table. */
function shortened(id: string): string {
  const whole = parseDeviceId(id)
  return whole === undefined ? id : shortId(whole)
}

function saidBy({ event }: AuditRecord): string {
  const keys = [
    ...['by', 'route', 'outcome', 'object', 'what', 'state'],
    ...['host', 'bytes', 'entries', 'held', 'override', 'class', 'classes', 'reason', 'count', 'type'],
    ...['purpose', 'granted', 'kind']
  ]
  const parts = keys.flatMap(key => {
    const value = event[key]
    if (value === null || value === undefined) return []
    // Of a call it says what its object is.
    if (key === 'kind' && event.object !== undefined) return []
    if (key === 'object') return [`${event.kind} ${shortened(String(value))}`]
    if (key === 'override') return [`override ${String(value).slice(0, OVERRIDE_SHOWN)}`]
    return [`${key} ${key === 'bytes' ? formatBytes(Number(value)) : value}`]
  })
  return parts.join(', ')
}

const ENTRY_COLUMNS: readonly Column<AuditRecord>[] = [
  { title: 'TIME', value: row => isoTime(row.atMs) },
  { title: 'DEVICE', value: row => named(row.device) },
  { title: 'ENTRY', align: 'right', value: row => String(row.seq) },
  { title: 'ACTION', value: row => row.action },
  { title: 'DATASET', value: row => row.dataset ?? (row.version === null ? '-' : shortId(row.version)) },
  { title: 'PEER', value: row => (row.peer === null ? '-' : named(row.peer)) },
  { title: 'DETAILS', value: saidBy }
]

function cosignedText({ entries, cosigned, outside }: AuditLogStatus): string {
  if (cosigned.length + outside.length === 0) return 'by nobody'
  return [
    ...cosigned
      .filter(({ entries: size }, index) => cosigned[index + 1]?.entries !== size)
      .map(level => `${level.entries} of ${entries} by ${level.witnesses}`)
      .reverse(),
    ...outside.map(witness => `${witness.entries} by ${witness.name} (outside)`)
  ].join(', ')
}

function droppedText({ droppedEntries, droppedBeforeMs }: AuditLogStatus): string {
  if (droppedEntries === 0) return '-'
  return `${droppedEntries}${droppedBeforeMs === null ? '' : `, of before ${isoTime(droppedBeforeMs)}`}`
}

const LOG_COLUMNS: readonly Column<AuditLogStatus>[] = [
  { title: 'LOG', value: row => named(row.device) },
  { title: 'BEGUN', value: row => `${isoTime(row.incarnation)}${row.ended ? ', ended' : ''}` },
  { title: 'ENTRIES', align: 'right', value: row => String(row.entries) },
  { title: 'SIGNED', align: 'right', value: row => String(row.signedEntries) },
  { title: 'COSIGNED', value: cosignedText },
  { title: 'DROPPED', value: droppedText }
]

function renderSurvey({ logs, missing, findings }: Survey, paint: Paint): string[] {
  return [
    ...(logs.length === 0 ? [] : ['', ...renderTable(logs, LOG_COLUMNS, paint)]),
    ...missing.map(
      ({ device, reason }) =>
        `${paint('yellow', 'missing')}  the log of ${printable(named(device))}: ${printable(reason)}`
    ),
    ...findings.map(({ kind, detail }) => `${paint('red', kind)}  ${printable(detail)}`)
  ]
}

function exitCodeOf({ findings }: Survey): number {
  return findings.length === 0 ? 0 : ERROR_CODES.AUDIT_BROKEN.exitCode
}

export const listAudit = command({
  usage: 'list',
  isDefault: true,
  summary: 'list what devices did, newest first; asks every peer that can be reached',
  description:
    'Says whose logs could not be had, and what is wrong with any. The word list can be left out: peerage audit --since 24h.',
  examples: [
    'peerage audit',
    'peerage audit list --dataset os-image --since 24h',
    'peerage audit list --device lab-7 --action denied --json'
  ],
  options: [
    new Option('--device <name>', 'the log of one device, by its name or the beginning of its id'),
    new Option('--dataset <name>', 'only what concerns this dataset'),
    new Option('--action <action>', 'only this action').choices(auditAction.options),
    new Option('--since <time>', 'only what is newer: 24h, 7d, or a date'),
    new Option(
      '--without-looks',
      'leave out calls by which the owner only looked at something, in a browser'
    ),
    new Option('--limit <count>', `at most so many entries (default: ${AUDIT_ENTRIES_DEFAULT})`)
  ],
  input: z.object({
    device: z.string().min(1, 'write a name or an id').optional(),
    withoutLooks: z.boolean().default(false),
    dataset: datasetName.optional(),
    action: auditAction.optional(),
    since: instant.optional(),
    limit: countLimit({ max: AUDIT_ENTRIES_MAX, byDefault: AUDIT_ENTRIES_DEFAULT })
  }),
  run: async (invocation, { device, dataset, action, since, withoutLooks, limit }) => {
    const nowMs = invocation.context.nowMs()
    const report = await invocation.client.call('audit', {
      looks: withoutLooks ? 'of-others' : 'all',
      device: device ?? null,
      dataset: dataset ?? null,
      action: action ?? null,
      sinceMs: since === undefined ? null : instantBefore(since, nowMs),
      limit
    })
    invocation.result(report, paint => [
      ...(report.entries.length === 0
        ? ['nothing of the kind is in the logs that are here']
        : renderTable(report.entries, ENTRY_COLUMNS, paint)),
      ...(report.leftOut === 0 ? [] : [`${report.leftOut} by which the owner only looked are left out`]),
      ...renderSurvey(report, paint)
    ])
    return exitCodeOf(report)
  }
})

function halfText(trace: AuditRead['receipt'], bytes: number | null): string {
  if (trace !== 'present') return trace.toUpperCase()
  // Who serves notes that it begins before the first byte leaves, and how much when it ends, which a kill leaves out.
  return bytes === 0 ? 'BEGUN' : formatBytes(bytes ?? 0)
}

export const READ_COLUMNS: readonly Column<AuditRead>[] = [
  { title: 'READER', value: row => named(row.reader) },
  { title: 'SERVER', value: row => named(row.server) },
  { title: 'VERSION', value: row => shortId(row.version) },
  { title: 'FIRST', value: row => isoTime(row.firstAtMs) },
  { title: 'LAST', value: row => isoTime(row.lastAtMs) },
  { title: 'SERVER SAYS', align: 'right', value: row => halfText(row.serverEntry, row.servedBytes) },
  { title: 'READER SAYS', align: 'right', value: row => halfText(row.readerEntry, row.receivedBytes) },
  { title: 'RECEIPT', align: 'right', value: row => halfText(row.receipt, row.receiptBytes) },
  { title: 'PURPOSE', value: row => row.purpose ?? '-' },
  { title: 'GRANTED FOR', value: row => row.granted ?? '-' }
]

const HOLDER_COLUMNS: readonly Column<AuditWho['holders'][number]>[] = [
  { title: 'HOLDER', value: row => named(row.device) },
  { title: 'VERSION', value: row => shortId(row.version) },
  { title: 'KIND', value: row => row.kind },
  { title: 'SINCE', value: row => isoTime(row.sinceAtMs) },
  { title: 'UNTIL', value: row => (row.endedAtMs === null ? 'held' : isoTime(row.endedAtMs)) }
]

export const whoAudit = command({
  usage: 'who <dataset>',
  summary: 'show who holds a dataset and who has read it, with the evidence of each side',
  description:
    'A read leaves an entry at the server, an entry at the reader, and the reader’s signed receipt at the server. ' +
    'MISSING is a half that should be in a log and is not; EXPIRED one that retention may have dropped; UNAVAILABLE one ' +
    'whose log could not be had.',
  examples: ['peerage audit who os-image', 'peerage audit who os-image --json'],
  input: z.object({ dataset: datasetName }),
  run: async (invocation, { dataset }) => {
    const who = await invocation.client.call('auditWho', { name: dataset })
    invocation.result(who, paint => [
      ...(who.holders.length === 0
        ? ['no log says that it holds it']
        : renderTable(who.holders, HOLDER_COLUMNS, paint)),
      '',
      ...(who.reads.length === 0
        ? ['no log says that anyone read it']
        : renderTable(who.reads, READ_COLUMNS, paint)),
      ...renderSurvey(who, paint)
    ])
    return exitCodeOf(who)
  }
})

function readsText(verification: AuditVerification): string {
  const { readsComplete, readsIncomplete, readsExpired, readsUnavailable } = verification
  return [
    `${plural(readsComplete, 'read')} with every trace`,
    `${readsIncomplete} with a trace missing`,
    ...(readsUnavailable === 0 ? [] : [`${readsUnavailable} with a trace in a log that is not here`]),
    ...(readsExpired === 0 ? [] : [`${readsExpired} with a trace that retention may have dropped`])
  ].join(', ')
}

function renderVerification(verification: AuditVerification, paint: Paint): string[] {
  const { org, logs, findings } = verification
  const verdict =
    findings.length === 0
      ? paint('green', `${plural(logs.length, 'log')}: what is here is what was signed`)
      : paint('red', plural(findings.length, 'finding'))
  return [`org ${org}`, readsText(verification), ...renderSurvey(verification, paint), verdict]
}

async function verifyFolder(
  invocation: Invocation,
  request: { folder: string; org: AuditVerification['org'] | null; witnesses: readonly string[] }
): Promise<AuditVerification> {
  const daemon = await invocation.context.loadDaemon()
  return await daemon.verifyAudit({
    ...request,
    onProgress: progress =>
      invocation.progress(progress, () => `${plural(progress.entriesDone, 'entry', 'entries')} checked`)
  })
}

export const verifyAudit = command({
  usage: 'verify [folder]',
  summary: 'check logs from the first entry on: those that are here, or an exported folder',
  description:
    'With a folder it needs neither a node nor a home, nor to be a member of the org; --org says which org it must be of. ' +
    'Exits with 65 when something is wrong, and says what and by whom.',
  examples: ['peerage audit verify', 'peerage audit verify ./evidence'],
  options: [
    new Option('--org <id>', 'the org that the folder must be of'),
    new Option(
      '--witness <key>',
      'verifier key of a witness outside the org whose cosignatures count, repeatable; only with a folder'
    ).argParser(repeated)
  ],
  input: z.object({
    folder: z.string().min(1, 'write a path').optional(),
    org: orgId.optional(),
    witness: z.array(z.string()).default([])
  }),
  streams: true,
  run: async (invocation, { folder, org, witness }) => {
    const { context, client } = invocation
    const verification: AuditVerification =
      folder === undefined
        ? await client.stream(
            'auditVerify',
            {},
            {
              signal: context.catchInterrupt(),
              onProgress: progress =>
                invocation.progress(
                  progress,
                  () => `${plural(progress.entriesDone, 'entry', 'entries')} checked`
                )
            }
          )
        : await verifyFolder(invocation, {
            ...{ folder: absolutePathOf(folder, context), org: org ?? null, witnesses: witness }
          })
    invocation.streamResult(verification, paint => renderVerification(verification, paint))
    return exitCodeOf(verification)
  }
})

export const exportAudit = command({
  usage: 'export <path>',
  summary: 'write the logs that can be had to a new folder, or to a file for other systems',
  description:
    'folder: all evidence, for audit verify. jsonl: one entry a line. ocsf: OCSF events in CloudEvents envelopes, one a line.',
  examples: [
    'peerage audit export ./evidence',
    'peerage audit export ./audit.jsonl --format jsonl',
    'peerage audit export ./audit.ocsf.jsonl --format ocsf'
  ],
  options: [new Option('--format <format>', 'folder (default), ocsf or jsonl').choices(auditFormat.options)],
  input: z.object({ path: z.string().min(1, 'write a path'), format: auditFormat.default('folder') }),
  streams: true,
  run: async (invocation, { path, format }) => {
    const { client, context } = invocation
    const exported = await client.stream(
      'auditExport',
      { path: absolutePathOf(path, context), format },
      {
        signal: context.catchInterrupt(),
        onProgress: progress =>
          invocation.progress(progress, () => `${plural(progress.entriesDone, 'entry', 'entries')} written`)
      }
    )
    invocation.streamResult(exported, paint => [
      `wrote ${exported.path}: ${plural(exported.entries, 'entry', 'entries')} of ${plural(exported.logs, 'log')}`,
      ...renderSurvey({ logs: [], missing: exported.missing, findings: [] }, paint)
    ])
    return undefined
  }
})
