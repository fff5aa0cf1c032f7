/**
 * Files that have more names than one (hard links), by what they are to the system: so that one of a folder that is to
 * stay there is known under a name elsewhere, where no path shows it.
 */

import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

interface Named {
  readonly dev: bigint
  readonly ino: bigint
}

/** The same for all names of a file, and for no other that is there. */
export function fileIdentityOf({ dev, ino }: Named): string {
  return `${dev}:${ino}`
}

/** Of the files in `folder` and below it, but for folders of these names. What goes meanwhile is left out. */
export async function linkedInodes(
  folder: string,
  { except = [] }: { readonly except?: readonly string[] } = {}
): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const folders = [folder]
  for (let next = folders.pop(); next !== undefined; next = folders.pop())
    for (const entry of await readdir(next, { withFileTypes: true }).catch((): Dirent[] => [])) {
      const path = join(next, entry.name)
      if (entry.isDirectory()) {
        if (!except.includes(entry.name)) folders.push(path)
        continue
      }
      if (!entry.isFile()) continue
      const stats = await lstat(path, { bigint: true }).catch(() => undefined)
      if (stats !== undefined && stats.nlink > 1n) found.add(fileIdentityOf(stats))
    }
  return found
}
