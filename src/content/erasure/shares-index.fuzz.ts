/** Fuzz target of the index of shares: what is accepted encodes to the very same bytes. */

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { piecesRootFromBytes } from '../../base/ids.ts'
import { decodeSharesIndex, encodeSharesIndex, INDEX_BYTES_MAX } from './shared-version.ts'

const root = piecesRootFromBytes(new Uint8Array(32).fill(7))
const scheme = { dataShares: 2, parityShares: 1, unitBytes: 2 ** 16 }

export const seeds: Uint8Array[] = [
  encodeSharesIndex({ scheme, versionBytes: 200_004, roots: [[root], [root], [root]] }),
  encodeSharesIndex({ scheme, versionBytes: 0, roots: [[], [], []] })
]

export function fuzz(input: Uint8Array): void {
  const index = decodeSharesIndex(input)
  if (typeof index === 'string') {
    assert(index.length > 0, 'what is refused has a reason')
    return
  }
  assert(input.length <= INDEX_BYTES_MAX, 'an index is no longer than it may be')
  assert(equalBytes(encodeSharesIndex(index), input), 'an index has one encoding')
}
