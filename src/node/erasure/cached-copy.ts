/** What was read here of a version that is to be deleted: pieces of it in the store's cache. */

import type { VersionId } from '../../base/ids.ts'
import { pieceIndex } from '../../base/ids.ts'
import { pieceLength } from '../../content/version.ts'
import type { Store } from '../../store/store.ts'
import type { ErasureRecord } from './erasure-record.ts'

/** In what is counted of a deletion, beside the holdings. */
const CACHE_KEY = 'cache'

/** A copy in the cache, that `record` is to say was here before it goes; undefined when there is none. */
export function cachedCopy(
  { cache }: Store,
  version: VersionId
): { noted(record: ErasureRecord): ErasureRecord; remove(): Promise<void> } | undefined {
  const holding = cache?.find(version)
  if (cache === undefined || holding === undefined) return undefined
  let bytes = 0
  for (let piece = 0; piece < holding.version.pieceCount; piece++)
    if (holding.have.has(piece)) bytes += pieceLength(holding.version, pieceIndex(piece))
  return {
    noted: record => {
      const sum = Math.max(record.bytes[CACHE_KEY] ?? 0, bytes)
      return { ...record, bytes: { ...record.bytes, [CACHE_KEY]: sum }, deletedAtMs: null }
    },
    remove: async () => void (await cache.drop(version))
  }
}
