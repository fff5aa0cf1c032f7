import assert from 'node:assert/strict'
import { beforeEach, mock, test } from 'node:test'
import { type DeviceId, deviceIdFromBytes } from '../../base/ids.ts'
import type { PeerLink, PeerStream, TransportEvents } from '../transport/transport.ts'
import { FirstSync } from './first-sync.ts'
import type { SyncEvents } from './ledger-sync.ts'

const lab = deviceIdFromBytes(new Uint8Array(32).fill(1))
const office = deviceIdFromBytes(new Uint8Array(32).fill(2))
let events: SyncEvents | undefined
let listener: Partial<TransportEvents> = {}
let linked: DeviceId[]
let served: DeviceId[]
let aborted: string[]
let open: (peer: DeviceId) => void

beforeEach(() => {
  linked = [lab, office]
  served = []
  aborted = []
  const gate = new FirstSync({
    transport: {
      on: given => {
        listener = given
      },
      peers: () => linked.map(device => ({ device }) as PeerLink)
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

const roundBegins = (device: DeviceId): void => events?.onStart(device)
const roundsEnd = (device: DeviceId): void => events?.onEnd?.(device)

test('a peer waits until it was asked for its ledger, and only for itself', () => {
  open(lab)
  open(office)
  assert.deepEqual(served, [])
  roundBegins(lab)
  assert.deepEqual(served, [])
  roundsEnd(lab)
  assert.deepEqual(served, [lab])
  open(lab)
  assert.deepEqual(served, [lab, lab])
})

test('whoever was gone is asked anew', () => {
  roundBegins(lab)
  roundsEnd(lab)
  listener.onDisconnect?.(lab, 'gone')
  open(lab)
  assert.deepEqual(served, [])
  roundBegins(lab)
  roundsEnd(lab)
  assert.deepEqual(served, [lab])
})

test('what was asked while the two were not linked, or over a link that ended, does not count', () => {
  linked = []
  roundBegins(lab)
  roundsEnd(lab)
  linked = [lab]
  open(lab)
  assert.deepEqual(served, [], 'its gossip had it asked without a link')
  roundBegins(lab)
  listener.onDisconnect?.(lab, 'gone')
  roundsEnd(lab)
  assert.deepEqual(served, [], 'the round ended with its link')
})

test('whoever is asked again and again, as much happens, waits for the first answer', () => {
  open(lab)
  roundBegins(lab)
  events?.onComplete(lab, new Uint8Array(32))
  roundBegins(lab)
  assert.deepEqual(served, [lab])
})

test('who waits too long is turned away, as are streams beyond a number', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    for (let i = 0; i < 65; i++) open(lab)
    assert.deepEqual(aborted, ['too many streams wait'])
    mock.timers.tick(10_000)
    assert.equal(aborted.length, 65)
    roundBegins(lab)
    roundsEnd(lab)
    assert.deepEqual(served, [])
  } finally {
    mock.timers.reset()
  }
})
