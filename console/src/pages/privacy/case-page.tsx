/** One erasure: what was taken and why, who has confirmed, who has not, who can not; and its certificate. */

import { Alert, Code, Group, List, SimpleGrid, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useParams } from 'react-router'
import { certificatePage } from '../../../../src/report/certificate-page.ts'
import { useAnswer } from '../../api/answers.ts'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Facts, Figure, FigureGrid, Panel } from '../../components/panel.tsx'
import { jsonText, SaveFiles } from '../../components/save-files.tsx'
import { counted, dateText, deviceText, shortId } from '../../components/words.ts'
import { CaseActions } from './case-actions.tsx'
import {
  type CaseDevice,
  caseText,
  deletedText,
  deviceMark,
  devicesText,
  type ErasureCase,
  lastWordAtMs
} from './case-words.ts'
import { ERASURES } from './privacy-frame.tsx'

type Erasure = ErasureCase['erasures'][number]

const EVERY_MS = 10_000
const DETAILS_MAX = 8
const TABLE_PIXELS = 520
const BACK = { to: ERASURES, label: 'Erasures' }

export function CasePage(): ReactNode {
  const { id = '' } = useParams()
  const found = useAnswer('erasureCase', { id }, { everyMs: EVERY_MS })
  const names = [...new Set(found.data?.erasures.flatMap(each => each.names))]
  const what = found.data?.erasures.every(({ kind }) => kind === 'recall') ? 'Recall' : 'Erasure'
  return (
    <PageFrame
      title={names.length === 0 ? `Case ${caseText(id)}` : `${what} of ${names.join(', ')}`}
      back={BACK}
      lead={
        <>
          Case <Code>{caseText(id)}</Code>, as the ledger on this node says
        </>
      }
      actions={found.data === undefined ? undefined : <CaseActions of={found.data} />}
    >
      <Answered of={found}>{known => <Known of={known} />}</Answered>
    </PageFrame>
  )
}

function Known({ of }: { readonly of: ErasureCase }): ReactNode {
  const { erasures, devices } = of
  return (
    <>
      <Figures devices={devices} />
      <Delays erasures={erasures} />
      <Panel title="Who has confirmed" note={devicesText(devices)}>
        <DataTable
          label="Devices that it concerns"
          rows={devices}
          columns={COLUMNS}
          keyOf={({ device }) => device}
          empty="It concerns no device."
          heightPixels={TABLE_PIXELS}
        />
        <Details devices={devices} />
        <Text size="sm" c="dimmed" mt="sm">
          A device signs what it deleted, from stores, part files, caches and databases. One that is no member
          any more can not be asked, and what people copied elsewhere no network knows.
        </Text>
      </Panel>
      <SimpleGrid cols={{ base: 1, lg: erasures.length > 1 ? 2 : 1 }}>
        {erasures.map(each => (
          <ErasurePanel key={each.operation} erasure={each} />
        ))}
      </SimpleGrid>
      <Certificate id={of.case} />
    </>
  )
}

function Figures({ devices }: { readonly devices: readonly CaseDevice[] }): ReactNode {
  const count = (...states: readonly CaseDevice['state'][]): number =>
    devices.filter(({ state }) => states.includes(state)).length
  return (
    <FigureGrid>
      <Figure label="Confirmed" value={count('confirmed')} note={`of ${counted(devices.length, 'device')}`} />
      <Figure label="Have not yet" value={count('waiting', 'away')} note={`${count('away')} of them away`} />
      <Figure label="Can not confirm" value={count('excluded')} note="no members any more" />
      <Figure label="Kept a source" value={count('source-kept')} note="a file of its owner, left in place" />
    </FigureGrid>
  )
}

function Delays({ erasures }: { readonly erasures: readonly Erasure[] }): ReactNode {
  const lines = erasures.flatMap(({ names, inForce, waitsFor, holds, awaits }) => [
    ...(inForce ? [] : [`${names.join(', ')} is not erased yet: ${waitsFor ?? 'it waits'}`]),
    ...holds.map(
      ({ by, reason }) =>
        `${names.join(', ')} is held by ${deviceText(by)}, and not deleted before that ends` +
        (reason === null ? '' : `: ${reason}`)
    ),
    ...(awaits.length === 0
      ? []
      : [
          `copies of ${names.join(', ')} stay until ${awaits.map(deviceText).join(', ')} says that the source is there`
        ])
  ])
  if (lines.length === 0) return null
  return (
    <Alert variant="outline" color="yellow" title="What delays it" role="status">
      <List size="sm" spacing={4}>
        {lines.map(line => (
          <List.Item key={line}>{line}</List.Item>
        ))}
      </List>
    </Alert>
  )
}

