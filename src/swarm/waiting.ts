/** Whether time alone may make something to do in a transfer. */

import type { MetadataExchange } from './metadata-exchange.ts'
import type { TransferContext } from './transfer-context.ts'
import type { VersionParts } from './version-parts.ts'

export function waits(
  { sessions, origin }: TransferContext,
  metadata: MetadataExchange,
  parts: VersionParts | undefined
): boolean {
  const isGreeting = [...sessions.values()].some(session => session.flags === undefined)
  const hasSource = sessions.size > 0 || origin.isReady
  return (
    isGreeting ||
    (!metadata.isKnown && hasSource) ||
    parts?.blame.isEmpty === false ||
    parts?.schedule.needsReview === true ||
    (hasSource && parts?.downloads.needsTicks === true)
  )
}
