/** For how long versions are kept, what is over, and what holds keep from being deleted. */

import { List, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { DAY_MS } from '../../../../src/base/units.ts'
import { useAction, useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Answered } from '../../components/answered.tsx'
import { Asked } from '../../components/asked.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { datasetPath } from '../../components/dataset-link.tsx'
import { State } from '../../components/dot.tsx'
import { NamedAction } from '../../components/named-action.tsx'
import { Figure, FigureGrid, Panel } from '../../components/panel.tsx'
import { isMeant, SearchField } from '../../components/search-field.tsx'
import { counted, dateText, deviceText, durationText, formatBytes } from '../../components/words.ts'
import { caseText } from './case-words.ts'
import { HoldsPanel } from './holds-panel.tsx'
import { PrivacyFrame } from './privacy-frame.tsx'
import { SetRetention } from './set-retention.tsx'

type Version = Answer<'retention'>['versions'][number]

const TABLE_PIXELS = 460
const SOON_MS = 30 * DAY_MS

export function RetentionPage(): ReactNode {
  const retention = useAnswer('retention', {})
  const { may } = useSession()
  return (
    <PrivacyFrame
      title="Retention and holds"
      lead="For how long versions are kept, as the ledger says; nothing is deleted by age before somebody asks for it"
      actions={may('setRetention') ? <SetRetention /> : undefined}
    >
      <Answered of={retention}>
        {({ versions }) => (
          <>
            <Figures versions={versions} />
            <DryRunPanel />
            <VersionsPanel versions={versions} />
          </>
        )}
      </Answered>
      <HoldsPanel />
    </PrivacyFrame>
  )
}

function Figures({ versions }: { readonly versions: readonly Version[] }): ReactNode {
  const count = (state: Version['state']): number => versions.filter(each => each.state === state).length
  const endless = versions.filter(({ overAtMs }) => overAtMs === null).length
  const soon = versions.filter(
    ({ state, overAtMs }) => state === 'kept' && overAtMs !== null && overAtMs < Date.now() + SOON_MS
  ).length
  return (
    <FigureGrid>
      <Figure label="Over" value={count('over')} note="kept for long enough; can be erased" />
      <Figure label="Over, and held" value={count('held')} note="kept by a legal hold" />
      <Figure label="Over soon" value={soon} note="within 30 days" />
      <Figure
        label="Kept without an end"
        value={endless}
        note={`of ${counted(versions.length, 'version')}`}
      />
    </FigureGrid>
  )
}

/** What asking for it would erase now, without signing anything. */
function DryRunPanel(): ReactNode {
  const { may } = useSession()
  const run = useAnswer('runRetention', { dryRun: true }, { isStill: true, isOff: !may('runRetention') })
  if (!may('runRetention')) return null
  return (
    <Panel
      title="What would be erased now"
      note="A dry run: nothing is signed by it"
      aside={<Asked of={run} />}
    >
      <Answered of={run}>
        {({ versions }) => {
          const free = versions.filter(({ state }) => state === 'over')
          const held = versions.length - free.length
          return (
            <Stack gap="sm" align="stretch">
              <Text size="sm">
                {free.length === 0
                  ? 'Nothing that is not held was kept for long enough.'
                  : `${counted(free.length, 'version')} of ${formatBytes(free.reduce((sum, { bytes }) => sum + bytes, 0))} in one case.`}
                {held > 0 &&
                  ` ${counted(held, 'version')} would stay, since ${held === 1 ? 'it is' : 'they are'} held.`}
              </Text>
              {versions.length > 0 && (
                <DataTable
                  label="Versions that are over"
                  rows={versions}
                  columns={COLUMNS}
                  keyOf={({ name, version }) => `${name} ${version}`}
                  empty=""
                  heightPixels={TABLE_PIXELS}
                />
              )}
              {free.length > 0 && <RunRetention free={free} />}
            </Stack>
          )
        }}
      </Answered>
    </Panel>
  )
}

function RunRetention({ free }: { readonly free: readonly Version[] }): ReactNode {
  const runRetention = useAction('runRetention')
  const names = [...new Set(free.map(({ name }) => name))]
  const [first = ''] = names
  return (
    <div>
      <NamedAction
        verb="Ask for their erasure"
        title={`Erase ${counted(free.length, 'version')} that ${free.length === 1 ? 'is' : 'are'} over`}
        name={first}
        reason="none"
        reach={() => (
          <Stack gap="xs">
            <Text size="sm">
              It is an erasure like any other: admins agree, each device deletes and confirms, and a
              certificate says so. It can not be undone.
            </Text>
            <List size="sm">
              {names.map(name => (
                <List.Item key={name}>
                  {name}: {counted(free.filter(each => each.name === name).length, 'version')}
                </List.Item>
              ))}
            </List>
          </Stack>
        )}
        act={async () => {
          const { operations, case: id } = await runRetention.mutateAsync({ dryRun: false })
          return operations.map(each => ({
            ...each,
            says: id === null ? each.says : `${each.says} (case ${caseText(id)})`
          }))
        }}
      />
    </div>
  )
}

function VersionsPanel({ versions }: { readonly versions: readonly Version[] }): ReactNode {
  const [written, setWritten] = useState('')
  const shown = versions.filter(({ name, dataClass, state }) => isMeant(written, [name, dataClass, state]))
  return (
    <Panel
      title="Every version"
      note={`${shown.length} of ${counted(versions.length, 'version')} shown; of class and dataset the shorter counts`}
      aside={<SearchField label="Find a version" value={written} onChange={setWritten} />}
    >
      <DataTable
        label="Versions and how long they are kept"
        rows={shown}
        columns={COLUMNS}
        keyOf={({ name, version }) => `${name} ${version}`}
        linkOf={({ name }) => datasetPath(name)}
        empty="No version is meant by that."
        heightPixels={TABLE_PIXELS}
      />
    </Panel>
  )
}

const STATES: Readonly<Record<Version['state'], readonly ['good' | 'warn' | 'bad' | 'quiet', string]>> = {
  kept: ['quiet', 'kept'],
  over: ['bad', 'over'],
  held: ['warn', 'over, held']
}

const COLUMNS: readonly Column<Version>[] = [
  {
    ...{ title: 'Version', width: 'minmax(110px, 1.4fr)' },
    value: ({ name, ordinal }) => `${name}@${ordinal}`,
    order: ({ name }) => name
  },
  {
    ...{ title: 'State', width: '100px' },
    value: ({ state, holds }) => (
      <span title={holds.map(({ by, reason }) => `${deviceText(by)}: ${reason ?? ''}`).join('; ')}>
        <State tone={STATES[state][0]}>{STATES[state][1]}</State>
      </span>
    ),
    order: ({ state }) => state
  },
  {
    ...{ title: 'Over', width: '170px', from: 'sm' },
    value: ({ overAtMs }) => (overAtMs === null ? 'never' : dateText(overAtMs)),
    order: ({ overAtMs }) => overAtMs ?? Number.MAX_SAFE_INTEGER
  },
  {
    ...{ title: 'Kept for', width: 'minmax(110px, 1fr)', from: 'md' },
    value: ({ keptMs, by }) => (keptMs === null ? 'no end is set' : `${durationText(keptMs)}, by the ${by}`),
    order: ({ keptMs }) => keptMs ?? Number.MAX_SAFE_INTEGER
  },
  {
    ...{ title: 'Class', width: '100px', from: 'lg' },
    value: ({ dataClass }) => dataClass,
    order: ({ dataClass }) => dataClass
  },
  {
    ...{ title: 'Size', width: '80px', align: 'right', from: 'lg' },
    value: ({ bytes }) => formatBytes(bytes),
    order: ({ bytes }) => bytes
  },
  {
    ...{ title: 'Published', width: '170px', from: 'lg' },
    value: ({ publishedAtMs }) => dateText(publishedAtMs),
    order: ({ publishedAtMs }) => publishedAtMs
  }
]
