import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, fromHex, toHex } from '../base/bytes.ts'
import { fuzz, seeds } from './wire-decoder.fuzz.ts'
import { type DecodedChunk, WireDecoder } from './wire-decoder.ts'
import { encodeMessages, writePieceHeader } from './wire-encoder.ts'
import { PIECE_HEADER_BYTES } from './wire-layout.ts'
import {
  EXTENDED_BYTES_MAX,
  HASHES_PER_REQUEST_MAX,
  PIECE_COUNT_MAX,
  REQUEST_BYTES_MAX,
  type WireMessage
} from './wire-messages.ts'

const ROOT = '11'.repeat(32)
const RANGE = {
  root: fromHex(ROOT) as Uint8Array,
  baseLayer: 1,
  index: 2,
  length: 2,
  proofLayers: 3
}
const RANGE_HEX = `${ROOT}00000001000000020000000200000003`

/** Written from the BEPs by hand: name, message, bytes. */
const GOLDEN: readonly (readonly [string, WireMessage, string])[] = [
  ['BEP 3 keep-alive', { type: 'keep-alive' }, '00000000'],
  ['BEP 3 choke', { type: 'choke' }, '0000000100'],
  ['BEP 3 unchoke', { type: 'unchoke' }, '0000000101'],
  ['BEP 3 interested', { type: 'interested' }, '0000000102'],
  ['BEP 3 not interested', { type: 'not-interested' }, '0000000103'],
  ['BEP 3 have', { type: 'have', piece: 0x01020304 }, '000000050401020304'],
  ['BEP 3 bitfield', { type: 'bitfield', bits: Uint8Array.of(0xa0, 0x01) }, '0000000305a001'],
  [
    'BEP 3 request',
    { type: 'request', piece: 5, begin: 0x4000, length: 0x4000 },
    '0000000d06000000050000400000004000'
  ],
  [
    'BEP 3 piece',
    { type: 'piece', piece: 5, begin: 0x4000, block: Uint8Array.of(0xde, 0xad) },
    '0000000b070000000500004000dead'
  ],
  [
    'BEP 3 cancel',
    { type: 'cancel', piece: 5, begin: 0x4000, length: 0x4000 },
    '0000000d08000000050000400000004000'
  ],
  ['BEP 6 suggest', { type: 'suggest', piece: 9 }, '000000050d00000009'],
  ['BEP 6 have all', { type: 'have-all' }, '000000010e'],
  ['BEP 6 have none', { type: 'have-none' }, '000000010f'],
  [
    'BEP 6 reject',
    { type: 'reject', piece: 5, begin: 0x4000, length: 0x4000 },
    '0000000d10000000050000400000004000'
  ],
  ['BEP 6 allowed fast', { type: 'allowed-fast', piece: 9 }, '000000051100000009'],
  [
    'BEP 9 request in BEP 10',
    { type: 'extended', extensionId: 3, payload: new TextEncoder().encode('d8:msg_typei0e5:piecei0ee') },
    '0000001b140364383a6d73675f74797065693065353a7069656365693065 65'.replace(' ', '')
  ],
  ['BEP 52 hash request', { type: 'hash-request', ...RANGE }, `0000003115${RANGE_HEX}`],
  [
    'BEP 52 hashes',
    { type: 'hashes', ...RANGE, hashes: new Uint8Array(64).fill(0x22) },
    `0000007116${RANGE_HEX}${'22'.repeat(64)}`
  ],
  ['BEP 52 hash reject', { type: 'hash-reject', ...RANGE }, `0000003117${RANGE_HEX}`]
]

const HANDSHAKE: WireMessage = {
  type: 'handshake',
  extended: true,
  fast: true,
  v2: true,
  infoHash: new Uint8Array(20).fill(0xaa),
  peerId: new Uint8Array(20).fill(0xbb)
}
const HANDSHAKE_HEX = `13426974546f7272656e742070726f746f636f6c0000000000100014${'aa'.repeat(20)}${'bb'.repeat(20)}`

function decoder(expectHandshake = false): WireDecoder {
  return new WireDecoder({ allocate: length => new Uint8Array(length), expectHandshake })
}

function pushHex(hex: string, expectHandshake = false): DecodedChunk {
  return decoder(expectHandshake).push(fromHex(hex) as Uint8Array)
}

