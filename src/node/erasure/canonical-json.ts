/**
 * JSON in the one form that can be signed (RFC 8785): no white space, keys by their UTF-16 code units. For strings,
 * whole numbers, booleans, null, lists and objects of these; what is undefined in an object is left out, as
 * JSON.stringify does.
 */

import { assert } from '../../base/assert.ts'

export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(each => canonicalJson(each)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined)
    const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${sorted.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(',')}}`
  }
  const encoded: string | undefined = JSON.stringify(value)
  assert(encoded !== undefined, 'a value of JSON')
  return encoded
}
