/** `transfers`: what this node fetches and has fetched, and how to stop it, let it rest, and put it first. */

import { Option } from 'commander'
import { z } from 'zod'
import {
  isSettled,
  PRIORITIES,
  TRANSFER_FILES_DEFAULT,
  TRANSFER_FILES_MAX,
  type Transfer,
  type TransferFile,
  type TransferFiles,
  transferPriority
} from '../../api/transfer.ts'
import { AppError } from '../../base/errors.ts'
import { formatBytes, formatDuration, formatRate } from '../../base/units.ts'
import { command, countLimit, type Invocation } from '../command.ts'
import { deadline, futureOf } from '../instant.ts'
import { orWord } from '../or-word.ts'
import { isWaitingForKey, percent } from '../progress.ts'
import { restraintsText } from '../restraint-text.ts'
import { type Column, isoTime, printable, renderTable } from '../text.ts'

/** When it has to be done, and whether it will. */
export function deadlineText({ deadlineAtMs, outlook, lateByMs, state }: Transfer): string {
  if (deadlineAtMs === null) return '-'
  const how =
    outlook !== 'late' || lateByMs === null
      ? (outlook ?? '')
      : isSettled(state)
        ? `late by ${formatDuration(lateByMs)}`
        : `late by about ${formatDuration(lateByMs)} at the present rate`
  return `${isoTime(deadlineAtMs)}: ${how}`
}

const COLUMNS: readonly Column<Transfer>[] = [
  { title: 'ID', value: row => row.id },
  { title: 'DATASET', value: row => `${row.name}@${row.ordinal}` },
  {
    title: 'STATE',
    value: row => (row.state === 'complete' && row.ofVersion !== null ? 'complete (in part)' : row.state)
  },
  { title: 'PRIORITY', value: row => row.priority },
  {
    title: 'DONE',
    align: 'right',
    value: row => (isWaitingForKey(row) ? '-' : `${percent(row.haveBytes, row.totalBytes)}%`)
  },
  { title: 'SIZE', align: 'right', value: row => formatBytes(row.totalBytes) },
  {
    title: 'RATE',
    align: 'right',
    value: row => (row.state === 'fetching' ? formatRate(row.bytesPerSecond) : '-')
  },
  { title: 'ETA', align: 'right', value: row => (row.etaMs === null ? '-' : formatDuration(row.etaMs)) },
  { title: 'DEADLINE', value: row => deadlineText(row) },
  { title: 'DESTINATION', value: row => row.destination },
  { title: 'PROBLEM', value: row => row.problem?.message ?? restraintsText(row.restraints) }
]

export const transfers = command({
  usage: 'list',
  isDefault: true,
  summary: 'list the transfers of this node',
  examples: ['peerage transfers', 'peerage transfers list --json'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('transfers', {})
    invocation.result(list, paint =>
      list.transfers.length === 0
        ? ['no transfers yet; start one with: peerage get NAME DESTINATION']
        : renderTable(list.transfers, COLUMNS, paint)
    )
  }
})

/** Shorter beginnings of an id are more likely a slip. */
const ID_PREFIX_MIN = 4

/**
 * The transfers that an id, the beginning of one, or the name of a dataset means, the newest first. A name means those
 * that are not settled, or the newest one when all are.
 */
function meant(transfers: readonly Transfer[], text: string): Transfer[] {
  const exact = transfers.filter(({ id }) => id === text)
  if (exact.length > 0) return exact
  const named = transfers.filter(({ name, ordinal }) => text === name || text === `${name}@${ordinal}`)
  const open = named.filter(({ state }) => !isSettled(state))
  if (named.length > 0) return open.length > 0 ? open : named.slice(0, 1)
  const begun = text.length >= ID_PREFIX_MIN ? transfers.filter(({ id }) => id.startsWith(text)) : []
  if (begun.length > 1)
    throw new AppError('USAGE', `${text} begins the ids of ${begun.length} transfers: write more of it`)
  return begun
}

