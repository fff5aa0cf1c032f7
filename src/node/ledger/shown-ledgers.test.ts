import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeviceKey } from '../keys/device-key.ts'
import { type LedgerFace, ShownLedgers } from './shown-ledgers.ts'

const [near, far] = [DeviceKey.generate().id, DeviceKey.generate().id]

const face = (digest: number, root = 1): LedgerFace => ({
  digest: new Uint8Array(32).fill(digest),
  rootHash: new Uint8Array(32).fill(root)
})

test('who is linked differs until it has shown the same operations and the same root', () => {
  const shown = new ShownLedgers()
  assert.deepEqual(shown.differing(face(1)), [])
  shown.linked(near)
  assert.deepEqual(shown.differing(face(1)), [near])
  shown.show(near, face(1, 2))
  assert.deepEqual(shown.differing(face(1)), [near])
  shown.show(near, face(1))
  assert.deepEqual(shown.differing(face(1)), [])
  assert.deepEqual(shown.differing(face(2)), [near])
})

test('of who is not linked, or not any more, nothing is kept', () => {
  const shown = new ShownLedgers()
  shown.show(far, face(1))
  shown.linked(far)
  assert.deepEqual(shown.differing(face(1)), [far], 'what it showed before')
  shown.show(far, face(1))
  shown.parted(far)
  assert.deepEqual(shown.differing(face(2)), [])
  shown.linked(far)
  assert.deepEqual(shown.differing(face(1)), [far], 'it may have come back with another ledger')
})
