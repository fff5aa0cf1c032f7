/**
 * Any bytes as the payload of our own extension: nothing throws, what is read can be written and is read the same, and
 * what a peer says it wants is a set of pieces that a version can have.
 */

import assert from 'node:assert/strict'
import { utf8 } from '../base/bytes.ts'
import { encodePeerage, isViolation, readPeerage, WANT_RUNS_MAX } from './extension-messages.ts'
import { bitsOfRuns, readWants, runsOfBits } from './piece-runs.ts'
import { PIECE_COUNT_MAX } from './wire-messages.ts'

const PIECES = 300

export function fuzz(input: Uint8Array): void {
  const said = readPeerage(input)
  if (isViolation(said)) return
  assert.deepEqual(readPeerage(encodePeerage(said)), said)
  if (said.wants === undefined) return
  assert.ok(said.wants.length <= WANT_RUNS_MAX)
  let end = -1
  for (const { first, count } of said.wants) {
    assert.ok(first > end && count > 0)
    end = first + count
  }
  assert.ok(end <= PIECE_COUNT_MAX)
  const wants = readWants(said.wants, { pieceCount: PIECES })
  if (wants === undefined || isViolation(wants)) return
  assert.deepEqual(runsOfBits(wants), said.wants)
  assert.equal(bitsOfRuns(said.wants, PIECES).count, wants.count)
}

export const seeds: Uint8Array[] = [
  encodePeerage({ assigns: true }),
  encodePeerage({ claims: [1, 2, 70_000], drops: [3] }),
  encodePeerage({ pace: 200_000 }),
  encodePeerage({ pace: 0, assigns: false }),
  encodePeerage({ wants: [] }),
  encodePeerage({
    wants: [
      { first: 0, count: 2 },
      { first: 7, count: 200 },
      { first: 250, count: 1 }
    ]
  }),
  encodePeerage({ sentMs: 12_345, arrival: { sentMs: 1, heardMs: 2 } }),
  utf8('d6:assigni0e5:claim4:abcd4:want16:abcdefghijklmnop7:unknowni7ee')
]
