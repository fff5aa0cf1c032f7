/** The residual score over time, in steps, since a score holds until the next. */

import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Chart, type ChartOption, useChartColours } from '../../components/chart.tsx'
import { counted } from '../../components/words.ts'
import type { Risk } from './risk-words.ts'

const HEIGHT_PIXELS = 220
const SCORE_MAX = 25
const DAY_CHARACTERS = 'YYYY-MM-DD'.length

function dayText(dayAtMs: number): string {
  return new Date(dayAtMs).toISOString().slice(0, DAY_CHARACTERS)
}

export function TrendChart({ trend }: Pick<Risk, 'trend'>): ReactNode {
  const { isDark, text, line: axisLine } = useChartColours()
  const [first, last] = [trend[0], trend.at(-1)]
  if (first === undefined || last === undefined) return <Text size="sm">Nothing is kept of it yet.</Text>
  const option: ChartOption = {
    animation: false,
    grid: { left: 34, right: 16, top: 12, bottom: 26 },
    xAxis: {
      type: 'category',
      data: trend.map(({ dayAtMs }) => dayText(dayAtMs)),
      axisLabel: { hideOverlap: true, color: text },
      axisLine
    },
    yAxis: {
      ...{ type: 'value', min: 0, max: SCORE_MAX, interval: 5 },
      ...{ axisLabel: { color: text }, splitLine: axisLine }
    },
    series: [
      {
        ...{ name: 'Residual score', type: 'line', step: 'end', areaStyle: { opacity: 0.12 } },
        ...{ color: isDark ? '#54b0a3' : '#0a766a', symbolSize: 7, showSymbol: trend.length < 60 },
        data: trend.map(({ score }) => score)
      }
    ]
  }
  const scores = trend.map(({ score }) => score)
  const words =
    `Residual score from ${dayText(first.dayAtMs)} to ${dayText(last.dayAtMs)}: ${last.score} at the end, ` +
    `between ${Math.min(...scores)} and ${Math.max(...scores)}`
  return (
    <>
      <Chart option={option} words={words} heightPixels={HEIGHT_PIXELS} />
      <Text size="sm" c="dimmed">
        {counted(trend.length, 'point')} since {dayText(first.dayAtMs)}; {last.score} at last.
      </Text>
    </>
  )
}
