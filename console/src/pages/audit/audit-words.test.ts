import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventText } from './audit-words.ts'

test('an entry says what its columns do not', () => {
  const operation = 'ab'.repeat(32)
  assert.equal(
    eventText({ action: 'administered', operation, type: 'access.grant', version: null, dataset: 'notes' }),
    'operation abababab, type access.grant'
  )
  assert.equal(eventText({ bytes: 2_000_000, done: true, peer: 'x' }), '2.00 MB, to its end')
  assert.equal(eventText({ since: 53, bytes: 2_000_000, done: false }), 'begun in entry 53, 2.00 MB, so far')
  assert.equal(eventText({ reason: 'revoked', count: 9 }), 'reason revoked, 9 times')
  assert.match(eventText({ begunMs: 1_795_765_000_000 }), /^begun .*2026/)
  assert.equal(eventText({ receipt: 'ab'.repeat(90) }), 'receipt abababab')
  assert.equal(eventText({ what: 'person', salt: 'c0', subject: 'c1', count: 0 }), 'what person, count 0')
  const call = { by: 'token ci', route: 'revokeDevice', outcome: 'done', count: 1 }
  const [said, by] = ['route revokeDevice, done', 'by token ci']
  assert.equal(
    eventText({ ...call, kind: 'device', object: 'ab'.repeat(32) }),
    `${said}, device abababab, ${by}`
  )
  assert.equal(eventText({ ...call, kind: null, object: null }), `${said}, ${by}`)
  assert.equal(eventText({ ...call, count: 3 }), `${said}, ${by}, 3 times`)
  assert.equal(eventText({ kind: 'source' }), 'kind source')
})
