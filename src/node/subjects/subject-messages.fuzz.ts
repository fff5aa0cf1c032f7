/** Fuzz target of the messages of /peerage/subjects/1: what decodes is written again to the same bytes. */

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { versionIdFromBytes } from '../../base/ids.ts'
import { decodeAnswer, decodeQuestion, encodeAnswer, encodeQuestion } from './subject-messages.ts'

const version = versionIdFromBytes(new Uint8Array(32).fill(7))
const entries = [{ id: 'jane.doe@example.org', key: new Uint8Array(32).fill(1) }]
const erased = ['02'.repeat(32)]

export const seeds: Uint8Array[] = [
  encodeQuestion({ kind: 'mark', id: 'jane.doe@example.org', version }),
  encodeQuestion({ kind: 'mark', id: 'Jörg', version: null }),
  encodeQuestion({ kind: 'share', from: 256, entries, erased }),
  encodeQuestion({ kind: 'where', versions: [version] }),
  encodeAnswer({ kind: 'mark', pseudonym: '03'.repeat(32) }),
  encodeAnswer({ kind: 'mark', pseudonym: null }),
  encodeAnswer({ kind: 'share', next: null, entries, erased }),
  encodeAnswer({ kind: 'where', places: [{ version, kind: 'opened', bytes: 5 }] })
]

export function fuzz(input: Uint8Array): void {
  const question = decodeQuestion(input)
  if (question.ok) assert(equalBytes(encodeQuestion(question.value), input), 'a question is written one way')
  const answer = decodeAnswer(input)
  if (answer.ok) assert(equalBytes(encodeAnswer(answer.value), input), 'an answer is written one way')
}
