/** What goes when a holding is erased: all that it has at its place and no other holding has there too. */

import { sep } from 'node:path'
import { placedFile, treeOf } from './destination.ts'
import type { FilesystemHolding } from './filesystem-holding.ts'
import type { TreeToRemove } from './removed-tree.ts'
import { absolute } from './safe-files.ts'

export function removalOf(own: FilesystemHolding, holdings: readonly FilesystemHolding[]): TreeToRemove {
  const { version, files } = own
  const { place } = files
  const others = holdings.filter(other => other !== own && overlaps(other.files.place.base, place.base))
  const taken = new Set(
    others.flatMap(({ files: theirs }) =>
      theirs.version.files.map((_, fileIndex) =>
        absolute(placedFile(theirs.version, theirs.place, fileIndex))
      )
    )
  )
  const isOurs = (path: string) => !taken.has(absolute({ base: place.base, path }))
  // All files and not those that are selected: a narrower selection leaves what an earlier one brought.
  const tree = treeOf(version, place, undefined)
  return {
    tree: {
      ...tree,
      emptyFiles: tree.emptyFiles.filter(({ path }) => isOurs(path)),
      links: tree.links.filter(({ path }) => isOurs(path))
    },
    files: [...files.withBytes()].map(fileIndex => files.final(fileIndex)).filter(({ path }) => isOurs(path)),
    ownsBase: !version.isSingleFile
  }
}

function overlaps(one: string, other: string): boolean {
  const isWithin = (inner: string, outer: string) => inner === outer || inner.startsWith(outer + sep)
  return isWithin(one, other) || isWithin(other, one)
}
