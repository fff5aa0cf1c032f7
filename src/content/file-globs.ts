/**
 * Chooses files of a version by globs, as `get --only` takes them.
 *
 * A glob is matched against the whole path in the version, case by case and character by character (code points):
 * - `*` any number of characters but `/`, and `?` one of them;
 * - `**` any number of characters, `/` too. As a whole component it also stands for no folder at all: `**` `/x` means x
 *   at any depth, the top included;
 * - `[a-z]` one character of a set but never `/`, `[!a-z]` or `[^a-z]` one that is not in it. `]` as the first is itself;
 * - `\` takes the meaning from what follows;
 * - a trailing `/` means all that is in the folder.
 * A glob that begins with `!` excludes. A file is chosen when one glob names it and no `!` glob does; with nothing but
 * `!` globs, all others are chosen. The order of the globs means nothing.
 *
 * Names that begin with a dot are no exception. Matching takes steps in proportion to the lengths of glob and path, so
 * no glob is slow.
 */

import { defined } from '../base/assert.ts'
import type { Version } from './version.ts'

export const GLOBS_MAX = 64
export const GLOB_CHARACTERS_MAX = 1024

type Token =
  | { readonly kind: 'one'; readonly character: string }
  | { readonly kind: 'any' }
  | {
      readonly kind: 'set'
      readonly isNegated: boolean
      readonly ranges: readonly (readonly [string, string])[]
    }
  /** Any number of characters: `*`, or with folders `**`. */
  | { readonly kind: 'run'; readonly crosses: boolean }
  /** Any number of whole folders, none included. */
  | { readonly kind: 'folders' }

export interface FileGlob {
  readonly excludes: boolean
  readonly tokens: readonly Token[]
}

export type GlobFault =
  | 'empty'
  | 'too long'
  | 'a set without its ]'
  | 'a range that runs backwards'
  | 'ends in \\'

/** The glob, or what is wrong with it. */
export function parseGlob(text: string): FileGlob | GlobFault {
  if (text.length > GLOB_CHARACTERS_MAX) return 'too long'
  const excludes = text.startsWith('!')
  const body = excludes ? text.slice(1) : text
  if (body === '' || body === '/') return 'empty'
  const characters = [...(body.endsWith('/') ? `${body}**` : body)]
  const tokens: Token[] = []
  for (let at = 0; at < characters.length; at++) {
    const character = defined(characters[at], 'a character')
    if (character === '*') {
      const stars = parseStars(characters, at)
      tokens.push(stars.token)
      at = stars.end
    } else if (character === '[') {
      const set = parseSet(characters, at + 1)
      if (typeof set === 'string') return set
      tokens.push(set.token)
      at = set.end
    } else if (character === '\\') {
      const next = characters[++at]
      if (next === undefined) return 'ends in \\'
      tokens.push({ kind: 'one', character: next })
    } else tokens.push(character === '?' ? { kind: 'any' } : { kind: 'one', character })
  }
  return { excludes, tokens }
}

/** A token, and where the last of its characters is. */
interface Parsed {
  readonly token: Token
  readonly end: number
}

function parseStars(characters: readonly string[], first: number): Parsed {
  let end = first
  while (characters[end] === '*') end++
  const crosses = end - first > 1
  const isComponent = (first === 0 || characters[first - 1] === '/') && characters[end] === '/'
  // The separator after whole folders belongs to them: where there are none there is none.
  if (crosses && isComponent) return { token: { kind: 'folders' }, end }
  return { token: { kind: 'run', crosses }, end: end - 1 }
}

function parseSet(characters: readonly string[], first: number): Parsed | GlobFault {
  const isNegated = characters[first] === '!' || characters[first] === '^'
  const ranges: [string, string][] = []
  for (let at = isNegated ? first + 1 : first; ; ) {
    const isEnd = characters[at] === ']' && ranges.length > 0
    if (isEnd) return { token: { kind: 'set', isNegated, ranges }, end: at }
    const from = readOfSet(characters, at)
    if (from === undefined) return 'a set without its ]'
    at = from.end
    const to = characters[at] === '-' && characters[at + 1] !== ']' ? readOfSet(characters, at + 1) : from
    if (to === undefined) return 'a set without its ]'
    at = to.end
    if (pointOf(from.character) > pointOf(to.character)) return 'a range that runs backwards'
    ranges.push([from.character, to.character])
  }
}

function readOfSet(
  characters: readonly string[],
  at: number
): { readonly character: string; readonly end: number } | undefined {
  const isTaken = characters[at] === '\\'
  const character = characters[isTaken ? at + 1 : at]
  return character === undefined ? undefined : { character, end: at + (isTaken ? 2 : 1) }
}

function pointOf(character: string): number {
  return character.codePointAt(0) ?? 0
}

function accepts(token: Token, character: string): boolean {
  if (token.kind === 'one') return token.character === character
  if (character === '/') return false
  if (token.kind === 'any') return true
  if (token.kind !== 'set') return false
  const point = pointOf(character)
  const isIn = token.ranges.some(([from, to]) => pointOf(from) <= point && point <= pointOf(to))
  return isIn !== token.isNegated
}

/** Whether a path, its components joined by `/`, is what the glob names, `!` aside. */
export function matchesGlob({ tokens }: FileGlob, path: string): boolean {
  // at[i]: what was read so far can be matched by the first i tokens. All of them move on together.
  let at = reach(tokens, Uint8Array.of(1, ...new Uint8Array(tokens.length)))
  for (const character of path) {
    const next = new Uint8Array(tokens.length + 1)
    if (!at.includes(1)) return false
    for (const [i, token] of tokens.entries()) {
      if (at[i] === 0) continue
      if (token.kind === 'run') next[i] = token.crosses || character !== '/' ? 1 : (next[i] ?? 0)
      else if (token.kind === 'folders') next[i] = 1
      else if (accepts(token, character)) next[i + 1] = 1
    }
    at = reach(tokens, next, character === '/')
  }
  return at[tokens.length] === 1
}

/** Takes in what is reached without a character: a run may be empty, and folders end where a component begins. */
function reach(tokens: readonly Token[], at: Uint8Array, isAtComponent = true): Uint8Array {
  for (const [i, token] of tokens.entries()) {
    if (at[i] === 0) continue
    if (token.kind === 'run' || (token.kind === 'folders' && isAtComponent)) at[i + 1] = 1
  }
  return at
}

/** Globs that were given together. */
export type GlobGroup = readonly FileGlob[]

function choosesPath(group: GlobGroup, path: string): boolean {
  const including = group.filter(glob => !glob.excludes)
  const isNamed = including.length === 0 || including.some(glob => matchesGlob(glob, path))
  return isNamed && !group.some(glob => glob.excludes && matchesGlob(glob, path))
}

/** The indexes of the files that one of the groups chooses; undefined when that is every file. */
export function chooseFiles(version: Version, groups: readonly GlobGroup[]): ReadonlySet<number> | undefined {
  const chosen = new Set<number>()
  for (const [index, { path }] of version.files.entries()) {
    const text = path.join('/')
    if (groups.some(group => choosesPath(group, text))) chosen.add(index)
  }
  return chosen.size === version.files.length ? undefined : chosen
}
