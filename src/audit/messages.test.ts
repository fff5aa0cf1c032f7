import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CborValue, encodeCbor } from '../ledger/encoding/cbor.ts'
import { DROPPED, ENTRY_BYTES_MAX } from './entry.ts'
import {
  AUDIT_MESSAGE_BYTES_MAX,
  CHECKPOINTS_MAX,
  decodeAuditMessage,
  encodeAuditMessage,
  PAGE_ENTRIES_MAX
} from './messages.ts'
import { SAMPLE_MESSAGES } from './samples.conformance.ts'
import { NOTE_BYTES_MAX } from './signed-note.ts'
import { PROOF_HASHES_MAX } from './tree.ts'

const verdict = (value: CborValue) => {
  const decoded = decodeAuditMessage(encodeCbor(value))
  return decoded.ok ? 'valid' : decoded.reason
}

test('every kind round-trips', () => {
  for (const message of SAMPLE_MESSAGES)
    assert.deepEqual(decodeAuditMessage(encodeAuditMessage(message)), { ok: true, value: message })
})

test('what another version or kind means is not guessed', () => {
  assert.equal(verdict({ v: 1, kind: 'taken' }), 'valid')
  assert.equal(verdict({ v: 2, kind: 'taken' }), 'unknown-version')
  assert.equal(verdict({ v: 1, kind: 'constructor' }), 'unknown-kind')
  for (const value of [{ v: 1 }, { kind: 'taken' }, { v: 1, kind: 'taken', more: 1 }, 1, null, []])
    assert.equal(verdict(value), 'malformed', JSON.stringify(value))
})

test('counts are bounded, each by its limit, and the largest page fits a message', () => {
  const page = (entries: number, proof: number): CborValue => ({
    v: 1,
    kind: 'page',
    dropped: [],
    entries: Array(entries).fill(new Uint8Array(ENTRY_BYTES_MAX)),
    note: new Uint8Array(NOTE_BYTES_MAX),
    proof: Array(proof).fill(new Uint8Array(32))
  })
  assert.equal(verdict(page(PAGE_ENTRIES_MAX, PROOF_HASHES_MAX)), 'valid')
  assert.equal(verdict(page(0, PROOF_HASHES_MAX + 1)), 'malformed')
  assert.equal(
    verdict({ v: 1, kind: 'fetch', incarnation: 1, from: 0, limit: PAGE_ENTRIES_MAX + 1 }),
    'malformed'
  )
  assert.equal(verdict({ v: 1, kind: 'fetch', incarnation: 1, from: 0, limit: 0 }), 'malformed')
  const dropped = (hashes: number) =>
    verdict({
      ...{ v: 1, kind: 'page', note: null, proof: [] },
      ...{ dropped: Array(hashes).fill(new Uint8Array(32)), entries: [DROPPED, new Uint8Array(9), DROPPED] }
    })
  assert.deepEqual([1, 2, 3].map(dropped), ['malformed', 'valid', 'malformed'], 'a hash for each')
  const notes = (count: number, length: number) =>
    verdict({ v: 1, kind: 'checkpoints', notes: Array(count).fill(new Uint8Array(length)) })
  assert.equal(notes(CHECKPOINTS_MAX, NOTE_BYTES_MAX), 'valid')
  assert.equal(notes(CHECKPOINTS_MAX + 1, 1), 'malformed')
  assert.equal(notes(1, NOTE_BYTES_MAX + 1), 'malformed')
  assert.equal(decodeAuditMessage(new Uint8Array(AUDIT_MESSAGE_BYTES_MAX + 1)).ok, false)
})
