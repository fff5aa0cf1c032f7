/** Lists one folder for publishing, in a hash worker. Follows no link. */

import { lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fromUtf8 } from '../base/bytes.ts'
import { failureOf } from './failure.ts'
import type { ListedEntry, ListJob, ListResult } from './hash-jobs.ts'
import { fileIdentityOf } from './linked-inodes.ts'
import { checkParents } from './safe-files.ts'

/** Owner may execute: what BEP 47 knows of permissions. */
const EXECUTABLE = 0o100

function listEntry(folder: string, rawName: Uint8Array): ListedEntry {
  const name = fromUtf8(rawName)
  if (name === undefined) return { kind: 'other', name: Buffer.from(rawName).toString(), isUnicode: false }
  const path = join(folder, name)
  const stats = lstatSync(path)
  const named = { name, isUnicode: true }
  if (stats.isFile())
    return {
      ...{ ...named, kind: 'file', bytes: stats.size, executable: (stats.mode & EXECUTABLE) !== 0 },
      // Numbers of inodes can be larger than what is exact in a double.
      linked: stats.nlink > 1 ? fileIdentityOf(lstatSync(path, { bigint: true })) : null
    }
  if (stats.isDirectory()) return { ...named, kind: 'folder' }
  if (stats.isSymbolicLink()) return { ...named, kind: 'link', link: readlinkSync(path).replaceAll(sep, '/') }
  return { ...named, kind: 'other' }
}

export function listFolder(job: ListJob): ListResult {
  const folder = join(job.base, job.path)
  try {
    checkParents({ base: job.base, path: job.path === '' ? 'x' : `${job.path}/x` })
    const names = readdirSync(folder, { encoding: 'buffer' })
    return { kind: 'list', outcome: 'listed', entries: names.map(name => listEntry(folder, name)) }
  } catch (error) {
    return { kind: 'list', outcome: 'failed', failure: failureOf('publish', folder, error) }
  }
}
