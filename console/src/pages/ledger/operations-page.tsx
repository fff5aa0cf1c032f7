/** Operations, the newest first, narrowed by what they are, who signed them, what they name and what became of them. */

import { Alert, Anchor, Button, Group, Select, SimpleGrid, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { type ReactNode, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import type { Line } from '../../components/approval-words.ts'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { DeviceSelect } from '../../components/device-select.tsx'
import { State } from '../../components/dot.tsx'
import { Moment } from '../../components/moment.tsx'
import { Panel } from '../../components/panel.tsx'
import { counted, dateText, deviceText, sentence } from '../../components/words.ts'
import { LedgerFrame } from './ledger-frame.tsx'
import {
  addressOf,
  argumentsOf,
  EFFECTS,
  type Effect,
  type LedgerSearch,
  searchOf,
  TIMES,
  type Time
} from './ledger-search.ts'
import { effectOf } from './ledger-words.ts'

const TYPING_MS = 400
const WAITING_MAX = 5

export function OperationsPage(): ReactNode {
  const [address, setAddress] = useSearchParams()
  const [openedAtMs] = useState(Date.now)
  const search = searchOf(address)
  const lines = useAnswer('operations', argumentsOf(search, openedAtMs))
  const change = (part: Partial<LedgerSearch>): void =>
    setAddress(addressOf({ ...search, untilMs: null, ...part }), { replace: true })
  return (
    <LedgerFrame>
      {search.effect !== 'waiting' && <Waiting onShow={() => change({ effect: 'waiting' })} />}
      <Panel title="Search">
        <SearchForm search={search} onChange={change} />
      </Panel>
      <Answered of={lines}>
        {({ operations, matched }) => (
          <Panel
            title="Operations"
            note={<Note shown={operations.length} matched={matched} untilMs={search.untilMs} />}
            aside={<Paging lines={operations} matched={matched} search={search} onChange={change} />}
          >
            <DataTable
              label="Operations"
              rows={operations}
              columns={COLUMNS}
              keyOf={({ operation }) => operation}
              linkOf={({ operation }) => `/console/ledger/operations/${operation}`}
              empty="No operation of the kind is known to this node."
            />
          </Panel>
        )}
      </Answered>
    </LedgerFrame>
  )
}

/** What an admin is waited for with, so that nobody has to look for it. */
function Waiting({ onShow }: { readonly onShow: () => void }): ReactNode {
  const waiting = useAnswer('operations', { effect: 'waiting', limit: WAITING_MAX })
  const { operations = [], matched = 0 } = waiting.data ?? {}
  if (matched === 0) return null
  return (
    <Alert
      variant="outline"
      color="yellow"
      role="status"
      title={`${counted(matched, 'operation')} ${matched === 1 ? 'waits' : 'wait'} for approvals of admins`}
    >
      {operations.map(({ operation, author, says, atMs, detail }) => (
        <Text size="sm" key={operation}>
          <Anchor
            component={Link}
            to={`/console/ledger/operations/${operation}`}
            underline="always"
            size="sm"
          >
            {deviceText(author)} {says}
          </Anchor>
          , <Ago atMs={atMs} />
          {detail !== null && `: ${detail}`}
        </Text>
      ))}
      {matched > operations.length && (
        <Button size="xs" variant="default" mt="xs" onClick={onShow}>
          Show all {matched}
        </Button>
      )}
    </Alert>
  )
}

function Note(props: {
  readonly shown: number
  readonly matched: number
  readonly untilMs: number | null
}): ReactNode {
  const { shown, matched, untilMs } = props
  return (
    `${shown.toLocaleString('en')} of ${counted(matched, 'operation')} shown, the newest first by the clocks of ` +
    `their authors${untilMs === null ? '' : `, older than ${dateText(untilMs)}`}; it follows the ledger as it grows`
  )
}

function Paging(props: {
  readonly lines: readonly Line[]
  readonly matched: number
  readonly search: LedgerSearch
  readonly onChange: (part: Partial<LedgerSearch>) => void
}): ReactNode {
  const { lines, matched, search, onChange } = props
  const oldest = lines.at(-1)
  return (
    <Group gap="xs">
      {search.untilMs !== null && (
        <Button size="xs" variant="default" onClick={() => onChange({ untilMs: null })}>
          Newest
        </Button>
      )}
      {matched > lines.length && oldest !== undefined && (
        <Button size="xs" variant="default" onClick={() => onChange({ untilMs: oldest.atMs })}>
          Older
        </Button>
      )}
    </Group>
  )
}

const EFFECT_CHOICES = Object.entries(EFFECTS).map(([value, label]) => ({ value, label }))
const TIME_CHOICES = Object.entries(TIMES).map(([value, [label]]) => ({ value, label }))

interface FormProps {
  readonly search: LedgerSearch
  readonly onChange: (part: Partial<LedgerSearch>) => void
}

function SearchForm({ search, onChange }: FormProps): ReactNode {
  const devices = useAnswer('devices', {})
  const feeds = useAnswer('feeds', {}, { isStill: true })
  const known = feeds.data?.types ?? []
  const types =
    known.some(({ type }) => type === search.type) || search.type === null ? known : [...known, search]
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 5 }}>
      <Select
        label="Kind"
        placeholder="every kind"
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'Every kind' }}
        data={types.flatMap(each =>
          each.type === null
            ? []
            : [
                {
                  value: each.type,
                  label: 'operations' in each ? `${each.type} (${each.operations})` : each.type
                }
              ]
        )}
        value={search.type}
        onChange={type => onChange({ type })}
      />
      <DeviceSelect
        label="Author"
        devices={devices.data?.devices ?? []}
        value={search.author}
        onChange={author => onChange({ author })}
      />
      <About search={search} onChange={onChange} />
      <Select
        label="Effect"
        placeholder="any"
        clearable
        clearButtonProps={{ 'aria-label': 'Any effect' }}
        data={EFFECT_CHOICES}
        value={search.effect}
        onChange={effect => onChange({ effect: effect as Effect | null })}
      />
      <Select
        label="Time"
        data={TIME_CHOICES}
        value={search.time}
        allowDeselect={false}
        onChange={time => time !== null && onChange({ time: time as Time })}
      />
    </SimpleGrid>
  )
}

