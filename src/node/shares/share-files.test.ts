import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { equalBytes } from '../../base/bytes.ts'
import { type PieceIndex, pieceIndex } from '../../base/ids.ts'
import { tableProduct } from '../../content/erasure/matrix-product.ts'
import { naiveShares, spreadNoise } from '../../content/erasure/naive-code.conformance.ts'
import { shareBytes } from '../../content/erasure/share-layout.ts'
import { cutFileName, cutsOf } from '../../content/erasure/shared-version.ts'
import { pieceSpan, type Version } from '../../content/version.ts'
import { writeShareOf, writeShares } from './share-files.ts'
import { SharedPieces } from './shared-pieces.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-shares-'))
after(() => rmSync(folder, { recursive: true }))
const { signal } = new AbortController()
const work = { product: tableProduct, signal }

/** Files with bytes, as a holding has them; of a version no more than its layout is looked at. */
function held(contents: readonly Uint8Array[], pieceBytes: number) {
  let pieces = 0
  const files = contents.map(({ length: bytes }) => {
    const file = { bytes, firstPiece: pieceIndex(pieces), pieceCount: Math.ceil(bytes / pieceBytes) }
    pieces += file.pieceCount
    return file
  })
  const totalBytes = contents.reduce((sum, { length }) => sum + length, 0)
  const version = { files, pieceBytes, pieceCount: pieces, totalBytes } as unknown as Version
  return {
    version,
    read: async ({ piece, begin, length }: { piece: PieceIndex; begin: number; length: number }) => {
      const { fileIndex, offset } = pieceSpan(version, piece)
      const content = contents[fileIndex] ?? assert.fail()
      return content.subarray(offset + begin, offset + begin + length)
    }
  }
}

const scheme = { dataShares: 3, parityShares: 2, unitBytes: 16 * 1024 }
const contents = [0, 5, 3 * 2 ** 20 + 7, 70_001, 0, 1, 40_000].map((bytes, at) => spreadNoise(bytes, at))
const whole = held(contents, 32 * 1024)
const cuts = cutsOf(whole.version, scheme)

async function written(into: string) {
  const folders = Array.from({ length: 5 }, (_, share) => join(folder, into, `${share}`))
  await writeShares(whole, { cuts, folders }, work)
  return folders.map(path =>
    held(
      cuts.map((_, cut) => readFileSync(join(path, cutFileName(cut)))),
      64 * 1024
    )
  )
}

test('the shares of each cut are those of the naive code', async () => {
  await written('naive')
  assert.equal(cuts.length, 3)
  for (const [at, { object, firstFile, endFile }] of cuts.entries()) {
    const bytes = Buffer.concat(contents.slice(firstFile, endFile))
    // The naive code is slow: of a long cut the others are compared with what this test reads back below.
    if (bytes.length > 2 ** 18) continue
    for (const [share, wanted] of naiveShares(object, bytes).entries()) {
      const got = readFileSync(join(folder, 'naive', `${share}`, cutFileName(at)))
      assert.equal(got.length, shareBytes(object))
      assert.ok(equalBytes(got, wanted), `share ${share} of cut ${at}`)
    }
  }
})

test('any three of five give every piece back, in whatever order it is read', async () => {
  const shares = await written('any')
  for (const [a, b, c] of [
    [0, 1, 2],
    [2, 3, 4],
    [4, 0, 3],
    [1, 3, 0]
  ] as const) {
    const some = new Map([a, b, c].map(share => [share, shares[share] ?? assert.fail()]))
    const pieces = new SharedPieces(whole.version, { scheme, shares: some, product: tableProduct })
    for (let piece = whole.version.pieceCount - 1; piece >= 0; piece--) {
      const { bytes } = pieceSpan(whole.version, pieceIndex(piece))
      for (const [begin, length] of [
        [0, bytes],
        [bytes >> 1, bytes - (bytes >> 1)]
      ] as const) {
        const range = { piece: pieceIndex(piece), begin, length }
        assert.ok(
          equalBytes(await pieces.read(range), await whole.read(range)),
          `piece ${piece} of ${a}${b}${c}`
        )
      }
    }
  }
})

test('a lost share is made of three others as it was', async () => {
  const shares = await written('lost')
  for (const [share, from] of [
    [0, [1, 2, 3]],
    [4, [0, 3, 2]]
  ] as const) {
    const sources = new Map(from.map(each => [each, shares[each] ?? assert.fail()]))
    const again = join(folder, `again-${share}`)
    await writeShareOf(sources, { cuts, share, folder: again }, work)
    for (const cut of cuts.keys())
      assert.ok(
        equalBytes(
          readFileSync(join(again, cutFileName(cut))),
          readFileSync(join(folder, 'lost', `${share}`, cutFileName(cut)))
        )
      )
  }
})

test('stops when it is told to', async () => {
  const stopped = { product: tableProduct, signal: AbortSignal.abort() }
  await assert.rejects(writeShares(whole, { cuts, folders: [join(folder, 'stopped')] }, stopped), {
    name: 'AbortError'
  })
})
