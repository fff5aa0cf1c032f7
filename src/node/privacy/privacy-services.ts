/** The parts of the admin API that are about privacy, over one store. */

import type { PrivacyStore } from '../../store/privacy-store.ts'
import type { LocalAuditService } from '../audit/audit-service.ts'
import type { LocalErasureService } from '../erasure/erasure-service.ts'
import { whenWhole } from '../ledger/when-whole.ts'
import type { Problem } from '../service-words.ts'
import type { StorageService } from '../storage/storage-terms.ts'
import { LocalBreachService } from './breach-service.ts'
import type { BreachService } from './breach-terms.ts'
import type { PrivacyService } from './privacy-calls.ts'
import { LocalPrivacyService, type PrivateNode } from './privacy-service.ts'
import { LocalRequestService } from './request-service.ts'
import type { RequestService } from './request-terms.ts'

export interface PrivacyServicesInit {
  readonly store: PrivacyStore
  readonly audit: LocalAuditService
  readonly storage: StorageService
  readonly erasures: LocalErasureService
}

export interface PrivacyServices {
  readonly privacy: PrivacyService
  readonly breaches: BreachService
  readonly requests: RequestService
  /** Cases whose time is over. */
  problems(): Problem[]
}

export function privacyServices(node: PrivateNode, init: PrivacyServicesInit): PrivacyServices {
  const { keeper } = node
  const breaches = new LocalBreachService(node, init)
  const requests = new LocalRequestService(node, init)
  return {
    privacy: whenWhole<PrivacyService>(new LocalPrivacyService(node, init), keeper),
    breaches: whenWhole<BreachService>(breaches, keeper),
    requests: whenWhole<RequestService>(requests, keeper),
    problems: () => [...breaches.problems(), ...requests.problems()]
  }
}
