import assert from 'node:assert/strict'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { hostOf, PendingHosts } from './pending-hosts.ts'

function connectionFrom(address: string): {
  timeline: object
  remoteAddr: ReturnType<typeof multiaddr>
  addEventListener: (event: 'close', listener: () => void) => void
  close: () => void
} {
  const closing: (() => void)[] = []
  return {
    timeline: {},
    remoteAddr: multiaddr(address),
    addEventListener: (_, listener) => void closing.push(listener),
    close: () => {
      for (const listener of closing) listener()
    }
  }
}

test('each host has its share, and gets it back when a connection proves its key or goes', () => {
  const pending = new PendingHosts(2)
  const [first, second, third] = [1, 2, 3].map(port => connectionFrom(`/ip4/10.0.0.1/tcp/${port}`)) as [
    ReturnType<typeof connectionFrom>,
    ReturnType<typeof connectionFrom>,
    ReturnType<typeof connectionFrom>
  ]
  assert.deepEqual([pending.begin(first), pending.begin(second), pending.begin(third)], [true, true, false])
  assert.equal(pending.begin(connectionFrom('/ip4/10.0.0.2/tcp/1')), true)
  first.close()
  first.close() // and it counts once
  pending.end(first.timeline)
  assert.deepEqual(
    [pending.begin(third), pending.begin(connectionFrom('/ip4/10.0.0.1/tcp/9'))],
    [true, false]
  )
  pending.end(second.timeline)
  assert.equal(pending.begin(connectionFrom('/ip4/10.0.0.1/tcp/9')), true)
})

test('a host is an address of version 4, and the network of one of version 6', () => {
  const same = (a: string, b: string) => hostOf(multiaddr(a)) === hostOf(multiaddr(b))
  assert.equal(same('/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.1/tcp/2'), true)
  assert.equal(same('/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/1'), false)
  assert.equal(same('/ip6/2001:db8::1/tcp/1', '/ip6/2001:db8::ffff:0:2/tcp/1'), true)
  assert.equal(same('/ip6/2001:db8::1/tcp/1', '/ip6/2001:db8:0:1::1/tcp/1'), false)
})
