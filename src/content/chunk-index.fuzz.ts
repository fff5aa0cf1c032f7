/** Fuzz target of the chunk index: what is accepted encodes to the very same bytes, and its chunks add up. */

import { assert } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { KIB } from '../base/units.ts'
import { decodeChunkIndex, encodeChunkIndex } from './chunk-index.ts'

const files = [{ bytes: 300 * KIB }, { bytes: 0 }, { bytes: 128 * KIB }]
const version = { totalBytes: 428 * KIB, files }

export const seeds: Uint8Array[] = [
  encodeChunkIndex([]),
  encodeChunkIndex([
    { fileIndex: 0, lengths: Uint32Array.of(100 * KIB, 200 * KIB), hashes: new Uint8Array(32).fill(7) },
    { fileIndex: 2, lengths: Uint32Array.of(128 * KIB), hashes: new Uint8Array(16).fill(9) }
  ])
]

export function fuzz(input: Uint8Array): void {
  const index = decodeChunkIndex(input, version)
  if (typeof index === 'string') {
    assert(index.length > 0, 'what is refused has a reason')
    return
  }
  assert(equalBytes(encodeChunkIndex(index), input), 'an index has one encoding')
  for (const { fileIndex, lengths } of index)
    assert(lengths.reduce((sum, length) => sum + length, 0) === files[fileIndex]?.bytes, 'chunks add up')
}
