/** All risks: how they lie by likelihood and impact, and the register. */

import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Figure, Panel } from '../../components/panel.tsx'
import { isMeant, SearchField } from '../../components/search-field.tsx'
import { counted, dateText } from '../../components/words.ts'
import { HeatMap } from './heat-map.tsx'
import { Level } from './level.tsx'
import { cellOf, hindranceText, isHigh, type Risk, standingAcceptance } from './risk-words.ts'

const EVERY_MS = 30_000

export function RegisterPage(): ReactNode {
  const register = useAnswer('risks', {}, { everyMs: EVERY_MS })
  return (
    <PageFrame
      title="Risk"
      lead={
        register.data === undefined ? undefined : (
          <>
            Read by {register.data.device.name} <Ago atMs={register.data.atMs} />, from the running network.
            What could not be measured never lowers a risk.
          </>
        )
      }
    >
      <Answered of={register}>{known => <Register register={known} />}</Answered>
    </PageFrame>
  )
}

function Register({ register: { risks } }: { readonly register: Answer<'risks'> }): ReactNode {
  const [cell, setCell] = useState<string | null>(null)
  const [written, setWritten] = useState('')
  const shown = risks.filter(
    risk =>
      (cell === null || cellOf(risk) === cell) &&
      isMeant(written, [risk.id, risk.title, risk.owner, risk.treatment, risk.category, risk.residual.level])
  )
  return (
    <>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Panel title="Heat map" note="What remains of each risk now; choose a cell to see its risks">
          <HeatMap risks={risks} cell={cell} onChoose={setCell} />
        </Panel>
        <Figures risks={risks} />
      </SimpleGrid>
      <Panel
        title="Register"
        note={
          <Group gap="xs">
            <span>
              {shown.length} of {counted(risks.length, 'risk')} shown, the worst first
            </span>
            {cell !== null && (
              <Button size="compact-xs" variant="default" onClick={() => setCell(null)}>
                Show all
              </Button>
            )}
          </Group>
        }
        aside={<SearchField label="Find a risk" value={written} onChange={setWritten} />}
      >
        <DataTable
          label="Risks"
          rows={shown}
          columns={COLUMNS}
          keyOf={({ id }) => id}
          linkOf={({ id }) => `/console/risk/${encodeURIComponent(id)}`}
          empty="No risk is meant by that."
        />
      </Panel>
    </>
  )
}

function Figures({ risks }: { readonly risks: readonly Risk[] }): ReactNode {
  const high = risks.filter(isHigh)
  const indicators = risks.flatMap(risk => risk.indicators)
  const unknown = indicators.filter(({ grade }) => grade === 'unknown').length
  const bad = indicators.filter(({ grade }) => grade === 'bad').length
  const accepted = risks.filter(risk => standingAcceptance(risk.acceptances)?.state === 'in-force').length
  const exceeded = risks.filter(risk => standingAcceptance(risk.acceptances)?.state === 'exceeded').length
  const owned = risks.filter(({ owner }) => owner !== null).length
  const [worst] = risks.toSorted((a, b) => b.residual.score - a.residual.score)
  return (
    <Stack gap="md">
      <SimpleGrid cols={2} spacing={{ base: 'xs', sm: 'md' }} flex={1} style={{ gridAutoRows: '1fr' }}>
        <Figure
          label="High or very high"
          value={high.length}
          note={
            worst === undefined ? undefined : `the worst is ${worst.title}, ${worst.residual.score} of 25`
          }
        />
        <Figure
          label="Bad indicators"
          value={bad}
          note={`of ${counted(indicators.length, 'indicator')}, at their limit or beyond`}
        />
        <Figure label="Not known" value={unknown} note="indicators that count as the worst until measured" />
        <Figure
          label="Accepted"
          value={accepted}
          note={exceeded === 0 ? 'in force, each with an end' : `and ${exceeded} higher now than accepted`}
        />
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        {owned === 0
          ? 'No risk has'
          : `${owned} of ${counted(risks.length, 'risk')} ${owned === 1 ? 'has' : 'have'}`}{' '}
        an owner on this node. A score is likelihood × impact, from 1 to 25; controls take steps off what the
        risk would be without them, and only while their indicators are good.
      </Text>
    </Stack>
  )
}

function acceptedText({ acceptances }: Risk): string {
  const acceptance = standingAcceptance(acceptances)
  if (acceptance === undefined) return 'no'
  return acceptance.state === 'in-force' ? `until ${dateText(acceptance.untilMs)}` : acceptance.state
}

const COLUMNS: readonly Column<Risk>[] = [
  { title: 'Risk', width: 'minmax(120px, 2.4fr)', value: ({ title }) => <span title={title}>{title}</span> },
  {
    ...{ title: 'Now', width: '116px' },
    value: ({ residual }) => <Level {...residual} />,
    order: ({ residual }) => residual.score
  },
  {
    ...{ title: 'L × I', width: '60px', align: 'right', from: 'lg' },
    value: ({ residual: { likelihood, impact } }) => `${likelihood} × ${impact}`
  },
  {
    ...{ title: 'Inherent', width: '84px', align: 'right', from: 'md' },
    value: ({ inherent }) => inherent.score,
    order: ({ inherent }) => inherent.score
  },
  {
    ...{ title: 'Indicators', width: 'minmax(140px, 1.4fr)', from: 'sm' },
    value: ({ indicators }) => hindranceText(indicators)
  },
  {
    ...{ title: 'Treatment', width: '92px', from: 'lg' },
    value: ({ treatment }) => treatment,
    order: ({ treatment }) => treatment
  },
  { title: 'Accepted', width: 'minmax(84px, 0.8fr)', from: 'lg', value: acceptedText },
  {
    ...{ title: 'Owner', width: 'minmax(70px, 0.8fr)', from: 'lg' },
    value: ({ owner }) => owner ?? 'nobody',
    order: ({ owner }) => owner ?? ''
  }
]
