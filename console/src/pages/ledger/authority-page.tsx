/** Who governs: the roots and who signed them, what takes how many admins, what stands to vote, and how fresh it is. */

import { Code, List, SimpleGrid, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAnswer } from '../../api/answers.ts'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import { dateText, deviceText, durationText, shortId } from '../../components/words.ts'
import { LedgerFrame } from './ledger-frame.tsx'
import { type Authority, type Freshness, freshnessText } from './ledger-words.ts'
import { ProposalsPanel } from './proposals-panel.tsx'

const STATUS_EVERY_MS = 10_000
const ROOTS_PIXELS = 340

export function AuthorityPage(): ReactNode {
  const authority = useAnswer('authority', {})
  const status = useAnswer('status', {}, { everyMs: STATUS_EVERY_MS })
  return (
    <LedgerFrame>
      <Answered of={authority}>
        {known => (
          <>
            <ProposalsPanel authority={known} />
            <SimpleGrid cols={{ base: 1, md: 2 }}>
              <RootPanel authority={known} />
              <Panel
                title="Freshness"
                note="How recent the ledger is that this node knows, by signed beacons"
              >
                <Answered of={status}>
                  {({ freshness }) => <FreshnessFacts freshness={freshness} authority={known} />}
                </Answered>
              </Panel>
            </SimpleGrid>
            <ChainPanel authority={known} />
          </>
        )}
      </Answered>
    </LedgerFrame>
  )
}

function names(devices: Authority['admins']): string {
  return devices.length === 0 ? 'none' : devices.map(deviceText).join(', ')
}

function RootPanel({ authority }: { readonly authority: Authority }): ReactNode {
  const { version, hash, admins, threshold, recovery, approvals, expiresAtMs } = authority
  return (
    <Panel title={`Root version ${version}`} note="In force; it says who may change what">
      <Facts
        facts={[
          ['Admins', names(admins)],
          ['A next root', `takes ${threshold} of ${admins.length} admins, and as many of those after it`],
          ['Recovery', recovery.length === 0 ? 'no recovery keys' : names(recovery)],
          [
            'Approvals',
            approvals.length === 0 ? (
              'each operation takes its author alone'
            ) : (
              <List key="approvals" size="sm" listStyleType="none">
                {approvals.map(({ type, admins: needed }) => (
                  <List.Item key={type}>
                    <Code>{type}</Code> takes {needed} admins
                  </List.Item>
                ))}
              </List>
            )
          ],
          ['Expires', expiresAtMs === null ? 'not by itself' : dateText(expiresAtMs)],
          ['Hash', hash]
        ]}
      />
    </Panel>
  )
}

function FreshnessFacts(props: { readonly freshness: Freshness; readonly authority: Authority }): ReactNode {
  const { freshness, authority } = props
  const { asOfAtMs, expiresAtMs, clock, clockOffsetMs, classes, overrides, signersRegressed } = freshness
  const { beacon } = authority
  const { tone, says } = freshnessText(freshness)
  return (
    <Stack gap="sm">
      <Text size="sm" component="div">
        <State tone={tone}>{says}</State>
      </Text>
      <Facts
        facts={[
          ['As of', asOfAtMs === null ? 'no beacon was heard' : <Ago key="as-of" atMs={asOfAtMs} />],
          ['Holds until', expiresAtMs === null ? 'no end is set' : <Ago key="until" atMs={expiresAtMs} />],
          [
            'Beacons',
            beacon === null
              ? 'the root asks for none: nobody says how recent the ledger is'
              : `each ${durationText(beacon.periodMs)} by ${names(beacon.signers)}; ${beacon.quorum} must agree; each ` +
                `lives ${durationText(beacon.lifeMs)}`
          ],
          [
            'Clock here',
            clock === 'ok'
              ? asOfAtMs === null
                ? 'there is no beacon to hold it against'
                : 'agrees with the beacons'
              : `${clock} by ${durationText(Math.abs(clockOffsetMs ?? 0))}`
          ],
          ...classes.map(
            ({ dataClass, limitMs, allowed, reason }) =>
              [
                `Class ${dataClass}`,
                <State key={dataClass} tone={allowed ? 'good' : 'bad'}>
                  {allowed ? 'may be used' : `closed: ${reason ?? 'the view is too old'}`}
                  {limitMs === null ? ', whatever the age' : `, up to an age of ${durationText(limitMs)}`}
                </State>
              ] as const
          ),
          ...(signersRegressed.length === 0
            ? []
            : [['Went back', `${signersRegressed.map(shortId).join(', ')} stated an older ledger`] as const]),
          ...overrides.map(
            ({ id, reason, expiresAtMs: endsAtMs }) =>
              [`Override ${shortId(id)}`, `${reason}, until ${dateText(endsAtMs)}`] as const
          )
        ]}
      />
    </Stack>
  )
}

type Root = Authority['chain'][number]

function ChainPanel({ authority }: { readonly authority: Authority }): ReactNode {
  const contested = authority.freeze?.roots ?? []
  const rows = [...authority.chain.toReversed(), ...contested]
  return (
    <Panel
      title="The chain of roots"
      note="The id of the org is the hash of the first; each is valid by signatures of the one before and of its own"
    >
      <DataTable
        label="Roots"
        rows={rows}
        columns={COLUMNS}
        keyOf={({ hash }) => hash}
        empty="No root is known."
        heightPixels={ROOTS_PIXELS}
      />
    </Panel>
  )
}

const COLUMNS: readonly Column<Root>[] = [
  { title: 'Version', width: '72px', value: ({ version }) => version },
  { title: 'From', width: '172px', from: 'sm', value: ({ atMs }) => dateText(atMs) },
  {
    ...{ title: 'How', width: '96px', from: 'sm' },
    value: ({ succession }) => succession
  },
  {
    ...{ title: 'Signed by', width: 'minmax(110px, 2fr)' },
    value: ({ signers }) => <span title={names(signers)}>{names(signers)}</span>
  },
  { title: 'Hash', width: '96px', from: 'md', value: ({ hash }) => shortId(hash) }
]
