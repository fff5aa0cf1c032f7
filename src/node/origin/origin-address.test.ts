import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { isRefusedAddress, ORIGIN_PLACES } from './origin-address.ts'

test('own services, the link, metadata services and what is no host are refused, however they are written', () => {
  for (const address of [
    '127.0.0.1',
    '127.255.0.9',
    '0.0.0.0',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::169.254.169.254',
    '2002:7f00:1::1',
    '2002:a9fe:a9fe::',
    'localhost',
    ''
  ])
    assert.ok(isRefusedAddress(address), address)
})

test('the internet and the networks of the org are not', () => {
  for (const address of [
    '192.0.2.7',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '2001:db8::1',
    'fd12:3456::1',
    '::ffff:10.0.0.1',
    '64:ff9b::808:808',
    '2002:808:808::1'
  ])
    assert.ok(!isRefusedAddress(address), address)
})

test('every address of this machine is refused, on whatever network it is', () => {
  for (const { address } of Object.values(networkInterfaces()).flatMap(list => list ?? []))
    assert.ok(ORIGIN_PLACES.isRefused(address), address)
  assert.ok(!ORIGIN_PLACES.isRefused('203.0.113.77'))
})

test('what is inside: private networks, however they are written', () => {
  for (const address of [
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '100.64.0.1',
    'fd12:3456::1',
    '::ffff:10.0.0.1'
  ])
    assert.ok(ORIGIN_PLACES.isInside(address), address)
  for (const address of ['192.0.2.7', '172.32.0.1', '2001:db8::1', '::ffff:192.0.2.7', ''])
    assert.ok(!ORIGIN_PLACES.isInside(address), address)
})
