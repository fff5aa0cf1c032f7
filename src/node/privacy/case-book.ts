/** Cases of one kind in the store of this device: JSON with a version marker, found by the beginning of their ids. */

import { randomBytes } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import type { PrivacyStore } from '../../store/privacy-store.ts'

const CASE_BYTES = 6
const RECORD_VERSION = 1
const PREFIX_CHARACTERS_MIN = 4
const PREFIX = new RegExp(`^[0-9a-f]{${PREFIX_CHARACTERS_MIN},${2 * CASE_BYTES}}$`)

export interface CaseRecord {
  readonly id: string
}

export class CaseBook<Record extends CaseRecord> {
  readonly #store: PrivacyStore
  readonly #kind: string

  constructor(store: PrivacyStore, kind: string) {
    this.#store = store
    this.#kind = kind
  }

  newId(): string {
    return randomBytes(CASE_BYTES).toString('hex')
  }

  /** What no version of this program wrote is left out. */
  all(): Record[] {
    return this.#store.cases(this.#kind).flatMap(({ value }) => {
      const { v, ...record } = JSON.parse(value) as Record & { readonly v: unknown }
      return v === RECORD_VERSION ? [record as unknown as Record] : []
    })
  }

  /** AppError CASE_UNKNOWN. */
  find(prefix: string): Record {
    const matches = PREFIX.test(prefix) ? this.all().filter(({ id }) => id.startsWith(prefix)) : []
    const [match, ...others] = matches
    if (match !== undefined && others.length === 0) return match
    const why = match === undefined ? 'no' : `${matches.length}`
    throw new AppError(
      'CASE_UNKNOWN',
      `${why} ${this.#kind} here has an id that begins with ${JSON.stringify(prefix)}: give ${PREFIX_CHARACTERS_MIN} ` +
        `digits or more of one of peerage ${this.#kind} list`
    )
  }

  put(record: Record): void {
    const value = JSON.stringify({ v: RECORD_VERSION, ...record })
    this.#store.putCase({ id: record.id, kind: this.#kind, value })
    this.#store.scrub()
  }

  delete({ id }: Record): void {
    this.#store.deleteCase(id)
  }
}
