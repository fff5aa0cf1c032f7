/** Fuzz target of the record of the scrub: what decodes is written again to the same bytes. */

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { decodeScrub, encodeScrub, NEW_RECORD } from './scrub-record.ts'

const pass = { beganMs: 1_700_000_000_000, readBytes: 7_000_000_000, badPieces: 2 }

export const seeds: Uint8Array[] = [
  encodeScrub(NEW_RECORD),
  encodeScrub({
    ...{ isPaused: true, rate: 4_000_000, pass: { ...pass, holding: 12, piece: 70_000 } },
    last: { ...pass, endedMs: 1_700_000_900_000 },
    ...{ readBytes: 2 ** 40, badPieces: 3, healedPieces: 1 },
    ailing: new Map([
      [3, 1],
      [12, 2]
    ])
  })
]

export function fuzz(input: Uint8Array): void {
  const read = decodeScrub(input)
  if (read.ok) assert(equalBytes(encodeScrub(read.value), input), 'a record is written one way')
}