for (const [name, message, hex] of GOLDEN) {
  test(`golden vector: ${name}`, () => {
    assert.equal(toHex(concatBytes(encodeMessages([message]))), hex)
    assert.deepEqual(pushHex(hex), { messages: [message] })
  })
}

test('golden vector: handshake', () => {
  assert.equal(toHex(concatBytes(encodeMessages([HANDSHAKE]))), HANDSHAKE_HEX)
  assert.deepEqual(pushHex(HANDSHAKE_HEX, true), { messages: [HANDSHAKE] })
})

test('reserved bits that we do not know are ignored', () => {
  const hex = HANDSHAKE_HEX.replace('0000000000100014', 'ffffffffffefffeb')
  const [message] = pushHex(hex, true).messages
  assert.deepEqual(message, { ...HANDSHAKE, extended: false, fast: false, v2: false })
})

test('payload of a piece is not copied by the encoder, and small messages are joined', () => {
  const block = new Uint8Array(1000)
  const parts = encodeMessages([
    { type: 'have', piece: 1 },
    { type: 'piece', piece: 1, begin: 0, block },
    { type: 'unchoke' },
    { type: 'interested' }
  ])
  assert.equal(parts.length, 3)
  assert.equal(parts[1], block)
  assert.deepEqual(
    parts.map(part => part.length),
    [9 + 13, 1000, 10]
  )
})

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['a choke with a payload', '000000020000', 'oversize-message'],
  ['a have that is too short', '0000000404000000', 'malformed-message'],
  ['a request that is too short', '0000000c06', 'malformed-message'],
  ['a request that is too long', '0000000e06', 'oversize-message'],
  ['a piece without payload', '0000000907', 'malformed-message'],
  [
    'a piece that is too long',
    `000${(10 + REQUEST_BYTES_MAX).toString(16)}07`.padStart(10, '0'),
    'oversize-message'
  ],
  ['the longest length', 'ffffffff07', 'oversize-message'],
  ['the longest length of an unknown message', 'ffffffffff', 'malformed-message'],
  ['an unknown id', '0000000109', 'malformed-message'],
  ['hashes that are cut', `0000003216${RANGE_HEX}00`, 'malformed-message']
]

for (const [name, hex, reason] of REFUSED) {
  test(`refused: ${name}`, () => {
    const decoded = pushHex(hex)
    assert.deepEqual(decoded.messages, [])
    assert.equal(decoded.violation?.reason, reason)
  })
}

test('limits are exact: the longest message passes, one byte more does not', () => {
  const longest: readonly WireMessage[] = [
    { type: 'bitfield', bits: new Uint8Array(PIECE_COUNT_MAX / 8) },
    { type: 'extended', extensionId: 1, payload: new Uint8Array(EXTENDED_BYTES_MAX) },
    { type: 'piece', piece: 0, begin: 0, block: new Uint8Array(REQUEST_BYTES_MAX) },
    { type: 'hashes', ...RANGE, hashes: new Uint8Array(32 * HASHES_PER_REQUEST_MAX) }
  ]
  for (const message of longest) {
    const bytes = concatBytes(encodeMessages([message]))
    assert.deepEqual(decoder().push(bytes), { messages: [message] })
    const view = new DataView(bytes.buffer)
    view.setUint32(0, view.getUint32(0) + 64 * 32)
    assert.equal(decoder().push(bytes.subarray(0, 5)).violation?.reason, 'oversize-message')
  }
})

test('what is no handshake is refused at its first wrong byte', () => {
  const refused = decoder(true)
  assert.equal(refused.push(Uint8Array.of(0x13)).violation, undefined)
  assert.equal(refused.push(Uint8Array.of(0x47)).violation?.reason, 'bad-handshake')
})

test('a violation poisons the decoder, and the messages before it are given', () => {
  const poisoned = decoder()
  const decoded = poisoned.push(fromHex('00000001010000000109') as Uint8Array)
  assert.deepEqual(decoded.messages, [{ type: 'unchoke' }])
  assert.equal(decoded.violation?.reason, 'malformed-message')
  assert.deepEqual(poisoned.push(fromHex('0000000101') as Uint8Array).messages, [])
})

test('a buffer is allocated only for a payload whose length was checked', () => {
  const asked: number[] = []
  const counting = new WireDecoder({
    expectHandshake: false,
    allocate: length => {
      asked.push(length)
      return new Uint8Array(length)
    }
  })
  counting.push(fromHex('0000000b070000000500004000dead') as Uint8Array)
  counting.push(fromHex('7fffffff07') as Uint8Array)
  assert.deepEqual(asked, [2])
})

