/** What was good and bad in each span, and what was left of the error budget at its end. */

import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Answer } from '../../api/routes.ts'
import { Chart, type ChartOption, useChartColours } from '../../components/chart.tsx'
import { counted, dateText } from '../../components/words.ts'
import { budgetText } from './level-words.ts'

type History = Answer<'levelHistory'>

const HEIGHT_PIXELS = 260
const PERCENT = 100

export function LevelChart({ history: { points } }: { readonly history: History }): ReactNode {
  const { isDark, text, line } = useChartColours()
  const seen = points.filter(({ good, bad }) => good + bad > 0)
  const last = seen.at(-1)
  if (last === undefined) return <Text size="sm">This node observed nothing of it in its window.</Text>
  const bars = (name: string, color: string, value: (point: History['points'][number]) => number) => ({
    ...{ name, type: 'bar' as const, stack: 'seen', color, barMaxWidth: 18 },
    data: points.map(point => [point.atMs, value(point)])
  })
  const option: ChartOption = {
    animation: false,
    grid: { left: 54, right: 54, top: 38, bottom: 26 },
    tooltip: { trigger: 'axis', renderMode: 'richText' },
    legend: { left: 0, top: 0, icon: 'roundRect', itemWidth: 14, itemHeight: 6, textStyle: { color: text } },
    xAxis: { type: 'time', splitNumber: 5, axisLabel: { hideOverlap: true, color: text }, axisLine: line },
    yAxis: [
      { type: 'value', minInterval: 1, axisLabel: { color: text }, splitLine: line },
      {
        ...{ type: 'value', max: PERCENT, min: ({ min }: { min: number }) => Math.min(0, Math.floor(min)) },
        ...{ axisLabel: { color: text, formatter: '{value} %' }, splitLine: { show: false } }
      }
    ],
    series: [
      bars('Good', isDark ? '#38b48b' : '#2b9c7a', ({ good }) => good),
      bars('Bad', isDark ? '#ff6b6b' : '#c92a2a', ({ bad }) => bad),
      {
        ...{ name: 'Budget left', type: 'line', yAxisIndex: 1, symbolSize: 5, color: text },
        data: points.map(({ atMs, budgetLeft }) => [
          atMs,
          budgetLeft === null ? null : Math.round(budgetLeft * PERCENT)
        ])
      }
    ]
  }
  const bad = seen.reduce((sum, each) => sum + each.bad, 0)
  const words =
    `${counted(seen.length, 'span')} with observations since ${dateText(seen[0]?.atMs ?? last.atMs)}, ` +
    `${counted(bad, 'observation')} bad in all; of the budget ${budgetText(last.budgetLeft)} at the end of the last`
  return (
    <>
      <Chart option={option} words={words} heightPixels={HEIGHT_PIXELS} />
      <Text size="sm" c="dimmed">
        {counted(bad, 'bad observation')} in {counted(seen.length, 'span')} that had any; at last{' '}
        {budgetText(last.budgetLeft)}.
      </Text>
    </>
  )
}