function About({ search, onChange }: FormProps): ReactNode {
  const [written, setWritten] = useState(search.about ?? '')
  const ask = useDebouncedCallback((about: string) => onChange({ about: about.trim() || null }), TYPING_MS)
  return (
    <TextInput
      label="About"
      placeholder="dataset, device, group or id"
      autoComplete="off"
      spellCheck={false}
      maxLength={200}
      value={written}
      onChange={event => {
        setWritten(event.currentTarget.value)
        ask(event.currentTarget.value)
      }}
    />
  )
}

const COLUMNS: readonly Column<Line>[] = [
  {
    ...{ title: 'Time', width: 'minmax(100px, 0.9fr)' },
    value: ({ atMs }) => <Moment atMs={atMs} />
  },
  {
    ...{ title: 'Author', width: 'minmax(80px, 0.8fr)', from: 'sm' },
    value: ({ author }) => deviceText(author),
    order: ({ author }) => deviceText(author)
  },
  {
    ...{ title: 'What it says', width: 'minmax(120px, 3fr)' },
    value: ({ says }) => <span title={says}>{sentence(says)}</span>
  },
  {
    ...{ title: 'Kind', width: 'minmax(110px, 0.9fr)', from: 'lg' },
    value: ({ type }) => type,
    order: ({ type }) => type
  },
  {
    ...{ title: 'Effect', width: '104px', from: 'md' },
    value: line => {
      const { tone, says, why } = effectOf(line)
      return (
        <span title={why}>
          <State tone={tone}>{says}</State>
        </span>
      )
    },
    order: line => effectOf(line).order
  }
]
