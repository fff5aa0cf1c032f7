/** `ledger`: what the org's ledger says, operation by operation, and whether an exported one can be believed. */

import { Option } from 'commander'
import { z } from 'zod'
import { orgId } from '../../api/field.ts'
import {
  LEDGER_EFFECTS,
  LEDGER_LINES_DEFAULT,
  LEDGER_LINES_MAX,
  type LedgerEntry,
  type LedgerFeed,
  type LedgerLine,
  type LedgerLink
} from '../../api/ledger.ts'
import { ERROR_CODES } from '../../base/error-codes.ts'
import { shortId } from '../../base/ids.ts'
import { formatBytes, formatDuration } from '../../base/units.ts'
import type { LedgerVerification } from '../../daemon.ts'
import { deviceReference, named } from '../acted.ts'
import { command, countLimit } from '../command.ts'
import { instant, instantBefore } from '../instant.ts'
import { absolutePathOf } from '../paths.ts'
import { type Column, isoTime, type Paint, plural, printable, renderFields, renderTable } from '../text.ts'

function effectText({ inForce, role, reason, detail }: LedgerLine): string {
  return inForce ? `in force (as ${role})` : `no effect: ${reason}, ${detail}`
}

/** By the author's clock. */
function timeText({ atMs, aheadMs }: LedgerLine): string {
  return aheadMs === null ? isoTime(atMs) : `${isoTime(atMs)} (${formatDuration(aheadMs)} ahead)`
}

const LINE_COLUMNS: readonly Column<LedgerLine>[] = [
  { title: 'TIME', value: timeText },
  { title: 'OPERATION', value: row => shortId(row.operation) },
  { title: 'AUTHOR', value: row => named(row.author) },
  { title: 'TYPE', value: row => row.type },
  { title: 'WHAT IT SAYS', value: row => row.says },
  { title: 'EFFECT', value: effectText }
]

export const listLedger = command({
  usage: 'list',
  isDefault: true,
  summary: 'list operations, newest first: who said what, and whether it is in force',
  description: 'The word list can be left out: peerage ledger --since 24h.',
  examples: ['peerage ledger', 'peerage ledger list --type device.revoke --since 30d'],
  options: [
    new Option('--type <type>', 'only operations of this type, such as role.grant'),
    new Option('--author <device>', 'only those of this device, by its name or the beginning of its id'),
    new Option(
      '--about <what>',
      'only those that name it: a dataset, device, group, id, or the beginning of one'
    ),
    new Option(
      '--effect <effect>',
      'only those in-force, those waiting for approvals, or those that have none for another reason'
    ),
    new Option('--since <time>', 'only what is newer, by the clocks of the authors: 24h, 7d, or a date'),
    new Option('--until <time>', 'only what is older, by the clocks of the authors: 24h, 7d, or a date'),
    new Option('--limit <count>', `at most so many (default: ${LEDGER_LINES_DEFAULT})`)
  ],
  input: z.object({
    type: z.string().min(1, 'write a type').optional(),
    author: deviceReference.optional(),
    about: z.string().min(1, 'write what they name').optional(),
    effect: z.enum(LEDGER_EFFECTS).optional(),
    since: instant.optional(),
    until: instant.optional(),
    limit: countLimit({ max: LEDGER_LINES_MAX, byDefault: LEDGER_LINES_DEFAULT })
  }),
  run: async (invocation, { type, author, about, effect, since, until, limit }) => {
    const before = (time: typeof since): number | null =>
      time === undefined ? null : instantBefore(time, invocation.context.nowMs())
    const list = await invocation.client.call('operations', {
      ...{ type: type ?? null, author: author ?? null, about: about ?? null, effect: effect ?? null },
      ...{ sinceMs: before(since), untilMs: before(until), limit }
    })
    invocation.result(list, paint =>
      list.operations.length === 0
        ? ['no operation of the kind is here']
        : [
            ...renderTable(list.operations, LINE_COLUMNS, paint),
            ...(list.matched > list.operations.length
              ? [
                  `${list.matched - list.operations.length} older ones are not shown; --limit or --until shows them`
                ]
              : [])
          ]
    )
  }
})

