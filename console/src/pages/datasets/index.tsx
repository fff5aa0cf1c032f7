/** Datasets, and each dataset with its versions. */

import type { ReactNode } from 'react'
import { Route, Routes } from 'react-router'
import { NoSuchPage } from '../../shell/no-such-page.tsx'
import { DatasetPage } from './dataset-page.tsx'
import { DatasetsPage } from './datasets-page.tsx'

export default function Datasets(): ReactNode {
  return (
    <Routes>
      <Route index element={<DatasetsPage />} />
      <Route path=":name" element={<DatasetPage />} />
      <Route path="*" element={<NoSuchPage />} />
    </Routes>
  )
}
