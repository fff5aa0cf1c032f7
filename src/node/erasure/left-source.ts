/**
 * Files that were published in place, of a version that was erased since: the store has forgotten them, and their owner
 * deletes them, or agrees here that they are deleted.
 */

import { existsSync, lstatSync } from 'node:fs'
import type { VersionId } from '../../base/ids.ts'
import { decodeInfo } from '../../content/info.ts'
import { sha256 } from '../../store/sha256.ts'
import type { Holding, Store } from '../../store/store.ts'
import type { SealedSources } from '../sealing/sealed-sources.ts'
import type { ErasureRecord, LeftSource } from './erasure-record.ts'

/** Whether all that was published in place is there, by its names and sizes. */
export function isSourceThere({ version, root }: Pick<Holding, 'version' | 'root'>): boolean {
  return version.files.every(file => {
    const path = version.isSingleFile ? root : [root, ...file.path].join('/')
    const stats = lstatSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return false
    return file.symlink === undefined ? stats.isFile() && stats.size === file.bytes : stats.isSymbolicLink()
  })
}

/** Whether any of its files is there, by its name. */
export function isAnyThere({ path, info }: LeftSource): boolean {
  const { isSingleFile, files } = decodeInfo(Buffer.from(info, 'base64'), sha256)
  const paths = isSingleFile ? [path] : files.map(file => [path, ...file.path].join('/'))
  return paths.some(each => existsSync(each))
}

/**
 * `left` while there is any file of the version and nobody agreed; and where there is none, which may be for a disk that
 * is put away, until a person asked to look.
 */
export async function deleteLeftSource(
  { path, info }: LeftSource,
  store: Pick<Store, 'removeSource'>,
  { isAgreed, isAsked }: { readonly isAgreed: boolean; readonly isAsked: boolean }
): Promise<'left' | { readonly bytes: number }> {
  const version = decodeInfo(Buffer.from(info, 'base64'), sha256)
  if (isAnyThere({ path, info }))
    return isAgreed ? { bytes: await store.removeSource(version, path) } : 'left'
  return isAsked ? { bytes: 0 } : 'left'
}

/** Files of their owner that an erasure leaves, unless `goes`: their deletion was agreed to. */
export interface SourceHere {
  readonly path: string
  readonly goes: boolean
}

/** What was published in place from this device, or sealed from plain files that are there, or left before. */
export function sourcesHere(
  version: VersionId,
  {
    store,
    record,
    sealedSources,
    ownsSource
  }: {
    readonly store: Pick<Store, 'holdings'>
    readonly record: ErasureRecord | undefined
    readonly sealedSources?: Pick<SealedSources, 'of'>
    /** Whether a source is of the node's own making, which goes with its copies. */
    readonly ownsSource?: (path: string) => boolean
  }
): SourceHere[] {
  const published = store
    .holdings()
    .filter(each => each.kind === 'source' && each.version.id === version && ownsSource?.(each.root) !== true)
    .map(({ root }) => root)
  const sealed = sealedSources?.of(version)
  const plain = sealed !== undefined && isAnyThere(sealed) ? [sealed.path] : []
  const left = record?.sources.map(({ path }) => path) ?? []
  const goes = record?.deletesSources ?? false
  return [...new Set([...published, ...plain, ...left])].sort().map(path => ({ path, goes }))
}
