/**
 * Symbolic links of a version (BEP 47, `attr` l and `symlink path`).
 *
 * A stored link names a file or folder of the same version by its path from the version's root. Invariants:
 * the target exists, is not itself a link, and is not a folder that holds the link. Since nothing lies beneath a
 * link, a path of a version never passes through one, and following a link ends after one step.
 *
 * A link on disk is a text, relative to the folder that holds it, and may lead through other links. Publishing
 * resolves it inside the tree, as POSIX path resolution would, to what it finally means; a link that leaves the
 * tree on the way, is absolute or dangles is refused. So `liba.so -> liba.so.1 -> liba.so.1.2` becomes two links
 * to `liba.so.1.2`. On get, {@link linkText} gives the relative text to write.
 */

import { AppError } from '../base/errors.ts'
import type { PathTree } from './path-rules.ts'

/** How many links one resolution follows, as Linux does. */
export const LINK_HOPS_MAX = 40

export const LINK_FAULTS = {
  absolute: 'its target is absolute',
  escape: 'its target lies outside the published tree',
  missing: 'its target is not in the published tree',
  loop: 'its target leads back to the link or to a folder that holds it'
} as const

export type LinkFault = keyof typeof LINK_FAULTS

export type LinkResolution =
  | { readonly target: readonly string[]; readonly fault?: undefined }
  | { readonly fault: LinkFault }

/** A link as it is on disk: `text` has slashes between its components. */
export interface LinkOnDisk {
  readonly path: readonly string[]
  readonly text: string
}

type Kind = 'file' | 'folder' | LinkOnDisk

/** Resolves the links of one tree on disk; `files` are all entries of it that are not links. */
export class LinkResolver {
  readonly #kinds = new Map<string, Kind>()

  constructor(files: Iterable<readonly string[]>, links: Iterable<LinkOnDisk>) {
    for (const path of files) this.#add(path, 'file')
    for (const link of links) this.#add(link.path, link)
  }

  resolve(link: LinkOnDisk): LinkResolution {
    if (link.text.startsWith('/')) return { fault: 'absolute' }
    const at = link.path.slice(0, -1)
    // Last component first, so that a link on the way pushes its own text in front.
    const rest = link.text.split('/').reverse()
    for (let hops = 1; rest.length > 0; ) {
      const component = rest.pop()
      if (component === undefined || component === '' || component === '.') continue
      if (component === '..') {
        if (at.pop() === undefined) return { fault: 'escape' }
        continue
      }
      at.push(component)
      const kind = this.#kinds.get(at.join('/'))
      if (kind === undefined || (kind === 'file' && rest.length > 0)) return { fault: 'missing' }
      if (kind === 'file' || kind === 'folder') continue
      if (++hops > LINK_HOPS_MAX) return { fault: 'loop' }
      if (kind.text.startsWith('/')) return { fault: 'absolute' }
      at.pop()
      rest.push(...kind.text.split('/').reverse())
    }
    return isPrefix(at, link.path) ? { fault: 'loop' } : { target: at }
  }

  #add(path: readonly string[], kind: Kind): void {
    this.#kinds.set(path.join('/'), kind)
    for (let depth = path.length - 1; depth > 0; depth--) {
      const folder = path.slice(0, depth).join('/')
      if (this.#kinds.has(folder)) break
      this.#kinds.set(folder, 'folder')
    }
  }
}

/** What is wrong with a stored link; `isLink` tells whether an entry of the tree is a link itself. */
export function storedLinkFault(
  link: { readonly path: readonly string[]; readonly target: readonly string[] },
  tree: PathTree,
  isLink: (path: readonly string[]) => boolean
): LinkFault | undefined {
  if (isPrefix(link.target, link.path)) return 'loop'
  if (tree.kindOf(link.target) === undefined) return 'missing'
  return isLink(link.target) ? 'loop' : undefined
}

/** The text that a link at `path` carries on disk to lead to `target`. */
export function linkText(path: readonly string[], target: readonly string[]): string {
  let shared = 0
  while (shared < path.length - 1 && shared < target.length - 1 && path[shared] === target[shared]) shared++
  return [...path.slice(shared, -1).map(() => '..'), ...target.slice(shared)].join('/')
}

export function linkError(path: readonly string[], fault: LinkFault, action: string): AppError {
  const name = JSON.stringify(path.join('/').toWellFormed())
  return new AppError(
    'PATH_UNSAFE',
    `can not ${action}: the link ${name} is not safe: ${LINK_FAULTS[fault]}; make it point inside, or remove it`,
    { details: { path: [...path], fault } }
  )
}

function isPrefix(prefix: readonly string[], path: readonly string[]): boolean {
  return prefix.length <= path.length && prefix.every((component, i) => component === path[i])
}
