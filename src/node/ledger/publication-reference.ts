/** Which publication of a dataset somebody means, retired and quarantined ones included. */

import { AppError } from '../../base/errors.ts'
import { type DatasetEntry, type DatasetVersion, isAvailable } from '../../ledger/fold/state.ts'

/** By its number or at least eight digits of its id; null is the newest that can be fetched, else the newest. */
export function findPublication(
  { name, versions }: Pick<DatasetEntry, 'name' | 'versions'>,
  version: string | null,
  nowMs: number
): DatasetVersion {
  const matches = versions.filter(
    each =>
      version === null ||
      String(each.ordinal) === version ||
      (version.length >= 8 && each.version.startsWith(version))
  )
  if (new Set(matches.map(each => each.version)).size > 1 && version !== null)
    throw new AppError(
      'DATASET_UNKNOWN',
      `several versions of ${name} start with ${version}; give more of the id`
    )
  const found = matches.findLast(each => isAvailable(each, nowMs)) ?? matches.at(-1)
  if (found !== undefined) return found
  throw new AppError(
    'DATASET_UNKNOWN',
    `${name} has no version ${version}; peerage show ${name} lists them`,
    { details: { dataset: name, version } }
  )
}
