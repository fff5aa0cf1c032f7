/** One transfer: how far it is, what holds it up, from whom its bytes came, and each of its files. */

import { Alert, Box, Code, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useParams } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { useLive } from '../../api/live.tsx'
import { Ago, useNowMs } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { DatasetLink } from '../../components/dataset-link.tsx'
import { State } from '../../components/dot.tsx'
import { meaningOf } from '../../components/error-meaning.ts'
import { PageFrame } from '../../components/page-frame.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import {
  counted,
  dateText,
  deviceText,
  durationText,
  formatBytes,
  formatRate,
  percentText
} from '../../components/words.ts'
import { FilesPanel } from './files-panel.tsx'
import { TransferActions } from './transfer-actions.tsx'
import {
  deadlineText,
  isSettled,
  kindOf,
  ORIGIN_NEEDS,
  type Part,
  partsOf,
  stateOf,
  type Transfer,
  type TransferSource,
  whyText,
  withLive
} from './transfer-words.ts'

const EVERY_MS = 2_000
const SOURCES_PIXELS = 340
const BACK = { to: '/console/transfers', label: 'Transfers' }

export function TransferPage(): ReactNode {
  const { id = '' } = useParams()
  const { activity } = useLive()
  const asked = useAnswer('transfer', { id }, { everyMs: EVERY_MS })
  const [transfer] = asked.data === undefined ? [] : withLive([asked.data], activity?.transfers ?? [])
  return (
    <PageFrame
      title={transfer === undefined ? 'Transfer' : `${transfer.name}@${transfer.ordinal}`}
      back={BACK}
      lead={
        transfer === undefined ? undefined : (
          <State tone={stateOf(transfer).tone}>
            {stateOf(transfer).says}, {isSettled(transfer) ? 'in' : 'into'} {transfer.destination}
          </State>
        )
      }
      actions={transfer === undefined ? undefined : <TransferActions transfer={transfer} />}
    >
      <Answered of={asked}>
        {() =>
          transfer !== undefined && <Known transfer={transfer} ownSite={activity?.device.site ?? null} />
        }
      </Answered>
    </PageFrame>
  )
}

interface KnownProps {
  readonly transfer: Transfer
  readonly ownSite: string | null
}

function Known({ transfer, ownSite }: KnownProps): ReactNode {
  return (
    <>
      <Hindrance transfer={transfer} />
      <Panel
        title="Progress"
        note="Verified and on disk; what came is of this run, since it was last started"
      >
        <Course transfer={transfer} ownSite={ownSite} />
      </Panel>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel title="What was asked for">
          <OrderFacts transfer={transfer} />
        </Panel>
        <Stack gap="md">
          <SourcesPanel transfer={transfer} ownSite={ownSite} />
          <OriginPanel transfer={transfer} />
        </Stack>
      </SimpleGrid>
      <FilesPanel transfer={transfer} />
    </>
  )
}

/** A failure with its code, or what is waited for. */
function Hindrance({ transfer }: { readonly transfer: Transfer }): ReactNode {
  const { problem, state } = transfer
  const why = whyText(transfer)
  if (why === '') return null
  const isFailed = state === 'failed'
  return (
    <Alert
      variant="outline"
      color={isFailed ? 'red' : 'yellow'}
      title={isFailed ? 'It failed' : 'What holds it up'}
      role="status"
    >
      <Text size="sm">{why}</Text>
      {problem !== null && (
        <Text size="sm" c="dimmed" mt={4}>
          <Code>{problem.code}</Code> {meaningOf(problem.code)}
        </Text>
      )}
      {isFailed && (
        <Text size="sm" mt={4}>
          What came is kept. Put that right and retry: only what is missing is fetched.
        </Text>
      )}
    </Alert>
  )
}

function Course({ transfer, ownSite }: KnownProps): ReactNode {
  const { haveBytes, totalBytes, bytesPerSecond, etaMs, state, wastedBytes } = transfer
  const nowMs = useNowMs()
  const parts = partsOf(transfer, ownSite)
  const whole = Math.max(
    totalBytes,
    parts.reduce((sum, { bytes }) => sum + bytes, 0),
    1
  )
  const due = deadlineText(transfer, nowMs)
  return (
    <Stack gap="sm">
      <Group gap="xl" align="baseline">
        <Text fz={26} fw={650} lh={1.2}>
          {percentText(haveBytes, totalBytes)}
        </Text>
        <Text size="sm">
          {formatBytes(haveBytes)} of {formatBytes(totalBytes)}
          {state === 'fetching' && `, ${formatRate(bytesPerSecond)}`}
          {state === 'fetching' && etaMs !== null && `, about ${durationText(etaMs)} left`}
        </Text>
        {due !== '' && (
          <Text size="sm" component="div">
            <State tone={transfer.outlook === 'late' ? 'bad' : 'good'}>deadline {due}</State>
          </Text>
        )}
      </Group>
      <Progress.Root size={16} aria-hidden="true">
        {parts.map(({ label, bytes, colour }) => (
          <Progress.Section key={label} value={(100 * bytes) / whole} color={colour} />
        ))}
      </Progress.Root>
      <Group style={{ gap: '4px 24px' }}>
        {parts.map(part => (
          <Legend key={part.label} part={part} />
        ))}
        {wastedBytes > 0 && (
          <Text size="sm" c="dimmed">
            {formatBytes(wastedBytes)} came in vain
          </Text>
        )}
      </Group>
    </Stack>
  )
}

