/** What goes when a version is removed from a place: all that it has there and no holding has there too. */

import { sep } from 'node:path'
import type { Version } from '../content/version.ts'
import type { TreeToRemove } from './commit-jobs.ts'
import { type Place, placedFile, treeOf } from './destination.ts'
import { absolute } from './safe-files.ts'

interface PlacedVersion {
  readonly version: Version
  readonly place: Place
}

export function removalOf({ version, place }: PlacedVersion, others: readonly PlacedVersion[]): TreeToRemove {
  const near = others.filter(other => overlaps(other.place.base, place.base))
  const taken = new Set(near.flatMap(other => pathsOf(other).map(path => absolute(path))))
  const isOurs = (path: string) => !taken.has(absolute({ base: place.base, path }))
  // All files and not those that are selected: a narrower selection leaves what an earlier one brought.
  const tree = treeOf(version, place, undefined)
  const other = new Set([...tree.emptyFiles, ...tree.links].map(({ path }) => path))
  return {
    tree: {
      ...tree,
      emptyFiles: tree.emptyFiles.filter(({ path }) => isOurs(path)),
      links: tree.links.filter(({ path }) => isOurs(path))
    },
    files: pathsOf({ version, place }).filter(({ path }) => !other.has(path) && isOurs(path)),
    ownsBase: !version.isSingleFile
  }
}

function pathsOf({ version, place }: PlacedVersion) {
  return version.files.map((_, fileIndex) => placedFile(version, place, fileIndex))
}

function overlaps(one: string, other: string): boolean {
  const isWithin = (inner: string, outer: string) => inner === outer || inner.startsWith(outer + sep)
  return isWithin(one, other) || isWithin(other, one)
}
