import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, toHex, utf8 } from '../base/bytes.ts'
import { keyNamed, sha256 } from '../ledger/fold/org-fixture.conformance.ts'
import { contradicts, openCheckpoint, signCheckpoint } from './checkpoint.ts'
import { checkCosignature } from './cosignature.ts'
import { cosignedBy, keys, ORG, opened, TestLog } from './log-fixture.conformance.ts'
import { decodeNote, encodeNote, keyIdOf, NOTE_SIGNATURES_MAX, parseSignature } from './signed-note.ts'

const alice = keyNamed('alice')
const bob = keyNamed('bob')
const log = new TestLog('log').grow(3)
const textOf = (note: Uint8Array) => fromUtf8(note) ?? ''

test('a key id is made as others make it', () => {
  // The verifier key of the Go checksum database: name, key id, and 0x01 before the public key.
  const [name = '', id, encoded = ''] =
    'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'.split(
      /\+(?=[0-9a-f]{8}\+)|(?<=\+[0-9a-f]{8})\+/
    )
  const publicKey = new Uint8Array(Buffer.from(encoded, 'base64').subarray(1))
  assert.equal(toHex(keyIdOf({ name, type: 1, publicKey }, sha256)), id)
  assert.notEqual(toHex(keyIdOf({ name, type: 4, publicKey }, sha256)), id, 'types do not share ids')
})

test('a note of other hands is read as its specification says', () => {
  const note =
    'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
    '\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n' +
    '\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n'
  const decoded = decodeNote(utf8(note))
  assert.ok(decoded.ok)
  assert.deepEqual(
    decoded.value.signatures.map(({ name, signature }) => [name, signature.length]),
    [
      ['example.com/behind-the-sofa', 64],
      ['witness.example.com/w1', 72]
    ]
  )
  assert.equal(textOf(encodeNote(decoded.value)), note)
  const witness = decoded.value.signatures[1]
  assert.ok(witness)
  assert.equal(new DataView(witness.signature.buffer).getBigUint64(0), 1_679_315_147n)
})

test('what is not exactly a note is refused', () => {
  const good = textOf(log.note())
  for (const [bad, why] of [
    [good.replace('\n\n', '\n'), 'no blank line'],
    [good.slice(0, -1), 'no final line feed'],
    [good.replaceAll('\n', '\r\n'), 'carriage returns'],
    [good.replace('\u2014 ', '- '), 'another dash'],
    [good.replace('\u2014 peerage', '\u2014 peer+age'), 'a plus in a key name'],
    [`${good}\n`, 'a blank line at the end'],
    [`${good}trailing\n`, 'a line that is no signature'],
    [good + good.split('\n').at(-2)?.concat('\n').repeat(NOTE_SIGNATURES_MAX), 'too many signatures']
  ] as const)
    assert.equal(decodeNote(utf8(bad)).ok, false, why)
  assert.equal(decodeNote(Uint8Array.of(0xff)).ok, false)
  assert.equal(parseSignature('\u2014 name AAAA'), undefined, 'a key id alone signs nothing')
})

test('a checkpoint proves by itself whose log it is of', () => {
  const checkpoint = log.checkpoint()
  assert.equal(checkpoint.device, log.key.id)
  assert.equal(checkpoint.org, ORG)
  assert.equal(checkpoint.size, 3)
  assert.equal(toHex(checkpoint.root), toHex(log.tree.range.root()))
  // Signed by another key under the same origin.
  const other = signCheckpoint(checkpoint, { sign: alice.sign, sha256 })
  const result = openCheckpoint(other, keys)
  assert.equal(result.ok ? 'valid' : result.reason, 'unsigned')
  for (const [from, to] of [
    ['\n3\n', '\n4\n'],
    ['/audit/', '/other/'],
    ['\n3\n', '\n03\n'],
    ['=\n\n', '=\nextension\n\n']
  ] as const)
    assert.equal(openCheckpoint(utf8(textOf(log.note()).replace(from, to)), keys).ok, false, to)
})

test('cosignatures are checked by the device that their name tells, and add up', () => {
  const once = cosignedBy(log.note(), alice, 100)
  const twice = opened(cosignedBy(cosignedBy(once, bob, 200), alice, 300))
  assert.deepEqual(twice.cosignatures, [
    { witness: bob.id, timeSeconds: 200 },
    { witness: alice.id, timeSeconds: 300 }
  ])
  assert.deepEqual(twice.forged, [])
  // The line of another checkpoint.
  const line = textOf(once).split('\n').at(-2) ?? ''
  const moved = opened(utf8(`${textOf(new TestLog('log').grow(4).note())}${line}\n`))
  assert.deepEqual(moved.cosignatures, [])
  assert.deepEqual(moved.forged, [alice.id])
})

test('a cosignature line of another org, key or type is ignored, as its specification asks', () => {
  const { text } = log.checkpoint()
  const line = parseSignature(textOf(cosignedBy(log.note(), alice)).split('\n').at(-2) ?? '')
  assert.ok(line)
  const check = (changes: Partial<typeof line>) =>
    checkCosignature({ ...line, ...changes }, { org: ORG, text }, keys).kind
  assert.equal(check({}), 'valid')
  assert.equal(check({ name: `peerage/${'00'.repeat(32)}/witness/${alice.id}` }), 'foreign')
  assert.equal(check({ name: line.name.replace(alice.id, bob.id) }), 'foreign', 'the id is of the name, too')
  assert.equal(check({ keyId: new Uint8Array(4) }), 'foreign')
  assert.equal(check({ signature: line.signature.slice(1) }), 'forged')
  assert.equal(check({ signature: line.signature.map((byte, at) => (at === 7 ? byte ^ 1 : byte)) }), 'forged')
})

test('two roots for one size are a contradiction, and nothing else is', () => {
  const other = new TestLog('log').grow(3, 'other ')
  assert.ok(contradicts(log.checkpoint(3), other.checkpoint(3)))
  assert.ok(!contradicts(log.checkpoint(3), log.checkpoint(3, [alice])))
  assert.ok(!contradicts(log.checkpoint(2), other.checkpoint(3)))
  assert.ok(!contradicts(log.checkpoint(3), new TestLog('bob').grow(3, 'other ').checkpoint(3)))
})
