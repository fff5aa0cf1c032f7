/** Names the set of records that a store holds, whatever order they came in. */

import { createHash } from 'node:crypto'
import type { RecordStore } from './records.ts'

export interface RecordIdentity {
  readonly count: number
  /** SHA-256 over the ids in ascending order. */
  readonly hash: Uint8Array
}

/** Goes through the ids a little at a time. */
export function* recordIdentity(records: RecordStore): Generator<void, RecordIdentity> {
  const hash = createHash('sha256')
  let count = 0
  for (let page = records.ids(''); page !== undefined; page = records.ids(page.last)) {
    hash.update(page.joined)
    count += page.count
    yield
  }
  return { count, hash: new Uint8Array(hash.digest()) }
}
