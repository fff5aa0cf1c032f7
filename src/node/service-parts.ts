/** What a node's service is given beside the node: what lasts in files of its own. */

import type { PrivacyStore } from '../store/privacy-store.ts'
import type { RiskParts } from './risk/risk-service.ts'

export interface ServiceParts {
  readonly risks?: RiskParts
  /** Notes and cases of privacy; without it, they last while the process runs. */
  readonly privacy?: PrivacyStore
}
