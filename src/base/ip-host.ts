/**
 * Who counts as one host where something is shared among hosts: an IPv4 address, however it is written, or the network
 * of 64 bits of an IPv6 one, which a site gives to one machine or one LAN (RFC 4291, section 2.5.4; RFC 6177): whoever
 * has one address of these has all 2^64.
 *
 * Of ::/64 no network is given to anybody: what lies there (loopback, `::`) is a host each.
 */

const IPV4_BYTES = 4
const IPV6_BYTES = 16
const NETWORK_BYTES = 8
const GROUP_BYTES = 2
/** Of IPv4-mapped addresses (RFC 4291, section 2.5.5.2). */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
const DECIMAL = /^\d{1,3}$/
const HEX_GROUP = /^[0-9a-f]{1,4}$/i

/** As RFC 5952 has it: `192.0.2.1`, `2001:db8:0:1::/64`. A zone is left out; what is no address goes by its own name. */
export function hostOfAddress(address: string): string {
  const bytes = addressBytes(address.replace(/%.*$/s, ''))
  return bytes === undefined ? address : hostOfBytes(bytes)
}

/** The same, for the 4 or 16 bytes of an address. */
export function hostOfBytes(bytes: Uint8Array): string {
  if (bytes.length === IPV4_BYTES) return bytes.join('.')
  if (MAPPED.every((byte, at) => bytes[at] === byte)) return bytes.subarray(MAPPED.length).join('.')
  const groups = groupsOf(bytes).map(group => group.toString(16))
  const network = groups.slice(0, NETWORK_BYTES / GROUP_BYTES)
  const isGiven = (group: string): boolean => group !== '0'
  return network.some(isGiven)
    ? `${network.slice(0, network.findLastIndex(isGiven) + 1).join(':')}::/64`
    : `::${groups.slice(groups.findIndex(isGiven)).join(':')}`
}

function groupsOf(bytes: Uint8Array): number[] {
  return Array.from(
    { length: IPV6_BYTES / GROUP_BYTES },
    (_, at) => (bytes[GROUP_BYTES * at] ?? 0) * 256 + (bytes[GROUP_BYTES * at + 1] ?? 0)
  )
}

/** The 4 or 16 bytes of an address without a zone; undefined for what is none. */
export function addressBytes(address: string): Uint8Array | undefined {
  if (!address.includes(':')) return ipv4Bytes(address)
  const [before = '', after, more] = address.split('::')
  if (more !== undefined) return undefined
  const [left, right] = [partBytes(before), partBytes(after ?? '')]
  if (left === undefined || right === undefined) return undefined
  const missing = IPV6_BYTES - left.length - right.length
  if (after === undefined ? missing !== 0 : missing < GROUP_BYTES) return undefined
  return Uint8Array.from([...left, ...Array<number>(missing).fill(0), ...right])
}

/** Of groups with colons between; the last may be written as an IPv4 address. */
function partBytes(part: string): number[] | undefined {
  if (part === '') return []
  const groups = part.split(':')
  const bytes: number[] = []
  for (const [at, group] of groups.entries()) {
    const dotted = at === groups.length - 1 && group.includes('.') ? ipv4Bytes(group) : undefined
    if (dotted !== undefined) bytes.push(...dotted)
    else if (HEX_GROUP.test(group))
      bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff)
    else return undefined
  }
  return bytes
}

function ipv4Bytes(address: string): Uint8Array | undefined {
  const parts = address.split('.')
  if (parts.length !== IPV4_BYTES || !parts.every(part => DECIMAL.test(part) && Number(part) <= 0xff))
    return undefined
  return Uint8Array.from(parts, Number)
}
