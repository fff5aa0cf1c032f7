/** What the node received and sent in the last minutes: first as it was measured, then as the page hears it. */

import type { ReactNode } from 'react'
import { useAnswers } from '../../api/answers.ts'
import { useLive } from '../../api/live.tsx'
import { Panel } from '../../components/panel.tsx'
import { RATES_SPAN_MS, RateChart } from '../../components/rate-chart.tsx'
import { RECEIVED, SENT } from '../../components/series-words.ts'
import { pastRates } from './past-rates.ts'

const SERIES = [...RECEIVED, ...SENT].map(({ name }) => name)

export function RatesPanel(): ReactNode {
  const { samples, sampledSinceAtMs, clockOffsetMs } = useLive()
  const toMs = sampledSinceAtMs ?? 0
  // Asked once each time that the page begins to listen: what comes later it hears.
  const past = useAnswers(
    'history',
    SERIES.map(series => ({ series, fromMs: Math.max(0, toMs - RATES_SPAN_MS), toMs })),
    { isStill: true, isOff: sampledSinceAtMs === null }
  )
  const measured = past.flatMap(({ data }) => data ?? [])
  const isWhole = measured.length === SERIES.length
  return (
    <Panel title="Now" note="What this node received and sent in the last five minutes">
      <RateChart samples={[...(isWhole ? pastRates(measured, clockOffsetMs) : []), ...samples]} />
    </Panel>
  )
}
