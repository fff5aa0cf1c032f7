import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fullVersionId, isAddress, isDatasetName, isLabel, parseDatasetReference } from './names.ts'

test('dataset names have one spelling and no surprises', () => {
  for (const name of ['a', 'os-image', 'lab/models/v1.2', '0', 'a_b', 'x'.repeat(128), 'a-'])
    assert.ok(isDatasetName(name), name)
  const wrong = ['', '/', 'a/', '/a', 'a//b', '.', '..', 'a/../b', '.a', 'a.', 'A', 'ä', 'a b', 'a@1', '-a']
  for (const name of [...wrong, 'x'.repeat(129), 'a\n', 'a\0'])
    assert.equal(isDatasetName(name), false, JSON.stringify(name))
})

test('labels are free text, but one line that looks like what it is', () => {
  for (const label of ['Acme', 'Berlin Süd', 'build-1', '東京', 'x'.repeat(64)])
    assert.ok(isLabel(label), label)
  const wrong = [
    '',
    ' a',
    'a ',
    'a\nb',
    'a\u202eb',
    'a\u200bb',
    '\ufeffa',
    '\ud800',
    'e\u0301',
    'x'.repeat(65)
  ]
  for (const label of wrong) assert.equal(isLabel(label), false, JSON.stringify(label))
})

test('addresses are printable text that starts with a slash', () => {
  assert.ok(isAddress('/ip4/10.0.0.1/tcp/4001'))
  for (const address of ['', '/', 'ip4/10.0.0.1', '/ip4/10 .0', '/é', `/${'x'.repeat(256)}`])
    assert.equal(isAddress(address), false, address)
})

test('a reference names the latest, an ordinal, or the start of a version id', () => {
  assert.deepEqual(parseDatasetReference('a/b'), { name: 'a/b', selector: { kind: 'latest' } })
  assert.deepEqual(parseDatasetReference('a@12')?.selector, { kind: 'ordinal', ordinal: 12 })
  // Eight digits can be the start of an id, and no ordinal is that long.
  assert.deepEqual(parseDatasetReference('a@12345678')?.selector, { kind: 'prefix', prefix: '12345678' })
  for (const text of [
    '',
    '@1',
    'a@',
    'a@0',
    'a@01',
    'a@abc',
    'a@1@2',
    'A@1',
    `a@${'0'.repeat(65)}`,
    'a@ABCDEF01'
  ])
    assert.equal(parseDatasetReference(text), undefined, text)
  const full = 'ab'.repeat(32)
  assert.equal(fullVersionId({ kind: 'prefix', prefix: full }), full)
  assert.equal(fullVersionId({ kind: 'prefix', prefix: 'abababab' }), undefined)
})
