import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { hostOfAddress, hostOfBytes } from './ip-host.ts'

test('a host is an address of version 4, and the network of 64 bits of one of version 6', () => {
  assert.equal(hostOfAddress('192.0.2.1'), '192.0.2.1')
  assert.equal(hostOfAddress('2001:db8:0:1::5'), '2001:db8:0:1::/64')
  assert.equal(hostOfAddress('2001:DB8:0:1:ffff:ffff:ffff:ffff'), '2001:db8:0:1::/64')
  assert.equal(hostOfAddress('2001:db8:0:2::5'), '2001:db8:0:2::/64')
  assert.equal(hostOfAddress('2001:db8::'), '2001:db8::/64')
  assert.equal(hostOfAddress('fe80::1%eth0'), hostOfAddress('fe80::2%eth0'))
})

test('an address of version 4 is one host however it is written', () => {
  for (const written of ['::ffff:192.0.2.1', '::ffff:c000:201', '0:0:0:0:0:ffff:192.0.2.1'])
    assert.equal(hostOfAddress(written), '192.0.2.1', written)
  assert.notEqual(hostOfAddress('::ffff:192.0.2.2'), '192.0.2.1')
})

test('the machine itself is no network of others', () => {
  assert.equal(hostOfAddress('::1'), '::1')
  assert.notEqual(hostOfAddress('::1'), hostOfAddress('::2'))
})

test('what is no address goes by its own name', () => {
  for (const name of [
    '',
    'localhost',
    '1.2.3',
    '1.2.3.256',
    '::1::',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3',
    'g::1',
    ':1',
    '1:'
  ])
    assert.equal(hostOfAddress(name), name)
})

test('two addresses are of one host exactly when the system has them in one network', () => {
  const network = fc.constantFrom('2001:db8:0:1', '2001:db8:0:2', 'fd00:1:2:3')
  const suffix = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 })
  const address = fc.tuple(network, suffix).map(([of, groups]) => {
    const last = groups.map(group => group.toString(16)).join(':')
    return `${of}:${last}`
  })
  fc.assert(
    fc.property(address, address, (one, other) => {
      assert.equal(isIP(one), 6)
      const list = new BlockList()
      list.addSubnet(one, 64, 'ipv6')
      assert.equal(hostOfAddress(one) === hostOfAddress(other), list.check(other, 'ipv6'))
    })
  )
})

test('every address that the system knows has the host of its bytes', () => {
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 })
  fc.assert(
    fc.property(bytes, given => {
      const groups = Array.from(
        { length: 8 },
        (_, at) => ((given[2 * at] ?? 0) << 8) | (given[2 * at + 1] ?? 0)
      )
      const address = new URL(`http://[${groups.map(group => group.toString(16)).join(':')}]`).hostname.slice(
        1,
        -1
      )
      assert.equal(hostOfAddress(address), hostOfBytes(given), address)
    })
  )
})
