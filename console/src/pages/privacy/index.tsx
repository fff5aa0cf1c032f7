/** What is asked for under the GDPR: cases with their clocks, persons, erasures, retention, and the registers. */

import type { ReactNode } from 'react'
import { Route, Routes } from 'react-router'
import { NoSuchPage } from '../../shell/no-such-page.tsx'
import { BreachPage } from './breach-page.tsx'
import { BreachesPage } from './breaches-page.tsx'
import { CasePage } from './case-page.tsx'
import { ErasuresPage } from './erasures-page.tsx'
import { PersonsPage } from './persons-page.tsx'
import { PrivacyPage } from './privacy-page.tsx'
import { ProcessingPage } from './processing-page.tsx'
import { RequestPage } from './request-page.tsx'
import { RequestsPage } from './requests-page.tsx'
import { RetentionPage } from './retention-page.tsx'
import { TransfersPage } from './transfers-page.tsx'

export default function Privacy(): ReactNode {
  return (
    <Routes>
      <Route index element={<PrivacyPage />} />
      <Route path="requests" element={<RequestsPage />} />
      <Route path="requests/:id" element={<RequestPage />} />
      <Route path="breaches" element={<BreachesPage />} />
      <Route path="breaches/:id" element={<BreachPage />} />
      <Route path="persons" element={<PersonsPage />} />
      <Route path="erasures" element={<ErasuresPage />} />
      <Route path="erasures/:id" element={<CasePage />} />
      <Route path="retention" element={<RetentionPage />} />
      <Route path="processing" element={<ProcessingPage />} />
      <Route path="transfers" element={<TransfersPage />} />
      <Route path="*" element={<NoSuchPage />} />
    </Routes>
  )
}