function linkText({ operation, type, author }: LedgerLink): string {
  return `${operation} (${type} by ${named(author)})`
}

function renderEntry(entry: LedgerEntry, paint: Paint): string[] {
  const { root, approvals, approvalsNeeded, fields } = entry
  const rows: [string, string][] = [
    ['operation', entry.operation],
    ['author', `${named(entry.author)} (${entry.author.device})`],
    ['says', entry.says],
    ['time', `${timeText(entry)}, by the author’s clock`],
    ['effect', effectText(entry)],
    ['acting as', entry.role === null ? '-' : `${entry.role}, rank ${entry.rank}`],
    ['signature', `${entry.signature}, by the author`],
    ['approvals', `${approvals.length} besides the author; its type needs ${approvalsNeeded} admins`],
    ...approvals.map((approval): [string, string] => ['', linkText(approval)]),
    ['root', `${root.version === null ? 'not known here' : `version ${root.version}`}, ${root.hash}`],
    ['feed', `${entry.incarnation}, position ${entry.seq}`],
    ['previous', entry.prev === null ? 'none, it is the first' : linkText(entry.prev)],
    ...(entry.next.length === 0
      ? [['next', 'none here'] as [string, string]]
      : entry.next.map((link): [string, string] => ['next', linkText(link)])),
    ...entry.deps.map((link): [string, string] => ['builds on', linkText(link)]),
    ...(entry.expiresAtMs === null ? [] : [['ends', isoTime(entry.expiresAtMs)] as [string, string]]),
    ...(entry.forkedAtSeq === null
      ? []
      : [
          ['forked', `its author signed two histories from position ${entry.forkedAtSeq} on`] as [
            string,
            string
          ]
        ]),
    ...(root.contested ? [['contested', 'the root is not of the chain'] as [string, string]] : []),
    ['record', formatBytes(entry.recordBytes)]
  ]
  return [
    ...renderFields(rows, paint),
    '',
    paint('bold', printable(entry.type)),
    ...(fields === null
      ? ['  its fields can not be read here']
      : renderFields(
          Object.entries(fields).map(([key, value]) => [
            `  ${printable(key)}`,
            typeof value === 'string' ? value : JSON.stringify(value)
          ]),
          paint
        ))
  ]
}

export const showLedger = command({
  usage: 'show <operation>',
  summary: 'show all that is known of one operation: signature, place, approvals, effect and why',
  examples: ['peerage ledger show 1f2e3d4c5b6a'],
  input: z.object({ operation: z.string().min(1, 'write at least eight digits of its id') }),
  run: async (invocation, { operation }) => {
    const entry = await invocation.client.call('operation', { id: operation })
    invocation.result(entry, paint => renderEntry(entry, paint))
  }
})

function headText({ heads: [head] }: LedgerFeed): string {
  return head === undefined ? '-' : `${shortId(head.operation)} (${head.type})`
}

const FEED_COLUMNS: readonly Column<LedgerFeed>[] = [
  { title: 'AUTHOR', value: row => named(row.author) },
  { title: 'INCARNATION', value: row => row.incarnation },
  { title: 'OPERATIONS', align: 'right', value: row => String(row.operations) },
  { title: 'HEAD', value: headText },
  { title: 'TIME', value: ({ heads: [head] }) => (head === undefined ? '-' : isoTime(head.atMs)) },
  {
    title: 'FORKED',
    value: ({ fork }) =>
      fork === null ? '-' : `at position ${fork.seq}: ${fork.operations.map(shortId).join(', ')}`
  }
]

