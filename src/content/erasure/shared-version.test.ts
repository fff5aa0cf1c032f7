import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { toHex } from '../../base/bytes.ts'
import { piecesRootFromBytes } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import { UNIT_BYTES_DEFAULT } from './share-scheme.ts'
import {
  CUTS_MAX,
  type Cut,
  CutMap,
  cutsBytes,
  cutsOf,
  decodeSharesIndex,
  encodeSharesIndex
} from './shared-version.ts'

const scheme = (dataShares: number, parityShares: number) => ({
  ...{ dataShares, parityShares },
  unitBytes: UNIT_BYTES_DEFAULT
})
const treeOf = (sizes: readonly number[]) => ({
  files: sizes.map(bytes => ({ bytes })),
  totalBytes: sizes.reduce((sum, bytes) => sum + bytes, 0)
})
// Of a version no more than this is looked at.
const cut = (sizes: readonly number[], of = scheme(4, 2)): Cut[] => cutsOf(treeOf(sizes) as never, of)
/** A letter for each cut, by file; a dot where a file is in none. */
const picture = (sizes: readonly number[]): string =>
  cut(sizes)
    .reduce<string[]>(
      (letters, { firstFile, endFile }, at) => letters.fill(String.fromCharCode(97 + at), firstFile, endFile),
      sizes.map(() => '.')
    )
    .join('')

describe('cuts', () => {
  const [small, large] = [10, 4 * MIB]
  const table: readonly [readonly number[], string][] = [
    [[], ''],
    [[0, 0], '..'],
    [[small], 'a'],
    [[small, 0, small, small], 'aaaa'],
    [[large], 'a'],
    [[large - 1], 'a'],
    [[large, large], 'ab'],
    [[large - 1, large - 1], 'aa'],
    [[small, small, large, small, large, large, small], 'aabcdef'],
    [[0, large, 0, large, 0], '.a.b.'],
    [[0, small, large, small, 0], 'aabcc']
  ]
  for (const [sizes, wanted] of table)
    test(`${JSON.stringify(sizes)} are ${wanted === '' ? 'none' : wanted}`, () => {
      assert.equal(picture(sizes), wanted)
    })

  test('law: every byte of every file is in one cut, in order, and there are not too many', () => {
    const sizes = fc.array(fc.oneof(fc.nat(5), fc.constantFrom(0, 2 * MIB - 1, 2 * MIB, 9 * MIB)), {
      maxLength: 40
    })
    fc.assert(
      fc.property(sizes, of => {
        const { files, totalBytes } = treeOf(of)
        const cuts = cut(of, scheme(2, 1))
        assert.ok(cuts.length <= CUTS_MAX)
        assert.equal(
          cuts.reduce((sum, { object }) => sum + object.objectBytes, 0),
          totalBytes
        )
        const map = new CutMap(files, cuts)
        const begins = cuts.map((_, at) =>
          cuts.slice(0, at).reduce((sum, one) => sum + one.object.objectBytes, 0)
        )
        let offset = 0
        for (const [index, { bytes }] of files.entries()) {
          if (bytes > 0) {
            const place = map.of(index)
            assert.equal((begins[place.cut] ?? Number.NaN) + place.offset, offset)
          }
          offset += bytes
        }
      })
    )
  })

  test('of very many large files are as many as may be, and a share costs a k-th and the padding', () => {
    const sizes = Array.from({ length: 5000 }, () => 4 * MIB)
    const cuts = cut(sizes)
    assert.ok(cuts.length <= CUTS_MAX, `${cuts.length}`)
    assert.equal(cutsBytes(cuts), 5000 * MIB)
  })

  test('a file that stays as it is is cut as it was, whatever small files come beside it', () => {
    const [before] = cut([large])
    const [, after] = cut([small, large, small])
    assert.deepEqual(after?.object, before?.object)
  })
})

describe('the index of shares', () => {
  const root = (byte: number) => piecesRootFromBytes(new Uint8Array(32).fill(byte))
  const index = {
    ...{ scheme: scheme(2, 1), versionBytes: 0x1234 },
    roots: [
      [root(1), root(2)],
      [root(3), root(4)],
      [root(5), root(6)]
    ]
  }

  test('golden: is the record and the roots, share by share', () => {
    assert.equal(
      toHex(encodeSharesIndex(index)),
      `50534852010201100000000000001234${[1, 2, 3, 4, 5, 6].map(byte => `0${byte}`.repeat(32)).join('')}`
    )
    assert.deepEqual(decodeSharesIndex(encodeSharesIndex(index)), index)
  })

  test('of another length, or with another record, is none', () => {
    const bytes = encodeSharesIndex(index)
    for (const length of [0, 15, 17, bytes.length - 1, bytes.length - 32])
      assert.equal(typeof decodeSharesIndex(bytes.subarray(0, length)), 'string', `${length}`)
    assert.equal(typeof decodeSharesIndex(bytes.with(0, 0)), 'string')
    const empty = { ...index, roots: [[], [], []] }
    assert.deepEqual(decodeSharesIndex(encodeSharesIndex(empty)), empty)
  })
})
