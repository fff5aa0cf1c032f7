/** How things are, in words, and what needs a person. */

import { Button, SimpleGrid } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { WALL_PATH } from '../../api/credential.ts'
import type { Answer } from '../../api/routes.ts'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import { formatBytes, percentText } from '../../components/words.ts'
import { Figures } from './figures.tsx'
import { Health } from './health.tsx'
import { useNeeds, useStatus } from './how-it-is.ts'
import { RatesPanel } from './rates-panel.tsx'
import { SavingsPanel } from './savings-panel.tsx'

export default function Overview(): ReactNode {
  const status = useStatus()
  return (
    <PageFrame
      title="Overview"
      actions={
        <Button variant="default" size="xs" component={Link} to={WALL_PATH} visibleFrom="md">
          For a wall screen
        </Button>
      }
    >
      <Answered of={status}>{known => <Known status={known} />}</Answered>
    </PageFrame>
  )
}

function Known({ status }: { readonly status: Answer<'status'> }): ReactNode {
  const { needs, storage } = useNeeds(status, { hasRisks: true })
  return (
    <>
      <Health needs={needs} storage={storage} />
      <Figures status={status} />
      <RatesPanel />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <SavingsPanel />
        <Panel title="This node" note="As it says of itself">
          <NodeFacts status={status} storage={storage} />
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
