/** Fuzz target of the messages of /peerage/reach/1: what decodes is written again to the same bytes. */

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { decodeAnswer, decodeQuestion, encodeAnswer, encodeQuestion } from './reach-messages.ts'

export const seeds: Uint8Array[] = [
  encodeQuestion(),
  encodeAnswer({ timeMs: 1_800_000_000_000, seenAddress: '/ip4/203.0.113.7/tcp/50124', tried: [] }),
  encodeAnswer({
    timeMs: 0,
    seenAddress: '/ip6/::1/tcp/1',
    tried: [
      { address: '/ip4/10.0.0.1/tcp/4701', reached: 'open' },
      { address: '/dns4/lab-7/tcp/4701', reached: 'no-route' }
    ]
  })
]

export function fuzz(input: Uint8Array): void {
  const question = decodeQuestion(input)
  if (question.ok) assert(equalBytes(encodeQuestion(), input), 'a question is written one way')
  const answer = decodeAnswer(input)
  if (answer.ok) assert(equalBytes(encodeAnswer(answer.value), input), 'an answer is written one way')
}
