/** What of a node need not be on disk before it goes on. */

import { SECOND_MS } from '../base/units.ts'
import type { RecordStore } from '../store/records.ts'
import type { Log } from './log.ts'
import { OwedBlobs } from './owed-blobs.ts'
import type { Problem } from './service-words.ts'

export class OwedParts {
  /** Where devices say that they are, and what was seen of devices: said and seen again after a crash. */
  readonly ofOthers: OwedBlobs
  /** Beacons and overrides: on disk before anything follows from them, unless it has no room. */
  readonly beacons: OwedBlobs
  /** How far transfers are: who asked for one asks again. */
  readonly transfers: OwedBlobs

  constructor({ store, log }: { readonly store: { readonly records: RecordStore }; readonly log: Log }) {
    const { records } = store
    const of = (what: string, withinMs: number) => new OwedBlobs({ records, what, withinMs, log })
    this.ofOthers = of('what other devices said', 5 * SECOND_MS)
    this.beacons = of('beacons', 0)
    this.transfers = of('transfers', 0)
  }

  problems(): Problem[] {
    return this.#all().flatMap(blobs => blobs.problems())
  }

  close(): void {
    for (const blobs of this.#all()) blobs.close()
  }

  #all(): OwedBlobs[] {
    return [this.ofOthers, this.beacons, this.transfers]
  }
}
