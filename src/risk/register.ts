/** The register: every risk that is watched. An id never changes its meaning: acceptances in the ledger name it. */

import { ACCESS_RISKS } from './register/access-risks.ts'
import { CONTENT_RISKS } from './register/content-risks.ts'
import { GOVERNANCE_RISKS } from './register/governance-risks.ts'
import { OPERATION_RISKS } from './register/operation-risks.ts'
import { PRIVACY_RISKS } from './register/privacy-risks.ts'
import { STORAGE_RISKS } from './register/storage-risks.ts'
import type { RiskSpec } from './risk.ts'

export const RISKS: readonly RiskSpec[] = [
  ...STORAGE_RISKS,
  ...ACCESS_RISKS,
  ...CONTENT_RISKS,
  ...GOVERNANCE_RISKS,
  ...PRIVACY_RISKS,
  ...OPERATION_RISKS
]

export function riskNamed(id: string): RiskSpec | undefined {
  return RISKS.find(risk => risk.id === id)
}