function Legend({ part: { label, bytes, colour } }: { readonly part: Part }): ReactNode {
  return (
    <Group gap={8} wrap="nowrap">
      <Box w={12} h={12} bg={colour} bdrs={4} aria-hidden="true" />
      <Text size="sm">
        <Text span inherit fw={650}>
          {formatBytes(bytes)}
        </Text>{' '}
        {label}
      </Text>
    </Group>
  )
}

function OrderFacts({ transfer }: { readonly transfer: Transfer }): ReactNode {
  const { name, ordinal, version, destination, files, ofVersion, only, purpose, priority } = transfer
  const { startedAtMs, finishedAtMs, deadlineAtMs } = transfer
  return (
    <Facts
      facts={[
        ['Dataset', <DatasetLink key="dataset" name={name} ordinal={ordinal} />],
        ['Version', version],
        ['Into', `${destination}, on the machine of this node`],
        [
          'Files',
          ofVersion === null
            ? counted(files, 'file')
            : `${files} of ${counted(ofVersion.files, 'file')}, by the globs ${only.flat().join(', ')}`
        ],
        ['Purpose', purpose ?? 'none given'],
        ['Priority', priority],
        ['Deadline', deadlineAtMs === null ? 'whenever' : dateText(deadlineAtMs)],
        ['Started', <Ago key="started" atMs={startedAtMs} />],
        ...(finishedAtMs === null ? [] : [['Ended', <Ago key="ended" atMs={finishedAtMs} />] as const]),
        ['Id', transfer.id]
      ]}
    />
  )
}

function OriginPanel({ transfer }: { readonly transfer: Transfer }): ReactNode {
  const { origin } = transfer
  if (origin === null)
    return (
      <Text size="sm" c="dimmed">
        The version has no HTTP origin: all of it comes from devices of the org.
      </Text>
    )
  return (
    <Panel title="Origin" note="An HTTP server that gives what peers do not">
      <Facts
        facts={[
          ['Address', origin.url],
          [
            'State',
            <State key="state" tone={origin.state === 'ready' ? 'good' : 'warn'}>
              {origin.state}
              {origin.problem !== null && `: ${origin.problem}`}
            </State>
          ],
          ...(origin.retryAtMs === null
            ? []
            : [['Asked again', <Ago key="again" atMs={origin.retryAtMs} />] as const]),
          [
            'Gives now',
            origin.need === null
              ? 'nothing, peers suffice'
              : `${formatRate(origin.bytesPerSecond)}, because ${ORIGIN_NEEDS[origin.need]}`
          ],
          ['Gave', formatBytes(origin.receivedBytes)]
        ]}
      />
    </Panel>
  )
}

function SourcesPanel({ transfer, ownSite }: KnownProps): ReactNode {
  const { sources, sourcesConnected } = transfer
  const rows = sources.map(source => ({ source, ownSite }))
  const empty = isSettled(transfer)
    ? 'Since the node began, no peer gave anything of it.'
    : 'No device that has any of it is linked with this node yet.'
  return (
    <Panel
      title="Sources"
      note={`Linked devices that have something of it: ${sourcesConnected}; who gave most comes first`}
    >
      <DataTable
        label="Sources"
        rows={rows}
        columns={COLUMNS}
        keyOf={({ source }) => source.device}
        linkOf={({ source }) => `/console/network/devices/${source.device}`}
        empty={empty}
        heightPixels={SOURCES_PIXELS}
      />
    </Panel>
  )
}

interface SourceRow {
  readonly source: TransferSource
  readonly ownSite: string | null
}

const COLUMNS: readonly Column<SourceRow>[] = [
  {
    ...{ title: 'Device', width: 'minmax(64px, 1.4fr)' },
    value: ({ source }) => deviceText(source)
  },
  {
    ...{ title: 'Way', width: 'minmax(88px, 1fr)' },
    value: ({ source, ownSite }) => kindOf(source, ownSite),
    order: ({ source, ownSite }) => kindOf(source, ownSite)
  },
  {
    ...{ title: 'Site', width: 'minmax(70px, 1fr)', from: 'md' },
    value: ({ source }) => source.site ?? 'not known',
    order: ({ source }) => source.site ?? ''
  },
  {
    ...{ title: 'Linked', width: '80px', from: 'sm' },
    value: ({ source }) => (
      <State tone={source.connected ? 'good' : 'quiet'}>{source.connected ? 'linked' : 'not now'}</State>
    ),
    order: ({ source }) => Number(source.connected)
  },
  {
    ...{ title: 'Rate', width: '84px', align: 'right', from: 'sm' },
    value: ({ source }) => (source.connected ? formatRate(source.bytesPerSecond) : ''),
    order: ({ source }) => source.bytesPerSecond
  },
  {
    ...{ title: 'Gave', width: '74px', align: 'right' },
    value: ({ source }) => formatBytes(source.receivedBytes),
    order: ({ source }) => source.receivedBytes
  },
  {
    ...{ title: 'Published it', width: '100px', from: 'lg' },
    value: ({ source }) => (source.publisher ? 'yes' : '')
  }
]
