import assert from 'node:assert/strict'
import { it } from 'node:test'
import { DeviceKey } from '../keys/device-key.ts'
import { freshRecord } from './erasure-record.ts'
import { forgottenSource } from './erasure-word.ts'

it('a source that was said to be kept is forgotten when nothing is noted of it any more', () => {
  const self = DeviceKey.generate().id
  const version = 'ab'.repeat(32) as never
  const kept = { outcome: 'source-kept', bytes: 5, keys: true } as const
  const said = (word: unknown, kind: 'erasure' | 'recall' = 'erasure') => ({
    kind,
    confirmations: new Map([[self, word]]) as never
  })
  const fresh = freshRecord(version)
  assert.equal(forgottenSource(said(kept), { self, record: undefined }), kept)
  // An agreement alone does not tell where it was.
  assert.equal(forgottenSource(said(kept), { self, record: { ...fresh, deletesSources: true } }), kept)
  assert.equal(forgottenSource(said(kept), { self, record: { ...fresh, bytes: { h: 5 } } }), undefined)
  const sources = [{ path: '/srv/a', info: '' }]
  assert.equal(forgottenSource(said(kept), { self, record: { ...fresh, sources } }), undefined)
  assert.equal(forgottenSource(said(kept, 'recall'), { self, record: undefined }), undefined)
  assert.equal(forgottenSource(said({ ...kept, outcome: 'deleted' }), { self, record: undefined }), undefined)
  const other = DeviceKey.generate().id
  assert.equal(forgottenSource(said(kept), { self: other, record: undefined }), undefined)
})
