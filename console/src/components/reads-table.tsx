/** Reads of a dataset, by the evidence of each side. */

import type { ReactNode } from 'react'
import { type Column, DataTable } from './data-table.tsx'
import { State } from './dot.tsx'
import { type Read, traceText } from './evidence-words.ts'
import { dateText, deviceText } from './words.ts'

const TABLE_PIXELS = 400

export function ReadsTable(props: {
  readonly label: string
  readonly reads: readonly Read[]
  readonly empty: string
}): ReactNode {
  const { label, reads, empty } = props
  return (
    <DataTable
      label={label}
      rows={reads}
      columns={COLUMNS}
      keyOf={({ reader, server, version, firstAtMs }) =>
        `${reader.device} ${server.device} ${version} ${firstAtMs}`
      }
      empty={empty}
      heightPixels={TABLE_PIXELS}
    />
  )
}

function evidence(trace: Read['receipt'], bytes: number | null): ReactNode {
  const [tone, words] = traceText(trace, bytes)
  return <State tone={tone}>{words}</State>
}

const COLUMNS: readonly Column<Read>[] = [
  {
    ...{ title: 'Reader', width: 'minmax(80px, 1fr)' },
    value: ({ reader }) => deviceText(reader),
    order: ({ reader }) => deviceText(reader)
  },
  {
    ...{ title: 'From', width: 'minmax(80px, 1fr)', from: 'sm' },
    value: ({ server }) => deviceText(server),
    order: ({ server }) => deviceText(server)
  },
  {
    ...{ title: 'Last', width: '164px', from: 'md' },
    value: ({ lastAtMs }) => dateText(lastAtMs),
    order: ({ lastAtMs }) => lastAtMs
  },
  {
    ...{ title: 'Server says', width: '122px', from: 'lg' },
    value: ({ serverEntry, servedBytes }) => evidence(serverEntry, servedBytes)
  },
  {
    ...{ title: 'Reader says', width: '122px', from: 'lg' },
    value: ({ readerEntry, receivedBytes }) => evidence(readerEntry, receivedBytes)
  },
  {
    ...{ title: 'Receipt', width: '122px' },
    value: ({ receipt, receiptBytes }) => evidence(receipt, receiptBytes)
  },
  {
    ...{ title: 'For', width: 'minmax(70px, 1fr)', from: 'lg' },
    value: ({ purpose, granted }) => purpose ?? granted ?? ''
  }
]
