import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cosignedText, traceText } from './evidence-words.ts'

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
  assert.deepEqual(
    traceText('present', 0),
    ['quiet', 'begun'],
    'and never nothing: it gives before it says how much'
  )
  assert.deepEqual(traceText('missing', null), ['bad', 'missing'])
  assert.equal(traceText('unavailable', 5)[0], 'warn')
})
