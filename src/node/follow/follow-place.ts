/**
 * The destination of a follow on disk, and how it goes from one version to another.
 *
 *     DEST                          what programs read: a symbolic link (mode symlink) or a folder (mode rename)
 *     DEST.versions/                the node's own
 *       .peerage-follow             says whose it is, and what DEST was made to be
 *       3-1f2e3d4c5b6a7988/         a version, in whole or while it is fetched
 *       .next                       what DEST is to be, while it is being made
 *       .last-3-1f2e3d4c5b6a7988    mode rename: what DEST was, until it is taken away
 *       kept-…                      what was found in DEST and is not of the version: somebody's own
 *
 * Mode symlink: a new link is made beside and renamed over DEST, in one step: at any instant DEST is the old version or
 * the new one. Mode rename: DEST is a tree of hard links to the version's files. A new tree is made beside, DEST is
 * renamed away and the tree renamed to DEST. After a crash between the two, `commit` given again completes it; for that
 * the caller has noted the identities of both trees before.
 *
 * Nothing is replaced but what was made here: anything else at DEST rejects with DEST_EXISTS and stays.
 */

import { existsSync, realpathSync } from 'node:fs'
import { readdir, readFile, readlink, rename, rm, rmdir, symlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import type { Version } from '../../content/version.ts'
import { makeFolder } from '../../files/make-folder.ts'
import { folderIdentity, onDisk, renameDurably, statOf, syncFolder, writeDurably } from './disk-steps.ts'
import type { FollowMode } from './follow-terms.ts'
import { linkTree, removeTree } from './version-tree.ts'

const MARKER = '.peerage-follow'
const MARKER_VERSION = 1
const NEXT = '.next'
const LAST_PREFIX = '.last-'

/** Whose the folder of versions is, and what the destination was made to be. */
export interface Marker {
  readonly org: string
  readonly dataset: string
  readonly mode: FollowMode
  readonly folder: string | null
  /** Mode rename: the identity of the destination. */
  readonly tree: string | null
}

/** The version that a folder holds. */
type VersionOf = (folder: string) => Version | undefined

export interface SwitchTerms {
  readonly folder: string
  /** Mode rename: the identity of the tree that `build` made. */
  readonly tree: string | null
  /** Mode rename: what the destination is before. */
  readonly from: { readonly folder: string; readonly tree: string } | null
}

/** Absolute, without symbolic links above it; a link that it is itself is left as it is. */
export function followDestination(path: string): string {
  const absolute = resolve(path)
  const name = basename(absolute)
  if (name === '')
    throw new AppError('USAGE', `can not follow into ${absolute}: name a folder that can be replaced`, {
      details: { path: absolute }
    })
  let existing = dirname(absolute)
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing)
  return join(realpathSync(existing), dirname(absolute).slice(existing.length), name)
}

export class FollowPlace {
  readonly destination: string
  readonly mode: FollowMode
  readonly versions: string

  constructor({ destination, mode }: { readonly destination: string; readonly mode: FollowMode }) {
    this.destination = destination
    this.mode = mode
    this.versions = `${destination}.versions`
  }

  path(folder: string): string {
    return join(this.versions, folder)
  }

  async marker(): Promise<Marker | undefined> {
    if (!(await statOf(this.versions))?.isDirectory()) return undefined
    const path = this.path(MARKER)
    const found = await statOf(path)
    if (found === undefined || !found.isFile()) return undefined
    const text = await onDisk('read', path, () => readFile(path, 'utf8'))
    return parseMarker(text)
  }

  async mark(marker: Marker): Promise<void> {
    await writeDurably(this.path(MARKER), utf8(`${JSON.stringify({ v: MARKER_VERSION, ...marker })}\n`))
  }

  /** Makes the folder of versions this follow's. Rejects with DEST_EXISTS, and nothing was written. */
  async claim(owner: Pick<Marker, 'org' | 'dataset'>): Promise<Marker> {
    const known = await this.marker()
    const isOwn =
      known !== undefined &&
      known.org === owner.org &&
      known.dataset === owner.dataset &&
      known.mode === this.mode
    if (known !== undefined && !isOwn) {
      const what = `versions of ${known.dataset}, followed with --mode ${known.mode}`
      throw exists(this.versions, `it holds ${what}; stop that follow and remove the folder`)
    }
    if (known === undefined) await this.#checkFree(this.versions)
    await this.check(isOwn ? (known?.tree ?? null) : null)
    const marker = known ?? { ...owner, mode: this.mode, folder: null, tree: null }
    await onDisk('make', this.versions, () => makeFolder(this.versions))
    await syncFolder(dirname(this.versions))
    await this.mark(marker)
    return marker
  }

