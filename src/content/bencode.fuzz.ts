/**
 * Fuzz target of the bencode decoder: whatever it accepts, it encodes to the very same bytes, the pull parser
 * skips over exactly what the decoder read, and whatever it refuses, it refuses with an offset in the input.
 */

import { assert } from '../base/assert.ts'
import { equalBytes, utf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { encodeBencode, parseBencode } from './bencode.ts'
import { BencodeReader } from './bencode-reader.ts'

export const seeds: Uint8Array[] = [
  'i0e',
  'i-9007199254740991e',
  '0:',
  '4:spam',
  'le',
  'll1:aei3ee',
  'd3:cow3:moo4:spaml1:a1:bee',
  'd0:d6:lengthi1e11:pieces root4:\x00\x01\x02\x03ee',
  'd8:msg_typei1e5:piecei0e10:total_sizei34256eexxxx'
].map(utf8)

function skippedTo(input: Uint8Array): number | undefined {
  const reader = new BencodeReader(input)
  try {
    reader.skip()
    return reader.offset
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'BENCODE_INVALID') return undefined
    throw thrown
  }
}

export function fuzz(input: Uint8Array): void {
  const outcome = parseBencode(input, { bytesMax: input.length, trailing: 'allow' })
  const skipped = skippedTo(input)
  if (outcome.fault !== undefined) {
    assert(skipped === undefined, 'skipping refuses what decoding refuses')
    assert(outcome.fault.offset >= 0 && outcome.fault.offset <= input.length, 'a fault lies in the input')
    return
  }
  assert(skipped === outcome.endOffset, 'skipping ends where decoding ends')
  assert(
    equalBytes(encodeBencode(outcome.value), input.subarray(0, outcome.endOffset)),
    'what was accepted encodes to the same bytes'
  )
  const strict = parseBencode(input, { bytesMax: input.length })
  assert(
    (strict.fault === undefined) === (outcome.endOffset === input.length),
    'data after the end is refused'
  )
}
