/** `scan`: looking for malware, by hand and by itself. */

import { Option } from 'commander'
import { z } from 'zod'
import { datasetName } from '../../api/field.ts'
import type {
  FoundMalware,
  OwnScan,
  RunningScan,
  SaidScan,
  ScannedVersion,
  ScanReport,
  ScanResult,
  ScanStatus
} from '../../api/scan.ts'
import { ERROR_CODES } from '../../base/error-codes.ts'
import { shortId } from '../../base/ids.ts'
import { formatBytes, formatDuration, formatRate, parseRate } from '../../base/units.ts'
import { named } from '../acted.ts'
import { command } from '../command.ts'
import { datasetReference } from '../dataset-reference.ts'
import { percent, renderBar } from '../progress.ts'
import {
  type Column,
  isoTime,
  type Paint,
  plural,
  printable,
  relativeTime,
  renderFields,
  renderTable
} from '../text.ts'

export function scanLine({ name, ordinal, phase, round, bytesDone, bytes }: RunningScan): string {
  const amount = `${percent(bytesDone, bytes)}%  ${formatBytes(bytesDone)} of ${formatBytes(bytes)}`
  const again = round > 1 ? '  once more, by signatures that came meanwhile' : ''
  return printable(`${phase} ${name}@${ordinal}  ${renderBar(bytesDone, bytes)} ${amount}${again}`)
}

function verdictText(verdict: OwnScan['verdict'], paint: Paint): string {
  const style = verdict === 'clean' ? 'green' : verdict === 'infected' ? 'red' : 'yellow'
  return paint(style, verdict)
}

const by = ({ engine, database }: Pick<OwnScan, 'engine' | 'database'>): string =>
  engine === null ? 'nobody has looked' : `${engine}, ${database}`

function findingLines(findings: OwnScan['findings']): string[] {
  return findings.map(({ path, signature }) => `  ${printable(signature)}  ${printable(path)}`)
}

function renderResult(result: ScanResult, nowMs: number, paint: Paint): string[] {
  const found = result.found === null ? '' : `: ${printable(result.found)}`
  return [
    `${verdictText(result.verdict, paint)}  ${result.name}@${result.ordinal} by ${by(result)}${found}`,
    ...findingLines(result.findings),
    ...(result.detail === null ? [] : [`  ${printable(result.detail)}`]),
    ...(result.retryAtMs === null
      ? []
      : [`  tried again by itself ${relativeTime(result.retryAtMs, nowMs)}`]),
    result.told ? '  the org was told' : '  the org was not told: it is nothing new, or nobody has looked'
  ]
}

export const runScan = command({
  usage: 'run <dataset>',
  isDefault: true,
  summary: 'scan a version for malware now, and tell the org what was found',
  description:
    'Without a version, the newest. What this device does not hold it fetches for that and removes afterwards. A version ' +
    'that is found infected is quarantined everywhere at once. The exit code is 0 for clean alone.',
  examples: ['peerage scan os-image', 'peerage scan os-image@3 --json'],
  input: z.object({ dataset: datasetReference }),
  streams: true,
  run: async (invocation, { dataset }) => {
    const { client, context } = invocation
    const result: ScanResult = await client.stream('scan', dataset, {
      signal: context.catchInterrupt(),
      onProgress: progress => invocation.progress(progress, () => scanLine(progress))
    })
    invocation.streamResult(result, paint => renderResult(result, context.nowMs(), paint))
    if (result.verdict === 'clean') return 0
    return ERROR_CODES[result.verdict === 'infected' ? 'MALWARE_FOUND' : 'SCAN_INCOMPLETE'].exitCode
  }
})

const LAST_COLUMNS: readonly Column<OwnScan>[] = [
  { title: 'DATASET', value: row => row.name },
  { title: 'VERSION', value: row => shortId(row.version) },
  { title: 'SCAN', value: row => row.verdict },
  { title: 'AT', value: row => isoTime(row.atMs) },
  { title: 'BY', value: by },
  { title: 'FOUND', value: row => row.found ?? row.detail ?? '-' }
]
const WAITING_COLUMNS: readonly Column<ScanStatus['waiting'][number]>[] = [
  { title: 'WAITS', value: row => `${row.name}@${row.ordinal}` },
  { title: 'CLASS', value: row => row.dataClass },
  { title: 'SIZE', align: 'right', value: row => formatBytes(row.bytes) },
  { title: 'PUBLISHED', value: row => `by ${named(row.publisher)} on ${isoTime(row.publishedAtMs)}` }
]

