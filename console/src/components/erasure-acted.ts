/** What asking for an erasure answered: what was signed, and what stops or outlives it. */

import type { Answer } from '../api/routes.ts'
import type { Acted } from './outcome.tsx'
import { deviceText } from './words.ts'

const CASE_DIGITS = 12

/** How much of the id of a case people see; the commands take it. */
export function caseText(id: string): string {
  return id.slice(0, CASE_DIGITS)
}

export function erasureActed({ case: id, operations, holds, sources }: Answer<'erase'>): readonly Acted[] {
  const held = holds.map(
    ({ by, name }) => `a hold of ${deviceText(by)} on ${name} delays that anything is deleted`
  )
  const kept = sources.map(
    ({ at, path, goes }) =>
      `the source at ${deviceText(at)}${path === null ? '' : ` (${path})`} ${goes ? 'goes' : 'stays'}`
  )
  return operations.map((operation, at) => ({
    ...operation,
    says: `${operation.says} (case ${caseText(id)})`,
    warnings: at === 0 ? [...operation.warnings, ...held, ...kept] : operation.warnings
  }))
}
