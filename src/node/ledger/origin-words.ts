/** Origins as people name them, and whose they are. */

import { AppError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import { isAvailable, type State } from '../../ledger/fold/state.ts'
import { isOriginUrl, ORIGIN_URL_CHARACTERS_MAX } from '../../ledger/operation/origin-url.ts'

/** Throws AppError USAGE. The URL is not repeated: what is wrong with it may be a password. */
export function checkOriginUrl(url: string): void {
  // Nobody may be able to connect to what the ledger takes, such as a port that does not exist.
  if (isOriginUrl(url) && URL.canParse(url)) return
  throw new AppError(
    'USAGE',
    'that can not be the URL of an origin: it begins with http:// or https://, has a host in small letters, a port ' +
      'that exists and a path from / on, percent-encoded where needed, and neither a user, a password, a query nor a fragment, since every ' +
      `member of the org reads it; at most ${ORIGIN_URL_CHARACTERS_MAX} characters`
  )
}

/** Where a version can be had beside the devices of the org, as the ledger says. */
export function originOf(
  { datasets, publishedAs }: State,
  version: VersionId,
  nowMs: number
): string | undefined {
  for (const name of [...(publishedAs.get(version) ?? [])].sort()) {
    const named = datasets
      .get(name)
      ?.versions.find(
        each => each.version === version && each.origin !== undefined && isAvailable(each, nowMs)
      )
    if (named?.origin !== undefined) return named.origin
  }
  return undefined
}
