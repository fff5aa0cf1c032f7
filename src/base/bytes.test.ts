import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  toBase64,
  toBase64Url,
  toHex,
  utf8
} from './bytes.ts'

const bytes = fc.uint8Array({ maxLength: 200 })

test('hex is what Buffer says, both ways', () => {
  fc.assert(
    fc.property(bytes, value => {
      assert.equal(toHex(value), Buffer.from(value).toString('hex'))
      assert.deepEqual(fromHex(toHex(value).toUpperCase()), value)
    })
  )
})

test('hex of odd length or with other characters is refused', () => {
  for (const text of ['a', 'zz', '0x', ' 00', '00 ', '0g']) assert.equal(fromHex(text), undefined, text)
})

test('base64url is what Buffer says, both ways', () => {
  fc.assert(
    fc.property(bytes, value => {
      assert.equal(toBase64Url(value), Buffer.from(value).toString('base64url'))
      assert.deepEqual(fromBase64Url(toBase64Url(value)), value)
    })
  )
})

test('base64url that is padded, foreign or not canonical is refused', () => {
  // 'AB' and 'AA' decode to the same byte; only one of them is canonical.
  for (const text of ['AA==', 'A', 'A+/A', 'AB', 'AAB']) assert.equal(fromBase64Url(text), undefined, text)
})

test('base64 is what Buffer says, both ways', () => {
  fc.assert(
    fc.property(bytes, value => {
      assert.equal(toBase64(value), Buffer.from(value).toString('base64'))
      assert.deepEqual(fromBase64(toBase64(value)), value)
    })
  )
})

test('base64 that is unpadded, foreign or not canonical is refused', () => {
  for (const text of ['AA', 'AA=', 'AAA', 'A===', 'A-_A', 'AB==', 'AAB=', 'AAAA=', 'AA==\n'])
    assert.equal(fromBase64(text), undefined, text)
})

test('comparison is a total order that agrees with Buffer.compare', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.equal(Math.sign(compareBytes(a, b)), Buffer.compare(a, b))
      assert.equal(equalBytes(a, b), Buffer.compare(a, b) === 0)
    })
  )
})

test('concatenation keeps order and content', () => {
  fc.assert(
    fc.property(fc.array(bytes), parts => {
      assert.deepEqual(Buffer.from(concatBytes(parts)), Buffer.concat(parts))
    })
  )
})

test('UTF-8 decodes strictly', () => {
  assert.equal(fromUtf8(utf8('größe 漢字')), 'größe 漢字')
  assert.equal(fromUtf8(Uint8Array.of(0xc3)), undefined)
  assert.equal(fromUtf8(Uint8Array.of(0xed, 0xa0, 0x80)), undefined, 'a lone surrogate is no UTF-8')
})

test('long byte strings keep their hex too', () => {
  const long = Uint8Array.from({ length: 10_000 }, (_, at) => (at * 7) & 0xff)
  assert.equal(toHex(long), Buffer.from(long).toString('hex'))
  assert.deepEqual(fromHex(toHex(long)), long)
})
