/** `transfers`: what this node fetches and has fetched, and how to stop it. */

import { Option } from 'commander'
import { z } from 'zod'
import type { Transfer } from '../../api/transfer.ts'
import { formatBytes, formatDuration, formatRate } from '../../base/units.ts'
import { command } from '../command.ts'
import { percent } from '../progress.ts'
import { type Column, printable, renderTable } from '../text.ts'

const COLUMNS: readonly Column<Transfer>[] = [
  { title: 'ID', value: row => row.id },
  { title: 'DATASET', value: row => `${row.name}@${row.ordinal}` },
  { title: 'STATE', value: row => row.state },
  { title: 'DONE', align: 'right', value: row => `${percent(row.haveBytes, row.totalBytes)}%` },
  { title: 'SIZE', align: 'right', value: row => formatBytes(row.totalBytes) },
  {
    title: 'RATE',
    align: 'right',
    value: row => (row.state === 'fetching' ? formatRate(row.bytesPerSecond) : '-')
  },
  { title: 'ETA', align: 'right', value: row => (row.etaMs === null ? '-' : formatDuration(row.etaMs)) },
  { title: 'DESTINATION', value: row => row.destination },
  { title: 'PROBLEM', value: row => row.problem?.message ?? '' }
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

export const stopTransfer = command({
  usage: 'stop <id>',
  aliases: ['cancel'],
  summary: 'stop a transfer; what is stored is kept, and peerage get resumes it',
  description: 'The files of a complete transfer stay in any case.',
  examples: ['peerage transfers stop 5f2c', 'peerage transfers stop 5f2c --discard'],
  options: [new Option('--discard', 'remove what is stored of it, and forget it')],
  input: z.object({ id: z.string(), discard: z.boolean().default(false) }),
  run: async (invocation, { id, discard }) => {
    const transfer = await invocation.client.call('stopTransfer', { id, discard })
    const kept = discard
      ? 'what was stored of it is removed'
      : `${formatBytes(transfer.haveBytes)} of ${formatBytes(transfer.totalBytes)} are kept`
    invocation.result(transfer, () => [
      printable(`${transfer.name}@${transfer.ordinal} is ${transfer.state}; ${kept}`)
    ])
  }
})
