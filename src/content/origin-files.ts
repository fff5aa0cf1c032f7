/**
 * Where the files of a version are at an HTTP origin, in the manner of BEP 19. A URL that ends in a slash is the folder
 * of the version: the path of each file below it, percent-encoded, follows; of a version that is one file, its name. A
 * URL that does not is that of the one file. (BEP 19 also puts the name of a folder behind the URL. A mirror rarely has
 * a folder of that name.)
 *
 * Beside it may lie the .torrent of the version, under the same URL with `.torrent` in the place of the last slash; of
 * an origin that is all of a host, behind that slash.
 */

import type { Version, VersionFile } from './version.ts'

/** Why a version can not be had below a URL; undefined when it can. */
export function originFault(origin: string, version: Version): string | undefined {
  if (version.isSingleFile || origin.endsWith('/')) return undefined
  return 'the version is a folder: the URL of its origin ends in a slash'
}

export function originFileUrl(origin: string, file: VersionFile): string {
  if (!origin.endsWith('/')) return origin
  return origin + file.path.map(encodeURIComponent).join('/')
}

export function originTorrentUrl(origin: string): string {
  // Without a slash it would be another host.
  const isHost = /^[^/]*\/\/[^/]*\/$/.test(origin)
  return `${isHost ? origin : origin.replace(/\/$/, '')}.torrent`
}
