import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import {
  encodeExtendedHandshake,
  encodeMetadata,
  encodePeerage,
  isViolation,
  NO_EXTENSIONS,
  readExtendedHandshake,
  readMetadata,
  readPeerage,
  WANT_RUNS_MAX
} from './extension-messages.ts'
import { BLOCK_BYTES, INFO_BYTES_MAX, METADATA_PIECE_BYTES, REQUEST_BYTES_MAX } from './wire-messages.ts'

const text = (bytes: Uint8Array) => fromUtf8(bytes)

test('golden vector: extended handshake', () => {
  assert.equal(
    text(encodeExtendedHandshake({ metadataBytes: 31235, requestCountMax: 512 })),
    'd1:md7:peeragei2e11:ut_metadatai1ee13:metadata_sizei31235e2:pgd6:maxreqi524288e1:vi1ee4:reqqi512e1:v7:peeragee'
  )
})

test('golden vectors: ut_metadata, as in BEP 9', () => {
  assert.equal(text(encodeMetadata({ kind: 'request', piece: 0 })), 'd8:msg_typei0e5:piecei0ee')
  assert.equal(text(encodeMetadata({ kind: 'reject', piece: 0 })), 'd8:msg_typei2e5:piecei0ee')
  assert.equal(
    text(encodeMetadata({ kind: 'data', piece: 0, totalBytes: 3425, data: utf8('xxxxxxxx') })),
    'd8:msg_typei1e5:piecei0e10:total_sizei3425eexxxxxxxx'
  )
})

test('golden vectors: peerage', () => {
  assert.equal(text(encodePeerage({ assigns: true })), 'd6:assigni1ee')
  assert.equal(text(encodePeerage({ assigns: false })), 'd6:assigni0ee')
  assert.equal(text(encodePeerage({ pace: 200_000 })), 'd4:pacei200000ee')
  const index = [0, 0, 1, 2].map(byte => String.fromCharCode(byte)).join('')
  assert.equal(
    text(encodePeerage({ claims: [258], drops: [258, 258] })),
    `d5:claim4:${index}4:drop8:${index}${index}e`
  )
  assert.equal(text(encodePeerage({ wants: [] })), 'd4:want0:e')
  assert.equal(text(encodePeerage({ sentMs: 1200 })), 'd4:senti1200ee')
  assert.equal(text(encodePeerage({ arrival: { sentMs: 1200, heardMs: 7 } })), 'd4:camei7e4:echoi1200ee')
  assert.equal(text(encodePeerage({ wants: [{ first: 258, count: 258 }] })), `d4:want8:${index}${index}e`)
})

test('what is written is read', () => {
  const written = encodeExtendedHandshake({ metadataBytes: 7, requestCountMax: 9 })
  assert.deepEqual(readExtendedHandshake(written, NO_EXTENSIONS), {
    metadataId: 1,
    peerageId: 2,
    metadataBytes: 7,
    requestCountMax: 9,
    requestBytesMax: REQUEST_BYTES_MAX,
    clientName: 'peerage'
  })
  const data = { kind: 'data', piece: 2, totalBytes: 40_000, data: utf8('abc') } as const
  assert.deepEqual(readMetadata(encodeMetadata(data)), data)
  const wants = [
    { first: 0, count: 2 },
    { first: 3, count: 1 }
  ]
  const times = { sentMs: 0, arrival: { sentMs: Number.MAX_SAFE_INTEGER, heardMs: 3 } }
  const said = { assigns: true, claims: [0, 7, 2 ** 32 - 1], drops: [3], pace: 0, wants, ...times }
  assert.deepEqual(readPeerage(encodePeerage(said)), said)
  assert.deepEqual(
    readPeerage(utf8('d4:loadi3ee')),
    { claims: [], drops: [] },
    'what it does not know it ignores'
  )
})

test('a handshake of another client: what it does not say is taken as by custom', () => {
  const read = readExtendedHandshake(utf8('d1:md11:LT_metadatai1e6:ut_pexi2ee1:pi6881ee'), NO_EXTENSIONS)
  assert.deepEqual(read, NO_EXTENSIONS)
})

test('handshakes add up, and a zero switches off (BEP 10)', () => {
  const first = readExtendedHandshake(utf8('d1:md11:ut_metadatai3ee13:metadata_sizei5ee'), NO_EXTENSIONS)
  assert.ok(!isViolation(first))
  const second = readExtendedHandshake(utf8('d1:md7:peeragei9eee'), first)
  assert.ok(!isViolation(second))
  assert.deepEqual([second.metadataId, second.peerageId, second.metadataBytes], [3, 9, 5])
  const third = readExtendedHandshake(utf8('d1:md11:ut_metadatai0eee'), second)
  assert.ok(!isViolation(third))
  assert.deepEqual([third.metadataId, third.peerageId], [undefined, 9])
})

