/** Bytes in each span by where they came from or went, one on the other. */

import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useAnswer } from '../api/answers.ts'
import { Answered } from './answered.tsx'
import { Chart, type ChartOption, useChartColours } from './chart.tsx'
import { type FlowSeries, type History, sumUp } from './series-words.ts'
import { formatBytes } from './words.ts'

const HEIGHT_PIXELS = 250
const EVERY_MS = 30_000

interface FlowChartProps {
  readonly series: readonly FlowSeries[]
  readonly fromMs: number
  readonly stepMs: number
}

interface Flow {
  readonly series: FlowSeries
  readonly history: History
}

/** Each is asked for after the one before, so that they stand in one order whichever comes first. */
export function FlowChart({ series, fromMs, stepMs }: FlowChartProps): ReactNode {
  const [first, ...others] = series
  if (first === undefined) return null
  return <Asking asked={[]} next={first} others={others} fromMs={fromMs} stepMs={stepMs} />
}

function Asking(props: {
  readonly asked: readonly Flow[]
  readonly next: FlowSeries
  readonly others: readonly FlowSeries[]
  readonly fromMs: number
  readonly stepMs: number
}): ReactNode {
  const { asked, next, others, fromMs, stepMs } = props
  const history = useAnswer('history', { series: next.name, fromMs, stepMs }, { everyMs: EVERY_MS })
  const [following, ...rest] = others
  const goOn = (flows: readonly Flow[]): ReactNode =>
    following === undefined ? (
      <Drawn flows={flows} />
    ) : (
      <Asking asked={flows} next={following} others={rest} fromMs={fromMs} stepMs={stepMs} />
    )
  return <Answered of={history}>{answer => goOn([...asked, { series: next, history: answer }])}</Answered>
}

function Drawn({ flows }: { readonly flows: readonly Flow[] }): ReactNode {
  const { isDark, text, line } = useChartColours()
  const seen = flows.filter(({ history }) => (sumUp(history)?.sum ?? 0) > 0)
  const [first] = seen
  if (first === undefined) return <Text size="sm">Nothing in that time.</Text>
  const times = [...new Set(seen.flatMap(({ history }) => history.points.map(({ atMs }) => atMs)))].toSorted(
    (a, b) => a - b
  )
  const option: ChartOption = {
    animation: false,
    grid: { left: 76, right: 12, top: 38, bottom: 26 },
    tooltip: { trigger: 'axis', renderMode: 'richText', valueFormatter: value => formatBytes(Number(value)) },
    legend: { left: 0, top: 0, icon: 'roundRect', itemWidth: 14, itemHeight: 6, textStyle: { color: text } },
    xAxis: {
      ...{ type: 'time', splitNumber: 5, axisLabel: { hideOverlap: true, color: text }, axisLine: line },
      // No room beyond them for a bar: of one bar alone that is as wide as most of the chart, and shows time to come.
      ...{ min: first.history.fromMs, max: first.history.toMs, containShape: false }
    },
    yAxis: { type: 'value', min: 0, axisLabel: { formatter: formatBytes, color: text }, splitLine: line },
    series: seen.map(({ series, history }) => {
      const sums = new Map(history.points.map(({ atMs, sum }) => [atMs, sum]))
      return {
        ...{ name: series.label, type: 'bar' as const, stack: 'bytes', barMaxWidth: 16 },
        color: isDark ? series.dark : series.light,
        data: times.map(atMs => [atMs, sums.get(atMs) ?? 0])
      }
    })
  }
  const words = seen
    .map(({ series, history }) => `${formatBytes(sumUp(history)?.sum ?? 0)} ${series.label}`)
    .join(', ')
  return (
    <>
      <Chart option={option} words={words} heightPixels={HEIGHT_PIXELS} />
      <Text size="sm" c="dimmed">
        {words}
      </Text>
    </>
  )
}