function scannerFields({ scanner, authorised }: ScanStatus, nowMs: number): [string, string][] {
  if (scanner === null) return [['scanner', 'none; peerage scan setup --clamd PATH sets one up']]
  const fields: [string, string][] = [
    ['scanner', `clamd at ${scanner.clamd}`],
    ['engine', scanner.engine ?? 'has not answered yet'],
    ['reads', `at most ${formatRate(scanner.bytesPerSecond)} when nobody waits for it`]
  ]
  if (scanner.database !== null && scanner.databaseMadeAtMs !== null)
    fields.push([
      'signatures',
      `${scanner.database}, ${formatDuration(Math.max(0, nowMs - scanner.databaseMadeAtMs))} old`
    ])
  if (scanner.checkedAtMs !== null) fields.push(['answered', relativeTime(scanner.checkedAtMs, nowMs)])
  if (!scanner.local)
    fields.push(['beware', 'what it scans goes over the network, neither encrypted nor authenticated'])
  if (!authorised)
    fields.push(['role', 'none: it scans nothing until an admin grants this device the role scanner'])
  return fields
}

function renderStatus(status: ScanStatus, nowMs: number, paint: Paint): string[] {
  const table = <Row>(rows: readonly Row[], columns: readonly Column<Row>[], count: number): string[] => [
    ...(rows.length === 0 ? [] : ['', ...renderTable(rows, columns, paint)]),
    ...(count > rows.length ? [`and ${count - rows.length} more`] : [])
  ]
  const next = status.queue.map(({ name, ordinal }) => `${name}@${ordinal}`).slice(0, 3)
  const queue =
    status.queueCount === 0
      ? 'nothing'
      : `${plural(status.queueCount, 'version')}, next ${printable(next.join(', '))}`
  return [
    ...renderFields(
      [
        ...scannerFields(status, nowMs),
        ['queue', queue],
        ['waiting', `${plural(status.waitingCount, 'version')} of the org`]
      ],
      paint
    ),
    ...status.running.map(scanLine),
    ...table(status.last, LAST_COLUMNS, status.last.length),
    ...table(status.waiting, WAITING_COLUMNS, status.waitingCount),
    ...(status.problems.length === 0 ? [] : ['', paint('yellow', plural(status.problems.length, 'problem'))]),
    ...status.problems.map(({ code, message }) => `  ${code}: ${printable(message)}`)
  ]
}

export const showScanStatus = command({
  usage: 'status',
  summary: 'show the scanner of this device, what it does, and what waits for a scan in the whole org',
  examples: ['peerage scan status', 'peerage scan status --json | jq .waitingCount'],
  input: z.object({}),
  run: async invocation => {
    const status = await invocation.client.call('scanStatus', {})
    invocation.result(status, paint => renderStatus(status, invocation.context.nowMs(), paint))
  }
})

const FOUND_COLUMNS: readonly Column<FoundMalware>[] = [
  { title: 'DATASET', value: row => `${row.name}@${row.ordinal}` },
  { title: 'FOUND', value: row => infection(row)?.found ?? '-' },
  { title: 'BY', value: row => infection(row)?.by.name ?? '-' },
  { title: 'AT', value: row => isoTime(infection(row)?.atMs ?? 0) },
  { title: 'STANDS', value: row => (row.quarantined ? 'quarantined' : 'released') },
  { title: 'HERE', value: row => (row.held ? 'yes' : 'no') }
]

const infection = ({ words }: Pick<FoundMalware, 'words'>): SaidScan | undefined =>
  words.find(({ verdict }) => verdict === 'infected')

export const listMalware = command({
  usage: 'list',
  summary: 'list what scans found, on any device',
  examples: ['peerage scan list', 'peerage scan list --json | jq ".found[].name"'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('malware', {})
    invocation.result(list, paint =>
      list.found.length === 0 ? ['no scan found anything'] : renderTable(list.found, FOUND_COLUMNS, paint)
    )
  }
})

