/** A search of the audit logs, what was found, and what vouches for it. */

import { Button, Group, Loader, Select, SimpleGrid, Switch, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useSearchParams } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { Answered } from '../../components/answered.tsx'
import { DeviceSelect } from '../../components/device-select.tsx'
import { LogsPanel } from '../../components/logs-panel.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Panel } from '../../components/panel.tsx'
import { counted, dateText } from '../../components/words.ts'
import {
  type AuditSearch,
  addressOf,
  argumentsOf,
  ENTRIES_MAX,
  searchOf,
  TIMES,
  type Time
} from './audit-search.ts'
import { ACTIONS, type Entry } from './audit-words.ts'
import { EntriesTable } from './entries-table.tsx'
import { ReadsPanel } from './reads-panel.tsx'

export function AuditPage(): ReactNode {
  const [address, setAddress] = useSearchParams()
  const [askedAtMs, setAskedAtMs] = useState(Date.now)
  const search = searchOf(address)
  const audit = useAnswer('audit', argumentsOf(search, askedAtMs), { isStill: true })
  const change = (part: Partial<AuditSearch>): void =>
    setAddress(addressOf({ ...search, ...part }), { replace: true })
  return (
    <PageFrame
      title="Audit"
      lead="The logs of this device and of every peer that answers; each search asks them, and is not repeated by itself"
      actions={
        <Button variant="default" loading={audit.isFetching} onClick={() => setAskedAtMs(Date.now())}>
          Ask again
        </Button>
      }
    >
      <Panel title="Search">
        <SearchForm search={search} onChange={change} />
      </Panel>
      <Answered of={audit}>
        {report => (
          <>
            <Panel
              title="Entries"
              note={
                <Group gap="xs">
                  <span>
                    {counted(report.entries.length, 'entry', 'entries')}, the newest first, asked for on{' '}
                    {dateText(askedAtMs)}
                    {report.leftOut > 0 &&
                      `; ${counted(report.leftOut, 'entry', 'entries')} of what you only looked at left out`}
                    {report.entries.length === ENTRIES_MAX && '; there may be more: narrow the search'}
                  </span>
                  {audit.isPlaceholderData && <Loader size="xs" aria-label="Asking the peers" />}
                </Group>
              }
            >
              <EntriesTable entries={report.entries} />
            </Panel>
            {search.dataset !== null && <ReadsPanel name={search.dataset} />}
            <LogsPanel survey={report} />
          </>
        )}
      </Answered>
    </PageFrame>
  )
}

const ACTION_CHOICES = Object.entries(ACTIONS).map(([value, words]) => ({
  value,
  label: `${value}: ${words}`
}))
const TIME_CHOICES = Object.entries(TIMES).map(([value, [label]]) => ({ value, label }))

function SearchForm(props: {
  readonly search: AuditSearch
  readonly onChange: (part: Partial<AuditSearch>) => void
}): ReactNode {
  const { search, onChange } = props
  const { may } = useSession()
  const devices = useAnswer('devices', {}, { isOff: !may('devices') })
  const datasets = useAnswer('datasets', {}, { isOff: !may('datasets') })
  const failure = devices.error ?? datasets.error
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }}>
        <DeviceSelect
          label="Device"
          devices={devices.data?.devices ?? []}
          value={search.device}
          onChange={device => onChange({ device })}
        />
        <Select
          label="Dataset"
          placeholder="every dataset"
          searchable
          clearable
          clearButtonProps={{ 'aria-label': 'Every dataset' }}
          data={(datasets.data?.datasets ?? []).map(({ name }) => name)}
          value={search.dataset}
          onChange={dataset => onChange({ dataset })}
        />
        <Select
          label="Action"
          placeholder="every action"
          searchable
          clearable
          clearButtonProps={{ 'aria-label': 'Every action' }}
          data={ACTION_CHOICES}
          value={search.action}
          onChange={action => onChange({ action: action as Entry['action'] | null })}
        />
        <Select
          label="Time"
          data={TIME_CHOICES}
          value={search.time}
          allowDeselect={false}
          onChange={time => time !== null && onChange({ time: time as Time })}
        />
      </SimpleGrid>
      <Switch
        mt="md"
        label="Leave out what you only looked at"
        description="This console asks this node again and again while it is open, and each call is logged. What was done, refused or failed stays, and so do calls of others."
        checked={!search.hasOwnLooks}
        onChange={event => onChange({ hasOwnLooks: !event.currentTarget.checked })}
      />
      {failure !== null && (
        <Text size="sm" mt="xs">
          What can be chosen is not complete: {failure.message}
        </Text>
      )}
    </>
  )
}
