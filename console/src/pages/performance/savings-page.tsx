/** What the fleet saves as its devices give to each other: by site, group and device, and what that is worth. */

import { Group, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { savingsCsv, savingsPage } from '../../../../src/report/savings-page.ts'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Answered } from '../../components/answered.tsx'
import { Asked } from '../../components/asked.tsx'
import type { ColumnSet } from '../../components/column-fit.ts'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { Figure, FigureGrid, Panel } from '../../components/panel.tsx'
import { PartsBar } from '../../components/parts-bar.tsx'
import { jsonText, SaveFiles } from '../../components/save-files.tsx'
import { counted, deviceText, formatBytes, percentText } from '../../components/words.ts'
import { devicePath } from './participation-words.ts'
import { PerformanceFrame, Silent } from './performance-frame.tsx'
import { PricesPanel } from './prices-panel.tsx'
import { moneyText, priceText, sourcesOf } from './savings-words.ts'
import { SpanField, useSpan } from './span-field.tsx'

type Report = Answer<'fleetSavings'>
type Exchanged = Omit<Report['groups'][number], 'group' | 'devices'>

const TABLE_PIXELS = 420

export function SavingsPage(): ReactNode {
  const { span, fromMs, choose } = useSpan('month')
  const report = useAnswer('fleetSavings', { fromMs }, { isStill: true })
  return (
    <PerformanceFrame
      title="Savings"
      lead="Compared with one central server elsewhere that sends every byte to every device"
      actions={
        <Group gap="sm">
          <SpanField value={span} onChange={choose} />
          <Asked of={report} />
        </Group>
      }
    >
      <Answered of={report}>{known => <Known report={known} />}</Answered>
      <PricesPanel />
    </PerformanceFrame>
  )
}

function Known({ report }: { readonly report: Report }): ReactNode {
  const { sites, groups, devices, heard, receiptsCut } = report
  return (
    <>
      <Figures report={report} />
      <Panel
        title="Where it came from"
        note="Verified payload that devices received; a byte counts on the device that received it and on no other"
        aside={<Save report={report} />}
      >
        <Sources report={report} />
      </Panel>
      <Panel title="By site" note="What devices of a site got from each other did not cross its link">
        <DataTable
          label="Savings by site"
          rows={sites}
          columns={SITES}
          keyOf={({ site }) => site}
          empty="No device has measured anything in that time."
          heightPixels={TABLE_PIXELS}
        />
      </Panel>
      <Panel
        title="By group"
        note="Groups of the ledger, such as departments; a device in several counts in each"
      >
        <DataTable
          label="Savings by group"
          rows={groups}
          columns={GROUPS}
          keyOf={({ group }) => group ?? ''}
          empty="There is no group, and no device that answered."
          heightPixels={TABLE_PIXELS}
        />
      </Panel>
      <Panel
        title="By device"
        note="Contributed is what readers signed receipts for and have in their own logs; unconfirmed is of readers that did not answer"
      >
        <DataTable
          label="Savings by device"
          rows={devices}
          columns={DEVICES}
          keyOf={({ device }) => device}
          linkOf={({ device }) => devicePath(device)}
          empty="No device has answered."
          heightPixels={TABLE_PIXELS}
        />
        {receiptsCut && (
          <Text size="sm" mt="sm">
            Some devices had more receipts than they could tell of: contributions are at least these.
          </Text>
        )}
      </Panel>
      <Silent heard={heard} />
    </>
  )
}

function Figures({ report }: { readonly report: Report }): ReactNode {
  const { wanAvoidedBytes, centralBytes, money, unpricedBytes, sentSiteBytes, sentWanBytes, devices } = report
  const confirmed = devices.reduce((sum, { confirmedBytes }) => sum + confirmedBytes, 0)
  return (
    <FigureGrid>
      <Figure
        label="WAN avoided"
        value={formatBytes(wanAvoidedBytes)}
        note={
          centralBytes === 0
            ? 'nothing was received'
            : `${percentText(wanAvoidedBytes, centralBytes)} of what a server would have sent`
        }
      />
      <Figure
        label="Worth"
        value={money.length === 0 ? '–' : moneyText(money)}
        note={
          unpricedBytes > 0
            ? `and ${formatBytes(unpricedBytes)} at sites without a price`
            : money.length === 0
              ? 'no price is set, or nothing was avoided'
              : 'by the prices of the org'
        }
      />
      <Figure
        label="A central server would have sent"
        value={formatBytes(centralBytes)}
        note={`to ${counted(devices.length, 'device')}`}
      />
      <Figure
        label="Given by devices"
        value={formatBytes(sentSiteBytes + sentWanBytes)}
        note={`${formatBytes(confirmed)} shown by receipts of both sides`}
      />
    </FigureGrid>
  )
}

