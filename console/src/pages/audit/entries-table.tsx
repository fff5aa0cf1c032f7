/** Entries of audit logs; each is shown in full by who chooses it. */

import { Code, Modal, UnstyledButton } from '@mantine/core'
import { type ReactNode, useMemo, useState } from 'react'
import { isoTime } from '../../../../src/base/words.ts'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { Moment } from '../../components/moment.tsx'
import { Facts } from '../../components/panel.tsx'
import { dateText, deviceText, momentText, shortId } from '../../components/words.ts'
import { ACTIONS, type Entry, eventText } from './audit-words.ts'

export function EntriesTable({ entries }: { readonly entries: readonly Entry[] }): ReactNode {
  const [chosen, setChosen] = useState<Entry | null>(null)
  const columns = useMemo(() => [timeColumn(setChosen), ...COLUMNS], [])
  return (
    <>
      <DataTable
        label="Entries"
        rows={entries}
        columns={columns}
        keyOf={({ device, incarnation, seq }) => `${device.device} ${incarnation} ${seq}`}
        empty="Nothing of the kind is in the logs that could be had."
      />
      <Modal
        opened={chosen !== null}
        onClose={() => setChosen(null)}
        title="Entry of an audit log"
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {chosen !== null && <Whole entry={chosen} />}
      </Modal>
    </>
  )
}

function timeColumn(onChoose: (entry: Entry) => void): Column<Entry> {
  return {
    ...{ title: 'Time', width: 'minmax(88px, 0.9fr)' },
    value: entry => (
      <UnstyledButton
        fz="sm"
        fw={500}
        c="var(--mantine-color-anchor)"
        onClick={() => onChoose(entry)}
        aria-label={`${momentText(entry.atMs, Date.now())}: show the entry`}
      >
        <Moment atMs={entry.atMs} />
      </UnstyledButton>
    )
  }
}

function datasetText({ dataset, version }: Entry): string {
  return dataset ?? (version === null ? '' : shortId(version))
}

const COLUMNS: readonly Column<Entry>[] = [
  {
    ...{ title: 'Device', width: 'minmax(80px, 1fr)', from: 'sm' },
    value: ({ device }) => deviceText(device),
    order: ({ device }) => deviceText(device)
  },
  {
    ...{ title: 'Action', width: 'minmax(100px, 1.3fr)' },
    value: ({ action }) => <span title={action}>{ACTIONS[action]}</span>,
    order: ({ action }) => action
  },
  {
    ...{ title: 'Dataset', width: 'minmax(80px, 1fr)', from: 'md' },
    value: datasetText,
    order: datasetText
  },
  {
    ...{ title: 'Peer', width: 'minmax(70px, 1fr)', from: 'lg' },
    value: ({ peer }) => (peer === null ? '' : deviceText(peer)),
    order: ({ peer }) => (peer === null ? '' : deviceText(peer))
  },
  {
    ...{ title: 'Details', width: 'minmax(120px, 2fr)', from: 'lg' },
    value: ({ event }) => <span title={eventText(event)}>{eventText(event)}</span>
  }
]

function Whole({ entry }: { readonly entry: Entry }): ReactNode {
  const { device, incarnation, seq, atMs, action, peer, event } = entry
  return (
    <Facts
      facts={[
        ['Log of', `${deviceText(device)}, begun ${dateText(incarnation)}`],
        ['Position', seq.toLocaleString('en')],
        ['Time', `${isoTime(atMs)}, by the clock of that device`],
        ['Action', `${action}: ${ACTIONS[action]}`],
        ...(peer === null ? [] : [['Peer', deviceText(peer)] as const]),
        ...Object.entries(event).map(
          ([key, value]) => [`As logged: ${key}`, <Code key={key}>{String(value)}</Code>] as const
        )
      ]}
    />
  )
}
