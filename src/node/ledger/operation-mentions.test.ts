import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SAMPLES } from '../../ledger/operation/operation-samples.conformance.ts'
import { datasetNamedBy, mentionsOf } from './operation-mentions.ts'

test('an operation names what is anywhere in it, binary as hex', () => {
  const grant = SAMPLES['access.grant name']
  assert.ok(grant?.type === 'access.grant' && grant.grantee.kind === 'device')
  assert.ok(mentionsOf(grant).has(grant.grantee.device))
  const revoke = SAMPLES['device.revoke']
  assert.ok(revoke?.type === 'device.revoke')
  const [cutoff] = revoke.cutoffs
  assert.ok(cutoff !== undefined && mentionsOf(revoke).has(cutoff.operation))
  assert.ok(!mentionsOf(revoke).has('device.revoke'))
  const epoch = SAMPLES['group.epoch']
  assert.ok(epoch?.type === 'group.epoch')
  assert.ok(mentionsOf(epoch).has(Buffer.from(epoch.recipient).toString('hex')))
  assert.equal(mentionsOf(undefined).size, 0)
})

test('a text is the name of a dataset only where its type has one', () => {
  assert.equal(datasetNamedBy({ type: 'group.create', name: 'notes' }), null)
  assert.equal(datasetNamedBy({ type: 'hold.place', name: 'notes', reason: null }), 'notes')
  const scope = { kind: 'name', name: 'notes' } as const
  const grant = SAMPLES['access.grant name']
  assert.ok(grant?.type === 'access.grant')
  assert.equal(datasetNamedBy({ ...grant, scope }), 'notes')
  assert.equal(datasetNamedBy({ ...grant, scope: { kind: 'all' } }), null)
})
