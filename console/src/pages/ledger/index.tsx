/** The ledger: every operation that was signed, who signed it, whether it counts, and what proves that. */

import type { ReactNode } from 'react'
import { Route, Routes } from 'react-router'
import { NoSuchPage } from '../../shell/no-such-page.tsx'
import { AuthorityPage } from './authority-page.tsx'
import { FeedsPage } from './feeds-page.tsx'
import { OperationPage } from './operation-page.tsx'
import { OperationsPage } from './operations-page.tsx'
import { ProofPage } from './proof-page.tsx'

export default function Ledger(): ReactNode {
  return (
    <Routes>
      <Route index element={<OperationsPage />} />
      <Route path="operations/:id" element={<OperationPage />} />
      <Route path="feeds" element={<FeedsPage />} />
      <Route path="authority" element={<AuthorityPage />} />
      <Route path="proof" element={<ProofPage />} />
      <Route path="*" element={<NoSuchPage />} />
    </Routes>
  )
}