const KNOWN = {
  here: 'this device',
  connected: 'says so now',
  audit: 'by its audit log',
  publisher: 'it published it'
} as const

function renderVersion(scanned: ScannedVersion, name: string, paint: Paint): string[] {
  const { own, words, holders, readers } = scanned
  const state = words.length === 0 ? 'waits for a scan' : scanned.quarantined ? 'quarantined' : 'open'
  return [
    paint('bold', printable(`${name}@${scanned.ordinal} (${shortId(scanned.version)}): ${state}`)),
    ...words.map(
      word =>
        `  ${verdictText(word.verdict, paint)}  ${isoTime(word.atMs)}  ${printable(`${named(word.by)}, ${by(word)}${word.found === null ? '' : `: ${word.found}`}`)}`
    ),
    ...findingLines(scanned.findings),
    ...(own?.detail == null ? [] : [`  ${printable(own.detail)}`]),
    ...holders.map(
      ({ device, known, sinceAtMs }) =>
        `  held by ${printable(named(device))}, ${KNOWN[known]}${sinceAtMs === null ? '' : `, since ${isoTime(sinceAtMs)}`}`
    ),
    ...readers.map(
      ({ device, firstAtMs, bytes }) =>
        `  read by ${printable(named(device))}, ${formatBytes(bytes)}, on ${isoTime(firstAtMs)}`
    )
  ]
}

function renderReport({ name, versions, unheard }: ScanReport, paint: Paint): string[] {
  return [
    ...(versions.length === 0 ? [`no version of ${name} was scanned, and none waits for it`] : []),
    ...versions.flatMap(version => renderVersion(version, name, paint)),
    ...(unheard.length === 0
      ? []
      : [`not heard, so they may hold or have read it: ${printable(unheard.map(named).join(', '))}`])
  ]
}

export const showScans = command({
  usage: 'show <name>',
  summary: 'show what scans of a dataset came to, which devices hold it, and which have read it',
  description: 'Asks the devices that are connected for their audit logs. The others are named.',
  examples: ['peerage scan show os-image'],
  input: z.object({ name: datasetName }),
  run: async (invocation, { name }) => {
    const report = await invocation.client.call('scanReport', { name })
    invocation.result(report, paint => renderReport(report, paint))
  }
})

const rate = z.string().transform((text, context) => {
  const bytesPerSecond = parseRate(text)
  if (bytesPerSecond !== undefined && bytesPerSecond > 0) return Math.round(bytesPerSecond)
  context.addIssue({ code: 'custom', message: 'write a rate such as 50MB/s' })
  return z.NEVER
})

export const setUpScan = command({
  usage: 'setup',
  summary:
    'have this device scan by a clamd: what the rules of a class ask for, and what it has scanned before',
  description:
    'It is tried first, and refused when it would call clean what it did not look at. Only admins and devices with the ' +
    'role scanner may tell the org what they find. It goes on after a restart.',
  examples: [
    'peerage scan setup --clamd /run/clamav/clamd.ctl',
    'peerage scan setup --clamd 127.0.0.1:3310 --rate 20MB/s'
  ],
  options: [
    new Option('--clamd <address>', 'path of the socket of clamd, or HOST:PORT'),
    new Option('--rate <rate>', 'how fast is read at most when nobody waits for it (default: as it is)')
  ],
  input: z.object({ clamd: z.string({ error: 'write where clamd listens' }).min(1), rate: rate.optional() }),
  run: async (invocation, { clamd, rate: bytesPerSecond }) => {
    const status = await invocation.client.call('setUpScan', {
      clamd,
      bytesPerSecond: bytesPerSecond ?? null
    })
    invocation.result(status, paint => renderStatus(status, invocation.context.nowMs(), paint))
  }
})

export const endScan = command({
  usage: 'off',
  summary: 'scan nothing any more on this device; what was said stays said',
  examples: ['peerage scan off'],
  input: z.object({}),
  run: async invocation => {
    const status = await invocation.client.call('endScan', {})
    invocation.result(status, paint => renderStatus(status, invocation.context.nowMs(), paint))
  }
})
