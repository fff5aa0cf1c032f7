/**
 * What this device did about an erased version, as it is on disk: a JSON record with a version marker in the node's
 * records, under `erasure/` and the version. It names no file and no folder, but for sources that are still there.
 */

import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { parseVersionId, type VersionId } from '../../base/ids.ts'
import type { RecordStore } from '../../store/records.ts'

const BLOB_PREFIX = 'erasure/'
const RECORD_VERSION = 1

/** What was published in place and is left to its owner. */
export interface LeftSource {
  readonly path: string
  /** The info dictionary, in base64: so it is known what is to be deleted there if its owner asks for that. */
  readonly info: string
}

/** Where a sealed version was opened into plain files, to be deleted with it. */
export interface OpenedTree {
  readonly path: string
  /** The info dictionary of the plain version, in base64; null where it could not be known any more. */
  readonly info: string | null
}

export interface ErasureRecord {
  readonly version: VersionId
  /** Bytes by holding; noted before the first of them goes, so that a crash does not have them forgotten. */
  readonly bytes: Readonly<Record<string, number>>
  readonly keys: boolean
  readonly sources: readonly LeftSource[]
  /** Absent when there is none, and when all were deleted. */
  readonly opened?: readonly OpenedTree[]
  /** Somebody here agreed that what was published from here is deleted too. */
  readonly deletesSources: boolean
  /** When nothing was left, but for the sources; null until then. */
  readonly deletedAtMs: number | null
}

export function freshRecord(version: VersionId): ErasureRecord {
  return { version, bytes: {}, keys: false, sources: [], deletesSources: false, deletedAtMs: null }
}

export class ErasureRecords {
  readonly #records: RecordStore
  readonly #known = new Map<VersionId, ErasureRecord>()

  constructor(records: RecordStore) {
    this.#records = records
    for (const { bytes } of records.listBlobs(BLOB_PREFIX)) {
      const record = decodeErasureRecord(bytes)
      if (record !== undefined) this.#known.set(record.version, record)
    }
  }

  all(): ErasureRecord[] {
    return [...this.#known.values()]
  }

  find(version: VersionId): ErasureRecord | undefined {
    return this.#known.get(version)
  }

  save(record: ErasureRecord): void {
    this.#known.set(record.version, record)
    this.#records.putBlob(BLOB_PREFIX + record.version, encodeErasureRecord(record))
  }
}

export function encodeErasureRecord(record: ErasureRecord): Uint8Array {
  return utf8(JSON.stringify({ v: RECORD_VERSION, ...record }))
}

/** Undefined for what no version of this program wrote. */
export function decodeErasureRecord(encoded: Uint8Array): ErasureRecord | undefined {
  let value: (Partial<ErasureRecord> & { v?: unknown }) | null
  try {
    value = JSON.parse(fromUtf8(encoded) ?? '') as typeof value
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value?.v !== RECORD_VERSION) return undefined
  const { version: id, bytes, keys, sources, opened, deletesSources, deletedAtMs } = value
  const version = typeof id === 'string' ? parseVersionId(id) : undefined
  if (version === undefined || typeof keys !== 'boolean' || typeof deletesSources !== 'boolean')
    return undefined
  if (typeof bytes !== 'object' || bytes === null || !Object.values(bytes).every(isCount)) return undefined
  if (!Array.isArray(sources) || !sources.every(isSource)) return undefined
  if (opened !== undefined && (!Array.isArray(opened) || !opened.every(isOpenedTree))) return undefined
  if (deletedAtMs !== null && !isCount(deletedAtMs)) return undefined
  const known = { version, bytes, keys, sources, deletesSources, deletedAtMs }
  return opened === undefined ? known : { ...known, opened }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isOpenedTree(value: unknown): value is OpenedTree {
  if (typeof value !== 'object' || value === null || !('path' in value) || !('info' in value)) return false
  return typeof value.path === 'string' && (value.info === null || typeof value.info === 'string')
}

function isSource(value: unknown): value is LeftSource {
  return isOpenedTree(value) && value.info !== null
}
