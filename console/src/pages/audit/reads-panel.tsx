/** Who has read a dataset, by the evidence of each side. */

import { Anchor, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { Panel } from '../../components/panel.tsx'
import { dateText, deviceText } from '../../components/words.ts'
import { type Read, traceText } from './audit-words.ts'

const TABLE_PIXELS = 400

export function ReadsPanel({ name }: { readonly name: string }): ReactNode {
  const who = useAnswer('auditWho', { name }, { isStill: true })
  return (
    <Panel
      title={`Who has read ${name}`}
      note="Each read leaves an entry at its server, one at its reader, and the reader's signed receipt at the server; of all time that is kept"
      aside={
        <Anchor component={Link} to={`/console/datasets/${encodeURIComponent(name)}`} size="sm">
          Who may read it
        </Anchor>
      }
    >
      <Answered of={who}>
        {({ reads, holders }) => (
          <>
            <Text size="sm" mb="xs">
              {holdersText(holders.filter(({ endedAtMs }) => endedAtMs === null))}
            </Text>
            <DataTable
              label={`Reads of ${name}`}
              rows={reads}
              columns={COLUMNS}
              keyOf={({ reader, server, version, firstAtMs }) =>
                `${reader.device} ${server.device} ${version} ${firstAtMs}`
              }
              empty="No log says that anyone read it."
              heightPixels={TABLE_PIXELS}
            />
          </>
        )}
      </Answered>
    </Panel>
  )
}

function holdersText(
  holders: readonly { readonly device: { readonly device: string; readonly name: string | null } }[]
): string {
  const names = new Set(holders.map(({ device }) => deviceText(device)))
  return names.size === 0
    ? 'No log says that it holds it.'
    : `Held, by their logs, by ${[...names].join(', ')}.`
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
