/** One operation: what it says, whether it counts and why, what was signed, and what it is built on. */

import { Alert, Anchor, Code, List, SimpleGrid, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link, useParams } from 'react-router'
import { isoTime } from '../../../../src/base/words.ts'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Answered } from '../../components/answered.tsx'
import { approvalsText, type Entry } from '../../components/approval-words.ts'
import { DatasetLink } from '../../components/dataset-link.tsx'
import { State } from '../../components/dot.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Facts, Panel } from '../../components/panel.tsx'
import { dateText, deviceText, durationText, formatBytes, shortId } from '../../components/words.ts'
import { Approve } from './approve.tsx'
import { effectOf, fieldText } from './ledger-words.ts'

type LedgerLink = Entry['deps'][number]

const BACK = { to: '/console/ledger', label: 'Ledger' }

export function OperationPage(): ReactNode {
  const { id = '' } = useParams()
  const operation = useAnswer('operation', { id })
  const entry = operation.data
  return (
    <PageFrame
      title={entry === undefined ? 'Operation' : `${deviceText(entry.author)} ${entry.says}`}
      back={BACK}
      lead={entry === undefined ? undefined : `Operation ${shortId(entry.operation)}, ${entry.type}`}
      actions={entry === undefined ? undefined : <Approve entry={entry} />}
    >
      <Answered of={operation}>{known => <Known entry={known} />}</Answered>
    </PageFrame>
  )
}

function Known({ entry }: { readonly entry: Entry }): ReactNode {
  return (
    <>
      {entry.forkedAtSeq !== null && (
        <Alert variant="outline" color="red" role="alert" title="Its feed is forked">
          <Text size="sm">
            {deviceText(entry.author)} signed two histories from position {entry.forkedAtSeq} on.{' '}
            <Anchor component={Link} to="/console/ledger/feeds" underline="always" size="sm">
              The feeds
            </Anchor>{' '}
            name both.
          </Text>
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <EffectPanel entry={entry} />
        <NamesPanel entry={entry} />
      </SimpleGrid>
      <Panel
        title="What was signed, field by field"
        note={`The target and body of ${entry.type}; binary as hex`}
      >
        <FieldFacts entry={entry} />
      </Panel>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <SignaturePanel entry={entry} />
        <PlacePanel entry={entry} />
      </SimpleGrid>
    </>
  )
}

function EffectPanel({ entry }: { readonly entry: Entry }): ReactNode {
  const { tone, says, why } = effectOf(entry)
  const { approvals, expiresAtMs, rank } = entry
  return (
    <Panel title="Effect" note="As this node works it out from the roots and all operations that it knows">
      <Facts
        facts={[
          [
            'Now',
            <State key="now" tone={tone}>
              {says}
            </State>
          ],
          ['Why', rank === null ? why : `${why}, rank ${rank}`],
          // Above it says already how far it is.
          ['Approvals', approvalsText({ ...entry, detail: null })],
          ...approvals.map(link => ['Approved by', <ToLink key={link.operation} link={link} />] as const),
          ['Ends', expiresAtMs === null ? 'not by itself' : dateText(expiresAtMs)]
        ]}
      />
    </Panel>
  )
}

function ToLink({ link }: { readonly link: LedgerLink }): ReactNode {
  return (
    <Anchor component={Link} to={`/console/ledger/operations/${link.operation}`} underline="always" size="sm">
      {shortId(link.operation)}, {link.type} by {deviceText(link.author)}
    </Anchor>
  )
}

function NamesPanel({ entry }: { readonly entry: Entry }): ReactNode {
  const { datasets, devices, operations } = entry.concerns
  const isEmpty = datasets.length + devices.length + operations.length === 0
  return (
    <Panel title="What it is about" note="What it names that this node knows">
      {isEmpty ? (
        <Text size="sm">It names no dataset, device or operation.</Text>
      ) : (
        <List size="sm" spacing={4}>
          {datasets.map(({ name, ordinal, version }) => (
            <List.Item key={`${name} ${version}`}>
              Dataset <DatasetLink name={name} ordinal={ordinal} />
            </List.Item>
          ))}
          {devices.map(device => (
            <List.Item key={device.device}>
              Device{' '}
              <Anchor
                component={Link}
                to={`/console/network/devices/${device.device}`}
                underline="always"
                size="sm"
              >
                {deviceText(device)}
              </Anchor>
            </List.Item>
          ))}
          {operations.map(link => (
            <List.Item key={link.operation}>
              Operation <ToLink link={link} />
            </List.Item>
          ))}
        </List>
      )}
    </Panel>
  )
}

function FieldFacts({ entry: { fields, type } }: { readonly entry: Entry }): ReactNode {
  if (fields === null)
    return <Text size="sm">This version of the program does not know {type}, and shows nothing of it.</Text>
  const entries = Object.entries(fields)
  if (entries.length === 0) return <Text size="sm">There is nothing in it but its type.</Text>
  return (
    <Facts
      facts={entries.map(([key, value]) => [
        key,
        <Code key={key} bg="transparent" p={0} style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {fieldText(key, value)}
        </Code>
      ])}
    />
  )
}

function SignaturePanel({ entry }: { readonly entry: Answer<'operation'> }): ReactNode {
  const { author, operation, signature, atMs, aheadMs, root, recordBytes } = entry
  return (
    <Panel title="Signature" note="Checked again by this node for this answer">
      <Facts
        facts={[
          [
            'Signature',
            <State key="signature" tone={signature === 'good' ? 'good' : 'bad'}>
              {signature}, of {deviceText(author)}
            </State>
          ],
          ['Time', `${isoTime(atMs)}, by its author's clock`],
          ...(aheadMs === null ? [] : [['Dated ahead', `by ${durationText(aheadMs)}`] as const]),
          ['Under root', root.version === null ? 'one not known here' : `version ${root.version}`],
          ...(root.contested ? [['Contested', 'that root is not of the chain'] as const] : []),
          ['Operation', operation],
          ['Author', author.device],
          ['Record', formatBytes(recordBytes)]
        ]}
      />
    </Panel>
  )
}

/** Where it stands: in its feed, and among what it follows from. */
function PlacePanel({ entry }: { readonly entry: Entry }): ReactNode {
  const { seq, incarnation, prev, next, deps } = entry
  return (
    <Panel title="Place and causes" note="It comes after all that it names, whatever the clocks say">
      <Facts
        facts={[
          ['Feed', `position ${seq.toLocaleString('en')} of incarnation ${incarnation}`],
          ['Before it', prev === null ? 'nothing: it is the first' : <ToLink key="prev" link={prev} />],
          ['After it', next.length === 0 ? 'nothing that is known here' : <Links key="next" links={next} />],
          ['Builds on', deps.length === 0 ? 'nothing of other devices' : <Links key="deps" links={deps} />]
        ]}
      />
      <Text size="sm" c="dimmed" mt="sm">
        On the machine of a node <Code>peerage ledger show {shortId(entry.operation)}</Code> prints the same.
      </Text>
    </Panel>
  )
}

function Links({ links }: { readonly links: readonly LedgerLink[] }): ReactNode {
  return (
    <Stack gap={2}>
      {links.map(link => (
        <ToLink key={link.operation} link={link} />
      ))}
    </Stack>
  )
}
