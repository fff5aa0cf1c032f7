/** All transfers of the node: what moves, what waits and why, what is given to others, what is followed. */

import { Anchor, Chip, Group, Progress, SimpleGrid, Text } from '@mantine/core'
import { type ReactNode, useMemo, useState } from 'react'
import { Link } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { type Activity, useLive } from '../../api/live.tsx'
import { useSession } from '../../api/session.tsx'
import { useNowMs } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { datasetPath } from '../../components/dataset-link.tsx'
import { State } from '../../components/dot.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Figure, FigureGrid, Panel } from '../../components/panel.tsx'
import { isMeant, SearchField } from '../../components/search-field.tsx'
import {
  counted,
  durationText,
  formatBytes,
  formatRate,
  percentText,
  shortId
} from '../../components/words.ts'
import { DownIcon, UpIcon } from '../../shell/icons.tsx'
import { Fetch } from './fetch-dialogue.tsx'
import { FollowsPanel } from './follows-panel.tsx'
import { SourcesPanel } from './sources-panel.tsx'
import {
  deadlineText,
  isSettled,
  type LiveTransfer,
  stateOf,
  type Transfer,
  whyText,
  withLive
} from './transfer-words.ts'

/** How far each is comes live; this is for the rest, and for what began or ended. */
const EVERY_MS = 3_000
const TABLE_PIXELS = 420

export function TransfersPage(): ReactNode {
  const { may } = useSession()
  const { activity } = useLive()
  const transfers = useAnswer('transfers', {}, { everyMs: EVERY_MS })
  const shown = useMemo(
    () => withLive(transfers.data?.transfers ?? [], activity?.transfers ?? []),
    [transfers.data, activity]
  )
  return (
    <PageFrame
      title="Transfers"
      lead="What this node fetches, gives to others and keeps at the newest version; other nodes have lists of their own"
      actions={may('startTransfer') ? <Fetch /> : undefined}
    >
      <Answered of={transfers}>
        {() => (
          <>
            <Figures transfers={shown} activity={activity} />
            <TransfersPanel transfers={shown} />
          </>
        )}
      </Answered>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <SourcesPanel />
        <GivenPanel transfers={activity?.transfers ?? []} />
      </SimpleGrid>
      <FollowsPanel />
    </PageFrame>
  )
}

function Figures(props: {
  readonly transfers: readonly Transfer[]
  readonly activity: Activity | null
}): ReactNode {
  const { transfers, activity } = props
  const open = transfers.filter(transfer => !isSettled(transfer))
  const moving = open.filter(({ state }) => state === 'fetching').length
  const held = open.length - moving
  const failed = transfers.filter(({ state }) => state === 'failed').length
  const late = open.filter(({ outlook }) => outlook === 'late').length
  return (
    <FigureGrid>
      <Figure
        label="Receiving"
        icon={<DownIcon size={18} />}
        value={formatRate(activity?.receiveBytesPerSecond ?? 0)}
        note={`${formatBytes(activity?.receivedBytes ?? 0)} since the node began`}
      />
      <Figure
        label="Sending"
        icon={<UpIcon size={18} />}
        value={formatRate(activity?.sendBytesPerSecond ?? 0)}
        note={`${formatBytes(activity?.sentBytes ?? 0)} since the node began`}
      />
      <Figure
        label="Under way"
        value={open.length.toLocaleString('en')}
        note={open.length === 0 ? 'nothing is being fetched' : `${moving} fetching, ${held} waiting`}
      />
      <Figure
        label="Need a look"
        value={(failed + late).toLocaleString('en')}
        note={
          failed + late === 0 ? 'none failed, none will be late' : `${failed} failed, ${late} will be late`
        }
      />
    </FigureGrid>
  )
}

function TransfersPanel({ transfers }: { readonly transfers: readonly Transfer[] }): ReactNode {
  const [written, setWritten] = useState('')
  const [isOpenOnly, setOpenOnly] = useState(false)
  const shown = useMemo(
    () =>
      transfers
        .filter(
          transfer =>
            (!isOpenOnly || !isSettled(transfer)) &&
            isMeant(written, [transfer.name, transfer.destination, transfer.state, transfer.id])
        )
        .toSorted((a, b) => Number(isSettled(a)) - Number(isSettled(b)) || b.startedAtMs - a.startedAtMs),
    [transfers, written, isOpenOnly]
  )
  return (
    <Panel
      title="Fetched by this node"
      note={`${shown.length} of ${counted(transfers.length, 'transfer')} shown, those under way first`}
      aside={
        <Group gap="sm">
          <Chip checked={isOpenOnly} onChange={setOpenOnly} size="sm">
            under way
          </Chip>
          <SearchField label="Find a transfer" value={written} onChange={setWritten} />
        </Group>
      }
    >
      <DataTable
        label="Transfers"
        rows={shown}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        linkOf={({ id }) => `/console/transfers/${id}`}
        empty={
          transfers.length === 0
            ? 'This node has fetched nothing yet. Fetch a dataset into a folder of its machine, here or by peerage get.'
            : 'No transfer is meant by that.'
        }
        heightPixels={TABLE_PIXELS}
      />
    </Panel>
  )
}

