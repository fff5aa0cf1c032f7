/** Two transports find each other on the local network by mDNS (RFC 6762), without any address given to either. */

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { Libp2pTransport } from './libp2p-transport.ts'

const FOUND_TIMEOUT_MS = 20_000

/** Whether this machine lets a datagram travel to a multicast group and back at all. */
async function multicastWorks(): Promise<boolean> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  try {
    return await new Promise<boolean>(resolve => {
      socket.on('error', () => resolve(false))
      socket.on('message', () => resolve(true))
      socket.bind(0, () => {
        socket.addMembership('224.0.0.251')
        socket.send('ping', socket.address().port, '224.0.0.251', failure => failure && resolve(false))
      })
      setTimeout(() => resolve(false), 1000)
    })
  } catch {
    return false
  } finally {
    socket.close()
  }
}

test('devices on one LAN hear of each other', async t => {
  if (!(await multicastWorks())) {
    t.skip('this machine carries no multicast')
    return
  }
  const [a, b] = [DeviceKey.generate(), DeviceKey.generate()].map(key => {
    const transport = new Libp2pTransport({ key, listen: ['/ip4/0.0.0.0/tcp/0'], mdns: true })
    transport.setGate(() => 'member')
    return transport
  })
  assert.ok(a !== undefined && b !== undefined)
  const found = new Promise<{ device: DeviceId; addresses: readonly string[] }>((resolve, reject) => {
    a.on({ onDiscovered: (device, addresses) => device === b.self && resolve({ device, addresses }) })
    setTimeout(() => reject(new Error('nothing was heard')), FOUND_TIMEOUT_MS).unref()
  })
  try {
    await Promise.all([a.start(), b.start()])
    const { device, addresses } = await found
    const outcome = await a.dial({ device, addresses }, AbortSignal.timeout(10_000))
    assert.equal(outcome.kind, 'connected', JSON.stringify(outcome))
  } finally {
    await Promise.all([a.stop(), b.stop()])
  }
})
