import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import { TestLog } from './log-fixture.conformance.ts'
import { decodeWitnessRequest, encodeWitnessRequest } from './witness-request.ts'

const log = new TestLog('log').grow(9)
const request = { oldSize: 3, proof: log.prove(3), note: log.note() }

test('a request is read as it was written, in the form of add-checkpoint', () => {
  const encoded = encodeWitnessRequest(request)
  assert.deepEqual(decodeWitnessRequest(encoded), { ok: true, value: request })
  const first = { oldSize: 0, proof: [], note: log.note() }
  assert.deepEqual(decodeWitnessRequest(encodeWitnessRequest(first)), { ok: true, value: first })
  const lines = (fromUtf8(encoded) ?? '').split('\n')
  assert.equal(lines[0], 'old 3')
  assert.equal(lines.indexOf(''), 1 + request.proof.length)
  assert.match(lines[2 + request.proof.length] ?? '', /^peerage\//)
})

test('what is no request is refused', () => {
  const note = fromUtf8(log.note()) ?? ''
  for (const text of [
    '',
    note,
    `old -1\n\n${note}`,
    `old 01\n\n${note}`,
    `old ${2 ** 53}\n\n${note}`,
    `old 3\nnot base64!\n\n${note}`,
    `old 3\nAAAA\n\n${note}`,
    `old 3\n${'A'.repeat(43)}=\n`.repeat(70) + note
  ])
    assert.equal(decodeWitnessRequest(utf8(text)).ok, false, text.slice(0, 20))
})