  /** Rejects with DEST_EXISTS when something stands at the destination that is not this follow's. */
  async check(tree: string | null): Promise<void> {
    const found = await statOf(this.destination)
    if (found === undefined) return
    if (this.mode === 'symlink' && found.isSymbolicLink()) {
      if ((await this.#linked()) !== undefined) return
      throw exists(this.destination, 'it is a link to somewhere else; remove it')
    }
    if (this.mode === 'rename' && tree !== null && (await folderIdentity(this.destination)) === tree) return
    if (found.isDirectory()) await this.#checkFree(this.destination)
    else throw exists(this.destination, 'something else stands there; move it away')
  }

  /** Whether the destination is at that version. */
  async isAt(folder: string, tree: string | null): Promise<boolean> {
    if (this.mode === 'symlink') return (await this.#linked()) === folder
    return tree !== null && (await folderIdentity(this.destination)) === tree
  }

  /** Makes what `commit` puts into place. Mode rename: returns its identity. */
  async build(version: Version, folder: string): Promise<string | null> {
    await syncFolder(this.versions)
    const next = this.path(NEXT)
    await this.#clearNext()
    if (this.mode === 'symlink') return null
    await linkTree(version, this.path(folder), next)
    await syncFolder(this.versions)
    return (await folderIdentity(next)) ?? null
  }

  /** False when what was built is not there (any more): build again. */
  async commit({ folder, tree, from }: SwitchTerms): Promise<boolean> {
    if (this.mode === 'symlink') {
      if (!(await this.isAt(folder, null))) await this.#relink(folder)
      return true
    }
    if (tree === null) return false
    if (!(await this.isAt(folder, tree))) {
      const next = this.path(NEXT)
      if ((await folderIdentity(next)) !== tree) return false
      await this.check(from?.tree ?? null)
      const isThere = (await statOf(this.destination)) !== undefined
      if (isThere) await this.#setAside(from)
      await onDisk('rename', next, () => rename(next, this.destination))
    }
    await syncFolder(dirname(this.destination))
    await syncFolder(this.versions)
    return true
  }

  /**
   * Takes away what a switch that is over, or came to nothing, left: what was built, and in mode rename what
   * destinations were before. What is in those and not of the version is kept aside: returns where.
   */
  async sweep(versionOf: VersionOf): Promise<string[]> {
    const kept: string[] = []
    await this.#clearNext()
    const names = await onDisk('list', this.versions, () => readdir(this.versions))
    for (const name of names.filter(each => each.startsWith(LAST_PREFIX))) {
      const folder = name.slice(LAST_PREFIX.length)
      const version = versionOf(folder)
      const path = this.path(name)
      if (version !== undefined && (await removeTree(version, path, this.path(folder)))) continue
      const aside = this.path(`kept-${folder}-${Date.now()}`)
      await renameDurably(path, aside)
      kept.push(aside)
    }
    return kept
  }

  /** Has the destination be nothing, where it is at that folder; what is not of the version is kept aside. */
  async leave(
    folder: string,
    { tree, versionOf }: { readonly tree: string | null; readonly versionOf: VersionOf }
  ): Promise<void> {
    const note = this.path(`.removing-${folder}`)
    await onDisk('remove', note, () => rm(note, { force: true }))
    await this.sweep(versionOf)
    if (await this.isAt(folder, tree)) {
      const version = versionOf(folder)
      if (this.mode === 'symlink') await onDisk('remove', this.destination, () => rm(this.destination))
      else if (version === undefined || !(await removeTree(version, this.destination, this.path(folder))))
        await renameDurably(this.destination, this.path(`kept-${folder}-${Date.now()}`))
    }
    await syncFolder(dirname(this.destination))
    await syncFolder(this.versions)
  }

  /** Folders of versions that are there. */
  async folders(): Promise<string[]> {
    const names = await onDisk('list', this.versions, () => readdir(this.versions))
    return names.filter(name => /^[1-9]\d*-[0-9a-f]{16}$/.test(name))
  }

  /** The folder that the destination leads to, when it is a link of ours. */
  async #linked(): Promise<string | undefined> {
    const found = await statOf(this.destination)
    if (!found?.isSymbolicLink()) return undefined
    const target = await onDisk('read', this.destination, () => readlink(this.destination))
    const prefix = `${basename(this.versions)}/`
    const folder = target.slice(prefix.length)
    return target.startsWith(prefix) && folder !== '' && !folder.includes('/') ? folder : undefined
  }

  async #relink(folder: string): Promise<void> {
    await this.check(null)
    await this.#clearNext()
    const next = this.path(NEXT)
    // As it will be read from DEST; so the whole can be moved.
    await onDisk('make', next, () => symlink(`${basename(this.versions)}/${folder}`, next, 'dir'))
    await this.#removeEmptyDestination()
    await renameDurably(next, this.destination)
  }

  async #setAside(from: SwitchTerms['from']): Promise<void> {
    if (from === null) await this.#removeEmptyDestination()
    else {
      const aside = this.path(LAST_PREFIX + from.folder)
      await onDisk('rename', this.destination, () => rename(this.destination, aside))
    }
  }

  async #removeEmptyDestination(): Promise<void> {
    const found = await statOf(this.destination)
    if (found?.isDirectory()) await onDisk('remove', this.destination, () => rmdir(this.destination))
  }

  /** What is there was made here, and is links alone. */
  async #clearNext(): Promise<void> {
    const next = this.path(NEXT)
    await onDisk('remove', next, () => rm(next, { recursive: true, force: true }))
  }

  /** An empty folder, or nothing. */
  async #checkFree(path: string): Promise<void> {
    const found = await statOf(path)
    if (found === undefined) return
    if (!found.isDirectory()) throw exists(path, 'something else stands there; move it away')
    const [first] = await onDisk('list', path, () => readdir(path))
    if (first === undefined) return
    throw exists(path, `it is a folder that holds other files, such as ${join(path, first)}; move it away`)
  }
}

function exists(path: string, why: string): AppError {
  return new AppError(
    'DEST_EXISTS',
    `can not follow into ${path}: ${why}, or choose another destination. Nothing there was touched`,
    { details: { path } }
  )
}

function parseMarker(text: string): Marker | undefined {
  let value: (Partial<Marker> & { v?: number }) | null
  try {
    value = JSON.parse(text) as typeof value
  } catch {
    return undefined
  }
  const { v, org, dataset, mode, folder = null, tree = null } = value ?? {}
  const isMode = mode === 'symlink' || mode === 'rename'
  if (v !== MARKER_VERSION || typeof org !== 'string' || typeof dataset !== 'string' || !isMode)
    return undefined
  const isText = (each: unknown) => each === null || typeof each === 'string'
  return isText(folder) && isText(tree) ? { org, dataset, mode, folder, tree } : undefined
}
