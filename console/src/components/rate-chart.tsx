/** Rates over the last minutes as two lines, with the same in words for who sees no picture. */

import type { ReactNode } from 'react'
import type { RateSample } from '../api/live.tsx'
import { Chart, type ChartOption, useChartColours } from './chart.tsx'
import { formatRate } from './words.ts'

const HEIGHT_PIXELS = 220
/** Below it an axis would be drawn in bytes that nobody sees move. */
const TOP_MIN = 10_000
const LINES = 4
const STEPS = [1, 2, 4, 8, 10]

/** A round number that all of it is below. */
function roundTop(value: number): number {
  const ten = 10 ** Math.floor(Math.log10(value))
  return (STEPS.find(step => step * ten >= value) ?? 10) * ten
}

export function RateChart({ samples }: { readonly samples: readonly RateSample[] }): ReactNode {
  const { isDark, text, line: axisLine } = useChartColours()
  const most = Math.max(TOP_MIN, ...samples.flatMap(({ receive, send }) => [receive, send]))
  const top = roundTop(most)
  const line = (name: string, color: string, value: (sample: RateSample) => number) => ({
    ...{ name, type: 'line' as const, showSymbol: false, smooth: 0.2, color, areaStyle: { opacity: 0.12 } },
    data: samples.map(sample => [sample.atMs, value(sample)])
  })
  const option: ChartOption = {
    animation: false,
    grid: { left: 76, right: 12, top: 34, bottom: 26 },
    legend: {
      left: 0,
      top: 0,
      icon: 'roundRect',
      itemWidth: 14,
      itemHeight: 4,
      textStyle: { color: text }
    },
    xAxis: { type: 'time', splitNumber: 4, axisLabel: { hideOverlap: true, color: text }, axisLine },
    yAxis: {
      ...{ type: 'value', min: 0, max: top, interval: top / LINES },
      ...{ axisLabel: { formatter: formatRate, color: text }, splitLine: axisLine }
    },
    series: [
      line('Receiving', isDark ? '#54b0a3' : '#0a766a', ({ receive }) => receive),
      line('Sending', isDark ? '#ffa94d' : '#b35309', ({ send }) => send)
    ]
  }
  const last = samples.at(-1)
  const words =
    last === undefined
      ? 'No rates yet'
      : `Receiving ${formatRate(last.receive)} and sending ${formatRate(last.send)} now; over this time at most ` +
        `${formatRate(Math.max(...samples.map(({ receive }) => receive)))} and ` +
        `${formatRate(Math.max(...samples.map(({ send }) => send)))}`
  return <Chart option={option} words={words} heightPixels={HEIGHT_PIXELS} />
}
