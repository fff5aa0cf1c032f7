import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cosignedText, eventText, traceText } from './audit-words.ts'

test('an entry says what its columns do not', () => {
  const operation = 'ab'.repeat(32)
  assert.equal(
    eventText({ action: 'administered', operation, type: 'access.grant', version: null, dataset: 'notes' }),
    'operation abababab, type access.grant'
  )
  assert.equal(eventText({ bytes: 2_000_000, done: true, peer: 'x' }), 'bytes 2.00 MB, done true')
  assert.match(eventText({ begunMs: 1_795_765_000_000 }), /^begun .*2026/)
  assert.equal(eventText({ receipt: 'ab'.repeat(90) }), 'receipt abababab')
  assert.equal(eventText({ what: 'person', salt: 'c0', subject: 'c1', count: 0 }), 'what person, count 0')
})

test('of cosignatures the most witnesses come first, and each size once', () => {
  const level = (witnesses: number, entries: number) => ({ witnesses, entries })
  assert.equal(cosignedText({ entries: 9, cosigned: [], outside: [] }), 'by nobody else')
  assert.equal(
    cosignedText({
      entries: 9,
      cosigned: [level(1, 9), level(2, 7), level(3, 7)],
      outside: [{ name: 'w.example', entries: 4 }]
    }),
    '7 of 9 by 3 devices; 9 of 9 by 1 device; 4 by w.example, outside'
  )
})

test('evidence that is there says how much, and what is not says why', () => {
  assert.deepEqual(traceText('present', 1_000), ['good', '1.00 kB'])
  assert.deepEqual(traceText('missing', null), ['bad', 'missing'])
  assert.equal(traceText('unavailable', 5)[0], 'warn')
})