function Sources({ report }: { readonly report: Report }): ReactNode {
  const parts = sourcesOf(report)
  if (parts.length === 0) return <Text size="sm">No device received anything in that time.</Text>
  return (
    <Stack gap="sm">
      <PartsBar parts={parts} size="xl" hasShares />
    </Stack>
  )
}

function Save({ report }: { readonly report: Report }): ReactNode {
  return (
    <SaveFiles
      files={[
        { label: 'Page to print', name: 'savings.html', content: () => savingsPage(report) },
        { label: 'CSV', name: 'savings.csv', content: () => savingsCsv(report) },
        { label: 'JSON', name: 'savings.json', content: () => jsonText(report) }
      ]}
    />
  )
}

/** A column of bytes, which are sorted by how many they are. */
function bytes<Row>(title: string, of: (row: Row) => number, from?: ColumnSet): Column<Row> {
  return {
    ...{ title, width: '112px', align: 'right' },
    ...(from === undefined ? {} : { from }),
    value: row => formatBytes(of(row)),
    order: of
  }
}

const SITES: readonly Column<Report['sites'][number]>[] = [
  {
    ...{ title: 'Site', width: 'minmax(80px, 1.2fr)' },
    value: ({ site }) => site || 'not known',
    order: ({ site }) => site
  },
  {
    ...{ title: 'Devices', width: '76px', align: 'right', from: 'md' },
    value: ({ devices }) => devices,
    order: ({ devices }) => devices
  },
  bytes('From the site', ({ siteBytes }) => siteBytes, 'lg'),
  bytes('From others', ({ wanBytes }) => wanBytes, 'lg'),
  bytes('From origins', ({ originBytes }) => originBytes, 'lg'),
  bytes('WAN avoided', ({ wanAvoidedBytes }) => wanAvoidedBytes),
  {
    ...{ title: 'A GB costs', width: '100px', align: 'right', from: 'md' },
    value: ({ price }) => (price === null ? 'no price' : priceText(price)),
    order: ({ price }) => price?.perGb ?? -1
  },
  {
    ...{ title: 'Worth', width: '110px', align: 'right', from: 'sm' },
    value: ({ price, saved }) =>
      price === null || saved === null ? '' : moneyText([{ currency: price.currency, saved }]),
    order: ({ saved }) => saved ?? -1
  }
]

const EXCHANGED: readonly Column<Exchanged>[] = [
  bytes('Received', ({ centralBytes }) => centralBytes, 'sm'),
  bytes('WAN avoided', ({ wanAvoidedBytes }) => wanAvoidedBytes, 'md'),
  bytes('Sent', ({ sentSiteBytes, sentWanBytes }) => sentSiteBytes + sentWanBytes, 'lg'),
  bytes('Contributed', ({ confirmedBytes }) => confirmedBytes),
  bytes('Unconfirmed', ({ unconfirmedBytes }) => unconfirmedBytes, 'lg')
]

const GROUPS: readonly Column<Report['groups'][number]>[] = [
  {
    ...{ title: 'Group', width: 'minmax(90px, 1.2fr)' },
    value: ({ group }) => group ?? 'in no group',
    order: ({ group }) => group ?? ''
  },
  {
    ...{ title: 'Devices', width: '76px', align: 'right', from: 'sm' },
    value: ({ devices }) => devices,
    order: ({ devices }) => devices
  },
  ...EXCHANGED
]

const DEVICES: readonly Column<Report['devices'][number]>[] = [
  { title: 'Device', width: 'minmax(100px, 1.2fr)', value: deviceText, order: deviceText },
  {
    ...{ title: 'Site', width: 'minmax(70px, 0.8fr)', from: 'lg' },
    value: ({ site }) => site ?? 'not known',
    order: ({ site }) => site ?? ''
  },
  ...EXCHANGED
]
