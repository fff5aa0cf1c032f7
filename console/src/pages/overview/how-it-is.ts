/** What the node says of itself, asked again and again, and what of it needs a person. */

import { useAnswer } from '../../api/answers.ts'
import { useActivity } from '../../api/live.tsx'
import type { Answer } from '../../api/routes.ts'
import { useSession } from '../../api/session.tsx'
import { type Attention, attention } from './attention.ts'

const STATUS_EVERY_MS = 5_000
const STORAGE_EVERY_MS = 30_000
const RISKS_EVERY_MS = 60_000

export function useStatus() {
  return useAnswer('status', {}, { everyMs: STATUS_EVERY_MS })
}

/** Without `hasRisks` for a screen that everybody passes: it is not to say where the org is weak. */
export function useNeeds(
  status: Answer<'status'>,
  { hasRisks = false }: { readonly hasRisks?: boolean } = {}
): {
  readonly needs: readonly Attention[]
  readonly storage: Answer<'storage'> | undefined
} {
  const activity = useActivity()
  const { may } = useSession()
  const storage = useAnswer('storage', {}, { everyMs: STORAGE_EVERY_MS })
  const waiting = useAnswer('operations', { effect: 'waiting', limit: 1 }, { isOff: !may('operations') })
  const risks = useAnswer('risks', {}, { everyMs: RISKS_EVERY_MS, isOff: !hasRisks || !may('risks') })
  const needs = attention({
    ...{ status, transfers: activity?.transfers ?? [], storage: storage.data ?? null },
    waiting: waiting.data?.matched ?? 0,
    risks: risks.data?.risks
  })
  return { needs, storage: storage.data }
}
