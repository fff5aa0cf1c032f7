/** Whose word all of this is: the org, the node that is asked, how old its word is and from how many peers. */

import { Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useActivity, useLive } from '../api/live.tsx'
import { Ago } from '../components/ago.tsx'
import { Dot } from '../components/dot.tsx'

export function OrgName(): ReactNode {
  const activity = useActivity()
  return (
    <Text fw={650} size="lg" truncate>
      {activity?.org.name ?? 'Peerage'}
    </Text>
  )
}

export function NodeLine(): ReactNode {
  const { activity, asOfAtMs, isConnected } = useLive()
  if (activity === null) return <Text size="sm">Waiting for the node</Text>
  const { device, peersConnected, peersKnown } = activity
  return (
    <Group gap={6} wrap="nowrap" align="baseline">
      <Dot tone={isConnected ? 'good' : 'bad'} />
      <Text size="sm" c="dimmed" data-testid="node-line">
        <Text span inherit fw={600} c="var(--mantine-color-text)">
          {device.name}
        </Text>{' '}
        in {device.site}
        {!isConnected && (
          <Text span inherit fw={600} c="error">
            {' '}
            does not answer
          </Text>
        )}
        , as of <Ago atMs={asOfAtMs} />, linked with {peersConnected.toLocaleString('en')} of{' '}
        {peersKnown.toLocaleString('en')} peers
      </Text>
    </Group>
  )
}
