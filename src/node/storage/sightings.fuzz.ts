/** Fuzz target of the record of who was seen when: what is taken is of its shape, whatever is in the file. */

import { assert } from '../../base/assert.ts'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { parsedSightings } from './sightings.ts'

export const seeds: Uint8Array[] = [
  utf8(`{"v":1,"lastMs":5,"deafMs":0,"devices":[["${'ab'.repeat(32)}",4,0]]}`)
]

export function fuzz(input: Uint8Array): void {
  const stored = parsedSightings(fromUtf8(input) ?? '')
  if (stored === undefined) return
  const times = [
    stored.lastMs,
    stored.deafMs,
    ...stored.devices.flatMap(([, seenMs, since]) => [seenMs, since])
  ]
  assert(times.every(Number.isFinite), 'times are numbers')
}
