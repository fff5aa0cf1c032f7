import assert from 'node:assert/strict'
import { test } from 'node:test'
import { START_MS, versionNamed } from '../ledger/fold/org-fixture.conformance.ts'
import { keys, ORG } from './log-fixture.conformance.ts'
import { decodeReceipt } from './receipt.ts'
import { reader, receiptOf, server } from './samples.conformance.ts'

const verdict = (record: Uint8Array) => {
  const decoded = decodeReceipt(record, keys)
  return decoded.ok ? 'valid' : decoded.reason
}

test('a receipt says who read what from whom', () => {
  assert.deepEqual(decodeReceipt(receiptOf(), keys), {
    ok: true,
    value: {
      org: ORG,
      reader: reader.id,
      server: server.id,
      version: versionNamed('one'),
      purpose: 'CHG-1234',
      bytes: 4096,
      begunMs: START_MS,
      timeMs: START_MS + 5000
    }
  })
})

test('only the reader can sign it, and no byte can change', () => {
  assert.equal(verdict(receiptOf({}, server)), 'bad-signature')
  const record = receiptOf()
  for (let at = 0; at < record.length; at += 7)
    assert.notEqual(verdict(record.map((byte, index) => (index === at ? byte ^ 1 : byte))), 'valid', `${at}`)
})