test('an ended stream gives the unfinished buffer back', () => {
  const ended = decoder()
  ended.push(fromHex('0000000b070000000500004000de') as Uint8Array)
  assert.equal(ended.atBoundary, false)
  assert.equal(ended.takePartialBlock()?.length, 2)
  assert.equal(ended.takePartialBlock(), undefined)
})

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record<T>(model, { noNullPrototype: true })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const integer = fc.nat(2 ** 32 - 1)
const range = record({
  root: bytes(32),
  baseLayer: integer,
  index: integer,
  length: integer,
  proofLayers: integer
})
const message: fc.Arbitrary<WireMessage> = fc.oneof(
  fc.constantFrom<WireMessage>({ type: 'keep-alive' }, { type: 'choke' }, { type: 'have-none' }),
  record({ type: fc.constantFrom('have', 'suggest', 'allowed-fast'), piece: integer }),
  record({ type: fc.constant('bitfield'), bits: fc.uint8Array() }),
  record({
    type: fc.constantFrom('request', 'cancel', 'reject'),
    piece: integer,
    begin: integer,
    length: integer
  }),
  record({
    type: fc.constant('piece'),
    piece: integer,
    begin: integer,
    block: fc.uint8Array({ minLength: 1, maxLength: 300 })
  }),
  record({ type: fc.constant('extended'), extensionId: fc.nat(255), payload: fc.uint8Array() }),
  range.map(fields => ({ type: 'hash-request' as const, ...fields })),
  fc
    .tuple(range, fc.nat(4))
    .map(([fields, count]) => ({ type: 'hashes' as const, ...fields, hashes: new Uint8Array(32 * count) }))
)

test('what is encoded decodes to the same, however it is split', () => {
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.nat(40)), (messages, splits) => {
      const stream = concatBytes(encodeMessages([HANDSHAKE, ...messages]))
      const decoding = decoder(true)
      const decoded: WireMessage[] = []
      let offset = 0
      for (const step of [...splits, stream.length]) {
        const result = decoding.push(stream.subarray(offset, offset + step))
        assert.equal(result.violation, undefined)
        decoded.push(...result.messages)
        offset += step
      }
      assert.deepEqual(decoded, [HANDSHAKE, ...messages])
      assert.equal(decoding.atBoundary, true)
    })
  )
})

test('payload that is read where it belongs is the same as payload that is copied there', () => {
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.tuple(fc.nat(40), fc.boolean())), (messages, steps) => {
      const stream = concatBytes(encodeMessages([HANDSHAKE, ...messages]))
      const copied: number[] = []
      const decoding = new WireDecoder({
        allocate: length => new Uint8Array(length),
        copy: (target, offset, bytes) => {
          copied.push(bytes.length)
          target.set(bytes, offset)
        }
      })
      const decoded: WireMessage[] = []
      let offset = 0
      for (const [step, asks] of [...steps, [stream.length, false] as const]) {
        const rest = stream.subarray(offset, offset + step)
        const target = asks ? decoding.target() : undefined
        const chunk = target?.subarray(0, Math.min(rest.length, target.length)) ?? rest
        if (target !== undefined) chunk.set(rest.subarray(0, chunk.length))
        const before = copied.length
        decoded.push(...decoding.push(chunk).messages)
        if (target !== undefined) assert.equal(copied.length, before)
        offset += chunk.length
      }
      decoded.push(...decoding.push(stream.subarray(offset)).messages)
      assert.deepEqual(decoded, [HANDSHAKE, ...messages])
    })
  )
})

test('a block that was read behind room for its header is a piece message', () => {
  const block = Uint8Array.from({ length: 500 }, (_, at) => at % 256)
  const frame = new Uint8Array(PIECE_HEADER_BYTES + block.length)
  frame.set(block, PIECE_HEADER_BYTES)
  writePieceHeader(frame, { piece: 70_000, begin: 3 << 14 })
  assert.deepEqual(
    frame,
    concatBytes(encodeMessages([{ type: 'piece', piece: 70_000, begin: 3 << 14, block }]))
  )
})

test('the fuzz target holds on its seeds, and on seeds with a byte changed', () => {
  for (const seed of seeds) fuzz(seed)
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.nat(400), fc.nat(255), (seed, at, value) => {
      const changed = seed.slice()
      changed[at % seed.length] = value
      fuzz(changed)
    })
  )
})
