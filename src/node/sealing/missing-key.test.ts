import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missingKey } from './missing-key.ts'

const message = (givers: readonly string[], envelopeAtMs?: number) =>
  missingKey({ dataset: 'payroll', givers, envelopeAtMs }).message

test('who waits for a key is told from whom it comes, and what to do', () => {
  const said = message(['build-1', 'lab-7'])
  assert.match(said, /none has been seen here yet; it waits for build-1, lab-7 to be connected/)
  assert.match(said, /'peerage peers' shows who is connected, so start the node of one of them$/)
  assert.match(message(['a', 'b', 'c', 'd', 'e', 'f', 'g']), /waits for a, b, c, d, e or 2 more to be/)
  assert.match(message(['build-1'], 0), /the last envelope here is of 1970-01-01T00:00:00.000Z/)
})

test('who waits in vain is told so', () => {
  assert.match(message([]), /no member of the org may give it any more: have it published anew$/)
})