async function findTransfers(invocation: Invocation, text: string): Promise<Transfer[]> {
  const { transfers } = await invocation.client.call('transfers', {})
  const found = meant(transfers, text)
  if (found.length > 0) return found
  throw new AppError(
    'DATASET_UNKNOWN',
    `no transfer ${text} is known here; 'peerage transfers' lists those that are`,
    { details: { transfer: text } }
  )
}

const FILE_COLUMNS: readonly Column<TransferFile>[] = [
  {
    title: 'DONE',
    align: 'right',
    value: row => (row.chosen ? `${percent(row.haveBytes, row.bytes)}%` : 'not chosen')
  },
  { title: 'SIZE', align: 'right', value: row => formatBytes(row.bytes) },
  { title: 'FILE', value: row => row.path }
]

function filesNote({ known, sealed, total, whole, files }: TransferFiles): string[] {
  if (!known) return ['what is in the version is not known here yet']
  return [
    `${whole} of ${total} are here in full`,
    ...(files.length < total ? [`${total - files.length} more are not shown; --limit shows them`] : []),
    ...(sealed ? ['the version is sealed: these are the objects that it consists of'] : [])
  ]
}

export const transferFiles = command({
  usage: 'files <transfer>',
  summary: 'list the files of a transfer, and how much of each is here',
  description: 'TRANSFER is an id, the first digits of one, or the name of a dataset.',
  examples: ['peerage transfers files os-image'],
  options: [new Option('--limit <count>', `at most so many (default: ${TRANSFER_FILES_DEFAULT})`)],
  input: z.object({
    transfer: z.string(),
    limit: countLimit({ max: TRANSFER_FILES_MAX, byDefault: TRANSFER_FILES_DEFAULT })
  }),
  run: async (invocation, { transfer: text, limit }) => {
    const { id } = onlyOne(await findTransfers(invocation, text), text)
    const files = await invocation.client.call('transferFiles', { id, limit })
    invocation.result(files, paint => [...renderTable(files.files, FILE_COLUMNS, paint), ...filesNote(files)])
  }
})

function onlyOne(found: readonly Transfer[], text: string): Transfer {
  const [first] = found
  if (found.length === 1 && first !== undefined) return first
  throw new AppError('USAGE', `${found.length} transfers are meant by ${text}: write the id of one`)
}

export const stopTransfer = command({
  usage: 'stop <transfer>',
  aliases: ['cancel'],
  summary: 'stop a transfer; what is stored is kept, and peerage get resumes it',
  description:
    'TRANSFER is an id, the first digits of one, or the name of a dataset. The files of a complete transfer stay in any case.',
  examples: ['peerage transfers stop 5f2c', 'peerage transfers stop 5f2c --discard'],
  options: [new Option('--discard', 'remove what is stored of it, and forget it')],
  input: z.object({ transfer: z.string(), discard: z.boolean().default(false) }),
  run: async (invocation, { transfer: text, discard }) => {
    const { id } = onlyOne(await findTransfers(invocation, text), text)
    const transfer = await invocation.client.call('stopTransfer', { id, discard })
    const kept = discard
      ? 'what was stored of it is removed'
      : `${formatBytes(transfer.haveBytes)} of ${formatBytes(transfer.totalBytes)} are kept`
    invocation.result(transfer, () => [
      printable(`${transfer.name}@${transfer.ordinal} is ${transfer.state}; ${kept}`)
    ])
  }
})

/** Those that `--all` or a name means. With --all only those that `concerns` picks. */
async function chosen(
  invocation: Invocation,
  { transfer, all }: { readonly transfer?: string | undefined; readonly all: boolean },
  concerns: (transfer: Transfer) => boolean
): Promise<Transfer[]> {
  if (all === (transfer !== undefined))
    throw new AppError('USAGE', 'name one transfer, or say --all: either, not both')
  if (transfer !== undefined) return await findTransfers(invocation, transfer)
  return (await invocation.client.call('transfers', {})).transfers.filter(concerns)
}

