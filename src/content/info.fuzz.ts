/**
 * Fuzz target of the info dictionary's decoder: whatever it accepts keeps every invariant that version.ts
 * promises, and encodes to a dictionary that decodes to the same files. The id is not looked at, so a constant
 * stands in for the hash.
 */

import { assert } from '../base/assert.ts'
import { utf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { pieceIndex } from '../base/ids.ts'
import { bytesOfByteString } from './bencode.ts'
import { comparePaths } from './file-entries.ts'
import { decodeInfo, encodeInfo } from './info.ts'
import { pathFault } from './path-rules.ts'
import { isPieceBytes } from './piece-length.ts'
import { pieceSpan, type Version } from './version.ts'

const ROOT = `11:pieces root32:${'r'.repeat(32)}`
const REST = '12:meta versioni2e4:name4:tree12:piece lengthi16384ee'

export const seeds: Uint8Array[] = [
  utf8(`d9:file treed1:ad0:d6:lengthi5e${ROOT}eee${REST}`),
  utf8(`d9:file treed4:treed0:d6:lengthi40000e${ROOT}eee${REST}`),
  utf8(`d9:file treed1:ad0:d6:lengthi0eee3:subd1:bd0:d4:attr1:x6:lengthi99999e${ROOT}eeee${REST}`),
  utf8(`d9:file treed1:ad0:d6:lengthi1e${ROOT}ee1:ld0:d4:attr2:xl12:symlink pathl1:aeeee${REST}`),
  utf8(`d9:file treed1:ad0:d6:lengthi1e${ROOT}eee5:filesle${REST.replace(/ee$/, 'e6:pieces0:e')}`),
  bytesOfByteString(`d9:file treed2:\xc3\xa9d0:d6:lengthi1e${ROOT}eee${REST}`)
]

const noHash = (): Uint8Array => new Uint8Array(32)

function decode(input: Uint8Array): Version | undefined {
  try {
    return decodeInfo(input, noHash)
  } catch (thrown) {
    if (thrown instanceof AppError) return undefined
    throw thrown
  }
}

export function fuzz(input: Uint8Array): void {
  const version = decode(input)
  if (version === undefined) return
  assert(
    isPieceBytes(version.pieceBytes) && version.files.length > 0,
    'a version has pieces of a size and files'
  )
  let pieces = 0
  let bytes = 0
  let previous: readonly string[] = []
  for (const [index, file] of version.files.entries()) {
    assert(pathFault(file.path) === undefined, 'paths are safe')
    assert(comparePaths(previous, file.path) < 0, 'paths ascend')
    assert((file.root === undefined) === (file.bytes === 0), 'what is not empty has a root')
    assert(file.firstPiece === pieces, 'pieces are numbered through')
    if (file.pieceCount > 0) {
      const last = pieceSpan(version, pieceIndex(pieces + file.pieceCount - 1))
      assert(last.fileIndex === index && last.offset + last.bytes === file.bytes, 'pieces cover the file')
    }
    pieces += file.pieceCount
    bytes += file.bytes
    previous = file.path
  }
  assert(pieces === version.pieceCount && bytes === version.totalBytes, 'the sums are right')
  const again = decodeInfo(encodeInfo(version, noHash).infoBytes, noHash)
  assert(
    JSON.stringify({ ...again, infoBytes: 0 }) === JSON.stringify({ ...version, infoBytes: 0 }),
    'encoding keeps what decoding found'
  )
}
