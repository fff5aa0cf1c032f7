/**
 * Brings the operations that this device kept back into its ledger, a little at a time: whoever runs these steps
 * decides how long it goes on before other work has its turn.
 */

import { equalBytes } from '../../base/bytes.ts'
import { KIB } from '../../base/units.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { stateDifference } from '../../ledger/snapshot/difference.ts'
import type { LedgerSnapshot } from '../../ledger/snapshot/snapshot.ts'
import type { RecordStore } from '../../store/records.ts'

/** Records that are read from the store, and taken into the ledger, at once. */
const READ_RECORDS = 256
const STEP_RECORDS = 16
/** Of records, after which the state is rendered: large ones say much that is to be rendered. */
const RENDER_BYTES = 64 * KIB

/**
 * In the order in which they were stored, so that each finds what it builds on. A store that was put together in
 * another way can have them in another order; then some wait, and when there are many, some that wait give way to
 * others (orphans.ts). So this goes on until a pass brings nothing. Yields the bytes of each step.
 */
export function* loadRecords(records: RecordStore, ledger: Ledger): Generator<number, void> {
  let before: number
  do {
    before = ledger.size
    let kept = 0
    for (let after = 0; ; ) {
      const page = records.stored({ after, limit: READ_RECORDS })
      const last = page.at(-1)
      if (last === undefined) break
      for (let at = 0; at < page.length; at += STEP_RECORDS) {
        const step = page.slice(at, at + STEP_RECORDS).map(record => record.bytes)
        ledger.add(step, { verifiedBefore: true })
        yield step.reduce((bytes, record) => bytes + record.length, 0)
      }
      kept += page.length
      after = last.place
    }
    if (ledger.size >= kept) return
  } while (ledger.size > before)
}

/** The same for a ledger of which there is a snapshot. Ends with where the two differ; undefined when they do not. */
export function* loadBehind(
  records: RecordStore,
  ledger: Ledger,
  { state, digest, operations }: LedgerSnapshot
): Generator<void, string | undefined> {
  let unrendered = 0
  for (const bytes of loadRecords(records, ledger)) {
    unrendered += bytes
    if (unrendered >= RENDER_BYTES) {
      ledger.state() // rendered little by little, it is no long turn at the end
      unrendered = 0
    }
    yield
  }
  if (ledger.size !== operations) return `${operations} operations, and ${ledger.size} are here`
  if (!equalBytes(ledger.hello().digest, digest)) return 'the digest of the tips'
  return yield* stateDifference(state, ledger.state())
}
