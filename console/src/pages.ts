/**
 * The pages of the console. A page is a folder in pages/ whose index.tsx has it as its default; a line here gives it
 * its address and its place in the navigation. A page with pages of its own has a router of its own.
 */

import { type ComponentType, lazy } from 'react'
import type { RouteName } from './api/routes.ts'
import {
  AuditIcon,
  DatasetsIcon,
  LedgerIcon,
  NetworkIcon,
  OverviewIcon,
  PerformanceIcon,
  PrivacyIcon,
  RiskIcon,
  SettingsIcon,
  TransfersIcon
} from './shell/icons.tsx'

export interface ConsolePage {
  /** Under `/`, which is the overview, or `/console/`. */
  readonly path: string
  readonly label: string
  readonly icon: ComponentType
  /** What it lives from: who may not call that does not see the page. */
  readonly needs: RouteName
  readonly view: ComponentType
}

export const PAGES: readonly ConsolePage[] = [
  {
    ...{ path: '/', label: 'Overview', icon: OverviewIcon, needs: 'status' },
    view: lazy(() => import('./pages/overview/index.tsx'))
  },
  {
    ...{ path: '/console/network', label: 'Network', icon: NetworkIcon, needs: 'devices' },
    view: lazy(() => import('./pages/network/index.tsx'))
  },
  {
    ...{ path: '/console/datasets', label: 'Datasets', icon: DatasetsIcon, needs: 'datasets' },
    view: lazy(() => import('./pages/datasets/index.tsx'))
  },
  {
    ...{ path: '/console/transfers', label: 'Transfers', icon: TransfersIcon, needs: 'transfers' },
    view: lazy(() => import('./pages/transfers/index.tsx'))
  },
  {
    ...{ path: '/console/ledger', label: 'Ledger', icon: LedgerIcon, needs: 'operations' },
    view: lazy(() => import('./pages/ledger/index.tsx'))
  },
  {
    ...{ path: '/console/risk', label: 'Risk', icon: RiskIcon, needs: 'risks' },
    view: lazy(() => import('./pages/risk/index.tsx'))
  },
  {
    ...{ path: '/console/audit', label: 'Audit', icon: AuditIcon, needs: 'audit' },
    view: lazy(() => import('./pages/audit/index.tsx'))
  },
  {
    ...{ path: '/console/privacy', label: 'Privacy', icon: PrivacyIcon, needs: 'requests' },
    view: lazy(() => import('./pages/privacy/index.tsx'))
  },
  {
    ...{ path: '/console/performance', label: 'Performance', icon: PerformanceIcon, needs: 'levels' },
    view: lazy(() => import('./pages/performance/index.tsx'))
  },
  {
    ...{ path: '/console/settings', label: 'Settings', icon: SettingsIcon, needs: 'tokens' },
    view: lazy(() => import('./pages/settings/index.tsx'))
  }
]
