/** Who gives how much and how fast, which devices are slow, and the likely reasons. */

import { Alert, Group, List, SimpleGrid, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { passingText, steadyText, wantedText } from '../../../../src/report/boost-words.ts'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useNowMs } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { Asked } from '../../components/asked.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { DatasetLink } from '../../components/dataset-link.tsx'
import { State } from '../../components/dot.tsx'
import { Figure, Panel } from '../../components/panel.tsx'
import { counted, deviceText, formatBytes, formatRate } from '../../components/words.ts'
import { AlertIcon, GoodIcon } from '../../shell/icons.tsx'
import {
  devicePath,
  giversText,
  type Participant,
  reasonText,
  signalsText,
  slowText
} from './participation-words.ts'
import { PerformanceFrame, Silent } from './performance-frame.tsx'
import { SpanField, useSpan } from './span-field.tsx'

type Report = Answer<'participation'>

const TABLE_PIXELS = 560

export function ParticipationPage(): ReactNode {
  const { span, fromMs, choose } = useSpan('day')
  const report = useAnswer('participation', { fromMs }, { isStill: true })
  return (
    <PerformanceFrame
      title="Participation"
      lead="Who serves how much, and who is slow and why. Speeds are of the last hour"
      actions={
        <Group gap="sm">
          <SpanField value={span} onChange={choose} />
          <Asked of={report} />
        </Group>
      }
    >
      <Answered of={report}>{known => <Known report={known} />}</Answered>
    </PerformanceFrame>
  )
}

function Known({ report: { devices, heard, passing } }: { readonly report: Report }): ReactNode {
  const sent = devices.reduce((sum, { sentBytes }) => sum + sentBytes, 0)
  const giving = devices.filter(({ sentBytes }) => sentBytes > 0).length
  const slow = devices.filter(device => device.slow)
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        <Figure label="Sent in all" value={formatBytes(sent)} note="by the devices that answered" />
        <Figure
          label="Devices that gave"
          value={giving}
          note={`of ${counted(devices.length, 'device')}; ${giversText(devices)}`}
        />
        <Figure label="Slow" value={slow.length} note="below half of the others" />
      </SimpleGrid>
      {slow.length === 0 ? (
        <Alert variant="outline" color="teal" icon={<GoodIcon />} title="No device is slow" role="status">
          <Text size="sm">
            As far as it was measured: a speed is known of a device only while others ask it for something,
            and is held against at least two others.
          </Text>
        </Alert>
      ) : (
        slow.map(device => <Slow key={device.device} device={device} />)
      )}
      <Panel title="Devices" note="Who sent the most first">
        <DataTable
          label="Devices and what they gave"
          rows={devices}
          columns={COLUMNS}
          keyOf={({ device }) => device}
          linkOf={({ device }) => devicePath(device)}
          empty="No device has answered."
          heightPixels={TABLE_PIXELS}
        />
      </Panel>
      <PassingPanel passing={passing} />
      <Silent heard={heard} />
    </>
  )
}

function PassingPanel({ passing }: { readonly passing: Report['passing'] }): ReactNode {
  const { boosts, demand, barred, heardFrom } = passing
  const nowMs = useNowMs()
  const lacking = demand.filter(each => each.lacking > 0)
  return (
    <Panel
      title="Copies in passing"
      note={`Of this node alone, by what ${counted(heardFrom, 'linked device')} ${heardFrom === 1 ? 'wants' : 'want'}`}
    >
      <List size="sm" spacing={4}>
        {boosts.length === 0 && (
          <List.Item>
            {barred === null ? 'Nothing is boosted here now.' : `Nothing is boosted here: ${barred}.`}
          </List.Item>
        )}
        {boosts.map(boost => (
          <List.Item key={boost.version}>
            <DatasetLink name={boost.name} ordinal={boost.ordinal} />:{' '}
            {passingText(boost, {
              wanted: demand.find(({ version }) => version === boost.version)?.wanted ?? null,
              nowMs
            })}
          </List.Item>
        ))}
        {lacking.map(each => (
          <List.Item key={`${each.version} lacking`}>
            <DatasetLink name={each.name} ordinal={each.ordinal} /> is wanted by {wantedText(each.wanted)}. Of
            the servers {steadyText(each)}.
          </List.Item>
        ))}
      </List>
    </Panel>
  )
}

function Slow({ device }: { readonly device: Participant }): ReactNode {
  const { reasons, signals } = device
  return (
    <Alert variant="outline" color="yellow" icon={<AlertIcon />} title={slowText(device)}>
      <Text size="sm">
        Likely reasons, the likeliest first. They are guesses from what it measures of itself:
      </Text>
      <List size="sm">
        {reasons.map(({ reason, because }) => (
          <List.Item key={reason}>
            <b>{reasonText(reason)}</b>: {because}
          </List.Item>
        ))}
      </List>
      <Text size="sm" c="dimmed">
        {signalsText(signals)}
      </Text>
    </Alert>
  )
}

const COLUMNS: readonly Column<Participant>[] = [
  { title: 'Device', width: 'minmax(100px, 1.2fr)', value: deviceText },
  {
    ...{ title: 'Site', width: 'minmax(70px, 0.8fr)', from: 'md' },
    value: ({ site }) => site ?? 'not known',
    order: ({ site }) => site ?? ''
  },
  {
    ...{ title: 'Kind', width: '80px', from: 'lg' },
    value: ({ kind }) => kind ?? '',
    order: ({ kind }) => kind ?? ''
  },
  {
    ...{ title: 'Sent', width: '90px', align: 'right' },
    value: ({ sentBytes }) => formatBytes(sentBytes),
    order: ({ sentBytes }) => sentBytes
  },
  {
    ...{ title: 'Of all', width: '70px', align: 'right', from: 'sm' },
    value: ({ share }) => (share === null ? '' : `${(share * 100).toFixed(1)} %`),
    order: ({ share }) => share ?? -1
  },
  {
    ...{ title: 'Received', width: '90px', align: 'right', from: 'md' },
    value: ({ receivedBytes }) => formatBytes(receivedBytes),
    order: ({ receivedBytes }) => receivedBytes
  },
  {
    ...{ title: 'Gives', width: '110px', align: 'right', from: 'lg' },
    value: ({ givesBytesPerSecond }) =>
      givesBytesPerSecond === null ? 'not known' : formatRate(givesBytesPerSecond),
    order: ({ givesBytesPerSecond }) => givesBytesPerSecond ?? -1
  },
  {
    ...{ title: 'Speed', width: 'minmax(110px, 1fr)', from: 'sm' },
    value: device => <Speed device={device} />,
    order: ({ slow }) => (slow ? 0 : 1)
  }
]

function Speed({
  device: { slow, reasons, givesBytesPerSecond }
}: {
  readonly device: Participant
}): ReactNode {
  if (givesBytesPerSecond === null) return <State tone="quiet">not measured</State>
  if (!slow) return <State tone="good">as the others</State>
  return <State tone="warn">slow: {reasons.map(({ reason }) => reason).join(', ')}</State>
}
