/**
 * Which addresses an origin may have. A URL in the ledger sends every device that wants the version to it, so it
 * must not be a way to what only a device itself reaches: its own services, its link, and the metadata service of a
 * cloud. Origins inside the org's own networks are the ordinary case, so private addresses (RFC 1918, ULA) are
 * allowed; but not where a redirect from outside leads to them, for whoever runs an origin outside would choose what a
 * device asks inside, query and all.
 *
 * The address is judged that is connected to, and not the name: a name that leads to several is used with those of
 * them that are allowed, and what it leads to later is judged then.
 */

import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { defined } from '../../base/assert.ts'
import { addressBytes } from '../../base/ip-host.ts'

const REFUSED = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8], // this host
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local, and the metadata services of clouds
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4] // reserved, and broadcast
] as const)
  REFUSED.addSubnet(network, bits, 'ipv4')
// Metadata services elsewhere.
for (const address of ['100.100.100.200', '192.0.0.192', '168.63.129.16']) REFUSED.addAddress(address, 'ipv4')
for (const [network, bits] of [
  ['::', 128],
  ['::1', 128],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8]
] as const)
  REFUSED.addSubnet(network, bits, 'ipv6')
REFUSED.addAddress('fd00:ec2::254', 'ipv6')

/** Networks that an org has to itself. */
const INSIDE = new BlockList()
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10] // shared by a carrier's customers, and by some private networks
] as const)
  INSIDE.addSubnet(network, bits, 'ipv4')
INSIDE.addSubnet('fc00::', 7, 'ipv6')

/** Networks of IPv6 that carry an address of IPv4, and the group of sixteen bits at which it begins. */
const CARRIERS = [
  { network: '::ffff:0:0', bits: 96, at: 6 }, // mapped
  { network: '::', bits: 96, at: 6 }, // compatible
  { network: '64:ff9b::', bits: 96, at: 6 }, // NAT64
  { network: '2002::', bits: 16, at: 1 } // 6to4
].map(({ network, bits, at }) => {
  const list = new BlockList()
  list.addSubnet(network, bits, 'ipv6')
  return { list, at }
})

/** Where an origin may be. */
export interface OriginPlaces {
  isRefused(address: string): boolean
  /** Whether a redirect from elsewhere may not lead there. */
  isInside(address: string): boolean
}

export const ORIGIN_PLACES: OriginPlaces = {
  isRefused: address => isRefusedAddress(address) || isOwnAddress(address),
  isInside: address => isListed(INSIDE, address)
}

/** For tests and laboratories. */
export const ANY_PLACE: OriginPlaces = { isRefused: () => false, isInside: () => false }

/** Whether no origin may be at an address of IPv4 or IPv6. What is no address is refused. */
export function isRefusedAddress(address: string): boolean {
  return isIP(plainOf(address)) === 0 || isListed(REFUSED, address)
}

/** Whether it is one of this machine: what listens there may trust what does not come over the network. */
function isOwnAddress(address: string): boolean {
  const own = new BlockList()
  for (const each of Object.values(networkInterfaces()).flatMap(list => list ?? []))
    own.addAddress(each.address, each.family === 'IPv4' ? 'ipv4' : 'ipv6')
  return isListed(own, address)
}

function plainOf(address: string): string {
  return address.replace(/%.*$/, '')
}

function isListed(list: BlockList, address: string): boolean {
  const text = plainOf(address)
  if (isIP(text) !== 6) return isIP(text) === 4 && list.check(text, 'ipv4')
  if (list.check(text, 'ipv6')) return true
  return CARRIERS.some(
    ({ list: carriers, at }) => carriers.check(text, 'ipv6') && list.check(carried(text, at), 'ipv4')
  )
}

/** The address of IPv4 that begins at a group of sixteen bits of a valid one of IPv6. */
function carried(address: string, at: number): string {
  const bytes = defined(addressBytes(address), 'what is behind an address of IPv6')
  return bytes.subarray(2 * at, 2 * at + 4).join('.')
}
