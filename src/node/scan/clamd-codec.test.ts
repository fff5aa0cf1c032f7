/** The words of clamd as clamd 1.4 was heard to say them, and what must not pass for them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { toHex, utf8 } from '../../base/bytes.ts'
import {
  CHUNK_BYTES_MAX,
  decodeStreamReply,
  decodeVersionReply,
  encodeChunkLength,
  encodeCommand,
  encodeVersionReply,
  REPLY_BYTES_MAX,
  ReplyDecoder,
  SIGNATURE_CHARACTERS_MAX,
  STREAM_END
} from './clamd-codec.ts'

test('commands and lengths are these bytes', () => {
  assert.equal(toHex(encodeCommand('VERSION')), '7a56455253494f4e00')
  assert.equal(toHex(encodeCommand('PING')), '7a50494e4700')
  assert.equal(toHex(encodeCommand('INSTREAM')), '7a494e53545245414d00')
  assert.equal(toHex(encodeChunkLength(0x1234)), '00001234')
  assert.equal(toHex(encodeChunkLength(CHUNK_BYTES_MAX)), '00040000')
  assert.equal(toHex(STREAM_END), '00000000')
})

test('a chunk that would end the stream, or is larger than any of ours, can not be announced', () => {
  for (const bytes of [0, -1, 1.5, CHUNK_BYTES_MAX + 1, Number.NaN])
    assert.throws(() => encodeChunkLength(bytes), /neither empty nor large/, String(bytes))
})

const STREAM_REPLIES = {
  'stream: OK': { kind: 'clean' },
  'stream: Win.Test.EICAR_HDB-1 FOUND': { kind: 'infected', signature: 'Win.Test.EICAR_HDB-1' },
  'stream: Peerage.Test.Marker.UNOFFICIAL FOUND': {
    kind: 'infected',
    signature: 'Peerage.Test.Marker.UNOFFICIAL'
  },
  'stream: a FOUND FOUND': { kind: 'infected', signature: 'a FOUND' },
  'stream: Heuristics.Limits.ExceededNot FOUND': {
    kind: 'infected',
    signature: 'Heuristics.Limits.ExceededNot'
  },
  'stream: Heuristics.Limits.Exceeded FOUND': { kind: 'too-large', detail: 'Heuristics.Limits.Exceeded' },
  'stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND': {
    kind: 'too-large',
    detail: 'Heuristics.Limits.Exceeded.MaxRecursion'
  },
  'INSTREAM size limit exceeded. ERROR': { kind: 'too-large', detail: 'INSTREAM size limit exceeded.' },
  "stream: Can't allocate memory ERROR": { kind: 'error', detail: "stream: Can't allocate memory" },
  'COMMAND READ TIMED OUT ERROR': { kind: 'error', detail: 'COMMAND READ TIMED OUT' }
}

for (const [text, reply] of Object.entries(STREAM_REPLIES))
  test(`to a stream: ${text}`, () => {
    assert.deepEqual(decodeStreamReply(text), { ok: true, value: reply })
  })

for (const text of [
  ...['', 'OK', 'stream: ok', ' stream: OK', 'stream: OK ', 'stream: OK\n', 'stream:OK', 'stream: OK OK'],
  ...['file: OK', 'stream:  FOUND', 'stream: FOUND', 'x: A FOUND', 'UNKNOWN COMMAND', 'PONG', ' ERROR'],
  ...[
    'stream: a\u202eb FOUND',
    'stream: a\nb FOUND',
    'stream: \u001b[2J FOUND',
    'stream: a  FOUND',
    'a\nb ERROR'
  ],
  `stream: ${'x'.repeat(SIGNATURE_CHARACTERS_MAX + 1)} FOUND`
])
  test(`is no answer to a stream: ${JSON.stringify(text).slice(0, 60)}`, () => {
    assert.equal(decodeStreamReply(text).ok, false)
  })

test('a version with a database, and one without', () => {
  assert.deepEqual(decodeVersionReply('ClamAV 1.0.3/26789/Mon Jan 16 08:24:05 2023'), {
    ok: true,
    value: { engine: '1.0.3', database: { version: 26789, timeMs: Date.UTC(2023, 0, 16, 8, 24, 5) } }
  })
  assert.deepEqual(decodeVersionReply('ClamAV 1.4.6/7/Thu Jan  1 00:00:00 2026'), {
    ok: true,
    value: { engine: '1.4.6', database: { version: 7, timeMs: Date.UTC(2026, 0, 1) } }
  })
  assert.deepEqual(decodeVersionReply('ClamAV 1.4.6'), {
    ok: true,
    value: { engine: '1.4.6', database: null }
  })
})

for (const text of [
  ...[
    'ClamAV',
    'ClamAV ',
    'ClamAV 1.4.6 ',
    'clamav 1.4.6',
    'ClamAV 1.4.6/',
    'ClamAV 1.4.6/7',
    'ClamAV 1.4.6/7/'
  ],
  'ClamAV 1.4.6/0/Thu Jan  1 00:00:00 2026',
  'ClamAV 1.4.6/07/Thu Jan  1 00:00:00 2026',
  'ClamAV 1.4.6/7/Fri Jan  1 00:00:00 2026',
  'ClamAV 1.4.6/7/Thu Jan 01 00:00:00 2026',
  'ClamAV 1.4.6/7/Thu Jan  1 24:00:00 2026',
  'ClamAV 1.4.6/7/Sun Feb 29 00:00:00 2026',
  'ClamAV 1.4.6/7/Thu Jan  1 00:00:00 2026\n',
  'ClamAV 1.4.6/12345678901/Thu Jan  1 00:00:00 2026',
  `ClamAV ${'1'.repeat(65)}`,
  'UNKNOWN COMMAND'
])
  test(`is no version: ${JSON.stringify(text).slice(0, 60)}`, () => {
    assert.equal(decodeVersionReply(text).ok, false)
  })

test('every version that can be written is read as it was', () => {
  const second = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 }).map(seconds => seconds * 1000)
  const database = fc
    .tuple(fc.integer({ min: 1, max: 4_294_967_295 }), second)
    .map(([version, timeMs]) => ({ version, timeMs }))
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-z.~+-]{1,64}$/), fc.option(database), (engine, made) => {
      const version = { engine, database: made }
      assert.deepEqual(decodeVersionReply(encodeVersionReply(version)), { ok: true, value: version })
    })
  )
})

test('an answer is put together from parts, and copied', () => {
  const decoder = new ReplyDecoder()
  const part = utf8('stream: ')
  assert.equal(decoder.take(part), undefined)
  part.fill(0)
  assert.equal(decoder.take(new Uint8Array(0)), undefined)
  assert.equal(decoder.take(utf8('OK')), undefined)
  assert.deepEqual(decoder.take(Uint8Array.of(0)), { ok: true, value: 'stream: OK' })
})

test('an answer ends somewhere, is text, and is one', () => {
  const long = new Uint8Array(REPLY_BYTES_MAX).fill(0x61)
  assert.equal(new ReplyDecoder().take(Uint8Array.of(...long, 0))?.ok, true)
  assert.equal(new ReplyDecoder().take(Uint8Array.of(...long, 0x61))?.ok, false)
  const slow = new ReplyDecoder()
  assert.equal(slow.take(long), undefined)
  assert.equal(slow.take(utf8('a'))?.ok, false)
  assert.equal(new ReplyDecoder().take(Uint8Array.of(0xff, 0))?.ok, false)
  assert.equal(new ReplyDecoder().take(utf8('stream: OK\0stream: OK\0'))?.ok, false)
})