function tell(invocation: Invocation, done: readonly Transfer[], nothing: string): void {
  invocation.result({ transfers: done }, () =>
    done.length === 0
      ? [nothing]
      : done.map(transfer => {
          const amount = `${formatBytes(transfer.haveBytes)} of ${formatBytes(transfer.totalBytes)} are here`
          return printable(
            `${transfer.name}@${transfer.ordinal} (${transfer.id}) is ${transfer.state}; ${amount}`
          )
        })
  )
}

const manyInput = z.object({ transfer: z.string().optional(), all: z.boolean().default(false) })

export const pauseTransfer = command({
  usage: 'pause [transfer]',
  summary: 'let a transfer rest until it is resumed, over restarts too',
  description:
    'Nothing more is asked for; what is stored is kept, and served to others. A get that waits for it says so and ' +
    'waits on. TRANSFER is an id, the first digits of one, or the name of a dataset.',
  examples: ['peerage transfers pause os-image', 'peerage transfers pause --all'],
  options: [new Option('--all', 'every transfer that is under way')],
  input: manyInput,
  run: async (invocation, input) => {
    const isUnderWay = ({ state }: Transfer) => !isSettled(state) && state !== 'paused'
    const done: Transfer[] = []
    for (const { id } of await chosen(invocation, input, isUnderWay))
      done.push(await invocation.client.call('pauseTransfer', { id }))
    tell(invocation, done, 'no transfer is under way')
  }
})

export const resumeTransfer = command({
  usage: 'resume [transfer]',
  summary: 'go on with a transfer that is paused, or begin a stopped or failed one again',
  examples: ['peerage transfers resume os-image', 'peerage transfers resume --all'],
  options: [new Option('--all', 'every transfer that is paused')],
  input: manyInput,
  run: async (invocation, input) => {
    const done: Transfer[] = []
    for (const { id } of await chosen(invocation, input, ({ state }) => state === 'paused'))
      done.push(await invocation.client.call('resumeTransfer', { id }))
    tell(invocation, done, 'no transfer is paused')
  }
})

export const prioritiseTransfer = command({
  usage: 'priority <transfer> <priority>',
  summary: `put a transfer before others or behind them: ${PRIORITIES.join(', ')}`,
  description:
    'Of the transfers of this node so many fetch at once as fit its memory: high ones first, then normal ones, each ' +
    'the oldest first. A low one fetches only while no other has a source. It is about this node alone: no other ' +
    'device serves it sooner.',
  examples: ['peerage transfers priority os-image high'],
  input: z.object({ transfer: z.string(), priority: transferPriority }),
  run: async (invocation, { transfer, priority }) => {
    const done: Transfer[] = []
    for (const { id } of await findTransfers(invocation, transfer))
      done.push(await invocation.client.call('prioritiseTransfer', { id, priority }))
    tell(invocation, done, 'no transfer is meant')
  }
})

export const setTransferDeadline = command({
  usage: 'deadline <transfer> <when>',
  summary: 'say by when a transfer should be done, or none',
  description:
    'WHEN is a duration such as 2h, a time of day such as 18:00, a date, or none. Of the transfers of one priority the ' +
    'earliest deadline goes first. Where the version has an HTTP origin and peers alone would miss the deadline, the ' +
    'rest comes from there, until peers suffice again. A transfer that is late goes on.',
  examples: ['peerage transfers deadline os-image 18:00', 'peerage transfers deadline os-image none'],
  input: z.object({ transfer: z.string(), when: orWord('none', deadline) }),
  run: async (invocation, { transfer, when }) => {
    const deadlineAtMs = futureOf(when, invocation.context.nowMs())
    const done: Transfer[] = []
    for (const { id } of await findTransfers(invocation, transfer))
      done.push(await invocation.client.call('setTransferDeadline', { id, deadlineAtMs }))
    tell(invocation, done, 'no transfer is meant')
  }
})