function ProgressCell({ transfer }: { readonly transfer: Transfer }): ReactNode {
  const { haveBytes, totalBytes, state } = transfer
  const percent = percentText(haveBytes, totalBytes)
  return (
    <Group gap={8} wrap="nowrap" component="span">
      <Progress
        value={totalBytes === 0 ? 100 : (100 * haveBytes) / totalBytes}
        color={state === 'failed' ? 'red.7' : 'teal.7'}
        flex={1}
        miw={20}
        aria-hidden="true"
      />
      <Text span inherit miw={46} ta="right" style={{ fontVariantNumeric: 'tabular-nums' }}>
        {percent}
      </Text>
    </Group>
  )
}

function Due({ transfer }: { readonly transfer: Transfer }): ReactNode {
  const nowMs = useNowMs()
  const text = deadlineText(transfer, nowMs)
  if (text === '') return ''
  return <State tone={transfer.outlook === 'late' ? 'bad' : 'good'}>{text}</State>
}

function stateCell(transfer: Transfer): ReactNode {
  const { tone, says } = stateOf(transfer)
  return <State tone={tone}>{says}</State>
}

const COLUMNS: readonly Column<Transfer>[] = [
  {
    ...{ title: 'Dataset', width: 'minmax(84px, 1.2fr)' },
    // What one dataset was fetched to several times is told apart by where.
    value: ({ name, ordinal, destination }) => (
      <span title={`into ${destination}`}>
        {name}@{ordinal}
      </span>
    )
  },
  {
    title: 'State',
    width: 'minmax(92px, 0.8fr)',
    value: stateCell,
    order: transfer => stateOf(transfer).order
  },
  {
    ...{ title: 'Done', width: 'minmax(84px, 1.2fr)' },
    value: transfer => <ProgressCell transfer={transfer} />,
    order: ({ haveBytes, totalBytes }) => (totalBytes === 0 ? 1 : haveBytes / totalBytes)
  },
  {
    ...{ title: 'Size', width: '80px', align: 'right', from: 'md' },
    value: ({ totalBytes }) => formatBytes(totalBytes),
    order: ({ totalBytes }) => totalBytes
  },
  {
    ...{ title: 'Rate', width: '88px', align: 'right', from: 'sm' },
    value: ({ state, bytesPerSecond }) => (state === 'fetching' ? formatRate(bytesPerSecond) : ''),
    order: ({ bytesPerSecond }) => bytesPerSecond
  },
  {
    ...{ title: 'Left', width: '70px', align: 'right', from: 'md' },
    value: ({ etaMs, state }) => (etaMs === null || state !== 'fetching' ? '' : durationText(etaMs)),
    order: ({ etaMs }) => etaMs ?? Number.MAX_SAFE_INTEGER
  },
  {
    ...{ title: 'Deadline', width: 'minmax(180px, 1.5fr)', from: 'lg' },
    value: transfer => <Due transfer={transfer} />,
    order: ({ deadlineAtMs }) => deadlineAtMs ?? Number.MAX_SAFE_INTEGER
  },
  {
    ...{ title: 'What holds it up', width: 'minmax(140px, 2fr)', from: 'lg' },
    value: transfer => <span title={whyText(transfer)}>{whyText(transfer)}</span>
  }
]

function GivenPanel({ transfers }: { readonly transfers: readonly LiveTransfer[] }): ReactNode {
  const given = useMemo(
    () =>
      transfers
        .filter(
          ({ state, peers, sendBytesPerSecond }) =>
            (state === 'serving' && peers > 0) || sendBytesPerSecond > 0
        )
        .toSorted((a, b) => b.sendBytesPerSecond - a.sendBytesPerSecond),
    [transfers]
  )
  return (
    <Panel title="Given to others now" note="Versions that linked devices have a stream for">
      <DataTable
        label="Given to others"
        rows={given}
        columns={GIVEN_COLUMNS}
        keyOf={({ version, id }) => `${version} ${id}`}
        empty="Nobody asks this node for anything now."
        heightPixels={TABLE_PIXELS}
      />
    </Panel>
  )
}

function givenName({ name, ordinal, version }: LiveTransfer): ReactNode {
  if (name === null) return shortId(version)
  return (
    <Anchor component={Link} to={datasetPath(name)} inherit>
      {ordinal === null ? name : `${name}@${ordinal}`}
    </Anchor>
  )
}

const GIVEN_COLUMNS: readonly Column<LiveTransfer>[] = [
  { title: 'Dataset', width: 'minmax(110px, 1.6fr)', value: givenName },
  {
    ...{ title: 'Peers', width: '66px', align: 'right' },
    value: ({ peers }) => peers.toLocaleString('en'),
    order: ({ peers }) => peers
  },
  {
    ...{ title: 'Sending', width: '92px', align: 'right' },
    value: ({ sendBytesPerSecond }) => formatRate(sendBytesPerSecond),
    order: ({ sendBytesPerSecond }) => sendBytesPerSecond
  }
]
