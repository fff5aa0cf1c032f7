/** One device: what the ledger and this node know of it, what it may read, and what can be done about it. */

import { Alert, Anchor, Code, SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { useLive } from '../../api/live.tsx'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { datasetPath } from '../../components/dataset-link.tsx'
import { State } from '../../components/dot.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import { dateText, deviceText, formatBytes, formatRate, percentText } from '../../components/words.ts'
import { DeviceActions } from './device-actions.tsx'
import { type DeviceRow, deviceRows, roleText } from './device-rows.ts'
import { RolesPanel } from './roles-panel.tsx'

/** Who is linked is told live; this is for the rest. */
const PEERS_EVERY_MS = 15_000
const STORAGE_EVERY_MS = 30_000
const READABLE_PIXELS = 400
const BACK = { to: '/console/network', label: 'Network' }

export function DevicePage(): ReactNode {
  const { device = '' } = useParams()
  const devices = useAnswer('devices', {})
  const peers = useAnswer('peers', {}, { everyMs: PEERS_EVERY_MS })
  const { peers: live } = useLive()
  const [row] = deviceRows(
    (devices.data?.devices ?? []).filter(record => record.device === device),
    peers.data?.peers ?? [],
    live
  )
  return (
    <PageFrame
      title={row === undefined ? 'Device' : deviceText(row.record)}
      back={BACK}
      lead={row === undefined ? undefined : <State tone={row.state.tone}>{row.state.says}</State>}
      actions={row !== undefined && !row.record.self ? <DeviceActions record={row.record} /> : undefined}
    >
      <Answered of={devices}>
        {() =>
          row === undefined ? (
            <Alert variant="outline" color="yellow" title="This device is not known here">
              The ledger that this node knows has no device <Code>{device}</Code>.
            </Alert>
          ) : (
            <Known row={row} />
          )
        }
      </Answered>
    </PageFrame>
  )
}

function Known({ row }: { readonly row: DeviceRow }): ReactNode {
  const { record } = row
  const { may } = useSession()
  return (
    <>
      {record.taken !== null && (
        <Alert variant="outline" color="red" title={`It is ${record.standing}`}>
          <Text size="sm">
            By {deviceText(record.taken.by)}, <Ago atMs={record.taken.atMs} />
            {record.taken.reason === null ? ', without a reason.' : `: ${record.taken.reason}`}
          </Text>
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel title="In the org" note="As the ledger has it">
          <Facts
            facts={[
              ['Id', <Code key="id">{record.device}</Code>],
              ['Site', record.site ?? 'not known'],
              ['Kind', record.kind ?? 'not known'],
              ['Standing', record.standing],
              ['Roles', roleText(record) || 'none'],
              ['Enrolled', record.enrolledAtMs === null ? 'not known' : dateText(record.enrolledAtMs)],
              ['Until', record.expiresAtMs === null ? 'without an end' : dateText(record.expiresAtMs)]
            ]}
          />
        </Panel>
        <LinkPanel row={row} />
        <RoomPanel device={record.device} />
        <RolesPanel record={record} />
      </SimpleGrid>
      {may('readable') && <ReadablePanel device={record.device} />}
    </>
  )
}

function LinkPanel({ row: { peer, live, record, heardAtMs } }: { readonly row: DeviceRow }): ReactNode {
  if (record.self)
    return (
      <Panel title="Link" note="This is the node that you are asking">
        <Text size="sm">
          What it does is on the{' '}
          <Anchor component={Link} to="/" underline="always">
            overview
          </Anchor>
          .
        </Text>
      </Panel>
    )
  return (
    <Panel title="Link" note="Between it and this node, since the node began">
      {peer === null ? (
        <Text size="sm">
          It is no member, so this node keeps no link with it.{' '}
          {heardAtMs === null ? (
            'Nothing of it is known to have come here.'
          ) : (
            <>
              Something of it last came here <Ago atMs={heardAtMs} />.
            </>
          )}
        </Text>
      ) : (
        <Facts
          facts={[
            [
              'Linked',
              peer.connected ? (
                <span key="l">
                  since <Ago atMs={peer.connectedAtMs} />
                </span>
              ) : (
                'no'
              )
            ],
            ['Address', peer.address ?? 'not known'],
            [
              'Opened',
              peer.direction === null ? 'not known' : peer.direction === 'inbound' ? 'by it' : 'by this node'
            ],
            ['Round trip', peer.rttMs === null ? 'not known' : `${peer.rttMs.toFixed(1)} ms`],
            [
              'From it',
              `${formatBytes(peer.receivedBytes)}, now ${formatRate(live?.receiveBytesPerSecond ?? 0)}`
            ],
            ['To it', `${formatBytes(peer.sentBytes)}, now ${formatRate(live?.sendBytesPerSecond ?? 0)}`],
            ['Heard', peer.connected ? 'now' : <Ago key="heard" atMs={heardAtMs} />],
            ...(peer.banned === null
              ? []
              : ([['Cut off', `${peer.banned.reason}, until ${dateText(peer.banned.untilMs)}`]] as const))
          ]}
        />
      )}
    </Panel>
  )
}

function RoomPanel({ device }: { readonly device: string }): ReactNode {
  const storage = useAnswer('storage', {}, { everyMs: STORAGE_EVERY_MS })
  return (
    <Panel title="Room" note="What it said that it keeps for others">
      <Answered of={storage}>
        {({ devices }) => {
          const room = devices.find(each => each.device === device)
          if (room === undefined) return <Text size="sm">It does not count as a place for copies.</Text>
          return (
            <Facts
              facts={[
                ['State', room.state],
                ['Offered', formatBytes(room.offeredBytes)],
                ['Owed', `${formatBytes(room.owedBytes)}, ${percentText(room.owedBytes, room.offeredBytes)}`],
                ['Used', formatBytes(room.usedBytes)],
                ['Free', formatBytes(room.freeBytes)],
                ['Heard', <Ago key="heard" atMs={room.heardAtMs} />]
              ]}
            />
          )
        }}
      </Answered>
    </Panel>
  )
}

type Readable = Answer<'readable'>['versions'][number]

const READABLE_COLUMNS: readonly Column<Readable>[] = [
  { title: 'Dataset', width: 'minmax(110px, 1.5fr)', value: ({ name }) => name, order: ({ name }) => name },
  {
    title: 'Class',
    width: '110px',
    value: ({ dataClass }) => dataClass,
    order: ({ dataClass }) => dataClass
  },
  {
    ...{ title: 'Because', width: 'minmax(90px, 1fr)', from: 'md' },
    value: ({ because, purpose }) => (purpose === null ? because : `${because}: ${purpose}`),
    order: ({ because }) => because
  },
  {
    ...{ title: 'Read last', width: '110px', align: 'right', from: 'md' },
    value: ({ lastRead }) => (lastRead === null ? 'not known' : <Ago atMs={lastRead.atMs} />),
    order: ({ lastRead }) => lastRead?.atMs ?? 0
  }
]

function ReadablePanel({ device }: { readonly device: string }): ReactNode {
  const readable = useAnswer('readable', { device })
  return (
    <Panel
      title="What it may read"
      note="By grants, roles and classes; reads as far as this node was told of them"
    >
      <Answered of={readable}>
        {({ versions }) => (
          <DataTable
            label="What it may read"
            rows={versions}
            columns={READABLE_COLUMNS}
            keyOf={({ name, version }) => `${name} ${version}`}
            linkOf={({ name }) => datasetPath(name)}
            empty="It may read nothing."
            heightPixels={READABLE_PIXELS}
          />
        )}
      </Answered>
    </Panel>
  )
}
