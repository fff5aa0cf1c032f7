/** Whether service levels are met, who gives how much, what the fleet saves, and how this node went over time. */

import type { ReactNode } from 'react'
import { Route, Routes } from 'react-router'
import { NoSuchPage } from '../../shell/no-such-page.tsx'
import { LevelPage } from './level-page.tsx'
import { LevelsPage } from './levels-page.tsx'
import { OverTimePage } from './over-time-page.tsx'
import { ParticipationPage } from './participation-page.tsx'
import { SavingsPage } from './savings-page.tsx'

export default function Performance(): ReactNode {
  return (
    <Routes>
      <Route index element={<LevelsPage />} />
      <Route path="levels/:name" element={<LevelPage />} />
      <Route path="participation" element={<ParticipationPage />} />
      <Route path="savings" element={<SavingsPage />} />
      <Route path="over-time" element={<OverTimePage />} />
      <Route path="*" element={<NoSuchPage />} />
    </Routes>
  )
}
