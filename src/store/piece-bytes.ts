/** The bytes of a piece on their way to or from a holding: what form they come in, and where they are read into. */

import { assert } from '../base/assert.ts'
import { LEAF_BYTES } from '../content/merkle.ts'

/** A read fills it entirely, or nobody sees it. */
export function uninitialized(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
}

export function checkBlocks(blocks: readonly Uint8Array[], pieceBytes: number): void {
  let bytes = 0
  for (const [index, block] of blocks.entries()) {
    assert(
      block.length > 0 && (index === blocks.length - 1 || block.length % LEAF_BYTES === 0),
      'blocks are whole leaves'
    )
    bytes += block.length
  }
  assert(bytes === pieceBytes, `blocks of ${bytes} bytes make a piece of ${pieceBytes}`)
}
