/**
 * Content-defined chunking: cuts bytes where their content says so, and not at fixed offsets. When something is put
 * into a file or taken out, the cuts before and after stay where they were relative to their content, so that what two
 * versions have in common is found as equal chunks.
 *
 * FastCDC with normalized chunking (Xia et al., USENIX ATC 2016, and IEEE TPDS 2020): a gear hash rolls over the
 * bytes; a cut is where chosen bits of it are zero, more of them before the average length and fewer after, so that
 * lengths gather about it. Here the hash has 32 bits, hence looks at the last 32 bytes, and the bits are the highest,
 * which depend on all of these.
 *
 * Cuts are the same everywhere and for ever: change a constant, and nothing of an older version is found any more.
 */

import { mixed32 } from '../base/hash32.ts'
import { KIB } from '../base/units.ts'

export const CHUNK_BYTES_MIN = 16 * KIB
export const CHUNK_BYTES_AVERAGE = 64 * KIB
export const CHUNK_BYTES_MAX = 256 * KIB

/** log2 of the average is 16; two bits more before it and two fewer after: "normalization level 2" of the paper. */
const MASK_BEFORE = 0xffffc000 | 0
const MASK_AFTER = 0xfffc0000 | 0

/** A random number for each byte: multiples of the golden ratio, mixed. */
export const GEAR: Readonly<Int32Array> = Int32Array.from({ length: 256 }, (_, byte) =>
  mixed32(Math.imul(byte + 1, 0x9e3779b1))
)

/**
 * Length in bytes of the chunk that begins at `start`. What lies from `end` on is not looked at: there has to be the
 * end of the file, or at least CHUNK_BYTES_MAX before it.
 */
export function chunkLength(bytes: Uint8Array, start: number, end: number): number {
  const available = end - start
  if (available <= CHUNK_BYTES_MIN) return available
  const last = start + Math.min(available, CHUNK_BYTES_MAX)
  const middle = Math.min(last, start + CHUNK_BYTES_AVERAGE)
  let hash = 0
  let at = start + CHUNK_BYTES_MIN
  for (; at < middle; at++) {
    hash = ((hash << 1) + (GEAR[bytes[at] as number] as number)) | 0
    if ((hash & MASK_BEFORE) === 0) return at + 1 - start
  }
  for (; at < last; at++) {
    hash = ((hash << 1) + (GEAR[bytes[at] as number] as number)) | 0
    if ((hash & MASK_AFTER) === 0) return at + 1 - start
  }
  return last - start
}
