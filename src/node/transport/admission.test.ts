import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { concatBytes, toHex, utf8 } from '../../base/bytes.ts'
import { ADMITTED, BUSY, decodeAdmission, encodeRefusal, REFUSAL_REASON_BYTES_MAX } from './admission.ts'

describe('admission', () => {
  it('has the bytes that the protocol fixes', () => {
    assert.equal(toHex(ADMITTED), '00')
    assert.equal(toHex(encodeRefusal('no')), '01026e6f')
    assert.equal(toHex(BUSY), '02')
    assert.deepEqual(decodeAdmission(BUSY), { kind: 'busy' })
  })

  it('comes through whole, and is incomplete at every cut before', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: REFUSAL_REASON_BYTES_MAX }), reason => {
        const bytes = encodeRefusal(reason)
        assert.deepEqual(decodeAdmission(bytes), { kind: 'refused', reason })
        for (let cut = 0; cut < bytes.length; cut++)
          assert.deepEqual(decodeAdmission(bytes.subarray(0, cut)), { kind: 'incomplete' })
      })
    )
  })

  it('leaves what follows it to the stream', () => {
    const decoded = decodeAdmission(concatBytes([ADMITTED, Uint8Array.of(1, 0, 9)]))
    assert.ok(decoded.kind === 'admitted')
    assert.deepEqual([...decoded.rest], [1, 0, 9])
  })

  it('cuts a reason that is too long at a character', () => {
    const decoded = decodeAdmission(encodeRefusal('é'.repeat(200)))
    assert.deepEqual(decoded, { kind: 'refused', reason: 'é'.repeat(127) })
  })

  it('is malformed with an unknown status, broken text, or bytes after a refusal or busy', () => {
    for (const bytes of [[2, 0], [3], [0x16, 3, 1], [1, 1, 0xff], [1, 1, 0x61, 0x62]])
      assert.deepEqual(decodeAdmission(Uint8Array.from(bytes)), { kind: 'malformed' })
  })

  it('lets nothing reach a terminal that could steer it', () => {
    const decoded = decodeAdmission(encodeRefusal('a\u001b[2Jb\nc\u202ed'))
    assert.deepEqual(decoded, { kind: 'refused', reason: 'a [2Jb c d' })
  })

  it('never throws on anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        const { kind } = decodeAdmission(bytes)
        if (bytes[0] === 0) assert.equal(kind, 'admitted')
        else assert.notEqual(kind, 'admitted')
      })
    )
    assert.equal(decodeAdmission(utf8('')).kind, 'incomplete')
  })
})
