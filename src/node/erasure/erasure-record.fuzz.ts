/** Fuzz target of the records of erasures: what is read is written again to what reads the same. */

import { assert } from '../../base/assert.ts'
import { equalBytes, utf8 } from '../../base/bytes.ts'
import { decodeErasureRecord, encodeErasureRecord } from './erasure-record.ts'

export const seeds: Uint8Array[] = [
  utf8(
    `{"v":1,"version":"${'ab'.repeat(32)}","bytes":{"7":5},"keys":true,"sources":[{"path":"/a","info":"ZA=="}],` +
      '"deletesSources":false,"deletedAtMs":9}'
  )
]

export function fuzz(input: Uint8Array): void {
  const record = decodeErasureRecord(input)
  if (record === undefined) return
  const again = encodeErasureRecord(record)
  const read = decodeErasureRecord(again)
  assert(read !== undefined && equalBytes(encodeErasureRecord(read), again), 'what we write we read')
}
