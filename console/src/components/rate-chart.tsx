/**
 * Rates over the last minutes as two lines, with the same in words for who sees no picture. The span is always the
 * same, so that a line moves on and is not drawn anew in another scale with each sample.
 */

import type { ReactNode } from 'react'
import { MINUTE_MS } from '../../../src/base/units.ts'
import type { RateSample } from '../api/live.tsx'
import { type Colour, PALETTE } from '../palette.ts'
import { Chart, type ChartOption, scaledPixels, useChartColours } from './chart.tsx'
import { formatRate } from './words.ts'

const HEIGHT_PIXELS = 220
export const RATES_SPAN_MS = 5 * MINUTE_MS
const FONT_PIXELS = 12
const SMOOTH = 0.2
/** Below it an axis would be drawn in bytes that nobody sees move. */
const TOP_MIN = 10_000
const LINES = 4
const STEPS = [1, 2, 4, 8, 10]

/** A round number that all of it is below. */
function roundTop(value: number): number {
  const ten = 10 ** Math.floor(Math.log10(value))
  return (STEPS.find(step => step * ten >= value) ?? 10) * ten
}

export function RateChart({ samples: known }: { readonly samples: readonly RateSample[] }): ReactNode {
  const { isDark, text, line: axisLine } = useChartColours()
  const fontSize = scaledPixels(FONT_PIXELS)
  const last = known.at(-1)
  const endMs = last?.atMs ?? Date.now()
  const samples = known.filter(({ atMs }) => atMs >= endMs - RATES_SPAN_MS)
  const most = Math.max(TOP_MIN, ...samples.flatMap(({ receive, send }) => [receive, send]))
  const top = roundTop(most)
  const line = (name: string, colour: Colour, value: (sample: RateSample) => number) => ({
    ...{ name, type: 'line' as const, showSymbol: false, smooth: SMOOTH, areaStyle: { opacity: 0.1 } },
    ...{ color: isDark ? colour.dark : colour.light, lineStyle: { width: 2 } },
    data: samples.map(sample => [sample.atMs, value(sample)])
  })
  const option: ChartOption = {
    animation: false,
    grid: { left: scaledPixels(76), right: 12, top: scaledPixels(34), bottom: scaledPixels(26) },
    legend: {
      left: 0,
      top: 0,
      icon: 'roundRect',
      itemWidth: 14,
      itemHeight: 4,
      textStyle: { color: text, fontSize }
    },
    tooltip: { trigger: 'axis', renderMode: 'richText', valueFormatter: value => formatRate(Number(value)) },
    xAxis: {
      ...{ type: 'time', min: endMs - RATES_SPAN_MS, max: endMs, axisLine, axisTick: { show: false } },
      axisLabel: {
        formatter: '{HH}:{mm}',
        hideOverlap: true,
        showMinLabel: false,
        showMaxLabel: false,
        ...{ color: text, fontSize }
      }
    },
    yAxis: {
      ...{ type: 'value', min: 0, max: top, interval: top / LINES },
      ...{ axisLabel: { formatter: formatRate, color: text, fontSize }, splitLine: axisLine }
    },
    series: [
      line('Receiving', PALETTE.receive, ({ receive }) => receive),
      line('Sending', PALETTE.send, ({ send }) => send)
    ]
  }
  const words =
    last === undefined
      ? 'No rates yet'
      : `Receiving ${formatRate(last.receive)} and sending ${formatRate(last.send)} now; over this time at most ` +
        `${formatRate(Math.max(...samples.map(({ receive }) => receive)))} and ` +
        `${formatRate(Math.max(...samples.map(({ send }) => send)))}`
  return <Chart option={option} words={words} heightPixels={HEIGHT_PIXELS} />
}
