/** How this node behaves: who calls it by a token, who signs in, and what limits its traffic. */

import { SimpleGrid } from '@mantine/core'
import type { ReactNode } from 'react'
import { Route, Routes } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { useSession } from '../../api/session.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { NoSuchPage } from '../../shell/no-such-page.tsx'
import { BandwidthPanel } from './bandwidth-panel.tsx'
import { ClassesPanel } from './classes-panel.tsx'
import { RoomPanel } from './room-panel.tsx'
import { SessionsPanel } from './sessions-panel.tsx'
import { SignInPanel } from './sign-in-panel.tsx'
import { TokensPanel } from './tokens-panel.tsx'

export default function Settings(): ReactNode {
  return (
    <Routes>
      <Route index element={<SettingsPage />} />
      <Route path="*" element={<NoSuchPage />} />
    </Routes>
  )
}

function SettingsPage(): ReactNode {
  const { may } = useSession()
  const status = useAnswer('status', {}, { isOff: !may('status') })
  const node = status.data?.device.name ?? 'the node that is asked'
  return (
    <PageFrame title="Settings" lead={`Of ${node} alone, but for the classes; other devices have their own`}>
      <TokensPanel />
      <SessionsPanel />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        {may('limits') && <BandwidthPanel />}
        {may('storage') && <RoomPanel />}
      </SimpleGrid>
      <SignInPanel />
      {may('classes') && <ClassesPanel />}
    </PageFrame>
  )
}
