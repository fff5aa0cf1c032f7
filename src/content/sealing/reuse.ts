/**
 * Which objects of the version before a new one can take over: of a file that has not changed, the very same object
 * with the same key, so that who holds the one needs nothing for the other. Files are told apart by pieces root and
 * size; a file that was only moved keeps its object.
 */

import type { FileEntry } from '../file-entries.ts'
import type { Manifest, SealedObject } from './manifest.ts'

/** For each file its object of the version before, or undefined if it is to be sealed; no object is taken twice. */
export function reusedObjects(
  previous: Manifest,
  files: readonly FileEntry[]
): readonly (SealedObject | undefined)[] {
  const byPath = new Map<string, SealedObject>()
  const byContent = new Map<string, SealedObject[]>()
  for (const { object, ...entry } of previous.entries) {
    if (object === undefined) continue
    const content = contentOf(entry)
    byPath.set(`${content}/${entry.path.join('/')}`, object)
    const same = byContent.get(content)
    if (same === undefined) byContent.set(content, [object])
    else same.push(object)
  }
  const reused = files.map(file =>
    file.symlink === undefined ? byPath.get(`${contentOf(file)}/${file.path.join('/')}`) : undefined
  )
  const taken = new Set(reused)
  for (const [at, file] of files.entries()) {
    if (reused[at] !== undefined || file.symlink !== undefined) continue
    const same = byContent.get(contentOf(file)) ?? []
    while (same.length > 0 && taken.has(same.at(-1))) same.pop()
    reused[at] = same.pop()
  }
  return reused
}

function contentOf({ bytes, root }: FileEntry): string {
  return `${bytes}.${root ?? ''}`
}
