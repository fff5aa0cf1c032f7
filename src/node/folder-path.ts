/** Where paths lie to each other. */

import { sep } from 'node:path'

/** Whether `inner` is `outer`, or lies below it. */
export function isWithin(inner: string, outer: string): boolean {
  const folder = outer.endsWith(sep) ? outer : outer + sep
  return inner === outer || inner.startsWith(folder)
}
