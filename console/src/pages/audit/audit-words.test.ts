import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventText } from './audit-words.ts'

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
  const call = { by: 'token ci', route: 'revokeDevice', outcome: 'done', count: 1 }
  const said = 'by token ci, route revokeDevice, outcome done, count 1'
  assert.equal(eventText({ ...call, kind: 'device', object: 'ab'.repeat(32) }), `${said}, device abababab`)
  assert.equal(eventText({ ...call, kind: null, object: null }), said)
  assert.equal(eventText({ kind: 'source' }), 'kind source')
})
