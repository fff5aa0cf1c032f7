/**
 * A follow as it is on disk: a JSON record with a version marker, beside the transfers in the node's records. It is the
 * journal of a switch: `switching` is there from before the first change of the destination until after the last, and
 * `hookDue` from then until the hook has ended, so that each is completed after a crash at any instant.
 */

import { createHash } from 'node:crypto'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { parseVersionId, type VersionId } from '../../base/ids.ts'
import type { RecordStore } from '../../store/records.ts'
import type { Log } from '../log.ts'
import type { Problem } from '../service.ts'
import type { FailedVersion, FollowedVersion, FollowOptions, HookRun, SwitchReason } from './follow-terms.ts'

const BLOB_PREFIX = 'follow/'
const RECORD_VERSION = 1
const ID_DIGITS = 16

export interface Switching {
  readonly to: FollowedVersion
  readonly reason: SwitchReason
  /** Mode rename: identity of the tree that becomes the destination. */
  readonly tree: string | null
}

export interface FollowRecord extends FollowOptions {
  readonly id: string
  readonly name: string
  readonly destination: string
  readonly sinceAtMs: number
  readonly pinned: number | null
  readonly current: (FollowedVersion & { readonly atMs: number }) | null
  readonly previous: FollowedVersion | null
  /** Mode rename: identity of the destination as it was made. */
  readonly tree: string | null
  /** Versions that have a folder here, the oldest use first. */
  readonly versions: readonly FollowedVersion[]
  readonly switching: Switching | null
  readonly hookDue: { readonly reason: SwitchReason } | null
  readonly lastHook: HookRun | null
  readonly failed: readonly FailedVersion[]
  /** What a person should still know of the switch to the current version. */
  readonly notice: Problem | null
}

export function followId(destination: string): string {
  return createHash('sha256').update(destination).digest('hex').slice(0, ID_DIGITS)
}

/** The folder of a version: readable by its number, and never that of another version. */
export function followedVersion({
  version,
  ordinal
}: {
  readonly version: VersionId
  readonly ordinal: number
}): FollowedVersion {
  return { version, ordinal, folder: `${ordinal}-${version.slice(0, ID_DIGITS)}` }
}

export function newRecord(of: {
  readonly name: string
  readonly destination: string
  readonly options: FollowOptions
  readonly nowMs: number
}): FollowRecord {
  const { mode, keep, hook, hookTimeoutMs, onHookFailure, purpose } = of.options
  return {
    ...{ id: followId(of.destination), name: of.name, destination: of.destination, sinceAtMs: of.nowMs },
    ...{ mode, keep, hook, hookTimeoutMs, onHookFailure, purpose },
    ...{ pinned: null, current: null, previous: null, tree: null, versions: [], switching: null },
    ...{ hookDue: null, lastHook: null, failed: [], notice: null }
  }
}

export class FollowRecords {
  readonly #records: RecordStore

  constructor(records: RecordStore) {
    this.#records = records
  }

  /** What a later version of the program wrote is left alone, and said. */
  load(log: Log): FollowRecord[] {
    return this.#records.listBlobs(BLOB_PREFIX).flatMap(({ key, bytes }) => {
      const record = parseRecord(bytes)
      if (record === undefined)
        log.error({ record: key }, 'a follow is not one that this version wrote: it rests')
      return record ?? []
    })
  }

  save(record: FollowRecord): void {
    this.#records.putBlob(BLOB_PREFIX + record.id, encodeRecord(record))
  }

  remove(id: string): void {
    this.#records.deleteBlob(BLOB_PREFIX + id)
  }
}

export function encodeRecord(record: FollowRecord): Uint8Array {
  return utf8(JSON.stringify({ v: RECORD_VERSION, ...record }))
}

export function parseRecord(bytes: Uint8Array): FollowRecord | undefined {
  const text = fromUtf8(bytes)
  if (text === undefined) return undefined
  let value: ({ v?: unknown } & FollowRecord) | null
  try {
    value = JSON.parse(text) as typeof value
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value?.v !== RECORD_VERSION) return undefined
  const { v: _, ...record } = value
  if (!Array.isArray(record.versions) || !Array.isArray(record.failed)) return undefined
  const named = [record.current, record.previous, record.switching?.to, ...record.versions]
  return named.every(each => each == null || isFollowed(each)) ? record : undefined
}

function isFollowed({ version, ordinal, folder }: FollowedVersion): boolean {
  const id = parseVersionId(version)
  return id !== undefined && folder === followedVersion({ version: id, ordinal }).folder
}

export function withoutTime(current: FollowRecord['current']): FollowedVersion | null {
  if (current === null) return null
  const { version, ordinal, folder } = current
  return { version, ordinal, folder }
}
