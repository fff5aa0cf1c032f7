/** What this device got from its peers instead of from far away. */

import { Stack, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { DAY_MS } from '../../../../src/base/units.ts'
import { useAnswer } from '../../api/answers.ts'
import type { Answer } from '../../api/routes.ts'
import { Answered } from '../../components/answered.tsx'
import { Panel } from '../../components/panel.tsx'
import { PartsBar } from '../../components/parts-bar.tsx'
import { dateText, formatBytes, percentText } from '../../components/words.ts'
import { colourVariable } from '../../palette.ts'

const DAYS = 30
const EVERY_MS = 60_000

export function SavingsPanel(): ReactNode {
  const [fromMs] = useState(() => Date.now() - DAYS * DAY_MS)
  const savings = useAnswer('savings', { fromMs }, { everyMs: EVERY_MS })
  return (
    <Panel
      title="Savings of this device"
      note={`The last ${DAYS} days, as this device measured them; not the fleet's`}
    >
      <Answered of={savings}>{known => <Savings savings={known} />}</Answered>
    </Panel>
  )
}

function Savings({ savings }: { readonly savings: Answer<'savings'> }): ReactNode {
  const { siteBytes, wanBytes, originBytes, centralBytes, wanAvoidedBytes, firstAtMs } = savings
  const total = siteBytes + wanBytes + originBytes
  if (total === 0)
    return <Text size="sm">This device has received nothing in that time, so it saved nothing.</Text>
  const parts = [
    { label: 'from its own site', bytes: siteBytes, color: colourVariable('near') },
    { label: 'from other sites', bytes: wanBytes, color: colourVariable('far') },
    { label: 'from an origin', bytes: originBytes, color: colourVariable('origin') }
  ].filter(({ bytes }) => bytes > 0)
  return (
    <Stack gap="sm">
      <Text fz={26} fw={650} lh={1.2}>
        {formatBytes(wanAvoidedBytes)}
      </Text>
      <Text size="sm">
        did not cross the link of its site: {percentText(wanAvoidedBytes, centralBytes)} of the{' '}
        {formatBytes(centralBytes)} that one server elsewhere would have sent.
      </Text>
      <PartsBar parts={parts} size="lg" />
      {firstAtMs !== null && (
        <Text size="sm" c="dimmed">
          Measured since {dateText(firstAtMs)}.
        </Text>
      )}
    </Stack>
  )
}
