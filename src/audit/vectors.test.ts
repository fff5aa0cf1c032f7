import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromUtf8, toHex } from '../base/bytes.ts'
import { keyNamed, START_MS } from '../ledger/fold/org-fixture.conformance.ts'
import { encodeEntry } from './entry.ts'
import { TestLog } from './log-fixture.conformance.ts'
import { encodeAuditMessage } from './messages.ts'
import { receiptOf, SAMPLE_EVENTS, SAMPLE_MESSAGES } from './samples.conformance.ts'

/**
 * The exact bytes of every format, from fixed keys. A difference here means that this program no longer reads what
 * an earlier one wrote: it needs a new version of the format and a migration, not new vectors.
 */
const VECTORS_URL = new URL('../../test/vectors/audit/v1.json', import.meta.url)

function currentBytes(): Record<string, string> {
  const log = new TestLog('log').grow(7)
  const entries = SAMPLE_EVENTS.map((event, seq) => [
    `entry ${event.action}${'object' in event && event.object !== null ? ' of an object' : ''}`,
    toHex(encodeEntry({ seq, timeMs: START_MS, event }))
  ])
  const messages = SAMPLE_MESSAGES.map((message, index) => [
    `message ${index} ${message.kind}`,
    toHex(encodeAuditMessage(message))
  ])
  return {
    ...Object.fromEntries(entries),
    ...Object.fromEntries(messages),
    receipt: toHex(receiptOf()),
    'root of 7': toHex(log.tree.range.root()),
    'consistency of 3 and 7': log.prove(3).map(toHex).join(' '),
    checkpoint: fromUtf8(log.note()) ?? '',
    'checkpoint cosigned': fromUtf8(log.note(7, [keyNamed('alice'), keyNamed('bob')])) ?? ''
  }
}

test('every format is written in the bytes of its golden vector', () => {
  const golden: unknown = JSON.parse(readFileSync(VECTORS_URL, 'utf8'))
  assert.deepEqual(currentBytes(), golden)
})

test('an entry written out by hand is the one that is in the vectors', () => {
  const text = (value: string) => Buffer.concat([Buffer.from([0x60 + value.length]), Buffer.from(value)])
  const time = Buffer.alloc(9, 0x1b)
  time.writeBigUInt64BE(BigInt(START_MS), 1)
  const peer = Buffer.concat([Buffer.from([0x58, 32]), keyNamed('reader').publicKey])
  // RFC 8949 core order: keys by length, then bytewise.
  const entry = Buffer.concat([
    Buffer.from([0xa8]),
    ...[text('v'), Buffer.from([1])],
    ...[text('seq'), Buffer.from([8])],
    ...[text('peer'), peer],
    ...[text('time'), time],
    ...[text('count'), Buffer.from([3])],
    ...[text('action'), text('denied')],
    ...[text('reason'), text('not-enrolled')],
    ...[text('version'), Buffer.from([0xf6])]
  ])
  assert.equal(entry.toString('hex'), currentBytes()['entry denied'])
})
