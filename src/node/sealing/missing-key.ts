/** What a device is told that may read a sealed version and can not open it: whose key it waits for, what to do. */

import { AppError } from '../../base/errors.ts'
import { isoTime } from '../../base/words.ts'

const NAMED_MAX = 5

export interface MissingKey {
  readonly dataset: string
  /** Devices that may wrap its key, as people call them, the likeliest first. */
  readonly givers: readonly string[]
  /** Of the newest envelope that is here. */
  readonly envelopeAtMs: number | undefined
}

export function missingKey({ dataset, givers, envelopeAtMs }: MissingKey): AppError {
  const named = givers.slice(0, NAMED_MAX)
  const more = givers.length - named.length
  const whom = `${named.join(', ')}${more > 0 ? ` or ${more} more` : ''}`
  const since =
    envelopeAtMs === undefined
      ? 'none has been seen here yet'
      : `the last envelope here is of ${isoTime(envelopeAtMs)}`
  const todo =
    named.length === 0
      ? 'no member of the org may give it any more: have it published anew'
      : `it waits for ${whom} to be connected and to wrap it, and goes on by itself then; ` +
        "'peerage peers' shows who is connected, so start the node of one of them"
  return new AppError(
    'SEALED_NO_KEY',
    `${dataset} may be read here, but its key has not come, which its publisher, its owner or an admin wraps for this device: ${since}; ${todo}`,
    { details: { dataset, from: named } }
  )
}
