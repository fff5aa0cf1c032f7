/** How things are, in words, and what needs a person. */

import { SimpleGrid } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAnswer } from '../../api/answers.ts'
import { useLive } from '../../api/live.tsx'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Facts, Figure, FigureGrid, Panel } from '../../components/panel.tsx'
import { counted, formatBytes, formatRate, percentText } from '../../components/words.ts'
import { DatasetsIcon, DownIcon, NetworkIcon, UpIcon } from '../../shell/icons.tsx'
import { attention } from './attention.ts'
import { Health } from './health.tsx'
import { RatesPanel } from './rates-panel.tsx'
import { SavingsPanel } from './savings-panel.tsx'

const STATUS_EVERY_MS = 5_000
const STORAGE_EVERY_MS = 30_000

export default function Overview(): ReactNode {
  const status = useAnswer('status', {}, { everyMs: STATUS_EVERY_MS })
  return (
    <PageFrame title="Overview">
      <Answered of={status}>{known => <Known status={known} />}</Answered>
    </PageFrame>
  )
}

function Known({ status }: { readonly status: Answer<'status'> }): ReactNode {
  const { activity } = useLive()
  const { may } = useSession()
  const storage = useAnswer('storage', {}, { everyMs: STORAGE_EVERY_MS })
  const waiting = useAnswer('operations', { effect: 'waiting', limit: 1 }, { isOff: !may('operations') })
  const needs = attention({
    ...{ status, transfers: activity?.transfers ?? [], storage: storage.data ?? null },
    waiting: waiting.data?.matched ?? 0
  })
  const { receiveBytesPerSecond, sendBytesPerSecond, peersConnected, peersKnown } = activity ?? status
  return (
    <>
      <Health needs={needs} storage={storage.data} />
      <FigureGrid>
        <Figure
          label="Peers linked"
          icon={<NetworkIcon size={18} />}
          value={`${peersConnected.toLocaleString('en')} of ${peersKnown.toLocaleString('en')}`}
          note="other devices of the org"
        />
        <Figure
          label="Receiving"
          icon={<DownIcon size={18} />}
          value={formatRate(receiveBytesPerSecond)}
          note={`${formatBytes(status.receivedBytes)} since the node began`}
        />
        <Figure
          label="Sending"
          icon={<UpIcon size={18} />}
          value={formatRate(sendBytesPerSecond)}
          note={`${formatBytes(status.sentBytes)} since the node began`}
        />
        <Figure
          label="Datasets"
          icon={<DatasetsIcon size={18} />}
          value={status.datasets.toLocaleString('en')}
          note={`${counted(status.transfersActive, 'transfer')} running here`}
        />
      </FigureGrid>
      <RatesPanel />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <SavingsPanel />
        <Panel title="This node" note="As it says of itself">
          <NodeFacts status={status} storage={storage.data} />
        </Panel>
      </SimpleGrid>
    </>
  )
}

function NodeFacts(props: {
  readonly status: Answer<'status'>
  readonly storage: Answer<'storage'> | undefined
}): ReactNode {
  const { status, storage } = props
  const { device, freshness } = status
  const room = storage?.own
  return (
    <Facts
      facts={[
        ['Device', `${device.name}, ${device.kind} in ${device.site}${device.admin ? ', admin' : ''}`],
        ['Software', status.software],
        ['Began', <Ago key="began" atMs={status.startedAtMs} />],
        [
          'Ledger',
          freshness.enforced ? (
            <span key="ledger">
              as of <Ago atMs={freshness.asOfAtMs} />, by {freshness.signersHeard} of {freshness.signersTotal}{' '}
              signers
            </span>
          ) : (
            'the org asks for no freshness'
          )
        ],
        [
          'Wasted',
          `${formatBytes(status.wastedBytes)}, ${percentText(status.wastedBytes, status.receivedBytes || 1)} of what came`
        ],
        ...(room === undefined
          ? []
          : ([
              [
                'Room',
                `${formatBytes(room.keptBytes)} kept of ${formatBytes(room.toldBytes)} offered; the disk has ` +
                  `${formatBytes(room.diskFreeBytes)} free of ${formatBytes(room.diskTotalBytes)}`
              ]
            ] as const))
      ]}
    />
  )
}
