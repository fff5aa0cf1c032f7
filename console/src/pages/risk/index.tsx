/** The risk register, and each risk with what its score follows from. */

import type { ReactNode } from 'react'
import { Route, Routes } from 'react-router'
import { NoSuchPage } from '../../shell/no-such-page.tsx'
import { RegisterPage } from './register-page.tsx'
import { RiskPage } from './risk-page.tsx'

export default function Risk(): ReactNode {
  return (
    <Routes>
      <Route index element={<RegisterPage />} />
      <Route path=":id" element={<RiskPage />} />
      <Route path="*" element={<NoSuchPage />} />
    </Routes>
  )
}
