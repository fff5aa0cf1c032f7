/** Fuzz target of the record of shares: what is accepted encodes to the very same bytes, and can be laid out. */

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { shareBytes, shareRuns } from './share-layout.ts'
import { decodeSharedObject, encodeSharedObject, OBJECT_BYTES_MAX, SHARES_MAX } from './share-scheme.ts'

export const seeds: Uint8Array[] = [
  encodeSharedObject({ dataShares: 6, parityShares: 3, unitBytes: 2 ** 16, objectBytes: 200_004 }),
  encodeSharedObject({ dataShares: 2, parityShares: 1, unitBytes: 2 ** 14, objectBytes: 0 }),
  encodeSharedObject({ dataShares: 31, parityShares: 1, unitBytes: 2 ** 20, objectBytes: OBJECT_BYTES_MAX })
]

export function fuzz(input: Uint8Array): void {
  const object = decodeSharedObject(input)
  if (typeof object === 'string') {
    assert(object.length > 0, 'what is refused has a reason')
    return
  }
  assert(equalBytes(encodeSharedObject(object), input), 'a record has one encoding')
  const { dataShares, parityShares, objectBytes } = object
  assert(dataShares + parityShares <= SHARES_MAX, 'the shares are within the limit')
  const padding = dataShares * shareBytes(object) - objectBytes
  assert(padding >= 0 && padding < dataShares, 'data shares are as long as the object, but for the padding')
  const bytes = Math.min(1, objectBytes)
  const [last] = shareRuns(object, { objectOffset: objectBytes - bytes, bytes })
  assert(bytes === 0 || (last !== undefined && last.share < dataShares), 'the last byte is in a data share')
}
