/** Who did what: the audit logs of this device and of all that answer, and how far they can be believed. */

import type { ReactNode } from 'react'
import { Route, Routes } from 'react-router'
import { NoSuchPage } from '../../shell/no-such-page.tsx'
import { AuditPage } from './audit-page.tsx'

export default function Audit(): ReactNode {
  return (
    <Routes>
      <Route index element={<AuditPage />} />
      <Route path="*" element={<NoSuchPage />} />
    </Routes>
  )
}
