/** Fuzz target of the records of what was sealed here: what is read is written again to what reads the same. */

import { assert } from '../../base/assert.ts'
import { equalBytes, utf8 } from '../../base/bytes.ts'
import { decodePlainSource, encodePlainSource } from './sealed-sources.ts'

export const seeds: Uint8Array[] = [utf8('{"v":1,"path":"/home/anna/payroll","info":"ZA=="}')]

export function fuzz(input: Uint8Array): void {
  const source = decodePlainSource(input)
  if (source === undefined) return
  const again = encodePlainSource(source)
  const read = decodePlainSource(again)
  assert(read !== undefined && equalBytes(encodePlainSource(read), again), 'what we write we read')
}
