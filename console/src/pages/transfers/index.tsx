/** What this node fetches, gives and follows, now and lately. */

import type { ReactNode } from 'react'
import { Route, Routes } from 'react-router'
import { NoSuchPage } from '../../shell/no-such-page.tsx'
import { TransferPage } from './transfer-page.tsx'
import { TransfersPage } from './transfers-page.tsx'

export default function Transfers(): ReactNode {
  return (
    <Routes>
      <Route index element={<TransfersPage />} />
      <Route path=":id" element={<TransferPage />} />
      <Route path="*" element={<NoSuchPage />} />
    </Routes>
  )
}
