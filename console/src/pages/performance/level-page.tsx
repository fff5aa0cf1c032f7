/** One service level: how it stands, by site, and how its error budget went on the node that is asked. */

import { Group, List, SimpleGrid, Text } from '@mantine/core'
import { type ReactNode, useRef, useState } from 'react'
import { useParams } from 'react-router'
import { useAction, useAnswer } from '../../api/answers.ts'
import { useActivity } from '../../api/live.tsx'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { FormDialogue } from '../../components/form-dialogue.tsx'
import { NamedAction } from '../../components/named-action.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Facts, Figure, FigureGrid, Panel } from '../../components/panel.tsx'
import { counted, dateText, deviceText, durationText } from '../../components/words.ts'
import { LevelChart } from './level-chart.tsx'
import { LevelForm } from './level-form.tsx'
import {
  budgetText,
  burnText,
  goalText,
  type Level,
  levelMark,
  MEASURES,
  shareText,
  timeText
} from './level-words.ts'
import { PERFORMANCE, Silent } from './performance-frame.tsx'

type Site = Level['sites'][number]

const EVERY_MS = 30_000
const TABLE_PIXELS = 360
const BACK = { to: PERFORMANCE, label: 'Performance' }

export function LevelPage(): ReactNode {
  const { name = '' } = useParams()
  const report = useAnswer('levels', {}, { everyMs: EVERY_MS })
  const level = report.data?.levels.find(each => each.name === name)
  // What came of ending it is shown to its end, though there is no such level any more.
  const last = useRef(level)
  last.current = level ?? last.current
  const [isEnding, setEnding] = useState(false)
  return (
    <PageFrame
      title={name}
      back={BACK}
      lead={level === undefined ? undefined : `${MEASURES[level.measure][0]}: ${goalText(level)}`}
      actions={
        last.current === undefined ? undefined : (
          <Actions level={last.current} isThere={level !== undefined} onEnding={setEnding} />
        )
      }
    >
      <Answered of={report}>
        {known =>
          level === undefined ? (
            <Text size="sm">No service level of that name is set.</Text>
          ) : (
            <Known level={level} report={known} isEnding={isEnding} />
          )
        }
      </Answered>
    </PageFrame>
  )
}

function Known(props: {
  readonly level: Level
  readonly report: Answer<'levels'>
  readonly isEnding: boolean
}): ReactNode {
  const { level, report, isEnding } = props
  const [tone, words] = levelMark(level)
  const { good, bad, budget, budgetLeft, burnHour, burnDay } = level
  const total = good + bad
  return (
    <>
      <FigureGrid>
        <Figure
          label="State"
          value={<State tone={tone}>{words}</State>}
          note={
            <>
              asked <Ago atMs={report.atMs} />
            </>
          }
        />
        <Figure
          label="Good"
          value={total === 0 ? '–' : shareText(level.goodShare)}
          note={
            total === 0
              ? 'nothing was observed'
              : `${good.toLocaleString('en')} of ${total.toLocaleString('en')}`
          }
        />
        <Figure
          label="Error budget"
          value={budgetLeft === null ? '–' : budgetText(budgetLeft)}
          note={
            budget === null
              ? 'not known without observations'
              : `${Number(budget.toFixed(1))} may be bad in the window, ${bad} were`
          }
        />
        <Figure
          label="Burns"
          value={burnHour === null ? '–' : burnText(burnHour)}
          note={`in the last hour; ${burnText(burnDay)} in the last day; 1 × lasts just for the window`}
        />
      </FigureGrid>
      <HistoryPanel level={level} isOff={isEnding} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Panel title="By site" note={`${counted(level.devices, 'device')} observed something`}>
          <DataTable
            label="The level by site"
            rows={level.sites}
            columns={COLUMNS}
            keyOf={({ site }) => site}
            empty="No device that answered has observed anything."
            heightPixels={TABLE_PIXELS}
          />
        </Panel>
        <Panel title="The level">
          <Facts
            facts={[
              ['Measure', `${MEASURES[level.measure][0]}: ${MEASURES[level.measure][1]}`],
              ['Asks for', goalText(level)],
              ...(level.limitMs === null
                ? []
                : [
                    [
                      'Median, p95, last',
                      [level.p50Ms, level.p95Ms, level.lastMs].map(timeText).join(', ')
                    ] as const
                  ]),
              [
                'Observed',
                level.firstAtMs === null || level.lastAtMs === null
                  ? 'nothing yet'
                  : `${dateText(level.firstAtMs)} to ${dateText(level.lastAtMs)}`
              ],
              ['Set', `${dateText(level.setAtMs)} by ${deviceText(level.by)}`]
            ]}
          />
        </Panel>
      </SimpleGrid>
      <Silent heard={report.heard} />
    </>
  )
}

/** Of a level that is ended no history is told. */
function HistoryPanel({ level, isOff }: { readonly level: Level; readonly isOff: boolean }): ReactNode {
  const history = useAnswer('levelHistory', { name: level.name }, { everyMs: EVERY_MS, isOff })
  const node = useActivity()?.device.name ?? 'this node'
  return (
    <Panel
      title="How it went"
      note={`On ${node} alone, over ${durationText(level.windowMs)}${
        history.data === undefined ? '' : `, in spans of ${durationText(history.data.stepMs)}`
      }; other devices have histories of their own`}
    >
      <Answered of={history}>{known => <LevelChart history={known} />}</Answered>
    </Panel>
  )
}

const COLUMNS: readonly Column<Site>[] = [
  {
    title: 'Site',
    width: 'minmax(80px, 1fr)',
    value: ({ site }) => site || 'not known',
    order: ({ site }) => site
  },
  {
    ...{ title: 'State', width: '146px' },
    value: site => {
      const [tone, words] = levelMark(site)
      return <State tone={tone}>{words}</State>
    },
    order: ({ state }) => state
  },
  {
    ...{ title: 'Good', width: '90px', align: 'right', from: 'sm' },
    value: ({ goodShare }) => (goodShare === null ? '' : shareText(goodShare)),
    order: ({ goodShare }) => goodShare ?? -1
  },
  { title: 'Of', width: '70px', align: 'right', from: 'md', value: ({ good, bad }) => good + bad },
  { title: 'p95', width: '80px', align: 'right', from: 'md', value: ({ p95Ms }) => timeText(p95Ms) }
]

function Actions(props: {
  readonly level: Level
  readonly isThere: boolean
  readonly onEnding: (isEnding: boolean) => void
}): ReactNode {
  const { level, isThere, onEnding } = props
  const { may } = useSession()
  const unset = useAction('unsetLevel')
  if (!may('setLevel')) return null
  return (
    <Group gap="sm">
      {isThere && (
        <FormDialogue verb="Change" title={`Change the level ${level.name}`}>
          {close => <LevelForm level={level} onDone={close} />}
        </FormDialogue>
      )}
      <NamedAction
        isOffered={isThere}
        verb="End"
        title={`End the level ${level.name}`}
        name={level.name}
        reason="none"
        reach={() => (
          <List size="sm" spacing={4}>
            <List.Item>
              No device holds what it observes against it any more, and nobody is warned by it.
            </List.Item>
            <List.Item>What was observed stays: set again, the level counts it.</List.Item>
          </List>
        )}
        act={async () => {
          onEnding(true)
          try {
            return [await unset.mutateAsync({ name: level.name })]
          } catch (thrown) {
            onEnding(false)
            throw thrown
          }
        }}
      />
    </Group>
  )
}
