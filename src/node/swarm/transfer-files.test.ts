import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PieceSet } from '../../store/piece-set.ts'
import { sampleBytes, sampleVersion } from '../../store/samples.conformance.ts'
import { filesOfHolding } from './transfer-files.ts'

const PIECE = 16_384

const { version } = sampleVersion([
  { path: ['bin', 'app'], bytes: sampleBytes(2 * PIECE + 5, 1) },
  { path: ['empty'], bytes: new Uint8Array(0) },
  { path: ['readme'], bytes: sampleBytes(7, 2) }
])

test('of each file it says how much is here, a last piece that is short included', () => {
  const have = new PieceSet(version.pieceCount)
  have.add(0)
  have.add(2)
  assert.deepEqual(filesOfHolding({ version, selected: new Set([0, 1]), have }, 10), {
    known: true,
    total: 3,
    whole: 1,
    files: [
      { path: 'bin/app', bytes: 2 * PIECE + 5, haveBytes: PIECE + 5, chosen: true },
      { path: 'empty', bytes: 0, haveBytes: 0, chosen: true },
      { path: 'readme', bytes: 7, haveBytes: 0, chosen: false }
    ]
  })
  have.add(1)
  have.add(3)
  const all = filesOfHolding({ version, selected: undefined, have }, 1)
  assert.deepEqual([all.total, all.whole, all.files.length], [3, 3, 1])
})

test('of what nobody has described yet nothing is known', () => {
  assert.deepEqual(filesOfHolding(undefined, 10), { known: false, total: 0, whole: 0, files: [] })
})
