/**
 * Files that were published in place, of a version that was erased since: the store has forgotten them, and their owner
 * deletes them, or agrees here that they are deleted.
 */

import { existsSync } from 'node:fs'
import { decodeInfo } from '../../content/info.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Store } from '../../store/store.ts'
import type { LeftSource } from './erasure-record.ts'

/** `left` while there is any file of the version and nobody agreed. */
export async function deleteLeftSource(
  { path, info }: LeftSource,
  store: Pick<Store, 'removeSource'>,
  { isAgreed }: { readonly isAgreed: boolean }
): Promise<'left' | { readonly bytes: number }> {
  const version = decodeInfo(Buffer.from(info, 'base64'), sha256)
  if (isAgreed) return { bytes: await store.removeSource(version, path) }
  const paths = version.isSingleFile ? [path] : version.files.map(file => [path, ...file.path].join('/'))
  return paths.some(each => existsSync(each)) ? 'left' : { bytes: 0 }
}
