import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeviceRecord, deviceRows, type PeerRecord } from './device-rows.ts'

const member = (device: string, more: object = {}) =>
  ({ device, name: device, standing: 'member', self: false, ...more }) as unknown as DeviceRecord
const peer = (device: string, more: object) =>
  ({ device, connected: false, banned: null, ...more }) as unknown as PeerRecord

test('the ledger decides first, then the link', () => {
  const devices = [
    member('a', { self: true }),
    member('b'),
    member('c'),
    member('d', { standing: 'revoked' }),
    member('e')
  ]
  const peers = [
    peer('b', { connected: true }),
    peer('d', { connected: true }),
    peer('e', { banned: { reason: 'bad-block', untilMs: 5 } })
  ]
  assert.deepEqual(
    deviceRows(devices, peers, []).map(({ state }) => state.says),
    ['this node', 'linked', 'not linked', 'revoked', 'cut off']
  )
})

test('when a device was heard is told by its link, and of who has none as the ledger was asked', () => {
  const devices = [member('a', { heardAtMs: 1 }), member('b', { heardAtMs: 2, standing: 'revoked' })]
  assert.deepEqual(
    deviceRows(devices, [peer('a', { lastSeenAtMs: 3 })], []).map(({ heardAtMs }) => heardAtMs),
    [3, 2]
  )
})
