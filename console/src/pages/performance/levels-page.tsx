/** How distribution, availability, first byte, revocation and repair were, against what was asked for. */

import { Anchor, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { FormDialogue } from '../../components/form-dialogue.tsx'
import { Figure, FigureGrid, Panel } from '../../components/panel.tsx'
import { BudgetBar } from './budget-bar.tsx'
import { LevelForm } from './level-form.tsx'
import {
  goalText,
  type Level,
  levelMark,
  levelOrder,
  MEASURE_NAMES,
  MEASURES,
  type Measure,
  shareText,
  timeText,
  worstOf
} from './level-words.ts'
import { PERFORMANCE, PerformanceFrame, Silent } from './performance-frame.tsx'

const EVERY_MS = 30_000
const TABLE_PIXELS = 460

export function levelPath(name: string): string {
  return `${PERFORMANCE}/levels/${encodeURIComponent(name)}`
}

export function LevelsPage(): ReactNode {
  const report = useAnswer('levels', {}, { everyMs: EVERY_MS })
  const { may } = useSession()
  return (
    <PerformanceFrame
      title="Performance"
      lead={
        report.data === undefined ? undefined : (
          <>
            How well the network works, as its devices observed; asked <Ago atMs={report.data.atMs} />
          </>
        )
      }
      actions={
        may('setLevel') ? (
          <FormDialogue verb="Set a level" title="Set a service level" isFirst>
            {close => <LevelForm onDone={close} />}
          </FormDialogue>
        ) : undefined
      }
    >
      <Answered of={report}>{known => <Known report={known} />}</Answered>
    </PerformanceFrame>
  )
}

function Known({ report: { levels, heard } }: { readonly report: Answer<'levels'> }): ReactNode {
  return (
    <>
      <FigureGrid cols={{ base: 2, sm: 3, lg: 5 }}>
        {MEASURE_NAMES.map(measure => (
          <MeasureFigure
            key={measure}
            measure={measure}
            levels={levels.filter(level => level.measure === measure)}
          />
        ))}
      </FigureGrid>
      <Panel
        title="Service levels"
        note="Which share of what is observed has to be good, in a window; what may be bad is the error budget"
      >
        <DataTable
          label="Service levels"
          rows={levels}
          columns={COLUMNS}
          keyOf={({ name }) => name}
          linkOf={({ name }) => levelPath(name)}
          firstBy="State"
          empty="No service level is set. Set one to say how well the network has to work: devices observe it from then on, and count what they observed before."
          heightPixels={TABLE_PIXELS}
        />
      </Panel>
      <Silent heard={heard} />
    </>
  )
}

/** Of a measure with several levels the one that needs somebody first. */
function MeasureFigure(props: { readonly measure: Measure; readonly levels: readonly Level[] }): ReactNode {
  const { measure, levels } = props
  const [name, what] = MEASURES[measure]
  const level = worstOf(levels)
  if (level === undefined)
    return (
      <Figure
        label={name}
        value={
          <Text size="md" c="dimmed">
            no level is set
          </Text>
        }
        note={what}
      />
    )
  const [tone, words] = levelMark(level)
  return (
    <Figure
      label={name}
      value={
        <Text size="lg" fw={650} component="div">
          <State tone={tone}>{words}</State>
        </Text>
      }
      note={
        <>
          {level.goodShare === null
            ? what
            : `${shareText(level.goodShare)} good${level.p95Ms === null ? '' : `, p95 ${timeText(level.p95Ms)}`}`}
          <br />
          <Anchor component={Link} to={levelPath(level.name)} size="sm">
            {level.name}
          </Anchor>
        </>
      }
    />
  )
}

const COLUMNS: readonly Column<Level>[] = [
  {
    title: 'Level',
    width: 'minmax(116px, 2fr)',
    value: ({ name }) => <span title={name}>{name}</span>,
    order: ({ name }) => name
  },
  {
    ...{ title: 'State', width: '150px' },
    value: level => {
      const [tone, words] = levelMark(level)
      return <State tone={tone}>{words}</State>
    },
    order: levelOrder
  },
  {
    ...{ title: 'Asks for', width: 'minmax(190px, 1.4fr)', from: 'lg' },
    value: level => <span title={goalText(level)}>{goalText(level)}</span>
  },
  {
    ...{ title: 'Good', width: '76px', align: 'right', from: 'sm' },
    value: ({ goodShare }) => (goodShare === null ? '' : shareText(goodShare)),
    order: ({ goodShare }) => goodShare ?? -1
  },
  {
    ...{ title: 'Error budget', width: '130px', from: 'md' },
    value: level => <BudgetBar level={level} />,
    order: ({ budgetLeft }) => budgetLeft ?? 2
  },
  { title: 'p95', width: '88px', align: 'right', from: 'lg', value: ({ p95Ms }) => timeText(p95Ms) },
  { title: 'Last', width: '88px', align: 'right', from: 'lg', value: ({ lastMs }) => timeText(lastMs) }
]
