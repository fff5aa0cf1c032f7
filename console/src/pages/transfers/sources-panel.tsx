/** What the node received over the last hour, by where it came from. */

import { type ReactNode, useState } from 'react'
import { HOUR_MS, MINUTE_MS } from '../../../../src/base/units.ts'
import { FlowChart } from '../../components/flow-chart.tsx'
import { Panel } from '../../components/panel.tsx'
import { RECEIVED } from '../../components/series-words.ts'

/** An address that changes with every look would be another question each time. */
const STEP_MS = MINUTE_MS

export function SourcesPanel(): ReactNode {
  const [fromMs] = useState(() => Math.floor((Date.now() - HOUR_MS) / STEP_MS) * STEP_MS)
  return (
    <Panel title="Received, by where from" note="Each minute of the last hour, as this node measured it">
      <FlowChart series={RECEIVED} fromMs={fromMs} stepMs={STEP_MS} />
    </Panel>
  )
}
