/**
 * Which paths a version may hold. One rule for publish and for get: a tree that one machine may publish, every
 * machine may write, whatever its system, so that nothing is renamed, merged or lost on the way.
 *
 * A path is a list of components. Refused are
 * - components that navigate or split: empty, `.`, `..`, and `/` or `\` inside, so that no path is absolute or
 *   leaves its folder;
 * - what Windows cannot store or reads as something else: `<>:"|?*`, device names such as NUL or com1.txt, a
 *   trailing dot or space;
 * - control characters (C0, DEL, C1), which hide in terminals and logs;
 * - names of our own part files;
 * - components, paths and nesting longer than the named limits;
 * - two entries that a system without case, or one that normalises Unicode, takes for one: equal under canonical
 *   equivalence and case mapping. That holds for folders on the way, too: `Docs/a` beside `docs/b`.
 *
 * Names are Unicode in UTF-8 and otherwise kept byte for byte: nothing is normalised, because the id of a version
 * covers the bytes. Invalid UTF-8 and unpaired surrogates are refused. Which characters are equal follows the
 * Unicode version of the runtime; a newer one may refuse a tree that an older one took, never write it wrongly.
 *
 * An empty folder is not representable: BEP 52 knows files only.
 */

import { utf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'

/** Ends the name of a file that is still being written. */
export const PART_SUFFIX = '.peerage-part'
/** What ext4, APFS and NTFS allow, the first counting bytes of UTF-8. */
export const COMPONENT_BYTES_MAX = 255
/** Components of UTF-8 with a separator between each two: what macOS allows, less room for the destination. */
export const PATH_BYTES_MAX = 1024 - 128
/** BitTorrent clients read a file tree nested this deep within a .torrent. */
export const PATH_COMPONENTS_MAX = 90

export const PATH_FAULTS = {
  'no-components': 'it has no components',
  'empty-component': 'a component is empty',
  'dot-component': 'a component is "." or ".."',
  separator: 'a component holds a slash or a backslash',
  'not-unicode': 'a component is not valid Unicode',
  'control-character': 'a component holds a control character',
  'windows-character': 'a component holds one of < > : " | ? *, which Windows forbids',
  'windows-device': 'a component is the name of a Windows device',
  'trailing-dot-or-space': 'a component ends in a dot or a space, which Windows drops',
  'part-file': `a component ends in ${PART_SUFFIX}, the name of an unfinished file`,
  'component-too-long': `a component is longer than ${COMPONENT_BYTES_MAX} B in UTF-8`,
  'path-too-long': `it is longer than ${PATH_BYTES_MAX} B in UTF-8`,
  'too-deep': `it has more than ${PATH_COMPONENTS_MAX} components`,
  duplicate: 'it is there twice',
  collision: 'another path is the same one to a system without case or one that normalises Unicode'
} as const

export type PathFault = keyof typeof PATH_FAULTS

export interface PathProblem {
  readonly fault: PathFault
  readonly path: readonly string[]
  /** The path that it collides with. */
  readonly other?: string
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/
const WINDOWS_CHARACTER = /[<>:"|?*]/
/** The superscripts count as digits in device names; so does anything after a dot not count at all. */
const WINDOWS_DEVICE =
  /^(con|prn|aux|nul|clock\$|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\.|$)/i
const TRAILING_DOT_OR_SPACE = /[. ]$/
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/

/** What is wrong with one component by itself; also the rule for the name of a version. */
export function componentFault(component: string): PathFault | undefined {
  if (component === '') return 'empty-component'
  if (component === '.' || component === '..') return 'dot-component'
  if (component.includes('/') || component.includes('\\')) return 'separator'
  if (!component.isWellFormed()) return 'not-unicode'
  if (CONTROL.test(component)) return 'control-character'
  if (WINDOWS_CHARACTER.test(component)) return 'windows-character'
  if (TRAILING_DOT_OR_SPACE.test(component)) return 'trailing-dot-or-space'
  if (WINDOWS_DEVICE.test(component)) return 'windows-device'
  if (component.toLowerCase().endsWith(PART_SUFFIX)) return 'part-file'
  if (isLongerThan(component, COMPONENT_BYTES_MAX)) return 'component-too-long'
  return undefined
}

/** What is wrong with one path by itself. */
export function pathFault(path: readonly string[]): PathFault | undefined {
  if (path.length === 0) return 'no-components'
  if (path.length > PATH_COMPONENTS_MAX) return 'too-deep'
  for (const component of path) {
    const fault = componentFault(component)
    if (fault !== undefined) return fault
  }
  return isLongerThan(path.join('/'), PATH_BYTES_MAX) ? 'path-too-long' : undefined
}

/** Encodes only what could be too long: a UTF-16 code unit takes at most three bytes of UTF-8. */
function isLongerThan(text: string, bytesMax: number): boolean {
  return text.length * 3 > bytesMax && utf8(text).length > bytesMax
}

/**
 * A key that is equal for components that some file system takes for one. It is coarser than any one system:
 * upper case of lower case also joins what only one of the two mappings joins.
 */
export function collisionKey(component: string): string {
  if (PRINTABLE_ASCII.test(component)) return component.toUpperCase()
  return component.normalize('NFD').toLowerCase().toUpperCase().normalize('NFC')
}

/** The paths of a version, each checked by itself and against those before it. */
export class PathTree {
  /** By collision key, how the entry or folder is spelled; a path of either kind is joined by slashes. */
  readonly #entries = new Map<string, string>()
  readonly #folders = new Map<string, string>()
  /** By spelling, the collision key of a folder that passed. */
  readonly #folderKeys = new Map<string, string>([['', '']])

  /** Adds the path of a file or link; on a problem the tree is not to be used further. */
  add(path: readonly string[]): PathProblem | undefined {
    const fault = pathFault(path)
    if (fault !== undefined) return { fault, path }
    const folder = path.slice(0, -1)
    const problem = this.#addFolder(folder)
    if (problem !== undefined) return { ...problem, path }
    const spelling = path.join('/')
    const key = joinKey(this.#folderKeys.get(folder.join('/')) ?? '', path[path.length - 1] ?? '')
    const other = this.#entries.get(key) ?? this.#folders.get(key)
    if (other !== undefined) return { fault: other === spelling ? 'duplicate' : 'collision', path, other }
    this.#entries.set(key, spelling)
    return undefined
  }

  /** What is at exactly this path. */
  kindOf(path: readonly string[]): 'entry' | 'folder' | undefined {
    const spelling = path.join('/')
    if (this.#folderKeys.has(spelling)) return 'folder'
    const key = path.reduce(joinKey, '')
    return this.#entries.get(key) === spelling ? 'entry' : undefined
  }

  #addFolder(folder: readonly string[]): PathProblem | undefined {
    if (this.#folderKeys.has(folder.join('/'))) return undefined
    let key = ''
    for (let depth = 1; depth <= folder.length; depth++) {
      key = joinKey(key, folder[depth - 1] ?? '')
      const spelling = folder.slice(0, depth).join('/')
      const other = this.#entries.get(key) ?? this.#folders.get(key) ?? spelling
      if (this.#entries.has(key) || other !== spelling) {
        return { fault: other === spelling ? 'duplicate' : 'collision', path: folder, other }
      }
      this.#folders.set(key, spelling)
      this.#folderKeys.set(spelling, key)
    }
    return undefined
  }
}

function joinKey(folderKey: string, component: string): string {
  const key = collisionKey(component)
  return folderKey === '' ? key : `${folderKey}/${key}`
}

export function pathError(problem: PathProblem, action: string): AppError {
  const path = JSON.stringify(problem.path.join('/').toWellFormed())
  const other = problem.other === undefined ? '' : ` (${JSON.stringify(problem.other)})`
  return new AppError(
    'PATH_UNSAFE',
    `can not ${action}: the path ${path} is not safe on every system: ${PATH_FAULTS[problem.fault]}${other}; rename it`,
    { details: { path: [...problem.path], fault: problem.fault, other: problem.other ?? null } }
  )
}
