/**
 * A transfer as it is on disk: one blob of JSON for each, with the version of its form.
 *
 * - 1: without priority, without a selection.
 * - 2: with `priority` and `only`; states `queued` and `paused`.
 * - 3: with `deadlineAtMs`.
 * - 4: with `isOpened`.
 */

import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { parseVersionId, type VersionId } from '../../base/ids.ts'
import type { Problem, TransferState } from '../service.ts'
import type { Priority } from './transfer-slots.ts'

const RECORD_VERSION = 4

/** What the ledger says of the version when a transfer of it is asked for. */
export interface TransferOrder {
  readonly name: string
  readonly version: VersionId
  readonly ordinal: number
  /** Of the whole version. */
  readonly files: number
  readonly totalBytes: number
  readonly destination: string
  /** What it is read for, as whoever asked for it says. */
  readonly purpose: string | null
  readonly priority: Priority
  /** By when it should be done, as a date; null for whenever. */
  readonly deadlineAtMs: number | null
  /**
   * Globs of the files to fetch, in groups that were given together: a file is fetched that one group chooses. None is
   * for all files.
   */
  readonly only: readonly (readonly string[])[]
  /** Whether the version is sealed, and opened into the destination; else it is kept there as it is. */
  readonly isOpened: boolean
}

export interface TransferRecord extends TransferOrder {
  readonly id: string
  readonly state: TransferState
  readonly startedAtMs: number
  readonly finishedAtMs: number | null
  readonly problem: Problem | null
  /** What the globs choose, once it is known; null for the whole version. */
  readonly selected: { readonly files: number; readonly bytes: number } | null
}

export function encodeRecord(record: TransferRecord): Uint8Array {
  return utf8(JSON.stringify({ v: RECORD_VERSION, ...record }))
}

/** Undefined for what is from a newer program, or damaged. */
export function decodeRecord(bytes: Uint8Array): TransferRecord | undefined {
  const text = fromUtf8(bytes)
  if (text === undefined) return undefined
  const { v, ...record } = JSON.parse(text) as { v: number } & TransferRecord
  if (parseVersionId(record.version) === undefined) return undefined
  if (v === RECORD_VERSION) return record
  if (v === 3) return { ...record, isOpened: false }
  if (v === 2) return { ...record, deadlineAtMs: null, isOpened: false }
  if (v === 1) {
    const { purpose = null } = record
    return {
      ...record,
      purpose,
      priority: 'normal',
      deadlineAtMs: null,
      only: [],
      selected: null,
      isOpened: false
    }
  }
  return undefined
}
