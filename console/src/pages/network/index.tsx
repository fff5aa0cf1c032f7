/** Network: sites and devices, and each device. */

import type { ReactNode } from 'react'
import { Route, Routes } from 'react-router'
import { NoSuchPage } from '../../shell/no-such-page.tsx'
import { DevicePage } from './device-page.tsx'
import { NetworkPage } from './network-page.tsx'

export default function Network(): ReactNode {
  return (
    <Routes>
      <Route index element={<NetworkPage />} />
      <Route path="devices/:device" element={<DevicePage />} />
      <Route path="*" element={<NoSuchPage />} />
    </Routes>
  )
}
