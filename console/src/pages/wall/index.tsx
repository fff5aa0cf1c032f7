/**
 * A screen on a wall: how things are, large, with nothing to do. What it shows takes no more than the scope `watch`,
 * and with a token of that alone it stays signed in for as long as the token lives.
 */

import { Alert, Anchor, Box, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import { Link } from 'react-router'
import { attendance } from '../../api/attendance.ts'
import { onlyWatches } from '../../api/credential.ts'
import { Live, useActivity, useLive } from '../../api/live.tsx'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { Ago, useNowMs } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { FaultBoundary } from '../../shell/fault-boundary.tsx'
import { Mark } from '../../shell/icons.tsx'
import { NodeLine } from '../../shell/node-line.tsx'
import { SchemeButton } from '../../shell/scheme-button.tsx'
import { Figures } from '../overview/figures.tsx'
import { Health } from '../overview/health.tsx'
import { useNeeds, useStatus } from '../overview/how-it-is.ts'
import { RatesPanel } from '../overview/rates-panel.tsx'
import { SavingsPanel } from '../overview/savings-panel.tsx'
import { comeBack } from './come-back.ts'
import { SpreadPanel } from './spread-panel.tsx'

/** Nobody scrolls a wall: the rest is counted. */
const NEEDS_MAX = 3

export default function Wall(): ReactNode {
  const { who } = useSession()
  const isScreen = onlyWatches(who)
  useEffect(() => {
    document.title = 'Wall · Peerage'
    document.documentElement.dataset.wall = ''
    return () => {
      delete document.documentElement.dataset.wall
    }
  }, [])
  useEffect(() => (isScreen ? attendance.stay() : undefined), [isScreen])
  return (
    <Live>
      <FaultBoundary onFault={isScreen ? () => comeBack() : undefined}>
        <Stack component="main" gap="md" p="lg" mih="100dvh">
          <Top isScreen={isScreen} />
          <Stale />
          <Shown isScreen={isScreen} />
        </Stack>
      </FaultBoundary>
    </Live>
  )
}

function Top({ isScreen }: { readonly isScreen: boolean }): ReactNode {
  const activity = useActivity()
  return (
    <Group justify="space-between" gap="md">
      <Group gap="sm" wrap="nowrap">
        <Mark size={40} />
        <Box>
          <Title order={1} size="h2">
            {activity?.org.name ?? 'Peerage'}
          </Title>
          <NodeLine />
        </Box>
      </Group>
      <Group gap="md">
        {!isScreen && (
          <Anchor component={Link} to="/" size="sm">
            Back to the console
          </Anchor>
        )}
        <Clock />
        <SchemeButton />
      </Group>
    </Group>
  )
}

function Clock(): ReactNode {
  const nowMs = useNowMs()
  return (
    <Text fz={26} fw={650} style={{ fontVariantNumeric: 'tabular-nums' }}>
      {new Date(nowMs).toLocaleTimeString(undefined, { timeStyle: 'short' })}
    </Text>
  )
}

/** Nobody touches a wall, so what is old on it says so from afar. */
function Stale(): ReactNode {
  const { activity, isConnected, asOfAtMs } = useLive()
  if (activity === null || isConnected) return null
  return (
    <Alert color="red" variant="outline" role="alert" title="The node does not answer">
      <Text size="sm">
        What is shown here is of <Ago atMs={asOfAtMs} />, and goes on by itself when it answers again.
      </Text>
    </Alert>
  )
}

function Shown({ isScreen }: { readonly isScreen: boolean }): ReactNode {
  const status = useStatus()
  return <Answered of={status}>{known => <Known status={known} isScreen={isScreen} />}</Answered>
}

function Known(props: { readonly status: Answer<'status'>; readonly isScreen: boolean }): ReactNode {
  const { status, isScreen } = props
  const { needs, storage } = useNeeds(status)
  useNewSoftware(status.software, isScreen)
  return (
    <>
      <Figures status={status} />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Stack gap="md">
          <Health needs={needs.map(({ to: _, ...need }) => need)} storage={storage} shownMax={NEEDS_MAX} />
          <RatesPanel />
        </Stack>
        <Stack gap="md">
          <SpreadPanel />
          <SavingsPanel />
        </Stack>
      </SimpleGrid>
    </>
  )
}

/** A page that is up for months is made anew by the software that its node runs by then. */
function useNewSoftware(software: string, isScreen: boolean): void {
  const [first] = useState(software)
  useEffect(() => {
    if (isScreen && software !== first) window.location.reload()
  }, [software, first, isScreen])
}
