/**
 * The org's ledger on the disk of this device.
 *
 * Kept as records: every accepted operation under its feed and position. Of a fork, which is evidence that a device
 * signed two histories, the later-come operations are kept under a key of their own. As blobs: the founding root
 * (`root/<version>`), and the roots that follow (`root/<version>/<hash of the record>`).
 *
 * What this device signs is on disk before anybody hears of it. What others signed counts at once: who is revoked is
 * not to stay because our disk is full. It is owed to the disk meanwhile, which is tried again and again; after a crash
 * it comes from peers again. Nothing of our own is stored, and so nothing signed, before all that is owed.
 */

import { assert } from '../../base/assert.ts'
import { toHex } from '../../base/bytes.ts'
import type { Root } from '../../ledger/chain/root.ts'
import { feedKey } from '../../ledger/fold/feed.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import type { FeedRecord, NamedBlob, RecordStore } from '../../store/records.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Log } from '../log.ts'
import { OwedWriting } from '../owed-writing.ts'
import type { Problem } from '../service-words.ts'

const ROOT_PREFIX = 'root/'

/** The founding root first, the others by version. */
export function rootBlobs(records: RecordStore): NamedBlob[] {
  return records.listBlobs(ROOT_PREFIX)
}

/** Keeps root records, such as the chain of a new org before the first keeper opens it. */
export function saveRoots(records: RecordStore, roots: readonly Root[]): void {
  records.putBlobs(
    roots.map(({ version, record }) => {
      const place = `${ROOT_PREFIX}${String(version).padStart(8, '0')}`
      // Of a later version there can be several, and of one root several records.
      return { key: version === 1 ? place : `${place}/${toHex(sha256(record))}`, bytes: record }
    })
  )
}

export interface Taken {
  readonly roots?: readonly Root[]
  readonly operations?: readonly Operation[]
}

export class KeptRecords {
  readonly #records: RecordStore
  readonly #owedRoots: Root[] = []
  readonly #owed: FeedRecord[] = []
  readonly #writing: OwedWriting

  constructor({ records, log }: { readonly records: RecordStore; readonly log: Log }) {
    this.#records = records
    this.#writing = new OwedWriting({ write: () => this.#storeOwed(), what: 'the ledger', log })
  }

  /** Keeps what others signed: now, or once that is possible. */
  take({ roots = [], operations = [] }: Taken): void {
    this.#owedRoots.push(...roots)
    for (const operation of operations) this.#owed.push(recordOf(operation))
    this.#writing.now()
  }

  /** Makes an operation of this device durable. Throws AppError DISK_FULL, STORAGE_FAILED: then it is not kept. */
  keepOwn(operation: Operation): void {
    this.#storeOwed()
    this.#keep(recordOf(operation))
  }

  problems(): Problem[] {
    return this.#writing.problems()
  }

  close(): void {
    this.#writing.close()
  }

  #storeOwed(): void {
    if (this.#owedRoots.length > 0) saveRoots(this.#records, this.#owedRoots)
    this.#owedRoots.length = 0
    if (this.#owed.length === 0) return
    const { outcome } = this.#records.append(this.#owed)
    if (outcome === 'conflict') for (const row of this.#owed) this.#keep(row)
    this.#owed.length = 0
  }

  #keep(row: FeedRecord): void {
    if (this.#records.append([row]).outcome === 'durable') return
    const kept = this.#records.append([{ ...row, feed: `${row.feed}/fork/${row.id}` }])
    assert(kept.outcome === 'durable', 'an operation under its own id has no rival')
  }
}

function recordOf(operation: Operation): FeedRecord {
  return { feed: feedKey(operation), seq: operation.seq, id: operation.id, bytes: operation.record }
}
