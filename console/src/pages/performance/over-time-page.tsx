/** What the node that is asked measured over time. */

import { Group, Select, SimpleGrid, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useAnswer } from '../../api/answers.ts'
import { useActivity } from '../../api/live.tsx'
import { Answered } from '../../components/answered.tsx'
import { FlowChart } from '../../components/flow-chart.tsx'
import { Panel } from '../../components/panel.tsx'
import { RECEIVED, SENT, seriesText } from '../../components/series-words.ts'
import { durationText } from '../../components/words.ts'
import { MeasuredChart } from './measured-chart.tsx'
import { PerformanceFrame } from './performance-frame.tsx'
import { type Span, stepMsOf } from './span.ts'
import { SpanField, useSpan } from './span-field.tsx'

const EVERY_MS = 30_000

interface AskedSpan {
  readonly span: Span
  readonly fromMs: number
}

export function OverTimePage(): ReactNode {
  const { span, fromMs, choose } = useSpan('day')
  const node = useActivity()?.device.name ?? 'this node'
  return (
    <PerformanceFrame
      title="Over time"
      lead={
        <>
          What <b>{node}</b> measured every 10 seconds, and of no other; kept by the day for five years
        </>
      }
      actions={<SpanField value={span} onChange={choose} />}
    >
      <Panel title="Received" note={`By where it came from, in spans of ${durationText(stepMsOf(span))}`}>
        <FlowChart series={RECEIVED} fromMs={fromMs} stepMs={stepMsOf(span)} />
      </Panel>
      <Panel title="Sent" note="By where it went; it is part of what others received">
        <FlowChart series={SENT} fromMs={fromMs} stepMs={stepMsOf(span)} />
      </Panel>
      <OneSeries span={span} fromMs={fromMs} />
    </PerformanceFrame>
  )
}

/** Any of the series by itself. */
function OneSeries({ span, fromMs }: AskedSpan): ReactNode {
  const list = useAnswer('series', {})
  const [name, setName] = useState('event-loop-delay')
  const history = useAnswer(
    'history',
    { series: name, fromMs, stepMs: stepMsOf(span) },
    { everyMs: EVERY_MS, isOff: list.data?.series.every(each => each.name !== name) ?? true }
  )
  return (
    <Panel
      title={seriesText(name)}
      note="Minimum, median, 95th percentile and maximum of the samples of each span"
      aside={
        <Group>
          <Select
            aria-label="Series"
            w={260}
            searchable
            data={(list.data?.series ?? []).map(each => ({ value: each.name, label: seriesText(each.name) }))}
            value={name}
            allowDeselect={false}
            onChange={chosen => chosen !== null && setName(chosen)}
          />
        </Group>
      }
    >
      <SimpleGrid cols={1}>
        {list.data?.series.length === 0 ? (
          <Text size="sm">Nothing is measured yet: the first sample comes 10 seconds after the start.</Text>
        ) : (
          <Answered of={history}>{known => <MeasuredChart history={known} />}</Answered>
        )}
      </SimpleGrid>
    </Panel>
  )
}