test('numbers that can not be are taken as absent, and limits hold', () => {
  const odd = readExtendedHandshake(
    utf8(
      `d1:md11:ut_metadatai256ee13:metadata_sizei${INFO_BYTES_MAX + 1}e2:pgd6:maxreqi100000e1:vi1ee4:reqqi-1ee`
    ),
    NO_EXTENSIONS
  )
  assert.ok(!isViolation(odd))
  assert.equal(odd.metadataId, undefined)
  assert.equal(odd.metadataBytes, undefined)
  assert.equal(odd.requestBytesMax % BLOCK_BYTES, 0)
  assert.ok(odd.requestBytesMax <= 100_000)
  assert.equal(odd.requestCountMax, NO_EXTENSIONS.requestCountMax)
})

test('requests stay one block long toward a version of the extension that we do not know', () => {
  const read = readExtendedHandshake(utf8('d2:pgd6:maxreqi262144e1:vi2eee'), NO_EXTENSIONS)
  assert.ok(!isViolation(read))
  assert.equal(read.requestBytesMax, BLOCK_BYTES)
})

const REFUSED: readonly (readonly [string, (bytes: Uint8Array) => object, string])[] = [
  ['a handshake that is no bencode', bytes => readExtendedHandshake(bytes, NO_EXTENSIONS), 'hello'],
  ['a handshake that is no dictionary', bytes => readExtendedHandshake(bytes, NO_EXTENSIONS), 'le'],
  ['metadata without a type', readMetadata, 'd5:piecei0ee'],
  ['metadata without a piece', readMetadata, 'd8:msg_typei0ee'],
  ['metadata of a piece that can not be', readMetadata, 'd8:msg_typei0e5:piecei99999999ee'],
  ['metadata of no size', readMetadata, 'd8:msg_typei1e5:piecei0eexx'],
  ['metadata of too great a size', readMetadata, 'd8:msg_typei1e5:piecei0e10:total_sizei99999999999eexx'],
  ['a request with bytes after it', readMetadata, 'd8:msg_typei0e5:piecei0eex'],
  [
    'a metadata piece that is too long',
    readMetadata,
    `d8:msg_typei1e5:piecei0e10:total_sizei99999ee${'x'.repeat(METADATA_PIECE_BYTES + 1)}`
  ],
  ['an assignment that is neither', readPeerage, 'd6:assigni2ee'],
  ['a pace below nothing', readPeerage, 'd4:pacei-1ee'],
  ['a pace beyond any link', readPeerage, 'd4:pacei1099511627777ee'],
  ['a pace that is no number', readPeerage, 'd4:pace1:1e'],
  ['pieces of three bytes', readPeerage, 'd5:claim3:abce'],
  ['pieces that are a number', readPeerage, 'd4:dropi7ee'],
  ['a time before time', readPeerage, 'd4:senti-1ee'],
  ['a time that is text', readPeerage, 'd4:sent1:7e'],
  ['when something came, but not what', readPeerage, 'd4:camei7ee'],
  ['what came, but not when', readPeerage, 'd4:echoi7ee'],
  ['wanted runs that are no pairs', readPeerage, 'd4:want4:\0\0\0\0e'],
  ['a wanted run of nothing', readPeerage, 'd4:want8:\0\0\0\x01\0\0\0\0e'],
  ['wanted runs that touch', readPeerage, 'd4:want16:\0\0\0\0\0\0\0\x02\0\0\0\x02\0\0\0\x01e'],
  ['a wanted run past the last piece that can be', readPeerage, 'd4:want8:\0\0\0\x01\0\x40\0\0e'],
  [
    'more wanted runs than are heeded',
    readPeerage,
    `d4:want${8 * (WANT_RUNS_MAX + 1)}:${'\0'.repeat(8 * (WANT_RUNS_MAX + 1))}e`
  ]
]

for (const [name, read, bytes] of REFUSED) {
  test(`refused: ${name}`, () => {
    const outcome = read(utf8(bytes))
    assert.ok('reason' in outcome && outcome.reason === 'bad-extension')
  })
}

test('a metadata message of a type that we do not know is ignored (BEP 9)', () => {
  assert.deepEqual(readMetadata(utf8('d8:msg_typei7e5:piecei0ee')), { kind: 'unknown' })
})