function Standing({ device }: { readonly device: CaseDevice }): ReactNode {
  const [tone, words] = deviceMark(device)
  return <State tone={tone}>{words}</State>
}

const COLUMNS: readonly Column<CaseDevice>[] = [
  {
    ...{ title: 'Device', width: 'minmax(90px, 1fr)' },
    value: deviceText,
    order: deviceText
  },
  {
    ...{ title: 'Site', width: 'minmax(60px, 0.7fr)', from: 'md' },
    value: ({ site }) => site ?? 'not known',
    order: ({ site }) => site ?? ''
  },
  {
    ...{ title: 'State', width: 'minmax(120px, 1fr)' },
    value: device => <Standing device={device} />,
    order: ({ state }) => state
  },
  {
    ...{ title: 'Deleted', width: '104px', align: 'right', from: 'sm' },
    value: deletedText
  },
  {
    ...{ title: 'Last word', width: '100px', from: 'md' },
    value: device => {
      const atMs = lastWordAtMs(device)
      return atMs === null ? 'none' : <Ago atMs={atMs} />
    },
    order: device => lastWordAtMs(device) ?? 0
  },
  {
    ...{ title: 'Seen', width: '90px', from: 'lg' },
    value: ({ lastSeenAtMs }) => <Ago atMs={lastSeenAtMs} />,
    order: ({ lastSeenAtMs }) => lastSeenAtMs ?? 0
  }
]

function Details({ devices }: { readonly devices: readonly CaseDevice[] }): ReactNode {
  const told = devices.filter(({ detail }) => detail !== null)
  if (told.length === 0) return null
  return (
    <List size="sm" spacing={4} mt="sm">
      {told.slice(0, DETAILS_MAX).map(device => (
        <List.Item key={device.device}>
          {deviceText(device)}: {device.detail}
        </List.Item>
      ))}
      {told.length > DETAILS_MAX && <List.Item>and {told.length - DETAILS_MAX} more</List.Item>}
    </List>
  )
}

function ErasurePanel({ erasure }: { readonly erasure: Erasure }): ReactNode {
  const { names, version, kind, basis, reason, by, atMs, inForce, waitsFor, approvals } = erasure
  return (
    <Panel title={names.join(', ')} note={kind === 'recall' ? 'Recalled' : 'Erased'}>
      <Facts
        facts={[
          ['Version', <Code key="version">{shortId(version)}</Code>],
          ['Basis', basis],
          ['Reason', reason ?? 'none is given'],
          ['By', `${deviceText(by)}, ${dateText(atMs)}`],
          [
            'Approved by',
            approvals.length === 0
              ? 'nobody else'
              : approvals.map(each => `${deviceText(each.by)}, ${dateText(each.atMs)}`).join('; ')
          ],
          [
            'Standing',
            <State key="standing" tone={inForce ? 'good' : 'warn'}>
              {inForce ? 'in force: nobody reads it' : `no effect yet: ${waitsFor ?? 'it waits'}`}
            </State>
          ]
        ]}
      />
    </Panel>
  )
}

/** What a person hands to whoever asks for proof; each is signed anew, so it is asked for by who wants it. */
function Certificate({ id }: { readonly id: string }): ReactNode {
  const certificate = useAnswer('erasureCertificate', { id }, { isStill: true })
  return (
    <Panel
      title="Certificate"
      note="Signed by this node: who confirmed, who has not, and what can not be confirmed"
    >
      <Answered of={certificate}>
        {made => (
          <Stack gap="sm">
            <Group gap="sm">
              <SaveFiles
                files={[
                  {
                    ...{ label: 'Page to print', name: `erasure-${made.case}.html` },
                    content: () => certificatePage(made)
                  },
                  {
                    ...{ label: 'Signed file (JSON)', name: `erasure-${made.case}.json` },
                    content: () => jsonText(made)
                  }
                ]}
              />
              <Text size="sm" c="dimmed">
                Issued {dateText(made.issuedAtMs)} by {deviceText(made.issuedBy)}
              </Text>
            </Group>
            <Text size="sm">
              Any machine checks the signed file, without a node: <Code>peerage erase verify FILE</Code>
            </Text>
            <div>
              <Text size="sm" fw={600}>
                What it does not say
              </Text>
              <List size="sm" spacing={2}>
                {made.limits.map(limit => (
                  <List.Item key={limit}>{limit}</List.Item>
                ))}
              </List>
            </div>
          </Stack>
        )}
      </Answered>
    </Panel>
  )
}
