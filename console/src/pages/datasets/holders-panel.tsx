/** How far a version has come over the fleet, as it happens, and who holds how much of it. */

import { Box, Group, Progress, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { Panel } from '../../components/panel.tsx'
import { counted, deviceText, percentText } from '../../components/words.ts'
import { type Holder, shareOf, spread } from './spread.ts'

const EVERY_MS = 1_000
const TABLE_PIXELS = 380

export function HoldersPanel({
  name,
  version
}: {
  readonly name: string
  readonly version: string
}): ReactNode {
  const holders = useAnswer('holders', { name, version }, { everyMs: EVERY_MS })
  return (
    <Panel
      title="Distribution"
      note={
        holders.data === undefined ? undefined : (
          <>
            As this node knows, <Ago atMs={holders.data.atMs} />; of those without a stream to it, only what
            they said last
          </>
        )
      }
    >
      <Answered of={holders}>{known => <Holders known={known} />}</Answered>
    </Panel>
  )
}

function Holders({ known }: { readonly known: Answer<'holders'> }): ReactNode {
  const { holders, totalPieces, members } = known
  const { whole, part, unknown } = spread(known)
  const share = (count: number) => (members === 0 ? 0 : (100 * count) / members)
  const rows = holders.map(holder => ({ holder, totalPieces }))
  return (
    <>
      <Group style={{ gap: '4px 24px' }} mb="xs">
        <Count
          count={whole}
          label={whole === 1 ? 'device has all of it' : 'devices have all of it'}
          colour="teal.7"
        />
        <Count count={part} label={part === 1 ? 'has a part' : 'have a part'} colour="blue.6" />
        <Count count={unknown} label="not known to have any" colour="gray.5" />
      </Group>
      <Progress.Root size={14} mb="md" aria-hidden="true">
        <Progress.Section value={share(whole)} color="teal.7" />
        <Progress.Section value={share(part)} color="blue.6" />
      </Progress.Root>
      <DataTable
        label={`Who holds it: ${counted(whole, 'device')} with all of it`}
        rows={rows}
        columns={COLUMNS}
        keyOf={({ holder }) => holder.device}
        linkOf={({ holder }) => `/console/network/devices/${holder.device}`}
        empty="Nobody is known to have any of it."
        heightPixels={TABLE_PIXELS}
      />
    </>
  )
}

function Count(props: {
  readonly count: number
  readonly label: string
  readonly colour: string
}): ReactNode {
  const { count, label, colour } = props
  return (
    <Group gap={8}>
      <Box w={12} h={12} bg={colour} bdrs={4} aria-hidden="true" />
      <Text size="sm">
        <Text span inherit fw={650} fz="lg">
          {count.toLocaleString('en')}
        </Text>{' '}
        {label}
      </Text>
    </Group>
  )
}

interface Row {
  readonly holder: Holder
  readonly totalPieces: number | null
}

const BY: Readonly<Record<Holder['by'], string>> = {
  here: 'this node itself',
  stream: 'it, over a stream',
  'past stream': 'it, when its stream ended',
  ledger: 'it, in the ledger',
  publisher: 'it published it'
}

const COLUMNS: readonly Column<Row>[] = [
  {
    ...{ title: 'Device', width: 'minmax(100px, 1fr)' },
    value: ({ holder }) => deviceText(holder),
    order: ({ holder }) => deviceText(holder)
  },
  {
    ...{ title: 'Has', width: 'minmax(120px, 1.6fr)' },
    value: ({ holder, totalPieces }) => <Has holder={holder} totalPieces={totalPieces} />,
    order: ({ holder, totalPieces }) => shareOf(holder, totalPieces)
  },
  {
    ...{ title: 'Site', width: 'minmax(70px, 0.8fr)', from: 'md' },
    value: ({ holder }) => holder.site ?? 'not known',
    order: ({ holder }) => holder.site ?? ''
  },
  {
    ...{ title: 'Says', width: 'minmax(150px, 1fr)', from: 'lg' },
    value: ({ holder }) => BY[holder.by],
    order: ({ holder }) => holder.by
  },
  {
    ...{ title: 'As of', width: '96px', align: 'right', from: 'md' },
    value: ({ holder }) => <Ago atMs={holder.asOfAtMs} />,
    order: ({ holder }) => holder.asOfAtMs
  }
]

function Has({ holder, totalPieces }: Row): ReactNode {
  const share = shareOf(holder, totalPieces)
  const words = holder.isWhole ? 'all' : percentText(share, 1)
  return (
    <Group gap={8} wrap="nowrap">
      <Progress
        value={100 * share}
        color={holder.isWhole ? 'teal.7' : 'blue.6'}
        flex={1}
        aria-label={`${deviceText(holder)} has ${words}`}
      />
      <Text span inherit w={40} ta="right">
        {words}
      </Text>
    </Group>
  )
}
