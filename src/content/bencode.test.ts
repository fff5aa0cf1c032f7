import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AssertionFailure } from '../base/assert.ts'
import { concatBytes, utf8 } from '../base/bytes.ts'
import { fuzz, seeds } from './bencode.fuzz.ts'
import {
  BENCODE_VALUE_BYTES_MAX,
  type BencodeValue,
  byteString,
  bytesOfByteString,
  decodeBencode,
  encodeBencode,
  parseBencode
} from './bencode.ts'
import { BENCODE_DEPTH_MAX } from './bencode-reader.ts'
import { BencodeWriter } from './bencode-writer.ts'

const key = fc.uint8Array({ maxLength: 6 }).map(byteString)
const { value } = fc.letrec<{ value: BencodeValue }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.maxSafeInteger(),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map(entries => new Map(entries))
  )
}))

/** Text of each byte string, to compare trees that hold views into larger buffers. */
function plain(node: BencodeValue): unknown {
  if (typeof node === 'number') return node
  if (node instanceof Uint8Array) return `bytes:${byteString(node)}`
  if (node instanceof Map) return new Map([...node].map(([name, entry]) => [name, plain(entry)]))
  return [...(node as readonly BencodeValue[])].map(plain)
}

test('decoding inverts encoding', () => {
  fc.assert(
    fc.property(value, tree => {
      const bytes = encodeBencode(tree)
      assert.deepEqual(plain(decodeBencode(bytes)), plain(tree))
      fuzz(bytes)
    })
  )
})

test('the examples of BEP 3', () => {
  const cases: [string, unknown][] = [
    ['4:spam', 'bytes:spam'],
    ['i3e', 3],
    ['i-3e', -3],
    ['i0e', 0],
    ['l4:spam4:eggse', ['bytes:spam', 'bytes:eggs']],
    [
      'd3:cow3:moo4:spam4:eggse',
      new Map([
        ['cow', 'bytes:moo'],
        ['spam', 'bytes:eggs']
      ])
    ],
    ['d4:spaml1:a1:bee', new Map([['spam', ['bytes:a', 'bytes:b']]])]
  ]
  for (const [text, expected] of cases) {
    const decoded = decodeBencode(utf8(text))
    assert.deepEqual(plain(decoded), expected)
    assert.deepEqual(encodeBencode(decoded), utf8(text))
  }
})

test('what has a second spelling or no end is refused where it stands', () => {
  const cases: [string, string, number][] = [
    ['', 'the input ends early', 0],
    ['i03e', 'a leading zero', 1],
    ['i-0e', 'negative zero', 0],
    ['i-03e', 'a leading zero', 2],
    ['i+3e', 'expected a digit', 1],
    ['i e', 'expected a digit', 1],
    ['ie', 'an integer without digits', 1],
    ['i-e', 'an integer without digits', 2],
    ['i1', 'the input ends early', 2],
    ['i9007199254740992e', 'an integer beyond 2^53 - 1', 1],
    ['i-9007199254740992e', 'an integer beyond 2^53 - 1', 2],
    ['i99999999999999999999e', 'an integer beyond 2^53 - 1', 1],
    ['04:spam', 'a leading zero', 0],
    ['5:spam', 'a string of 5 B is longer than the input', 0],
    ['9007199254740991:', 'a string of 9007199254740991 B is longer than the input', 0],
    ['-1:a', 'expected a value', 0],
    ['x', 'expected a value', 0],
    ['e', 'expected a value', 0],
    ['l', 'the input ends early', 1],
    ['li1e', 'the input ends early', 4],
    ['i1ei2e', 'data after the end', 3],
    ['d1:bi1e1:ai2ee', 'keys out of order', 7],
    ['d1:ai1e1:ai2ee', 'a key twice', 7],
    ['d1:ai1e0:i2ee', 'keys out of order', 7],
    ['di1ei2ee', 'a key that is no string', 1],
    ['d1:ae', 'expected a value', 4]
  ]
  for (const [text, reason, offset] of cases) {
    assert.deepEqual(parseBencode(utf8(text)), { fault: { reason, offset } }, text)
    assert.throws(() => decodeBencode(utf8(text)), { name: 'AppError', code: 'BENCODE_INVALID' })
    fuzz(utf8(text))
  }
})

test('keys are ordered as raw bytes, not as text', () => {
  const high = concatBytes([utf8('d1:zi1e1:'), Uint8Array.of(0xff), utf8('i2ee')])
  assert.deepEqual([...(decodeBencode(high) as Map<string, number>).keys()], ['z', '\xff'])
  assert.deepEqual(
    encodeBencode(
      new Map([
        ['\xff', 2],
        ['z', 1]
      ])
    ),
    high
  )
})

test('nesting up to the limit and no deeper', () => {
  for (const [open, close] of [
    ['l', 'e'],
    ['d0:', 'e']
  ] as const) {
    const nested = (depth: number) => utf8(`${open.repeat(depth - 1)}le${close.repeat(depth - 1)}`)
    assert.equal(parseBencode(nested(BENCODE_DEPTH_MAX)).fault, undefined)
    assert.match(parseBencode(nested(BENCODE_DEPTH_MAX + 1)).fault?.reason ?? '', /nested deeper/)
  }
})

test('size up to the limit and no larger', () => {
  const sized = (total: number) => encodeBencode(new Uint8Array(total - `${total}:`.length))
  assert.equal(sized(BENCODE_VALUE_BYTES_MAX).length, BENCODE_VALUE_BYTES_MAX)
  assert.equal(parseBencode(sized(BENCODE_VALUE_BYTES_MAX)).fault, undefined)
  assert.equal(parseBencode(sized(BENCODE_VALUE_BYTES_MAX + 1)).fault?.offset, BENCODE_VALUE_BYTES_MAX)
})

test('a message with data behind it says where the data begins', () => {
  const outcome = parseBencode(utf8('d5:piecei0eeDATA'), { trailing: 'allow' })
  assert.ok(outcome.fault === undefined)
  assert.equal(outcome.endOffset, 'd5:piecei0ee'.length)
})

test('any bytes are accepted or refused by the rules of the fuzz target', () => {
  for (const seed of seeds) fuzz(seed)
  const soup = fc
    .array(fc.constantFrom(...'0123456789-:deil'.split('')), { maxLength: 24 })
    .map(tokens => utf8(tokens.join('')))
  fc.assert(fc.property(soup, fuzz), { numRuns: 2000 })
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), fuzz))
})

test('byte strings hold every byte', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  assert.deepEqual(bytesOfByteString(byteString(all)), all)
})

test('writing keys out of order, half a dictionary or an unsafe integer is our bug', () => {
  assert.throws(() => new BencodeWriter().beginDictionary().key('b').integer(1).key('a'), AssertionFailure)
  assert.throws(() => new BencodeWriter().beginList().finish(), AssertionFailure)
  assert.throws(() => new BencodeWriter().beginList().key('a'), AssertionFailure)
  assert.throws(() => new BencodeWriter().integer(2 ** 53), AssertionFailure)
  assert.throws(() => new BencodeWriter().integer(-0), AssertionFailure)
  assert.throws(() => new BencodeWriter().beginDictionary().key('\u0100'), AssertionFailure)
})
