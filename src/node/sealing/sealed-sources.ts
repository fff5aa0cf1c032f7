/**
 * Where the plain files lie that were sealed on this device: they are their owner's, as a source that is published in
 * place is, and are told of when the version is erased. A record for each version under `sealed-source/`, which goes
 * with it.
 */

import { fromUtf8, utf8 } from '../../base/bytes.ts'
import type { VersionId } from '../../base/ids.ts'
import type { RecordStore } from '../../store/records.ts'
import type { HashedTree } from '../../store/store.ts'

const PREFIX = 'sealed-source/'
const RECORD_VERSION = 1

export interface PlainSource {
  readonly path: string
  /** The info dictionary of the plain files, in base64. */
  readonly info: string
}

export class SealedSources {
  readonly #records: RecordStore

  constructor(records: RecordStore) {
    this.#records = records
  }

  note(version: VersionId, { source, version: plain }: HashedTree): void {
    const info = Buffer.from(plain.infoBytes).toString('base64')
    this.#records.putBlob(PREFIX + version, encodePlainSource({ path: source, info }))
  }

  of(version: VersionId): PlainSource | undefined {
    const encoded = this.#records.getBlob(PREFIX + version)
    return encoded === undefined ? undefined : decodePlainSource(encoded)
  }

  forget(version: VersionId): void {
    this.#records.deleteBlob(PREFIX + version)
  }
}

export function encodePlainSource(source: PlainSource): Uint8Array {
  return utf8(JSON.stringify({ v: RECORD_VERSION, ...source }))
}

/** Undefined for what no version of this program wrote. */
export function decodePlainSource(encoded: Uint8Array): PlainSource | undefined {
  let value: { v?: unknown; path?: unknown; info?: unknown } | null
  try {
    value = JSON.parse(fromUtf8(encoded) ?? '') as typeof value
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value?.v !== RECORD_VERSION) return undefined
  const { path, info } = value
  return typeof path === 'string' && typeof info === 'string' ? { path, info } : undefined
}