export const listFeeds = command({
  usage: 'feeds',
  summary: 'list the feeds: who signed how many operations, where each feed ends, and which are forked',
  description:
    'A device signs one chain of operations; one that was restored from a backup begins another. A feed that is forked ' +
    'holds two operations at one position, which proves that its author signed two histories.',
  examples: ['peerage ledger feeds'],
  input: z.object({}),
  run: async invocation => {
    const report = await invocation.client.call('feeds', {})
    invocation.result(report, paint => [
      ...renderTable(report.feeds, FEED_COLUMNS, paint),
      '',
      `${plural(report.operations, 'operation')}, of which ${report.inForce} in force` +
        report.inert.map(({ reason, operations }) => `, ${operations} ${reason}`).join('')
    ])
  }
})

const folder = z.string().min(1, 'write a path')

export const exportLedger = command({
  usage: 'export <folder>',
  summary: 'write the whole ledger to a new folder, for ledger verify and for other programs',
  examples: ['peerage ledger export ./acme-ledger'],
  input: z.object({ folder }),
  streams: true,
  run: async (invocation, input) => {
    const { client, context } = invocation
    const exported = await client.stream(
      'exportLedger',
      { path: absolutePathOf(input.folder, context) },
      {
        signal: context.catchInterrupt(),
        onProgress: progress =>
          invocation.progress(progress, () => `${plural(progress.recordsDone, 'operation')} written`)
      }
    )
    invocation.streamResult(exported, () => [
      `wrote ${printable(exported.path)}: ${plural(exported.roots, 'root')}, ${plural(exported.operations, 'operation')}`,
      `check it anywhere with: peerage ledger verify DIR --org ${exported.org}`
    ])
    return undefined
  }
})

function renderVerification(verification: LedgerVerification, believed: boolean, paint: Paint): string[] {
  const { org, orgName, devices, findings, findingCount } = verification
  const unlisted = findingCount - findings.length
  return [
    ...renderFields(
      [
        ['org', `${orgName} (${org})${believed ? ', as the folder says; --org proves it' : ''}`],
        ['roots', `${verification.roots}, of which version ${verification.rootVersion} is in force`],
        [
          'operations',
          `${verification.operations} in ${plural(verification.feeds, 'feed')}, each signature good`
        ],
        ['in force', String(verification.inForce)],
        ...verification.inert.map(({ reason, operations }): [string, string] => [
          'no effect',
          `${operations}: ${reason}`
        ]),
        [
          'devices',
          `${plural(devices.members, 'member')}, ${devices.suspended} suspended, ${devices.revoked} revoked`
        ],
        ['datasets', String(verification.datasets)]
      ],
      paint
    ),
    ...findings.map(({ kind, detail }) => `${paint('red', kind)}  ${printable(detail)}`),
    ...(unlisted > 0 ? [`and ${plural(unlisted, 'more finding')}`] : []),
    findingCount === 0
      ? paint('green', 'everything that is here is as it was signed')
      : paint('red', plural(findingCount, 'finding'))
  ]
}

export const verifyLedger = command({
  usage: 'verify <folder>',
  summary: 'check an exported ledger: chain, signatures, feeds, and the state that follows',
  description:
    'Needs neither a node nor a home, nor to be a member of the org; --org says which org it must be of. Exits with 65 ' +
    'when something is wrong, forks and contested roots included, and says what.',
  examples: ['peerage ledger verify ./acme-ledger'],
  options: [new Option('--org <id>', 'the org that the folder must be of')],
  input: z.object({ folder, org: orgId.optional() }),
  streams: true,
  run: async (invocation, input) => {
    const { context } = invocation
    const daemon = await context.loadDaemon()
    const verification = await daemon.verifyLedger({
      folder: absolutePathOf(input.folder, context),
      org: input.org ?? null,
      onProgress: progress =>
        invocation.progress(progress, () => `${plural(progress.recordsDone, 'operation')} checked`)
    })
    const believed = input.org === undefined
    invocation.streamResult(verification, paint => renderVerification(verification, believed, paint))
    return verification.findingCount === 0 ? 0 : ERROR_CODES.LEDGER_BROKEN.exitCode
  }
})
