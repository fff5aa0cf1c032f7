/**
 * What a kill at this instant would leave of folders: a copy made while no code of this thread runs. What worker
 * threads and system calls under way still write is waited for, as it would land after a kill too: the copy counts when
 * nothing has changed while it was made, so no file in it is newer than another that was written because of it.
 */

import { cpSync, existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const TRIES_MAX = 200

/** Copies each of the folders that is there to its name with `suffix`. */
export function crashImage(folders: readonly string[], suffix: string): void {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const before = signatureOf(folders)
    let isWhole = true
    for (const folder of folders) {
      rmSync(folder + suffix, { recursive: true, force: true })
      try {
        if (existsSync(folder))
          cpSync(folder, folder + suffix, {
            recursive: true,
            verbatimSymlinks: true,
            preserveTimestamps: true
          })
      } catch {
        isWhole = false // something went while it was copied
      }
    }
    if (isWhole && before === signatureOf(folders)) return
  }
  throw new Error(`${folders.join(' and ')} change all the time`)
}

/** Makes a folder what its image is. What is the same stays: a kill changes neither inodes nor dates of files. */
export function becomeImage(folder: string, suffix: string): void {
  const image = folder + suffix
  keepSame(folder, image)
  rmSync(folder, { recursive: true, force: true })
  if (existsSync(image)) renameSync(image, folder)
}

/** Puts each file of a folder in the place of its copy, where nobody has written to it since. */
function keepSame(folder: string, image: string): void {
  const copied = lstatSync(image, { throwIfNoEntry: false })
  const original = lstatSync(folder, { throwIfNoEntry: false })
  if (copied === undefined || original === undefined) return
  if (copied.isDirectory() && original.isDirectory()) {
    for (const name of readdirSync(image)) keepSame(join(folder, name), join(image, name))
    return
  }
  // Dates of copies have milliseconds at the best.
  const isUntouched = Math.abs(copied.mtimeMs - original.mtimeMs) < 2 && copied.size === original.size
  if (!copied.isFile() || !original.isFile() || !isUntouched) return
  if (readFileSync(image).equals(readFileSync(folder))) renameSync(folder, image)
}

/** Of what lies there: names, sizes, and when each was written. */
function signatureOf(folders: readonly string[]): string {
  const lines: string[] = []
  const visit = (path: string): void => {
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    if (stats === undefined) return
    lines.push(
      `${path} ${stats.ino} ${stats.isDirectory() ? '' : stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`
    )
    if (!stats.isDirectory()) return
    let names: string[] = []
    try {
      names = readdirSync(path)
    } catch {
      lines.push('gone')
    }
    for (const name of names.sort()) visit(join(path, name))
  }
  for (const folder of folders) visit(folder)
  return lines.join('\n')
}
