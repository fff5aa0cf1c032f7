import assert from 'node:assert/strict'
import { beforeEach, mock, test } from 'node:test'
import { type DeviceId, deviceIdFromBytes } from '../../base/ids.ts'
import type { PeerStream, TransportEvents } from '../transport/transport.ts'
import { FirstSync } from './first-sync.ts'
import type { SyncEvents } from './ledger-sync.ts'

const lab = deviceIdFromBytes(new Uint8Array(32).fill(1))
const office = deviceIdFromBytes(new Uint8Array(32).fill(2))
let events: SyncEvents | undefined
let listener: Partial<TransportEvents> = {}
let served: DeviceId[]
let aborted: string[]
let open: (peer: DeviceId) => void

beforeEach(() => {
  served = []
  aborted = []
  const gate = new FirstSync({
    transport: {
      on: given => {
        listener = given
      }
    },
    sync: {
      on: given => {
        events = given
      }
    }
  })
  const handler = gate.admit(({ peer }) => served.push(peer))
  open = peer => handler({ peer, abort: (reason: string) => aborted.push(reason) } as unknown as PeerStream)
})

test('a peer waits until it was asked for its ledger, and only for itself', () => {
  open(lab)
  open(office)
  assert.deepEqual(served, [])
  events?.onEnd?.(lab)
  assert.deepEqual(served, [lab])
  open(lab)
  assert.deepEqual(served, [lab, lab])
})

test('whoever was gone is asked anew', () => {
  events?.onEnd?.(lab)
  listener.onDisconnect?.(lab, 'gone')
  open(lab)
  assert.deepEqual(served, [])
  events?.onEnd?.(lab)
  assert.deepEqual(served, [lab])
})

test('who waits too long is turned away, as are streams beyond a number', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    for (let i = 0; i < 65; i++) open(lab)
    assert.deepEqual(aborted, ['too many streams wait'])
    mock.timers.tick(10_000)
    assert.equal(aborted.length, 65)
    events?.onEnd?.(lab)
    assert.deepEqual(served, [])
  } finally {
    mock.timers.reset()
  }
})
