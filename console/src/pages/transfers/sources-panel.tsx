/** What the node received over the last hour, by where it came from. */

import { type ReactNode, useState } from 'react'
import { HOUR_MS, MINUTE_MS } from '../../../../src/base/units.ts'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Answered } from '../../components/answered.tsx'
import { Chart, type ChartOption, useChartColours } from '../../components/chart.tsx'
import { Panel } from '../../components/panel.tsx'
import { formatBytes } from '../../components/words.ts'
import { PALETTE } from '../../palette.ts'

const HEIGHT_PIXELS = 240
const EVERY_MS = 30_000
/** An address that changes with every look would be another question each time. */
const STEP_MS = MINUTE_MS

const KINDS = [
  { series: 'received/same-site', name: 'Same site', ...PALETTE.near },
  { series: 'received/other-sites', name: 'Over the WAN', ...PALETTE.far },
  { series: 'received/origins', name: 'Origin', ...PALETTE.origin }
] as const

type History = Answer<'history'>

export function SourcesPanel(): ReactNode {
  const [fromMs] = useState(() => Math.floor((Date.now() - HOUR_MS) / STEP_MS) * STEP_MS)
  const asked = (series: string) => ({ series, fromMs, stepMs: STEP_MS })
  const near = useAnswer('history', asked(KINDS[0].series), { everyMs: EVERY_MS })
  const far = useAnswer('history', asked(KINDS[1].series), { everyMs: EVERY_MS })
  const origins = useAnswer('history', asked(KINDS[2].series), { everyMs: EVERY_MS })
  return (
    <Panel title="Received, by where from" note="Each minute of the last hour, as this node measured it">
      <Answered of={near}>
        {first => (
          <Answered of={far}>
            {second => <Answered of={origins}>{third => <Bars parts={[first, second, third]} />}</Answered>}
          </Answered>
        )}
      </Answered>
    </Panel>
  )
}

function Bars({ parts }: { readonly parts: readonly History[] }): ReactNode {
  const { isDark, text, line } = useChartColours()
  const option: ChartOption = {
    animation: false,
    grid: { left: 76, right: 12, top: 34, bottom: 26 },
    legend: { left: 0, top: 0, icon: 'roundRect', itemWidth: 14, itemHeight: 8, textStyle: { color: text } },
    xAxis: {
      ...{ type: 'time', splitNumber: 4, axisLabel: { hideOverlap: true, color: text }, axisLine: line },
      ...{ min: parts[0]?.fromMs ?? 0, max: parts[0]?.toMs ?? 0 }
    },
    yAxis: {
      ...{ type: 'value', min: 0, minInterval: 1, splitNumber: 3 },
      ...{ axisLabel: { formatter: formatBytes, color: text }, splitLine: line }
    },
    series: KINDS.map(({ name, light, dark }, at) => ({
      ...{ name, type: 'bar' as const, stack: 'received', color: isDark ? dark : light, barMaxWidth: 14 },
      data: (parts[at]?.points ?? []).map(point => [point.atMs, point.sum])
    }))
  }
  const sums = parts.map(({ points }) => points.reduce((sum, point) => sum + point.sum, 0))
  const words = KINDS.map(({ name }, at) => `${name}: ${formatBytes(sums[at] ?? 0)}`).join('; ')
  const minutes = Math.round(HOUR_MS / MINUTE_MS)
  return (
    <Chart
      option={option}
      words={`Received in the last ${minutes} minutes. ${words}`}
      heightPixels={HEIGHT_PIXELS}
    />
  )
}
