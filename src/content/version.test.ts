import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AssertionFailure } from '../base/assert.ts'
import { parsePiecesRoot, pieceIndex } from '../base/ids.ts'
import type { FileEntry } from './file-entries.ts'
import { encodeInfo } from './info.ts'
import { LEAF_BYTES } from './merkle.ts'
import { pieceLength, pieceSpan } from './version.ts'

function versionOf(sizes: readonly number[]) {
  const files = sizes.map((bytes, i): FileEntry => {
    const root = bytes === 0 ? undefined : parsePiecesRoot('1'.repeat(64))
    return { path: [String(i).padStart(3, '0')], bytes, root, executable: false, symlink: undefined }
  })
  return encodeInfo(
    { name: 'v', isSingleFile: false, pieceBytes: LEAF_BYTES, files },
    () => new Uint8Array(32)
  )
}

test('a piece is found where counting through the files finds it', () => {
  const size = fc.oneof(fc.constant(0), fc.nat(5 * LEAF_BYTES), fc.constantFrom(LEAF_BYTES, 2 * LEAF_BYTES))
  fc.assert(
    fc.property(fc.array(size, { minLength: 1, maxLength: 12 }), sizes => {
      const version = versionOf(sizes)
      let piece = 0
      for (const [fileIndex, bytes] of sizes.entries()) {
        for (let offset = 0; offset < bytes; offset += LEAF_BYTES) {
          const expected = {
            fileIndex,
            file: version.files[fileIndex],
            pieceOfFile: offset / LEAF_BYTES,
            offset,
            bytes: Math.min(LEAF_BYTES, bytes - offset)
          }
          assert.deepEqual(pieceSpan(version, pieceIndex(piece)), expected)
          assert.equal(pieceLength(version, pieceIndex(piece)), expected.bytes)
          piece++
        }
      }
      assert.equal(version.pieceCount, piece)
      assert.throws(() => pieceSpan(version, pieceIndex(piece)), AssertionFailure)
    })
  )
})
