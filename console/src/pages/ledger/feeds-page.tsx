/** The feeds: what each device signed, one chain for each life of its database, and proofs of two histories. */

import { Alert, Anchor, Button, List, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { Figure, FigureGrid, Panel } from '../../components/panel.tsx'
import { counted, deviceText, shortId } from '../../components/words.ts'
import { LedgerFrame } from './ledger-frame.tsx'
import { type Feed, type Feeds, proofsOf } from './ledger-words.ts'

export function FeedsPage(): ReactNode {
  const feeds = useAnswer('feeds', {}, { isStill: true })
  return (
    <LedgerFrame>
      <Answered of={feeds}>
        {known => (
          <>
            <Figures known={known} />
            <Proofs feeds={known.feeds} />
            <Panel
              title="Feeds and their heads"
              note={
                <>
                  Counted <Ago atMs={known.atMs} />; two devices whose heads are the same know the same ledger
                </>
              }
              aside={
                <Button
                  size="xs"
                  variant="default"
                  loading={feeds.isFetching}
                  onClick={() => feeds.refetch()}
                >
                  Count again
                </Button>
              }
            >
              <DataTable
                label="Feeds"
                rows={known.feeds}
                columns={COLUMNS}
                keyOf={({ author, incarnation }) => `${author.device} ${incarnation}`}
                linkOf={({ author }) => `/console/ledger?author=${author.device}`}
                empty="Nothing was signed yet."
              />
            </Panel>
          </>
        )}
      </Answered>
    </LedgerFrame>
  )
}

function Figures({ known }: { readonly known: Feeds }): ReactNode {
  const { operations, inForce, inert, feeds, types } = known
  const authors = new Set(feeds.map(({ author }) => author.device)).size
  const without = inert.reduce((sum, { operations: count }) => sum + count, 0)
  const [most] = types
  return (
    <FigureGrid>
      <Figure
        label="Operations"
        value={operations.toLocaleString('en')}
        note={
          most === undefined ? undefined : `of ${counted(types.length, 'kind')}; the most are ${most.type}`
        }
      />
      <Figure
        label="In force"
        value={inForce.toLocaleString('en')}
        note="by the root of now and all that is known"
      />
      <Figure
        label="Without effect"
        value={without.toLocaleString('en')}
        note={
          inert.length === 0
            ? 'every operation counts'
            : inert.map(({ reason, operations: count }) => `${count} ${reason}`).join(', ')
        }
      />
      <Figure
        label="Feeds"
        value={feeds.length.toLocaleString('en')}
        note={`of ${counted(authors, 'device')}; one more for each restored from a backup`}
      />
    </FigureGrid>
  )
}

function Proofs({ feeds }: { readonly feeds: readonly Feed[] }): ReactNode {
  const proofs = proofsOf(feeds)
  if (proofs.length === 0)
    return (
      <Alert variant="outline" color="teal" role="status" title="No device signed two histories">
        <Text size="sm">
          In no feed that this node knows are there two operations at one position. Who signs two is found by
          every device that hears of both.
        </Text>
      </Alert>
    )
  return (
    <Alert
      variant="outline"
      color="red"
      role="alert"
      title={`${counted(proofs.length, 'feed')} ${proofs.length === 1 ? 'is' : 'are'} forked: proof of two histories`}
    >
      <List size="sm">
        {proofs.map(({ feed, seq, operations }) => (
          <List.Item key={`${feed.author.device} ${feed.incarnation}`}>
            {deviceText(feed.author)} signed {operations.length} operations at position {seq}:{' '}
            {operations.map((operation, at) => (
              <span key={operation}>
                {at > 0 && ', '}
                <Anchor
                  component={Link}
                  to={`/console/ledger/operations/${operation}`}
                  underline="always"
                  size="sm"
                >
                  {shortId(operation)}
                </Anchor>
              </span>
            ))}
            . Each has the signature of its author, so that both together are the proof.
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}

const COLUMNS: readonly Column<Feed>[] = [
  {
    ...{ title: 'Author', width: 'minmax(96px, 1.4fr)' },
    value: ({ author }) => deviceText(author)
  },
  {
    ...{ title: 'Incarnation', width: '156px', from: 'lg' },
    value: ({ incarnation }) => incarnation
  },
  {
    ...{ title: 'Operations', width: '92px', align: 'right', from: 'sm' },
    value: ({ operations }) => operations.toLocaleString('en'),
    order: ({ operations }) => operations
  },
  {
    ...{ title: 'Head', width: 'minmax(150px, 1.4fr)', from: 'md' },
    value: ({ heads: [head] }) => (head === undefined ? '' : `${shortId(head.operation)} ${head.type}`)
  },
  {
    ...{ title: 'Added to', width: '104px', align: 'right', from: 'sm' },
    value: ({ heads: [head] }) => <Ago atMs={head?.atMs ?? null} />,
    order: ({ heads: [head] }) => -(head?.atMs ?? 0)
  },
  {
    ...{ title: 'Chain', width: '96px' },
    value: ({ fork }) => (
      <State tone={fork === null ? 'good' : 'bad'}>{fork === null ? 'one' : `forked at ${fork.seq}`}</State>
    ),
    order: ({ fork }) => Number(fork === null)
  }
]
