/** What somebody waits for: cases with a clock, erasures that are not whole, and what is kept for too long. */

import { Alert, Anchor, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { useNowMs } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { Asked } from '../../components/asked.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { Figure, FigureGrid, Panel } from '../../components/panel.tsx'
import { counted, dateText } from '../../components/words.ts'
import { GoodIcon } from '../../shell/icons.tsx'
import { caseMark, confirmedOf, isOverdue } from './case-words.ts'
import { CasesTable } from './cases-table.tsx'
import { clockTone, type DueCase, dueCases, leftText } from './clock.ts'
import { BREACHES, ERASURES, NodeName, PRIVACY, PrivacyFrame, REQUESTS } from './privacy-frame.tsx'

const TABLE_PIXELS = 420

export function PrivacyPage(): ReactNode {
  const requests = useAnswer('requests', {}, { isStill: true })
  const breaches = useAnswer('breaches', {}, { isStill: true })
  return (
    <PrivacyFrame
      title="Privacy"
      lead={
        <>
          Cases and notes are on <NodeName /> alone: another steward does not see them
        </>
      }
      actions={<Asked of={requests} />}
    >
      <Figures />
      <Panel
        title="What is due"
        note="Requests to answer within a month, breaches to notify of within 72 hours, the first due first"
      >
        <Answered of={requests}>
          {({ requests: asked }) => (
            <Answered of={breaches}>
              {({ breaches: noted }) => <DueTable due={dueCases(asked, noted)} />}
            </Answered>
          )}
        </Answered>
      </Panel>
      <OpenErasures />
      <Text size="sm" c="dimmed">
        This is a help for a privacy officer and no legal advice. What the network can not know is marked as
        to be filled in, and never made up. Each look at requests and persons is noted in the audit log.
      </Text>
    </PrivacyFrame>
  )
}

function Figures(): ReactNode {
  const requests = useAnswer('requests', {}, { isStill: true })
  const breaches = useAnswer('breaches', {}, { isStill: true })
  const erasures = useAnswer('erasureCases', {})
  const retention = useAnswer('retention', {})
  const holds = useAnswer('holds', {})
  const nowMs = useNowMs()
  const open = requests.data?.requests.filter(({ closed }) => closed === null)
  const late = open?.filter(({ dueAtMs }) => dueAtMs < nowMs).length ?? 0
  const running = breaches.data?.breaches.filter(({ closed }) => closed === null)
  const silent = running?.filter(({ notifiedAtMs }) => notifiedAtMs === null).length ?? 0
  const cases = erasures.data?.cases
  const left = cases?.filter(each => confirmedOf(each) < each.devices)
  const overdue = cases?.filter(each => isOverdue(each, nowMs)).length ?? 0
  const over = retention.data?.versions.filter(({ state }) => state === 'over').length
  return (
    <FigureGrid>
      <Figure
        label="Open requests"
        value={open?.length ?? '–'}
        note={
          <Anchor component={Link} to={REQUESTS} size="sm">
            {late === 0 ? 'none is overdue' : `${late} overdue`}
          </Anchor>
        }
      />
      <Figure
        label="Open breaches"
        value={running?.length ?? '–'}
        note={
          <Anchor component={Link} to={BREACHES} size="sm">
            {silent === 0 ? 'none waits for its notification' : `${silent} to notify of`}
          </Anchor>
        }
      />
      <Figure
        label="Erasures not confirmed by all"
        value={left?.length ?? '–'}
        note={
          <Anchor component={Link} to={ERASURES} size="sm">
            of {counted(cases?.length ?? 0, 'case')}
            {overdue === 0 ? '' : `, ${overdue} overdue`}
          </Anchor>
        }
      />
      <Figure
        label="Kept for too long"
        value={over ?? '–'}
        note={
          <Anchor component={Link} to={`${PRIVACY}/retention`} size="sm">
            {counted(holds.data?.holds.length ?? 0, 'legal hold')} in force
          </Anchor>
        }
      />
    </FigureGrid>
  )
}

function DueTable({ due }: { readonly due: readonly DueCase[] }): ReactNode {
  if (due.length === 0)
    return (
      <Alert variant="outline" color="teal" icon={<GoodIcon />} title="Nothing is due" role="status">
        <Text size="sm">No request waits for an answer, and no breach for its notification.</Text>
      </Alert>
    )
  return (
    <DataTable
      label="Cases that are due"
      rows={due}
      columns={COLUMNS}
      keyOf={({ kind, id }) => `${kind} ${id}`}
      linkOf={({ kind, id }) => `${kind === 'request' ? REQUESTS : BREACHES}/${id}`}
      empty=""
      heightPixels={TABLE_PIXELS}
    />
  )
}

function Left({ due }: { readonly due: DueCase }): ReactNode {
  const nowMs = useNowMs()
  return <State tone={clockTone(due, nowMs)}>{leftText(due.dueAtMs, nowMs)}</State>
}

const COLUMNS: readonly Column<DueCase>[] = [
  {
    ...{ title: 'What', width: 'minmax(140px, 2fr)' },
    value: ({ words }) => <span title={words}>{words}</span>
  },
  {
    ...{ title: 'Left', width: '132px' },
    value: due => <Left due={due} />,
    order: ({ dueAtMs }) => dueAtMs
  },
  {
    ...{ title: 'Due', width: '170px', from: 'sm' },
    value: ({ dueAtMs }) => dateText(dueAtMs),
    order: ({ dueAtMs }) => dueAtMs
  },
  {
    ...{ title: 'Since', width: '170px', from: 'lg' },
    value: ({ startedAtMs }) => dateText(startedAtMs),
    order: ({ startedAtMs }) => startedAtMs
  }
]

function OpenErasures(): ReactNode {
  const erasures = useAnswer('erasureCases', {})
  const nowMs = useNowMs()
  return (
    <Panel
      title="Erasures that are not whole"
      note="They wait for admins, for a hold to end, for who published it, or for devices to confirm"
    >
      <Answered of={erasures}>
        {({ cases }) => (
          <CasesTable
            cases={cases.filter(each => caseMark(each, nowMs)[0] !== 'good')}
            empty={
              cases.length === 0
                ? 'Nothing was erased yet.'
                : 'Every erasure is confirmed by every device that it concerns.'
            }
          />
        )}
      </Answered>
    </Panel>
  )
}
