import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idBytes } from '../base/ids.ts'
import { type CborValue, encodeCbor } from '../ledger/encoding/cbor.ts'
import { keyNamed, START_MS, versionNamed } from '../ledger/fold/org-fixture.conformance.ts'
import { AUDIT_ACTIONS, datasetOf, decodeEntry, ENTRY_BYTES_MAX, encodeEntry, reasonOf } from './entry.ts'
import { SAMPLE_EVENTS } from './samples.conformance.ts'

const peer = idBytes(keyNamed('alice').id)
const version = idBytes(versionNamed('one'))

test('every action round-trips, well below the limit', () => {
  assert.deepEqual(new Set(SAMPLE_EVENTS.map(({ action }) => action)), new Set(AUDIT_ACTIONS))
  SAMPLE_EVENTS.forEach((event, seq) => {
    const encoded = encodeEntry({ seq, timeMs: START_MS, event })
    assert.ok(encoded.length < ENTRY_BYTES_MAX / 2)
    assert.deepEqual(decodeEntry(encoded), { ok: true, value: { seq, timeMs: START_MS, event } })
  })
})

const serving: { [key: string]: CborValue } = {
  v: 1,
  seq: 0,
  time: START_MS,
  action: 'serving',
  peer,
  granted: null,
  version,
  dataset: 'os/image'
}
const verdict = (changes: { [key: string]: CborValue }) => {
  const decoded = decodeEntry(encodeCbor({ ...serving, ...changes }))
  return decoded.ok ? 'valid' : decoded.reason
}

test('maps are closed, and what another version or action means is not guessed', () => {
  assert.equal(verdict({}), 'valid')
  assert.equal(verdict({ v: 2 }), 'unknown-version')
  assert.equal(verdict({ action: 'observed' }), 'unknown-action')
  assert.equal(verdict({ action: 'toString' }), 'unknown-action')
  for (const [changes, why] of [
    [{ person: 'Ada' }, 'a field that is not its own'],
    [{ seq: -1 }, 'a position below zero'],
    [{ seq: 2 ** 53 - 1 }, 'a position beyond every log'],
    [{ dataset: 'Not A Name' }, 'a name that is none'],
    [{ peer: peer.slice(1) }, 'a short key'],
    [{ version: null }, 'no version'],
    [{ action: 1 }, 'an action that is no text']
  ] as const)
    assert.equal(verdict(changes), 'malformed', why)
  const { dataset: _, ...missing } = serving
  assert.equal(decodeEntry(encodeCbor(missing)).ok, false, 'a field is missing')
  assert.equal(decodeEntry(new Uint8Array(ENTRY_BYTES_MAX + 1)).ok, false, 'too large')
})

test('a purpose is one line and short', () => {
  const { peer: _, granted: __, ...fields } = serving
  const purpose = (value: string | null) =>
    decodeEntry(encodeCbor({ ...fields, action: 'read', bytes: 1, purpose: value })).ok
  assert.ok(purpose(null))
  assert.ok(purpose('CHG-1234 rollout'))
  for (const bad of ['', 'two\nlines', ' padded', 'x'.repeat(65), 'turned \u202e round'])
    assert.ok(!purpose(bad), JSON.stringify(bad))
})

test('any words become a reason', () => {
  for (const [words, reason] of [
    ['This device is not enrolled in Acme', 'this-device-is-not-enrolled-in-acme'],
    ['bad-block', 'bad-block'],
    ['42 things', 'things'],
    ['!!!', 'unspecified'],
    ['', 'unspecified']
  ] as const)
    assert.equal(reasonOf(words), reason)
  assert.ok(reasonOf(`${'long words '.repeat(20)}`).length <= 64)
})

test('what a call was about stands in its second version, and in no other', () => {
  const { peer: _, granted: __, version: ___, dataset: ____, ...fields } = serving
  const call = { ...fields, action: 'called', by: 'token ci', route: 'recall', outcome: 'done', count: 1 }
  const about = { kind: 'dataset', object: 'os/image@3' }
  const read = (changes: { [key: string]: CborValue }) => {
    const decoded = decodeEntry(encodeCbor({ ...call, ...changes }))
    return decoded.ok ? decoded.value.event : decoded.reason
  }
  const event = { action: 'called', by: 'token ci', route: 'recall', outcome: 'done', count: 1 }
  assert.deepEqual(read({}), { ...event, kind: null, object: null })
  assert.deepEqual(read({ v: 2, ...about }), { ...event, ...about })
  assert.equal(read({ v: 3, ...about }), 'unknown-version')
  for (const [changes, why] of [
    [about, 'what the first version has not'],
    [{ v: 2 }, 'nothing, in the second'],
    [{ v: 2, kind: null, object: null }, 'null, which has another encoding'],
    [{ v: 2, ...about, kind: 'a kind' }, 'a kind that is no word'],
    [{ v: 2, ...about, object: 'two\nlines' }, 'an object of two lines'],
    [{ v: 2, ...about, object: 'o'.repeat(201) }, 'an object that is too long']
  ] as const)
    assert.equal(read(changes), 'malformed', why)
})

test('a call that was about a dataset is found by its name', () => {
  const called = { action: 'called', by: 'token ci', route: 'recall', outcome: 'done', count: 1 } as const
  assert.equal(datasetOf({ ...called, kind: 'dataset', object: 'os/image@3' }), 'os/image')
  assert.equal(datasetOf({ ...called, kind: 'device', object: 'os/image@3' }), undefined)
  assert.equal(datasetOf({ ...called, kind: null, object: null }), undefined)
})
