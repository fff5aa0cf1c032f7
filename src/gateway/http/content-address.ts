/**
 * Addresses of files of versions: `/content/NAME[@VERSION]/PATH`. NAME is one component, so a slash in it is written
 * %2F. A path that ends in a slash is a folder.
 */

import { AppError } from '../../base/errors.ts'
import type { VersionReference } from '../../node/service.ts'

export const CONTENT_PREFIX = '/content'

export interface ContentAddress {
  readonly reference: VersionReference
  /** Components; none for the root of the version. */
  readonly path: readonly string[]
  readonly isFolder: boolean
}

/** Of a path as it was requested, without the query. AppError USAGE. */
export function parseContentAddress(pathname: string): ContentAddress {
  const [name = '', ...rest] = pathname
    .slice(CONTENT_PREFIX.length + 1)
    .split('/')
    .map(decoded)
  const at = name.indexOf('@')
  const reference =
    at < 0 ? { name, version: null } : { name: name.slice(0, at), version: name.slice(at + 1) }
  const isFolder = rest.at(-1) === '' || rest.length === 0
  const path = rest.at(-1) === '' ? rest.slice(0, -1) : rest
  return { reference, path, isFolder }
}

export function contentAddress(
  { name, version }: VersionReference,
  { path, isFolder }: Pick<ContentAddress, 'path' | 'isFolder'>
): string {
  const root = encodeURIComponent(name) + (version === null ? '' : `@${encodeURIComponent(version)}`)
  const parts = [CONTENT_PREFIX, root, ...path.map(encodeURIComponent)]
  return parts.join('/') + (isFolder ? '/' : '')
}

function decoded(component: string): string {
  try {
    return decodeURIComponent(component)
  } catch {
    throw new AppError('USAGE', `${JSON.stringify(component)} in the address is no percent-encoded UTF-8`)
  }
}
