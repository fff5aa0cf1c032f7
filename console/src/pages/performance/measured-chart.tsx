/** One series over time: between which values it was, and what was usual. */

import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Chart, type ChartOption, useChartColours } from '../../components/chart.tsx'
import { type History, sumUp, valueText } from '../../components/series-words.ts'

const HEIGHT_PIXELS = 250

export function MeasuredChart({ history }: { readonly history: History }): ReactNode {
  const { isDark, text, line: axis } = useChartColours()
  const { points, unit, fromMs, toMs } = history
  const all = sumUp(history)
  const last = points.at(-1)
  if (all === null || last === undefined)
    return <Text size="sm">Nothing was measured of it in that time.</Text>
  const line = (name: string, color: string, value: (point: History['points'][number]) => number) => ({
    ...{ name, type: 'line' as const, showSymbol: points.length < 3, color },
    data: points.map(point => [point.atMs, value(point)])
  })
  const option: ChartOption = {
    animation: false,
    grid: { left: 76, right: 12, top: 38, bottom: 26 },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      valueFormatter: value => valueText(unit, Number(value))
    },
    legend: { left: 0, top: 0, icon: 'roundRect', itemWidth: 14, itemHeight: 4, textStyle: { color: text } },
    xAxis: {
      ...{ type: 'time', splitNumber: 5, min: fromMs, max: toMs },
      ...{ axisLabel: { hideOverlap: true, color: text }, axisLine: axis }
    },
    yAxis: {
      ...{ type: 'value', min: 0, splitLine: axis },
      axisLabel: { formatter: (value: number) => valueText(unit, value), color: text }
    },
    series: [
      line('Minimum', isDark ? '#8fa0ab' : '#7b8a94', ({ min }) => min),
      line('Median', isDark ? '#54b0a3' : '#0a766a', ({ p50 }) => p50),
      line('p95', isDark ? '#ffa94d' : '#b35309', ({ p95 }) => p95),
      line('Maximum', isDark ? '#ff8787' : '#b92525', ({ max }) => max)
    ]
  }
  const words = `At last a median of ${valueText(unit, last.p50)} and a maximum of ${valueText(unit, last.max)}; in all that time at most ${valueText(unit, all.max)}`
  return (
    <>
      <Chart option={option} words={words} heightPixels={HEIGHT_PIXELS} />
      <Text size="sm" c="dimmed">
        {words}
      </Text>
    </>
  )
}
