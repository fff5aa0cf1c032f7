/** Fuzz target of the messages of /peerage/possession/1: what decodes is written again to the same bytes. */

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { pieceIndex, versionIdFromBytes } from '../../base/ids.ts'
import { decodeAnswer, decodeQuestion, encodeAnswer, encodeQuestion } from './possession-messages.ts'

const version = versionIdFromBytes(new Uint8Array(32).fill(7))

export const seeds: Uint8Array[] = [
  encodeQuestion({ version, blocks: [] }),
  encodeQuestion({
    version,
    blocks: [
      { piece: pieceIndex(0), block: 3 },
      { piece: pieceIndex(70_000), block: 1000 }
    ]
  }),
  encodeAnswer(undefined),
  encodeAnswer([new Uint8Array(5).fill(1), new Uint8Array(300).fill(2)])
]

export function fuzz(input: Uint8Array): void {
  const question = decodeQuestion(input)
  if (question.ok) assert(equalBytes(encodeQuestion(question.value), input), 'a question is written one way')
  const answer = decodeAnswer(input)
  if (answer.ok) assert(equalBytes(encodeAnswer(answer.value), input), 'an answer is written one way')
}
