/**
 * Where two states differ. A state that was read back is held against the one that the operations fold to, a little at
 * a time, since both can be large.
 */

import { compareBytes } from '../../base/bytes.ts'
import type { State } from '../fold/state.ts'

/** Entries that are compared before it yields. */
const ENTRIES_AT_ONCE = 128

/** Ends with the first place in which they differ, such as `devices 3f…`; undefined when they are equal. */
export function* stateDifference(a: State, b: State): Generator<void, string | undefined> {
  for (const name of Object.keys(a) as (keyof State)[]) {
    const [mine, theirs] = [a[name], b[name]]
    if (!(mine instanceof Map) || !(theirs instanceof Map)) {
      if (!isSame(mine, theirs)) return name
      continue
    }
    if (mine.size !== theirs.size) return `${name}: ${mine.size} and ${theirs.size}`
    let compared = 0
    for (const [key, value] of mine as Map<unknown, unknown>) {
      if (!isSame(value, theirs.get(key))) return `${name} ${key}`
      compared += value instanceof Map || value instanceof Set ? value.size : 1
      if (compared < ENTRIES_AT_ONCE) continue
      compared = 0
      yield
    }
  }
  return undefined
}

/** Deep equality of plain data. The order of maps and sets says nothing. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Uint8Array) return b instanceof Uint8Array && compareBytes(a, b) === 0
  if (a instanceof Map)
    return (
      b instanceof Map &&
      a.size === b.size &&
      [...a].every(([key, value]) => b.has(key) && isSame(value, b.get(key)))
    )
  if (a instanceof Set) return b instanceof Set && a.size === b.size && [...a].every(entry => b.has(entry))
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((entry, index) => isSame(entry, b[index]))
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => Object.hasOwn(b, key) && isSame(Reflect.get(a, key), Reflect.get(b, key)))
  )
}
